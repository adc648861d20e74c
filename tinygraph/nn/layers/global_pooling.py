"""Pooling over whole images: what each channel has at most, or on average."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygraph import functional
from tinygraph.nn.layers.checks import check_format, check_images
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.tensor import Tensor


class GlobalPooling(OneInput):
    """What the global pools share. `keepdims` keeps the spatial axes, with an extent of 1."""

    rank: ClassVar[int] = 2
    largest: ClassVar[bool] = False
    """Whether it is the maximum; else the mean."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        check_format(self, data_format)
        self.keepdims = keepdims

    def call(self, x: Any) -> Tensor:
        check_images(self, tuple(x.shape), self.rank)
        reduce = functional.max if self.largest else functional.mean
        return reduce(x, tuple(range(1, self.rank + 1)), self.keepdims)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean over L: N,L,C -> N,C."""

    rank = 1


class GlobalAveragePooling2D(GlobalPooling):
    """The mean over H and W: N,H,W,C -> N,C. See `tg.global_avg_pool2d`."""

    rank = 2


class GlobalAveragePooling3D(GlobalPooling):
    """The mean over D, H and W: N,D,H,W,C -> N,C."""

    rank = 3


class GlobalMaxPooling1D(GlobalPooling):
    """The maximum over L: N,L,C -> N,C."""

    rank, largest = 1, True


class GlobalMaxPooling2D(GlobalPooling):
    """The maximum over H and W: N,H,W,C -> N,C."""

    rank, largest = 2, True


class GlobalMaxPooling3D(GlobalPooling):
    """The maximum over D, H and W: N,D,H,W,C -> N,C."""

    rank, largest = 3, True
