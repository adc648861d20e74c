"""What the data sets give: examples with their targets, and the parts of a set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Examples:
    """N examples with what is to be learned of each; the arrays are read-only.

    x         the images, [N,H,W] or [N,H,W,C]
    y         labels [N], masks [N,H,W] or images [N,H,W,C]
    classes   the name of each label; empty where y holds no labels
    largest   the largest value that x can have; 255 for most images

    `x, y = examples` gives the two arrays.
    """

    x: Array
    y: Array
    classes: tuple[str, ...] = ()
    largest: float = 255

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            array = getattr(self, name).view()
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __iter__(self) -> Iterator[Array]:
        return iter((self.x, self.y))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, which: Any) -> Examples:
        """Some of the examples, by a slice or by an array of positions."""
        which = np.atleast_1d(which) if not isinstance(which, slice) else which
        return Examples(self.x[which], self.y[which], self.classes, self.largest)

    def __repr__(self) -> str:
        text = f"{len(self)} examples: x {_kind(self.x)}, y {_kind(self.y)}"
        return text + (f", {len(self.classes)} classes" if self.classes else "")

    def scaled(self) -> tuple[NDArray[np.float32], Array]:
        """As nets take them: x float32 [N,H,W,C] from 0 to 1; y int32, or float32 for images."""
        x = self.x[..., None] if self.x.ndim == 3 else self.x
        number = np.float32 if self.y.dtype.kind == "f" else np.int32
        return np.divide(x, self.largest, dtype=np.float32), self.y.astype(number)


@dataclass(frozen=True, eq=False)
class TrainTest:
    """A data set in two parts: `(x_train, y_train), (x_test, y_test) = data`."""

    train: Examples
    test: Examples

    def __iter__(self) -> Iterator[Examples]:
        return iter((self.train, self.test))

    def __repr__(self) -> str:
        return f"train: {self.train}\ntest: {self.test}"


@dataclass(frozen=True, eq=False)
class TrainValidationTest:
    """A data set in three parts: `train, validation, test = data`."""

    train: Examples
    validation: Examples
    test: Examples

    def __iter__(self) -> Iterator[Examples]:
        return iter((self.train, self.validation, self.test))

    def __repr__(self) -> str:
        return f"train: {self.train}\nvalidation: {self.validation}\ntest: {self.test}"


def _kind(array: Array) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"
