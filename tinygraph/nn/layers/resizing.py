"""Layers that make images larger or smaller without computing anything: x is N,space...,C."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import spatial, whole
from tinygraph.nn.layers.checks import check_format, check_images, here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.tensor import Tensor


class UpSampling(OneInput):
    """What the upsamplings share: every element `size` times along each spatial axis."""

    rank: ClassVar[int] = 2

    def __init__(
        self,
        size: Any = 2,
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_format(self, data_format)
        self.size = spatial(f"{type(self).__name__}: size", size, self.rank)
        self.interpolation = interpolation
        if interpolation != "nearest":
            raise ShapeError(
                f"{who(self)} repeats elements (interpolation='nearest'), got {interpolation!r}; "
                f"a Conv2DTranspose can learn another interpolation{here()}"
            )

    def call(self, x: Any) -> Tensor:
        check_images(self, tuple(x.shape), self.rank)
        return functional.upsample_nearest(x, self.size)


class UpSampling1D(UpSampling):
    """Every element `size` times: N,L,C -> N,L*size,C."""

    rank = 1


class UpSampling2D(UpSampling):
    """Every row and column `size` times: N,H,W,C -> N,H*s,W*t,C; y[n,i,j,c] = x[n,i//s,j//t,c]."""

    rank = 2


class UpSampling3D(UpSampling):
    """Every element `size` times along D, H and W: N,D,H,W,C -> N,D*r,H*s,W*t,C."""

    rank = 3


class ZeroPadding(OneInput):
    """What the paddings share: `padding` is one number, one an axis, or (before, after) an axis."""

    rank: ClassVar[int] = 2

    def __init__(self, padding: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_format(self, data_format)
        self.padding = sides(self, "padding", padding)

    def call(self, x: Any) -> Tensor:
        check_images(self, tuple(x.shape), self.rank)
        return functional.pad(x, ((0, 0), *self.padding, (0, 0)))


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after: N,L,C -> N,L+before+after,C."""

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around the image: N,H,W,C -> N,H+top+bottom,W+left+right,C."""

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume: N,D,H,W,C -> N,D',H',W',C."""

    rank = 3


class Cropping(OneInput):
    """What the croppings share: `cropping` is a number, one an axis, or (before, after) an axis."""

    rank: ClassVar[int] = 2

    def __init__(self, cropping: Any = 0, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_format(self, data_format)
        self.cropping = sides(self, "cropping", cropping)

    def call(self, x: Any) -> Tensor:
        check_images(self, tuple(x.shape), self.rank)
        space = x.shape[1:-1]
        if any(a + b >= n for (a, b), n in zip(self.cropping, space, strict=True)):
            raise ShapeError(
                f"{who(self)}: cropping {self.cropping} leaves nothing of "
                f"{shown(tuple(x.shape))}{here()}"
            )
        kept = [slice(a, n - b) for (a, b), n in zip(self.cropping, space, strict=True)]
        return functional.index(x, (slice(None), *kept))


class Cropping1D(Cropping):
    """Without the first and the last elements: N,L,C -> N,L-before-after,C."""

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **options: Any) -> None:
        super().__init__(cropping, **options)


class Cropping2D(Cropping):
    """Without a border: N,H,W,C -> N,H-top-bottom,W-left-right,C."""

    rank = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(cropping, data_format, **options)


class Cropping3D(Cropping):
    """Without a border: N,D,H,W,C -> N,D',H',W',C."""

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(cropping, data_format, **options)


def sides(layer: ZeroPadding | Cropping, what: str, value: Any) -> tuple[tuple[int, int], ...]:
    """(before, after) for each spatial axis."""
    rank, name = layer.rank, f"{type(layer).__name__}: {what}"
    several = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if rank == 1 and len(several) == 2:
        several = (several,)
    pairs = [tuple(v) if isinstance(v, list | tuple) else (v, v) for v in several]
    if len(pairs) != rank or any(len(pair) != 2 for pair in pairs):
        raise ShapeError(
            f"{name} is a number, or for each of {rank} spatial axes a number or a pair "
            f"(before, after); got {value!r}{here()}"
        )
    result = tuple((whole(a, name), whole(b, name)) for a, b in pairs)
    if min(min(pair) for pair in result) < 0:
        raise ShapeError(f"{name} is not negative, got {value!r}{here()}")
    return result
