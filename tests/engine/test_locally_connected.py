"""Locally connected layers, patches and true convolutions, beside naive sums."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg

RNG = np.random.default_rng(7)
BACKENDS = ["numpy", "llvm"]
SMALL = st.integers(1, 3)


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def naive_local(x: Any, w: Any, stride: Any, pairs: Any, dilation: Any) -> Any:
    """The sum of the docstring, term by term, for two spatial axes."""
    x = np.pad(x, ((0, 0), *pairs, (0, 0)))
    high, wide, *_, c_out = w.shape
    y = np.zeros((len(x), high, wide, c_out))
    for n, i, j, u, v, c, o in product(range(len(x)), *map(range, w.shape)):
        at = i * stride[0] + u * dilation[0], j * stride[1] + v * dilation[1]
        y[n, i, j, o] += x[n, at[0], at[1], c] * w[i, j, u, v, c, o]
    return y


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=8)
@given(SMALL, SMALL, st.integers(1, 2), st.integers(0, 2), st.data())
def test_locally_connected2d_is_its_formula(
    backend: str, stride: int, window: int, dilation: int, pad: int, more: st.DataObject
) -> None:
    channels, filters = more.draw(SMALL), more.draw(SMALL)
    x, pairs, steps, gaps = (
        array(2, 5, 6, channels),
        ((pad, 0), (1, pad)),
        (stride, 1),
        (dilation, 1),
    )
    like = tg.conv2d(x, array(window, 2, channels, filters), steps, pairs, gaps)
    w = array(*like.shape[1:3], window, 2, channels, filters)
    fn = tg.jit(lambda x, w: tg.locally_connected2d(x, w, steps, pairs, gaps), backend=backend)
    got = fn(tg.tensor(x), tg.tensor(w)).numpy()
    np.testing.assert_allclose(got, naive_local(x, w, steps, pairs, gaps), rtol=1e-9, atol=1e-12)


@given(SMALL, SMALL, st.integers(1, 2), st.sampled_from(["valid", "same", 1]))
def test_with_equal_kernels_it_is_a_convolution(
    stride: int, window: int, dilation: int, padding: Any
) -> None:
    x, w = array(2, 7, 3), array(window, 3, 2)
    y = tg.conv1d(x, w, stride, padding, dilation)
    same = np.broadcast_to(w, (y.shape[1], *w.shape))
    got = tg.locally_connected1d(x, same, stride, padding, dilation)
    np.testing.assert_allclose(got.numpy(), y.numpy(), rtol=1e-9, atol=1e-12)


def test_locally_connected_says_what_would_fit() -> None:
    x = array(1, 5, 5, 2)
    with pytest.raises(tg.ShapeError, match=r"for each of the \[3, 3\] positions: w \[3, 3, 3, 3,"):
        tg.locally_connected2d(x, array(3, 2, 3, 3, 2, 4))
    with pytest.raises(tg.ShapeError, match=r"needs x \[N,H,W,C\] and w \[H',W',F,G,C,C_out\]"):
        tg.locally_connected2d(x, array(3, 3, 3, 3, 1, 4))
    with pytest.raises(tg.ShapeError, match=r"window of \[7\] does not fit"):
        tg.locally_connected1d(array(1, 5, 1), array(1, 7, 1, 1))


@given(SMALL, SMALL, st.integers(1, 2), st.integers(0, 2))
def test_patches_times_the_kernel_is_the_convolution(
    stride: int, window: int, dilation: int, pad: int
) -> None:
    x, w = array(2, 6, 5, 3), array(window, 2, 3, 4)
    rows = tg.patches(x, (window, 2), stride, pad, (dilation, 1))
    y = tg.conv2d(x, w, stride, pad, (dilation, 1))
    got = rows @ w.reshape(-1, 4)
    np.testing.assert_allclose(got.numpy(), y.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_true_convolution_is_numpys_and_scipys(backend: str) -> None:
    from scipy.signal import convolve2d

    x, k = array(7), array(3)
    full = tg.jit(lambda x, w: tg.true_conv1d(x, w, padding=2), backend=backend)
    got = full(tg.tensor(x[None, :, None]), tg.tensor(k[:, None, None])).numpy()
    np.testing.assert_allclose(got.ravel(), np.convolve(x, k))
    image, kernel = array(6, 5), array(3, 2)
    valid = tg.jit(tg.true_conv2d, backend=backend)
    got = valid(tg.tensor(image[None, ..., None]), tg.tensor(kernel[..., None, None])).numpy()
    np.testing.assert_allclose(got[0, ..., 0], convolve2d(image, kernel, "valid"))


@given(st.integers(1, 6), st.integers(1, 6))
def test_true_convolution_is_commutative(n: int, m: int) -> None:
    f, g = array(n), array(m)
    one = tg.true_conv1d(f[None, :, None], g[:, None, None], padding=m - 1)
    other = tg.true_conv1d(g[None, :, None], f[:, None, None], padding=n - 1)
    np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-9, atol=1e-12)
