"""`tg.im2col`: a small convolution as the product of its patches and its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.matrices.names import Names, element_names, kernel_names
from tinygraph.matrices.show import Grid, html_text, plain_text, rich_text

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Im2col:
    """y = matrix @ kernel: a row of `matrix` is what the window sees at one position."""

    title: str
    matrix: Floats
    """[positions, F*G*C]"""
    kernel: Floats
    """[F*G*C, C_out]"""
    names: Names
    """The element of x at each place of `matrix`; "" for padding."""
    kernel_names: Names
    y_shape: tuple[int, ...]
    """space..., C_out"""
    plain: bool = False
    """Were channels left out in x and in w? Then they are in the product."""

    @property
    def product(self) -> Floats:
        """matrix @ kernel, in the shape of the layer's output."""
        shape = self.y_shape[:-1] if self.plain else self.y_shape
        return (self.matrix @ self.kernel).reshape(shape)

    def text(self, numbers: bool = False) -> str:
        """What `print` shows; with `numbers` the values in place of the names."""
        return plain_text(self._head(), self._grids(), "@", numbers)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__  # so that a REPL shows it

    def __rich__(self) -> Any:
        return rich_text(self._head(), self._grids(), "@", False)

    def _repr_html_(self) -> str:
        return html_text(self._head(), self._grids(), "@", False)

    def _head(self) -> str:
        rows, columns = self.matrix.shape
        return f"{self.title}: {rows} x {columns} @ {columns} x {self.kernel.shape[1]}"

    def _grids(self) -> list[Grid]:
        rows = element_names("y", self.y_shape[:-1], 1, "")
        return [
            Grid(self.names, self.matrix, [*rows.ravel()]),
            Grid(self.kernel_names, self.kernel),
        ]


def im2col(x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1) -> Im2col:
    """A convolution of one image as a matrix product, 1-D or 2-D.

    x  [space...,C], or [space...] for one channel
    w  [window...,C,C_out], or [window...] for one channel in and out

    Each position of the window becomes a row, the kernel a column for each output channel:
    `im2col(x, w).product` is `tg.conv1d` or `tg.conv2d` of x and w.
    """
    image, kernel = (np.asarray(a.numpy() if hasattr(a, "numpy") else a, float) for a in (x, w))
    rank = kernel.ndim if kernel.ndim <= 2 else kernel.ndim - 2
    plain = kernel.ndim == rank == image.ndim
    if kernel.ndim == rank:
        kernel = kernel[..., None, None]
    if image.ndim == rank:
        image = image[..., None]
    if rank not in (1, 2) or image.ndim != rank + 1:
        raise ShapeError(
            "im2col needs one image [L,C] with w [F,C,C_out] or [H,W,C] with w [F,G,C,C_out], "
            f"channels left out where there is one, got x {list(np.shape(image))} and w "
            f"{list(np.shape(kernel))}{here()}"
        )
    name = f"conv{rank}d"
    y_shape = getattr(functional, name)(image[None], kernel, stride, padding, dilation).shape[1:]
    window, outputs = kernel.shape[:-2], kernel.shape[-1]
    rows = functional.patches(image[None], window, stride, padding, dilation).numpy()
    inner = element_names("x", image.shape[:-1], image.shape[-1], "c")
    seen = _seen_names(name, inner, window, stride, padding, dilation)
    columns = rows.shape[-1]
    return Im2col(
        f"{name} as im2col",
        rows.reshape(-1, columns),
        kernel.reshape(-1, outputs),
        seen.reshape(-1, columns),
        kernel_names(kernel.shape).reshape(-1, outputs),
        y_shape,
        plain,
    )


def _seen_names(
    name: str, inner: Names, window: tuple[int, ...], stride: Any, padding: Any, dilation: Any
) -> Names:
    """Which element of x stands where in the patches: positions are moved as x is."""
    numbers = np.arange(1.0, inner.size + 1).reshape(1, *inner.shape)
    at = functional.patches(numbers, window, stride, padding, dilation).numpy().astype(int)
    return np.concatenate([np.array([""], object), inner.ravel()])[at]
