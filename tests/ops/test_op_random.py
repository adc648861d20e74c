"""Random bits: the known answers, and that they are the same however they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tinygraph import ops
from tinygraph.evaluate import evaluate
from tinygraph.graph import leaf
from tinygraph.ops.random import threefry

# Random123 1.14, tests/kat_vectors: threefry2x32 20
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "words"), KNOWN)
def test_known_answers(
    key: tuple[int, ...], counter: tuple[int, ...], words: tuple[int, ...]
) -> None:
    arrays = [tuple(np.array([w], np.uint32) for w in pair) for pair in (key, counter)]
    assert [int(w[0]) for w in threefry(*arrays)] == list(words)


def bits(shape: tuple[int, ...], key: tuple[int, int] = (1, 2)) -> np.ndarray:
    return evaluate([ops.random_bits(leaf(np.array(key, np.uint32)), shape)])[0]


def test_bits_depend_on_key_and_position_only() -> None:
    assert int(bits((), (0, 0))) == KNOWN[0][2][0]
    np.testing.assert_array_equal(bits((3, 4, 5)).ravel(), bits((100,))[:60])
    assert np.mean(bits((1000,)) == bits((1000,), (1, 3))) == 0


def test_uniform() -> None:
    key = leaf(np.array([7, 8], np.uint32))
    (u,) = evaluate([ops.uniform_from_bits(ops.random_bits(key, (100_000,)))])
    assert u.dtype == np.float32
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    counts, _ = np.histogram(u, 20, (0, 1))
    assert np.sum((counts - 5000) ** 2 / 5000) < 45  # chi-square, 19 degrees: p = .0007
    ends = np.array([0, 255, 256, 2**32 - 1], np.uint32)
    (u,) = evaluate([ops.uniform_from_bits(leaf(ends))])
    assert u.tolist() == [0, 0, 2**-24, 1 - 2**-24]
