"""Section 1, translation: convolution is equivariant, max pooling partly invariant."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from section_1 import both_backends, compiled

import tinygraph as tg

SIZE, MARGIN = 24, 8
SHIFT = st.integers(-3, 3)
SEED = st.integers(0, 10_000)


def small_object(seed: int, channels: int = 1) -> np.ndarray:
    """An image of zeros with something in the middle: 1,SIZE,SIZE,channels."""
    rng = np.random.default_rng(seed)
    x = np.zeros((1, SIZE, SIZE, channels))
    inner = slice(MARGIN, SIZE - MARGIN)
    x[:, inner, inner] = rng.normal(size=(1, SIZE - 2 * MARGIN, SIZE - 2 * MARGIN, channels))
    return x


def moved(x: np.ndarray, down: int, right: int) -> np.ndarray:
    return np.roll(x, (down, right), (1, 2))


@both_backends
@settings(max_examples=10)
@given(SEED, SHIFT, SHIFT)
def test_convolution_is_equivariant(backend: str, seed: int, down: int, right: int) -> None:
    """conv(shift(x)) is shift(conv(x)), bit for bit."""
    x = small_object(seed)
    w = tg.tensor(np.random.default_rng(seed + 1).normal(size=(3, 3, 1, 2)))
    conv: Any = lambda x: tg.relu(tg.conv2d(x, w, padding="same"))  # noqa: E731
    y = compiled(backend, conv, tg.tensor(x)).numpy()
    z = compiled(backend, conv, tg.tensor(moved(x, down, right))).numpy()
    np.testing.assert_array_equal(z, moved(y, down, right))


@given(SEED, SHIFT, SHIFT, st.integers(1, 4), st.integers(1, 2))
def test_also_with_dilation_and_several_kernels(
    seed: int, down: int, right: int, window: int, dilation: int
) -> None:
    x, rng = small_object(seed, 2), np.random.default_rng(seed + 1)
    w = rng.normal(size=(window, 2, 2, 3))
    y = tg.conv2d(x, w, 1, "same", dilation).numpy()
    z = tg.conv2d(moved(x, down, right), w, 1, "same", dilation).numpy()
    np.testing.assert_allclose(z, moved(y, down, right), rtol=1e-12, atol=1e-12)


@given(SEED, SHIFT, st.integers(2, 3))
def test_with_stride_s_only_shifts_by_multiples_of_s(seed: int, down: int, stride: int) -> None:
    assume(abs(down * stride) < MARGIN - 2)
    x, w = small_object(seed), np.random.default_rng(seed + 1).normal(size=(3, 3, 1, 1))
    y = tg.conv2d(x, w, stride).numpy()
    z = tg.conv2d(moved(x, down * stride, 0), w, stride).numpy()
    np.testing.assert_allclose(z, moved(y, down, 0), rtol=1e-12, atol=1e-12)


def test_a_locally_connected_layer_is_not_equivariant() -> None:
    x, rng = small_object(3), np.random.default_rng(4)
    w = rng.normal(size=(SIZE, SIZE, 3, 3, 1, 1))
    y = tg.locally_connected2d(x, w, padding="same").numpy()
    z = tg.locally_connected2d(moved(x, 1, 0), w, padding="same").numpy()
    assert np.abs(z - moved(y, 1, 0)).max() > 0.1


@both_backends
@settings(max_examples=10)
@given(SEED, SHIFT, SHIFT)
def test_global_max_pooling_is_invariant(backend: str, seed: int, down: int, right: int) -> None:
    x = small_object(seed)
    w = tg.tensor(np.random.default_rng(seed + 1).normal(size=(3, 3, 1, 4)))
    features: Any = lambda x: tg.global_max_pool2d(tg.conv2d(x, w, padding="same"))  # noqa: E731
    one = compiled(backend, features, tg.tensor(x)).numpy()
    other = compiled(backend, features, tg.tensor(moved(x, down, right))).numpy()
    np.testing.assert_array_equal(one, other)


@given(SEED, st.integers(1, 3))
def test_max_pooling_is_partly_invariant(seed: int, shift: int) -> None:
    """What stays under the same windows does not change; a shift by the window moves by one."""
    rng = np.random.default_rng(seed)
    x = np.zeros((1, 16, 16, 1))
    rows, columns = rng.choice(4, (2, 3))
    x[0, 4 * rows, 4 * columns, 0] = rng.uniform(1, 2, 3)  # each at the corner of its window
    y = tg.max_pool2d(x, 4).numpy()
    np.testing.assert_array_equal(tg.max_pool2d(moved(x, shift, shift), 4).numpy(), y)
    np.testing.assert_array_equal(tg.max_pool2d(moved(x, 4, 0), 4).numpy(), moved(y, 1, 0))


@given(SEED)
def test_partly_means_not_wholly(seed: int) -> None:
    """Of a random image, a shift by one pixel leaves more windows alone than without pooling."""
    x = np.random.default_rng(seed).normal(size=(1, 32, 32, 1))
    pooled = [tg.max_pool2d(image, 4).numpy() for image in (x, moved(x, 0, 1))]
    kept = (pooled[0] == pooled[1]).mean()
    assert (x == moved(x, 0, 1)).mean() == 0
    assert 0.3 < kept < 1
