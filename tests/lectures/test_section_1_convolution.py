"""Section 1, convolution: every number of lectures 1, 2, 3 and 4, on numpy and llvm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from section_1 import CHANNELS, KERNELS, K, P, X, both_backends, compiled, image, kernel, plain

import tinygraph as tg


@both_backends
@pytest.mark.parametrize(
    ("x", "k", "y"),
    [
        ([5, 4, 3, 8, 2], [3, 1, 2], [25, 31, 21]),
        ([0, 0, 1, 0, 2, 1, 2, 0], [-1, 1], [0, 1, -1, 2, -1, 1, -2]),
        ([0, 0, 1, 0, 2, 1, 2, 0, 0], [-1, 2, -1], [-1, 2, -3, 3, -2, 3, -2]),
    ],
    ids=["lecture 1", "the change", "the peaks"],
)
def test_one_dimension(backend: str, x: list, k: list, y: list) -> None:
    assert plain(compiled(backend, tg.conv1d, image(x), kernel(k))) == y


@both_backends
def test_the_change_with_stride_and_padding(backend: str) -> None:
    x, k = image([5, 4, 3, 8, 2]), kernel([3, 1, 2])
    assert plain(compiled(backend, lambda x, k: tg.conv1d(x, k, 2), x, k)) == [25, 21]
    padded = plain(compiled(backend, lambda x, k: tg.conv1d(x, k, 1, "same"), x, k))
    assert padded == [13, 25, 31, 21, 26]


@both_backends
@pytest.mark.parametrize(
    ("stride", "padding", "y"),
    [
        (1, "valid", [[18, 24, 26], [27, 15, 21], [26, 16, 19]]),  # deck: 14 for 15, 14 for 16
        (2, "valid", [[18, 26], [26, 19]]),
        (
            1,
            "same",
            [
                [16, 15, 22, 20, 4],
                [35, 18, 24, 26, 10],
                [18, 27, 15, 21, 16],
                [17, 26, 16, 19, 10],
                [11, 11, 22, 12, 5],
            ],
        ),
    ],
)
def test_two_dimensions(backend: str, stride: int, padding: str, y: list) -> None:
    fn = lambda x, k: tg.conv2d(x, k, stride, padding)  # noqa: E731
    assert plain(compiled(backend, fn, image(X), kernel(K))) == y


@both_backends
@pytest.mark.parametrize(
    ("k", "y"),
    [
        ([[1, 0, 1], [0, 1, 0], [1, 0, 1]], [[672, 510, 705], [267, 314, 376], [446, 307, 439]]),
        ([[1, 0, -1]] * 3, [[171, 65, -163], [153, 57, -342], [141, 273, -341]]),
        ([[1] * 3, [0] * 3, [-1] * 3], [[120, 257, 236], [-158, 39, 70], [322, 141, -22]]),
    ],
    ids=["cross", "vertical", "horizontal"],
)
def test_edge_detectors(backend: str, k: list, y: list) -> None:
    assert plain(compiled(backend, tg.conv2d, image(P), kernel(k))) == y


@both_backends
def test_channels_are_summed(backend: str) -> None:
    parts = [
        plain(compiled(backend, tg.conv2d, image(c), kernel(k))) for c, k in zip(CHANNELS, KERNELS)
    ]
    assert parts == [[[7, 8], [8, 7]], [[3, 3], [0, 4]], [[9, 10], [5, 3]]]
    x = tg.tensor(np.moveaxis(np.array(CHANNELS, np.float32), 0, -1)[None])
    w = tg.tensor(np.moveaxis(np.array(KERNELS, np.float32), 0, -1)[..., None])
    assert plain(compiled(backend, tg.conv2d, x, w)) == [[19, 21], [13, 14]]


@both_backends
def test_several_kernels_give_several_channels(backend: str) -> None:
    w = np.stack([K, np.ones((3, 3)), np.eye(3)], -1)[:, :, None].astype(np.float32)
    y = compiled(backend, tg.conv2d, image(X), tg.tensor(w)).numpy()
    assert y.shape == (1, 3, 3, 3)
    assert y[0, ..., 0].tolist() == [[18, 24, 26], [27, 15, 21], [26, 16, 19]]
    assert y[0, 0, 0].tolist() == [18, 34, 5 + 1 + 3]


@both_backends
@pytest.mark.parametrize(
    ("x", "w", "options", "y"),
    [
        ((1, 32, 32, 3), (5, 5, 3, 10), {"padding": 2}, (1, 32, 32, 10)),
        ((1, 227, 227, 3), (11, 11, 3, 96), {"stride": 4}, (1, 55, 55, 96)),
        ((1, 32, 32, 3), (5, 5, 3, 6), {}, (1, 28, 28, 6)),
        ((1, 5, 5, 1), (3, 3, 1, 2), {}, (1, 3, 3, 2)),  # two feature maps
        ((1, 5, 5, 1), (3, 3, 1, 1), {"padding": 1}, (1, 5, 5, 1)),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"stride": 2, "padding": 1}, (1, 3, 3, 1)),
        ((1, 7, 7, 1), (3, 3, 1, 1), {"stride": 1}, (1, 5, 5, 1)),
        ((1, 7, 7, 1), (3, 3, 1, 1), {"stride": 2}, (1, 3, 3, 1)),
        ((1, 7, 7, 1), (3, 3, 1, 1), {"stride": 3}, (1, 2, 2, 1)),
        ((1, 7, 7, 1), (3, 3, 1, 1), {"stride": 3, "padding": 1}, (1, 3, 3, 1)),  # deck: 4
    ],
)
def test_output_sizes(backend: str, x: Any, w: Any, options: dict, y: tuple[int, ...]) -> None:
    if x[1] > 100 and backend == "numpy":
        assert tg.conv2d(np.zeros(x, np.float32), np.zeros(w, np.float32), **options).shape == y
        return
    fn = lambda x, w: tg.conv2d(x, w, **options)  # noqa: E731
    found = compiled(backend, fn, tg.ones(x), tg.ones(w)).numpy()
    assert found.shape == y
    assert found.max() == np.prod(w[:-1])


def test_what_stays_unused_is_said() -> None:
    """Lecture 4: N=7, F=3, S=3 gives 2.33; pad 1 makes it 3 (deck: 4)."""
    size = tg.output_size(7, 3, 3)
    assert (size.size, size.unused, size.fitting) == (2, 1, (0, 2))
    assert f"{size.exact:.2f}" == "2.33"
    assert str(size) == "2 (of 2.33): 1 unused at the end; padding (0, 2) would fit"
    padded = tg.output_size(7, 3, 3, padding=1)
    assert (padded.size, padded.unused) == (3, 0)
    assert str(padded) == "3: every element is used"
    assert [tg.output_size(7, 3, s).size for s in (1, 2)] == [5, 3]


@pytest.mark.parametrize(
    ("extent", "window", "stride", "pad", "size"),
    [(5, 3, 1, 1, 5), (5, 3, 2, 1, 3), (5, 3, 1, 0, 3), (227, 11, 4, 0, 55), (32, 5, 1, 2, 32)],
)
def test_the_formula(extent: int, window: int, stride: int, pad: int, size: int) -> None:
    """floor((N - F + 2P) / S) + 1; lecture 3's summary writes -2P for +2P."""
    assert int(tg.output_size(extent, window, stride, pad)) == size
    assert (extent - window + 2 * pad) // stride + 1 == size


