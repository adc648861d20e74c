"""The elementary functions: errors in ulp over all ranges, and the special values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from lowering_runs import on_llvm
from tinygraph_llvm.machine import machine_names

from tinygraph import ops
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.types import DType, TensorType

COUNT = 1 << 15
MACHINES = [name for name in ("host", "sse2", "avx2") if name in machine_names()]
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
BOUNDS = {"exp": 2, "log": 1, "tanh": 3, "sigmoid": 3, "sin": 1, "cos": 1}
"""What the docstring of tinygraph.loops.elementary promises, in ulp."""
WIDER = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps


def computed(
    function: Callable[..., Node], arrays: Sequence[np.ndarray], machine: str
) -> np.ndarray:
    types = [TensorType(a.shape, DType(str(a.dtype))) for a in arrays]
    inputs = [Node(Placeholder(k), (), t) for k, t in enumerate(types)]
    return on_llvm(Graph(tuple(inputs), (function(*inputs),)), arrays, machine, 1)[0]


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)


def sample(dtype: np.dtype, limit: float) -> np.ndarray:
    """Values of every size and sign, and what lies at the edges; none beyond `limit` but inf."""
    rng, info = np.random.default_rng(0), np.finfo(dtype)
    bits = rng.integers(0, np.iinfo(f"u{dtype.itemsize}").max, COUNT, f"u{dtype.itemsize}")
    edge = np.log(float(info.max))
    parts = [
        bits.view(dtype),
        rng.uniform(-1.2 * edge, edge, COUNT),
        rng.uniform(-2, 2, COUNT),
        rng.uniform(-1, 1, COUNT) * min(limit, 1e6),
        10 ** rng.uniform(-12, 2, COUNT) * rng.choice([-1, 1], COUNT),
        [edge, -edge, np.log(info.tiny), np.log(float(info.smallest_subnormal))],
        [info.tiny, -info.tiny, info.smallest_subnormal, info.max, -info.max, 1, -1],
    ]
    with np.errstate(all="ignore"):
        x = np.concatenate([np.asarray(p).astype(dtype) for p in parts])
    x = x[~(np.abs(x) > limit)]
    return np.concatenate([x, np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)])


def errors(got: np.ndarray, true: np.ndarray, of_one: bool) -> np.ndarray:
    """In ulp of the true value, or at least of 1; infinite where a special value is wrong."""
    want, info = true.astype(got.dtype), np.finfo(got.dtype)
    ulp = np.spacing(np.minimum(np.abs(want), info.max)).astype(true.dtype)
    ulp = np.maximum(ulp, info.eps) if of_one else ulp
    off = np.abs(got.astype(true.dtype) - true) / ulp
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    special = ~(np.isfinite(got) & np.isfinite(want))
    off = np.where(special, np.where(same, 0, np.inf), off)
    sign = (got == 0) & (want == 0) & (np.signbit(got) != np.signbit(want))
    return np.where(sign, np.inf, off)


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_stays_below_its_bound(name: str, dtype: np.dtype, machine: str) -> None:
    if dtype == np.float64 and not WIDER:
        pytest.skip("no wider float to compare float64 with")
    of_one = name in ("sin", "cos")
    limit = (1e5 if dtype == np.float32 else 1e6) if of_one else np.inf
    x = sample(dtype, limit)
    with np.errstate(all="ignore"):
        true = sigmoid(wide(x)) if name == "sigmoid" else getattr(np, name)(wide(x))
        found = errors(computed(getattr(ops, name), [x], machine), true, of_one)
    worst = int(np.argmax(found))
    assert found[worst] <= BOUNDS[name], f"{name}({x[worst]!r}) is {found[worst]:.3g} ulp off"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_sines_of_huge_arguments_are_nan(dtype: np.dtype) -> None:
    x = np.array([2e6, -1e9, 1e30], dtype)
    assert np.isnan(computed(ops.sin, [x], "host")).all()
    assert np.isnan(computed(ops.cos, [x], "host")).all()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_powers(dtype: np.dtype, machine: str) -> None:
    if dtype == np.float64 and not WIDER:
        pytest.skip("no wider float to compare float64 with")
    rng, inf = np.random.default_rng(1), np.inf
    special = np.array([0.0, -0.0, inf, -inf, np.nan, 1, -1, 2, -2, 3, -3, 0.5, 1e30, 1e-30], dtype)
    some = [a.ravel() for a in np.meshgrid(special, special)]
    bases = [rng.uniform(0, 4, COUNT), 10 ** rng.uniform(-30, 30, COUNT), rng.uniform(-3, 3, COUNT)]
    powers = [rng.uniform(-20, 20, COUNT), rng.uniform(-2, 2, COUNT), rng.integers(-9, 9, COUNT)]
    x = np.concatenate([some[0], *bases]).astype(dtype)
    y = np.concatenate([some[1], *powers]).astype(dtype)
    with np.errstate(all="ignore"):
        true = np.power(wide(x), wide(y))
        found = errors(computed(ops.power, [x, y], machine), true, False)
        bound = 2 + 3 * np.abs(wide(y) * np.log(np.abs(wide(x))))
    over = np.flatnonzero(found > np.where(np.isfinite(bound), bound, 0))
    assert not over.size, [(x[k], y[k], found[k]) for k in over[:5]]
