"""A linear layer as a matrix that can be multiplied, transposed and shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.matrices.names import Names, element_names
from tinygraph.matrices.show import Grid, html_text, plain_text, rich_text

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerMatrix:
    """A linear layer for one input x of shape `x_shape`: y = matrix @ x, both as long vectors.

    Rows and columns run over x and y in row-major order, channels fastest. `print` shows the
    weights by their names, `print(m.text(numbers=True))` by their values.
    """

    title: str
    matrix: Floats
    """[y.size, x.size]"""
    names: Names
    """The weight at each place of the matrix; "" where the layer has none."""
    x_shape: tuple[int, ...]
    """space..., C of what is multiplied."""
    y_shape: tuple[int, ...]
    """space..., C of the product."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.matrix.shape
        return rows, columns

    @property
    def weights(self) -> int:
        """How many different weights there are."""
        return len({name for name in self.names.flat if name})

    @property
    def places(self) -> int:
        """How many elements of the matrix hold a weight."""
        return sum(bool(name) for name in self.names.flat)

    @property
    def T(self) -> LayerMatrix:
        """The transposed matrix: of a convolution, the transposed convolution."""
        title = f"{self.title}, transposed"
        return LayerMatrix(title, self.matrix.T, self.names.T, self.y_shape, self.x_shape)

    def __matmul__(self, x: Any) -> Floats:
        """The layer's output for x [*x_shape], or for N of them; one channel may be left out."""
        values = np.asarray(x.numpy() if hasattr(x, "numpy") else x, np.float64)
        if self.x_shape[-1] == 1 and values.shape == self.x_shape[:-1]:
            plain = self.y_shape[:-1] if self.y_shape[-1] == 1 else self.y_shape
            return (self.matrix @ values.ravel()).reshape(plain)
        size = math.prod(self.x_shape)
        if values.shape in (self.x_shape, (size,)):
            return (self.matrix @ values.ravel()).reshape(self.y_shape)
        if values.shape[1:] == self.x_shape:
            return (values.reshape(-1, size) @ self.matrix.T).reshape(-1, *self.y_shape)
        raise ShapeError(
            f"this matrix takes {list(self.x_shape)}, or [N,{','.join(map(str, self.x_shape))}], "
            f"got {list(values.shape)}{here()}"
        )

    def text(self, numbers: bool = False) -> str:
        """What `print` shows; with `numbers` the values in place of the names."""
        return plain_text(self._head(), [self._grid()], "", numbers)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__  # so that a REPL shows it

    def __rich__(self) -> Any:
        return rich_text(self._head(), [self._grid()], "", False)

    def _repr_html_(self) -> str:
        return html_text(self._head(), [self._grid()], "", False)

    def _head(self) -> str:
        rows, columns = self.shape
        return (
            f"{self.title}: {rows} x {columns}, {_count(self.weights, 'weight')} "
            f"in {_count(self.places, 'place')} (a dense layer: {rows * columns})"
        )

    def _grid(self) -> Grid:
        *space, channels = self.y_shape
        rows = element_names("y", space, channels, "o").ravel()
        *space, channels = self.x_shape
        columns = element_names("x", space, channels, "c").ravel()
        return Grid(self.names, self.matrix, [*rows], [*columns])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
