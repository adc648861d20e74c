"""Pooling and upsampling of images: x is N,H,W,C."""

from __future__ import annotations

from typing import Any

from tinygraph import functional
from tinygraph.functional.arguments import spatial
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers.borders import unused_border
from tinygraph.tensor import Tensor


class _Pooling2D(Layer):
    """What the pools share."""

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: Any = "valid", **options: Any
    ) -> None:
        super().__init__(**options)
        kind = type(self).__name__
        self.pool_size = spatial(f"{kind}: pool_size", pool_size, 2)
        self.strides = (
            self.pool_size if strides is None else spatial(f"{kind}: strides", strides, 2)
        )
        self.padding = padding.lower() if isinstance(padding, str) else padding

    def remark(self, shape: Any) -> str:
        return unused_border(shape[1:-1], self.pool_size, self.strides, self.padding, (1, 1))


class MaxPooling2D(_Pooling2D):
    """The largest element of each window. See `tg.max_pool2d`."""

    def call(self, x: Any) -> Tensor:
        return functional.max_pool2d(x, self.pool_size, self.strides, self.padding)


class AveragePooling2D(_Pooling2D):
    """The mean of each window; padding does not count. See `tg.avg_pool2d`."""

    def call(self, x: Any) -> Tensor:
        return functional.avg_pool2d(x, self.pool_size, self.strides, self.padding)


class GlobalAveragePooling2D(Layer):
    """The mean over H and W: N,H,W,C -> N,C."""

    def call(self, x: Any) -> Tensor:
        return functional.global_avg_pool2d(x)


class UpSampling2D(Layer):
    """Every row and column `size` times: N,H,W,C -> N,H*size,W*size,C."""

    def __init__(self, size: Any = 2, **options: Any) -> None:
        super().__init__(**options)
        self.size = spatial("UpSampling2D: size", size, 2)

    def call(self, x: Any) -> Tensor:
        return functional.upsample_nearest(x, self.size)
