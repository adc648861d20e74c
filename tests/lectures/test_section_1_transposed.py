"""Section 1, transposed convolution: lecture 1's numbers, and the two rules for "same"."""

from __future__ import annotations

import numpy as np
import pytest
from section_1 import both_backends, compiled, image, kernel, plain

import tinygraph as tg


@both_backends
@pytest.mark.parametrize(
    ("x", "w", "stride", "y"),
    [
        ([2, 1, 4], [3, 2], 1, [6, 7, 14, 8]),
        ([2, 1, 4], [3, 2], 2, [6, 4, 3, 2, 12, 8]),
        (
            [[1, 2], [3, 4]],
            [[2, 1], [1, 0]],
            1,
            [[2, 5, 2], [7, 13, 4], [3, 4, 0]],
        ),  # deck: 3 for 5
        (
            [[1, 2], [3, 4]],
            [[2, 1], [1, 0]],
            2,
            [[2, 1, 4, 2], [1, 0, 2, 0], [6, 3, 8, 4], [3, 0, 4, 0]],
        ),
    ],
)
def test_transposed_convolution(backend: str, x: list, w: list, stride: int, y: list) -> None:
    op = tg.conv_transpose1d if np.ndim(x) == 1 else tg.conv_transpose2d
    assert plain(compiled(backend, lambda x, w: op(x, w, stride), image(x), kernel(w))) == y


@both_backends
def test_two_channels(backend: str) -> None:
    inputs = np.array([[[3, 1], [-1, 2]], [[1, 1], [2, 1]]], np.float32)
    kernels = np.array([[[1, -1], [2, 1]], [[1, 0], [-1, -1]]], np.float32)
    x = tg.tensor(np.moveaxis(inputs, 0, -1)[None])
    w = tg.tensor(np.moveaxis(kernels, 0, -1)[..., None])  # F,G,C_in,C_out
    parts = [
        plain(compiled(backend, lambda x, w: tg.conv_transpose2d(x, w, 2), image(c), kernel(k)))
        for c, k in zip(inputs, kernels)
    ]
    assert parts[0] == [[3, -3, 1, -1], [6, 3, 2, 1], [-1, 1, 2, -2], [-2, -1, 4, 2]]
    assert parts[1] == [[1, 0, 1, 0], [-1, -1, -1, -1], [2, 0, 1, 0], [-2, -2, -1, -1]]
    y = compiled(backend, lambda x, w: tg.conv_transpose2d(x, w, 2), x, w)
    assert plain(y) == [[4, -3, 2, -1], [5, 2, 1, 0], [1, 1, 3, -2], [-4, -3, 3, 1]]


@both_backends
def test_the_stride_is_zeros_between_the_inputs(backend: str) -> None:
    """Lecture 1: "two ways of thinking of the same thing"."""
    strided = compiled(
        backend, lambda x, w: tg.conv_transpose1d(x, w, 2), image([2, 1, 4]), kernel([3, 2])
    )
    spread = compiled(backend, tg.conv_transpose1d, image([2, 0, 1, 0, 4]), kernel([3, 2]))
    assert plain(spread) == plain(strided) == [6, 4, 3, 2, 12, 8]


@both_backends
def test_same_trims_as_keras_does(backend: str) -> None:
    """A 3x3 kernel, stride 2 on 2x2 gives 5x5. Lecture 5 trims top and left, Keras bottom and
    right; so do we."""
    rng = np.random.default_rng(0)
    x, w = tg.tensor(rng.normal(size=(1, 2, 2, 1))), tg.tensor(rng.normal(size=(3, 3, 1, 1)))
    full = compiled(backend, lambda x, w: tg.conv_transpose2d(x, w, 2), x, w).numpy()
    same = compiled(backend, lambda x, w: tg.conv_transpose2d(x, w, 2, "same"), x, w).numpy()
    assert full.shape == (1, 5, 5, 1)
    np.testing.assert_allclose(same, full[:, :4, :4], rtol=1e-12)
    deck = compiled(
        backend, lambda x, w: tg.conv_transpose2d(x, w, 2, ((1, 0), (1, 0))), x, w
    ).numpy()
    np.testing.assert_allclose(deck, full[:, 1:, 1:], rtol=1e-12)


@both_backends
def test_output_padding_chooses_between_sizes(backend: str) -> None:
    x, w = tg.ones((1, 3, 3, 1)), tg.ones((3, 3, 1, 1))
    for extra in (0, 1):
        y = compiled(backend, lambda x, w, e=extra: tg.conv_transpose2d(x, w, 2, 1, e), x, w)
        assert y.shape == (1, 5 + extra, 5 + extra, 1)
        assert tg.conv2d(y, w, 2, 1).shape == x.shape  # both are sizes that convolve to 3


@both_backends
def test_with_stride_1_it_is_a_convolution(backend: str) -> None:
    """Lecture 5: "When stride=1, convolution transpose is just a regular convolution"."""
    rng = np.random.default_rng(2)
    x, w = tg.tensor(rng.normal(size=(1, 4, 5, 1))), tg.tensor(rng.normal(size=(3, 3, 1, 1)))
    one = compiled(backend, tg.conv_transpose2d, x, w).numpy()
    other = compiled(backend, lambda x, w: tg.true_conv2d(x, w, padding=2), x, w).numpy()
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
