"""Padding and output size of everything that slides a window: convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, whole
from tinygraph.ops.conv import output_extent

Pairs = tuple[tuple[int, int], ...]


def span(window: int, dilation: int) -> int:
    """How far a dilated window reaches."""
    return (window - 1) * dilation + 1


def same(extent: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Keras's "same": ceil(extent / stride) outputs.

    Of an odd padding the larger half comes after.
    """
    outputs = -(-extent // stride)
    total = max((outputs - 1) * stride + span(window, dilation) - extent, 0)
    return total // 2, total - total // 2


def padding_pairs(
    name: str,
    padding: Any,
    extents: Sequence[int],
    window: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Pairs:
    """(before, after) for each spatial axis from "valid", "same", a number, or a number or pair an
    axis.
    """
    if padding == "valid":
        return ((0, 0),) * len(extents)
    if padding == "same":
        spans = zip(extents, window, stride, dilation, strict=True)
        return tuple(same(*each) for each in spans)
    sides = _sides(name, padding, len(extents))
    if any(side < 0 for pair in sides for side in pair):
        raise ShapeError(
            f"{name}: padding is not negative, got {padding}; a slice cuts off{here()}"
        )
    return sides


def _sides(name: str, padding: Any, rank: int) -> Pairs:
    wrong = ShapeError(
        f'{name}: padding is "valid", "same", a number, or for each of {rank} spatial axes '
        f"a number or a pair (before, after); got {padding!r}{here()}"
    )
    if isinstance(padding, str):
        raise wrong
    if not isinstance(padding, list | tuple):
        side = whole(padding, f"{name}: padding")
        return ((side, side),) * rank
    if rank == 1 and len(padding) == 2:
        padding = (padding,)
    if len(padding) != rank:
        raise wrong
    pairs = [p if isinstance(p, list | tuple) else (p, p) for p in padding]
    if any(len(p) != 2 for p in pairs):
        raise wrong
    return tuple((whole(a, f"{name}: padding"), whole(b, f"{name}: padding")) for a, b in pairs)


class OutputSize(NamedTuple):
    """How many positions a window takes along one axis, and what is left over."""

    size: int
    unused: int
    """Elements at the end (padding included) that no window reaches."""
    fitting: tuple[int, int] | None
    """The padding (before, after) nearest to the given one that leaves nothing over.

    None if this one does.
    """
    stride: int = 1

    @property
    def exact(self) -> float:
        """(extent - window + padding) / stride + 1, which is no whole number where some is left."""
        return self.size + self.unused / self.stride

    def __index__(self) -> int:
        return self.size

    def __int__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<output size {self}>"

    def __str__(self) -> str:
        if self.fitting is None:
            return f"{self.size}: every element is used"
        rest = f"{self.unused} unused at the end; padding {self.fitting} would fit"
        return f"{self.size} (of {self.exact:.2f}): {rest}"


def output_size(
    extent: int,
    window: int,
    stride: int = 1,
    padding: Any = "valid",
    dilation: int = 1,
) -> OutputSize:
    """floor((extent - window + padding) / stride) + 1 along one axis, and whether that uses every
    element.
    """
    for name, value in (("extent", extent), ("window", window), ("stride", stride)):
        if isinstance(value, tuple | list):
            raise ShapeError(
                f"output_size is of one axis, got {name}={value}; ask for each axis{here()}"
            )
    ((before, after),) = padding_pairs(
        "output_size",
        padding,
        (extent,),
        (window,),
        (stride,),
        (dilation,),
    )
    size = output_extent(extent, window, stride, (before, after), dilation)
    if size < 1:
        raise ShapeError(f"a window of {span(window, dilation)} does not fit into {extent}{here()}")
    unused = extent + before + after - span(window, dilation) - (size - 1) * stride
    fitting = (before, after + stride - unused) if unused else None
    return OutputSize(size, unused, fitting, stride)
