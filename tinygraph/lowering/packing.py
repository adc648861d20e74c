"""Packing: an operand of a contraction copied so that a register tile reads it as one stream.

Where its lanes lie apart they become neighbours. Where its rows lie a kilobyte or more apart, it
becomes panels as wide as the register tile: rows at such distances fall into few sets of the cache,
and each needs a page of its own.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tinygraph.loops.expr import Read, read
from tinygraph.loops.index import Axis, Index, index
from tinygraph.loops.ir import Buffer
from tinygraph.loops.rewrite import reductions, substitute, transform
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.layout import strides_of
from tinygraph.lowering.schedule import contraction_lane, schedule
from tinygraph.lowering.target import Target

FAR_APART = 1 << 10
"""Bytes between rows from which on panels pay."""
MANY_ROWS = 256


def packed(flat: Flat, target: Target) -> list[Flat]:
    """The copying equation, if one pays, and the equation that reads the copy."""
    choice = contraction_lane(flat, target)
    if choice is None:
        return [flat]
    axis, wide, unit = choice
    width = _panel_width(flat, target, axis, wide, unit)
    if width:
        return _with_copy(*_in_blocks(flat, axis, wide, width), width)
    return [flat] if unit else _with_copy(flat, axis, wide, None, 0)


def _panel_width(flat: Flat, target: Target, axis: Axis, wide: Read, unit: bool) -> int:
    """Lanes of one register tile, or 0 where panels would not pay."""
    (whole,) = reductions(flat.expr)
    rows = math.prod(a.extent for a in whole.over if a in wide.axes)
    plan = schedule(flat if unit else _with_copy(flat, axis, wide, None, 0)[1], target)
    width = plan.lanes * plan.vectors
    distance = axis.extent * wide.dtype.itemsize
    reuse = flat.size // math.prod(a.extent for a in flat.axes if a in wide.axes)
    good = distance >= FAR_APART and rows >= MANY_ROWS and reuse >= 32
    return (
        width
        if good and plan.lane is not None and axis.extent % width == 0 and axis.extent > width
        else 0
    )


def _in_blocks(flat: Flat, axis: Axis, wide: Read, width: int) -> tuple[Flat, Axis, Read, Axis]:
    """The lane axis as blocks of `width`, the blocks outermost."""
    block, lane = Axis(f"{axis.name}_block", axis.extent // width), Axis(axis.name, width)
    to = {axis: index(block) * width + lane}
    axes = (block, *(lane if a is axis else a for a in flat.axes))
    new = substitute(wide, to)
    assert isinstance(new, Read)
    return flat.with_axes(axes, to), lane, new, block


def _with_copy(flat: Flat, lane: Axis, r: Read, block: Axis | None, width: int) -> list[Flat]:
    """`r` copied so that `lane` is its innermost axis, and `block`, if there is one, its
    outermost."""
    inner = [a for a in _axes_of(flat, r) if a is not lane and a is not block]
    fresh = {a: Axis(a.name, a.extent) for a in ([block] if block else []) + inner + [lane]}
    order = tuple(fresh.values())
    name = getattr(r.source, "name", "x")
    buffer = Buffer(f"{name}_packed", r.dtype, math.prod(a.extent for a in order))
    own, there = Index(0, ()), Index(0, ())
    for (old, new), stride in zip(
        fresh.items(), strides_of([a.extent for a in order]), strict=True
    ):
        own, there = own + index(new) * stride, there + index(old) * stride
    line = (
        f"{name} packed in panels of {width}"
        if width
        else f"{name} packed: {lane.name} becomes its innermost axis"
    )
    copy = Flat(buffer, own, order, substitute(r, {a: index(b) for a, b in fresh.items()}), (line,))
    new_read = read(buffer, (buffer.size,), r.dtype, (there,))
    expr = transform(flat.expr, lambda e: new_read if e is r else None)
    return [copy, replace(flat, expr=expr, says=(*flat.says, line))]


def _axes_of(flat: Flat, r: Read) -> list[Axis]:
    """The axes of a read as its loops are nested: those of the output, then those summed over."""
    over = [a for red in reductions(flat.expr) for a in red.over if a in r.axes]
    return [a for a in flat.axes if a in r.axes] + over
