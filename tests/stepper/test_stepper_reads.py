"""What one element of a gate reads, for every op: changing anything else changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from op_cases import CASES

from tinygraph.graph import leaf, make
from tinygraph.stepper.scalars.reads import reads


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_an_element_depends_on_what_it_reads_only(kind: type, number: int) -> None:
    example = kind.examples()[number]
    arrays = example.arrays(number)
    gate = make(example.op, *map(leaf, arrays))
    rng = np.random.default_rng(number)
    before = example.op.evaluate(*arrays)
    for _ in range(3):
        at = tuple(int(rng.integers(n)) for n in gate.shape)
        found = {k: set(w.flat.tolist()) for k, w in reads(gate, at, arrays).items()}
        others = [
            _changed(a, found.get(k, set()), rng) if a.dtype.kind == "f" else a
            for k, a in enumerate(arrays)
        ]
        after = example.op.evaluate(*others)
        np.testing.assert_allclose(after[at], before[at], rtol=1e-6)
        for k, flat in found.items():
            assert all(0 <= f < arrays[k].size for f in flat)


def _changed(array: np.ndarray, read: set[int], rng: np.random.Generator) -> np.ndarray:
    """Other numbers wherever nothing is read."""
    new = rng.permutation(array.reshape(-1)) * 3 + 1
    keep = np.isin(np.arange(array.size), [*read])
    return np.where(keep, array.reshape(-1), new).astype(array.dtype).reshape(array.shape)


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_what_is_read_can_make_it_nan(kind: type, number: int) -> None:
    """A NaN in any float that counts comes out, unless the op only compares it."""
    example = kind.examples()[number]
    arrays = example.arrays(number)
    gate = make(example.op, *map(leaf, arrays))
    if not gate.dtype.is_float or not gate.op.differentiable or not gate.type.size:
        return
    rng = np.random.default_rng(number)
    at = tuple(int(rng.integers(n)) for n in gate.shape)
    came = 0
    found = reads(gate, at, arrays)
    floats = [(k, int(f)) for k, w in found.items() for f in w.flat if arrays[k].dtype.kind == "f"]
    for k, flat in floats:
        bad = [a.copy() for a in arrays]
        bad[k].reshape(-1)[flat] = np.nan
        with np.errstate(all="ignore"):
            came += bool(np.isnan(example.op.evaluate(*bad)[at]))
    if kind.__name__ not in ("Pow", "PowInt"):  # x ** 0 is 1, even of NaN
        assert came == len(floats)
