"""What convolutions and pools share: a window, its steps and its padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import spatial
from tinygraph.nn.layers.borders import unused_border
from tinygraph.nn.layers.checks import check_fits, check_format, check_images, here, who
from tinygraph.nn.layers.one_input import OneInput


class Windowed(OneInput):
    """A layer that slides a window over N,space...,C.

    A border that no window reaches is left out; `summary()` says how much that is.
    """

    rank: ClassVar[int] = 2
    """Number of spatial axes."""
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        window: tuple[int, ...],
        strides: tuple[int, ...],
        padding: Any,
        data_format: str | None,
        dilation_rate: tuple[int, ...] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_format(self, data_format)
        self.strides = strides
        self.padding = padding.lower() if isinstance(padding, str) else padding
        self.dilation_rate = (1,) * self.rank if dilation_rate is None else dilation_rate
        self._window = window
        if isinstance(padding, str) and self.padding not in self.paddings:
            raise ShapeError(
                f"{who(self)}: padding is {' or '.join(map(repr, self.paddings))}, a number or a "
                f"pair (before, after) an axis, got {padding!r}{here()}"
            )

    def build(self, shape: Any) -> None:
        check_images(self, shape, self.rank)

    def remark(self, shape: Any) -> str:
        return unused_border(
            shape[1:-1], self._window, self.strides, self._pairs(), self.dilation_rate
        )

    def check(self, x: Any) -> None:
        """Refuses an x with other axes, or smaller than the window."""
        check_images(self, tuple(x.shape), self.rank)
        self.check_shape(x.shape)

    def check_shape(self, shape: Sequence[int]) -> None:
        """Refuses images that are smaller than the window."""
        check_fits(self, shape, self._window, self.strides, self._pairs(), self.dilation_rate)

    def _pairs(self) -> Any:
        """The padding as `tg.conv2d` takes it."""
        return self.padding

    @classmethod
    def numbers(cls, what: str, value: Any) -> tuple[int, ...]:
        """One number for each spatial axis, given as one for all or as one for each."""
        return spatial(f"{cls.__name__}: {what}", value, cls.rank)
