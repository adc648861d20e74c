"""Pooling over windows: x is N,space...,C."""

from __future__ import annotations

from typing import Any

from tinygraph import functional
from tinygraph.nn.layers.windowed import Windowed
from tinygraph.tensor import Tensor


class Pooling(Windowed):
    """What the pools share. The strides are the window unless given."""

    function = ""
    """The function of `tg`, without the rank at the end of its name."""

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        self.pool_size = self.numbers("pool_size", pool_size)
        steps = self.pool_size if strides is None else self.numbers("strides", strides)
        super().__init__(self.pool_size, steps, padding, data_format, **options)

    def call(self, x: Any) -> Tensor:
        self.check(x)
        pool = getattr(functional, f"{self.function}{self.rank}d")
        return pool(x, self.pool_size, self.strides, self.padding)


class MaxPooling1D(Pooling):
    """The largest element of each window: N,L,C -> N,L',C. See `tg.max_pool1d`."""

    rank, function = 1, "max_pool"


class MaxPooling2D(Pooling):
    """The largest element of each window: N,H,W,C -> N,H',W',C. See `tg.max_pool2d`."""

    rank, function = 2, "max_pool"


class MaxPooling3D(Pooling):
    """The largest element of each window: N,D,H,W,C -> N,D',H',W',C. See `tg.max_pool3d`."""

    rank, function = 3, "max_pool"


class AveragePooling1D(Pooling):
    """The mean of each window: N,L,C -> N,L',C; padding does not count. See `tg.avg_pool1d`."""

    rank, function = 1, "avg_pool"


class AveragePooling2D(Pooling):
    """The mean of each window: N,H,W,C -> N,H',W',C; padding does not count.

    See `tg.avg_pool2d`.
    """

    rank, function = 2, "avg_pool"


class AveragePooling3D(Pooling):
    """The mean of each window: N,D,H,W,C -> N,D',H',W',C; padding does not count.

    See `tg.avg_pool3d`.
    """

    rank, function = 3, "avg_pool"