@both_backends
def test_dilation(backend: str) -> None:
    """Lecture 3's dilation d is our d + 1: its 0 reads x0 x1 x2, its 1 reads x0 x2 x4."""
    x, w = image([1, 10, 100, 1000, 10000]), kernel([1, 2, 3])
    near = compiled(backend, lambda x, w: tg.conv1d(x, w, dilation=1), x, w)
    apart = compiled(backend, lambda x, w: tg.conv1d(x, w, dilation=2), x, w)
    assert plain(near)[0] == 1 + 20 + 300
    assert plain(apart) == [1 + 200 + 30000]


@both_backends
def test_one_by_one_convolution_mixes_channels_only(backend: str) -> None:
    """Lecture 3: 6x6x3 with three 1x1x3 filters stays 6x6x3."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 6, 6, 3)), rng.normal(size=(1, 1, 3, 3))
    y = compiled(backend, tg.conv2d, tg.tensor(x), tg.tensor(w)).numpy()
    assert y.shape == (1, 6, 6, 3)
    np.testing.assert_allclose(y, x @ w[0, 0], rtol=1e-12)


@both_backends
def test_grouped_convolution_is_several_side_by_side(backend: str) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, 5, 5, 4)), rng.normal(size=(3, 3, 2, 6))
    grouped = compiled(
        backend, lambda x, w: tg.conv2d(x, w, groups=2), tg.tensor(x), tg.tensor(w)
    ).numpy()
    halves = [tg.conv2d(x[..., s], w[..., t]).numpy() for s, t in HALVES]
    np.testing.assert_allclose(grouped, np.concatenate(halves, -1), rtol=1e-10, atol=1e-12)


HALVES = [(slice(0, 2), slice(0, 3)), (slice(2, 4), slice(3, 6))]


@both_backends
def test_true_convolution_is_correlation_with_the_flipped_kernel(backend: str) -> None:
    """Lecture 2: [a1, a2, a3] = x * [w3, w2, w1] is what the layer with w1, w2, w3 computes."""
    x = image([5, 4, 3, 8, 2])
    assert plain(compiled(backend, tg.true_conv1d, x, kernel([2, 1, 3]))) == [25, 31, 21]
    assert plain(compiled(backend, tg.true_conv1d, x, kernel([3, 1, 2]))) == [23, 35, 20]
    rotated = np.array(K)[::-1, ::-1].copy()
    y = [[18, 24, 26], [27, 15, 21], [26, 16, 19]]
    assert plain(compiled(backend, tg.true_conv2d, image(X), kernel(rotated))) == y
