"""Summaries: as fast as they can be, and what the obvious way gives."""

from __future__ import annotations

import math
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinygraph as tg
from tinygraph.evaluate import evaluate
from tinygraph.graph import Node
from tinygraph.journal import Summary

DTYPES = ["float32", "float64", "int32", "uint32", "bool"]
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


def obvious(array: np.ndarray) -> tuple[float, float, float, int]:
    """Least, largest, mean and number of NaNs, each by itself."""
    there = [x for x in array.ravel() if x == x]
    if not there:
        return math.nan, math.nan, math.nan, array.size
    with np.errstate(all="ignore"):
        mean = float(np.array(there, array.dtype).mean(dtype=np.float64))
    return min(there), max(there), mean, array.size - len(there)


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES)))
def test_a_summary_is_that_of_the_obvious_way(array: np.ndarray) -> None:
    got, (low, high, mean, nans) = Summary.of(array), obvious(array)
    assert (got.type.shape, str(got.type.dtype), got.nans) == (array.shape, str(array.dtype), nans)
    np.testing.assert_equal([got.low, got.high], [low, high])
    np.testing.assert_allclose(got.mean, mean, rtol=1e-12)
    assert all(type(x) in (bool, int, float) for x in (got.low, got.high, got.mean))


@pytest.mark.parametrize("nans", [[], [3], [0, 99_999], range(100_000)])
def test_summaries_of_large_arrays(nans) -> None:
    array = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    array[list(nans)] = np.nan
    got = Summary.of(array)
    assert got.nans == len(nans)
    if got.nans < array.size:
        there = array[~np.isnan(array)]
        assert (got.low, got.high) == (there.min(), there.max())
        assert got.mean == there.mean(dtype=np.float64)


def test_a_walk_without_results_frees_every_value_after_its_last_use() -> None:
    x = tg.tensor(np.zeros(1000), name="x")
    tensors = [x]
    for _ in range(20):
        tensors.append(tensors[-1] + 1.0)
    alive: list[weakref.ref] = []
    most = 0

    def watch(node: Node, array: np.ndarray) -> None:
        nonlocal most
        if node.inputs:
            alive.append(weakref.ref(array))
        most = max(most, sum(ref() is not None for ref in alive))

    wanted = [t.node for t in tensors[::2]]
    assert evaluate(wanted, watch=watch, results=False) == []
    assert len(alive) == 20
    assert most <= 4
    assert len(evaluate(wanted)) == len(wanted)
