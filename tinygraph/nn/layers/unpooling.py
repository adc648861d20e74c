"""Max unpooling: back to where the maxima stood."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional import max_pool_position2d, max_unpool2d
from tinygraph.nn.layers.checks import check_images, here, shown, who
from tinygraph.nn.layers.pooling import MaxPooling2D
from tinygraph.tensor import Tensor


class MaxUnpooling2D(MaxPooling2D):
    """Puts each element where `MaxPooling2D` found its maximum, and zeros elsewhere.

    It takes [y, x]: y is N,H',W',C and x, N,H,W,C, is what was pooled; the result has x's shape.

        pooled = MaxPooling2D()(x)
        ...
        back = MaxUnpooling2D()([y, x])

    `pool_size`, `strides` and `padding` are those of the pooling. Where windows overlap, what
    meets in one place is added. See `tg.max_unpool2d`.
    """

    takes_list = True

    def build(self, shape: Any) -> None:
        if not isinstance(shape, list | tuple) or len(shape) != 2:
            raise ShapeError(
                f"{who(self)} takes [y, x], the tensor to unpool and the one that was pooled, "
                f"got {shown(shape)}{here()}"
            )

    def call(self, x: Any) -> Tensor:
        y, x = x
        check_images(self, tuple(y.shape), 2)
        self.check(x)
        window = (self.pool_size, self.strides, self.padding)
        position = max_pool_position2d(x, *window)
        if tuple(y.shape) != position.shape:
            raise ShapeError(
                f"{who(self)}: pooling {shown(tuple(x.shape))} gives "
                f"{shown(position.shape)}, got {shown(tuple(y.shape))} to unpool{here()}"
            )
        return max_unpool2d(y, position, x.shape[1:-1], *window)
