"""`tg.toeplitz`: a small convolution as its matrix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, spatial
from tinygraph.functional.windows import padding_pairs
from tinygraph.matrices.layer_matrix import LayerMatrix
from tinygraph.matrices.names import Names, kernel_names, local_names

Floats = NDArray[np.float64]
LARGEST = 4_000_000
"""Elements of a matrix; a picture of one has far fewer."""


@dataclass(frozen=True)
class Slide:
    """How a window slides: small position i sees large position i*stride + u*dilation - before."""

    small: tuple[int, ...]
    large: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]

    def pairs(self) -> Any:
        """Every (i, u, a) with a inside."""
        for i in itertools.product(*map(range, self.small)):
            for u in itertools.product(*map(range, self.window)):
                steps = zip(i, u, self.stride, self.dilation, self.before, strict=True)
                a = tuple(k * s + v * d - p for k, v, s, d, p in steps)
                if all(0 <= at < n for at, n in zip(a, self.large, strict=True)):
                    yield i, u, a


def toeplitz(
    w: Any,
    size: Any,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    *,
    shared: bool = True,
    transposed: bool = False,
    flipped: bool = False,
    output_padding: Any = 0,
    padding_columns: bool = False,
) -> LayerMatrix:
    """The matrix M of a small convolution, 1-D or 2-D: `M @ x` is what the layer computes.

    w     the kernel as the layer takes it; with one channel in and out the window alone will do
    size  extents of the layer's input: a number for 1-D, (H, W) for 2-D

    shared=True      `tg.conv1d`, `tg.conv2d`: a banded Toeplitz matrix
    flipped=True     `tg.true_conv1d`, `tg.true_conv2d`
    shared=False     `tg.locally_connected1d`, `2d`: the band without equal weights
    transposed=True  `tg.conv_transpose1d`, `2d`: the matrix of the convolution, transposed

    With `padding_columns` the zeros around x have columns of their own, and x is given with them.
    Lectures 2, 4 and 5 show these matrices.
    """
    rank = len(size) if isinstance(size, list | tuple) else 1
    extents = spatial("toeplitz: size", size, rank)
    if rank > 2 or (transposed and (flipped or not shared)) or (flipped and not shared):
        raise ShapeError(
            "toeplitz shows 1-D and 2-D layers, and one of shared=False, transposed=True, "
            f"flipped=True at a time{here()}"
        )
    name = _name(rank, shared, transposed, flipped)
    kernel = _kernel(name, w, rank, shared)
    steps, gaps = (
        spatial("toeplitz: stride", stride, rank),
        spatial("toeplitz: dilation", dilation, rank),
    )
    places = 0 if shared else rank
    window = kernel.shape[places:-2]
    channels = kernel.shape[-2] * (1 if transposed else groups)
    options: dict[str, Any] = {"stride": steps, "padding": padding, "dilation": gaps}
    if shared:
        options["groups"] = groups
    if transposed:
        options["output_padding"] = output_padding
    _require_small(extents, channels, kernel)
    x = np.zeros((1, *extents, channels))
    result = getattr(functional, name)(x, kernel, **options).shape[1:]  # its type rule speaks
    names = kernel_names(kernel.shape) if shared else local_names(kernel.shape, rank)
    large = result[:-1] if transposed else extents
    pairs = padding_pairs(name, padding, large, window, steps, gaps)
    before = tuple(p[0] for p in pairs)
    if padding_columns and not transposed:
        large = tuple(n + sum(p) for n, p in zip(extents, pairs, strict=True))
        before = (0,) * rank
    if flipped:
        kernel, names = (np.flip(a, tuple(range(rank))) for a in (kernel, names))
    small = extents if transposed else result[:-1]
    slide = Slide(small, large, window, steps, gaps, before)
    if transposed:  # the kernel of the convolution whose transpose this is
        kernel, names = (a.swapaxes(-1, -2) for a in (kernel, names))
    band = _filled(kernel, slide, groups, shared)
    band_names = _filled(names, slide, groups, shared)
    title = f"{name} as {_kind(rank, shared)}"
    one = LayerMatrix(
        title,
        band.astype(np.float64),
        band_names,
        (*large, kernel.shape[-2] * groups),
        (*small, kernel.shape[-1]),
    )
    if not transposed:
        return one
    return LayerMatrix(f"{title}, transposed", one.matrix.T, band_names.T, one.y_shape, one.x_shape)


def _filled(w: Floats | Names, slide: Slide, groups: int, shared: bool) -> Any:
    """The matrix [small, C_out, large, C_in] as two axes; where no weight falls "" or 0."""
    inputs, outputs = w.shape[-2] * groups, w.shape[-1]
    empty = "" if w.dtype == object else 0.0
    band = np.full((*slide.small, outputs, *slide.large, inputs), empty, w.dtype)
    each_in, each_out = inputs // groups, outputs // groups
    for i, u, a in slide.pairs():
        taps = w[u] if shared else w[(*i, *u)]  # [C_in/groups, C_out]
        for g in range(groups):
            rows, columns = (slice(g * n, (g + 1) * n) for n in (each_out, each_in))
            band[(*i, rows, *a, columns)] = taps[:, rows].T
    return band.reshape(math.prod(slide.small) * outputs, math.prod(slide.large) * inputs)


def _kernel(name: str, w: Any, rank: int, shared: bool) -> Floats:
    kernel = np.asarray(w.numpy() if hasattr(w, "numpy") else w, np.float64)
    spaces = rank if shared else 2 * rank
    if kernel.ndim == spaces:
        kernel = kernel[..., None, None]
    if kernel.ndim != spaces + 2:
        raise ShapeError(
            f"toeplitz: {name} of a {rank}-D input has a kernel with {spaces + 2} axes, or with "
            f"{spaces} for one channel in and out, got {list(kernel.shape)}{here()}"
        )
    return kernel


def _require_small(extents: Sequence[int], channels: int, kernel: Floats) -> None:
    size = math.prod(extents) ** 2 * channels * kernel.shape[-1]
    if size > LARGEST:
        raise ShapeError(
            f"toeplitz shows small layers: this matrix has about {size:,} elements{here()}"
        )


def _name(rank: int, shared: bool, transposed: bool, flipped: bool) -> str:
    kind = "conv_transpose" if transposed else "true_conv" if flipped else "conv"
    return f"{kind if shared else 'locally_connected'}{rank}d"


def _kind(rank: int, shared: bool) -> str:
    if not shared:
        return "a banded matrix, weights not shared"
    return "a banded Toeplitz matrix" if rank == 1 else "a matrix of banded Toeplitz blocks"
