"""Splitting reductions: partial ones for tasks, for the cache or for lanes, and one that puts them
together.

The number of parts follows from the shapes alone, never from the number of threads: results are the
same bits on any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tinygraph.loops.expr import (
    Apply,
    Expr,
    Read,
    Reduce,
    apply,
    read,
    reduce,
)
from tinygraph.loops.index import Axis, Index, index, substitute_index
from tinygraph.loops.ir import Buffer
from tinygraph.loops.rewrite import (
    reads,
    reductions,
    rename_reductions,
    substitute,
    transform,
)
from tinygraph.lowering.flat import Flat, merged
from tinygraph.lowering.layout import strides_of
from tinygraph.lowering.schedule import lane_axis, tile_axis
from tinygraph.lowering.target import Target

ENOUGH_TASKS = 16
SMALL_WORK = 1 << 15
LONGEST_SUM = 256
"""Terms that one register adds up one after the other: each addition may lose half an ulp."""


def split_reduction(flat: Flat, target: Target) -> list[Flat]:
    """Partial reductions and the one that puts them together, where one alone would be slow."""
    found = reductions(flat.expr)
    if len(found) != 1 or not found[0].over:
        return [flat]
    whole = found[0]
    domain = math.prod(a.extent for a in whole.over)
    lengthy = _sums(whole) and domain > 4 * LONGEST_SUM
    if (flat.size * domain < SMALL_WORK or domain < 32) and not lengthy:
        return [flat]
    lanes = target.lanes(whole.dtype)
    lane = _inner_lane(flat, whole, lanes)
    want = max(
        _for_tasks(flat, domain, lanes, lane is not None),
        _for_cache(flat, whole, domain, target),
        _for_accuracy(domain // (1 if lane is None else 4 * lanes)) if lengthy else 1,
    )
    if lane is None and want <= 1:
        return [flat]
    first, last = _split(flat, whole, want, lane, 4 * lanes)
    return [first, *split_reduction(merged(last), target)]


def _inner_lane(flat: Flat, whole: Reduce, lanes: int) -> Axis | None:
    """The reduction axis to make lanes of, where the output has no good axis for that."""
    body_reads = [r.indices[0] for r in reads(whole.body)]
    good = [
        a
        for a in flat.axes
        if a.extent >= lanes // 2 and all(i.coefficient(a) in (0, 1) for i in body_reads)
    ]
    if any(i.coefficient(a) for a in good for i in body_reads) or flat.size >= 8 * lanes:
        return None
    best = [
        a
        for a in whole.over
        if a.extent >= 8 * lanes and all(i.coefficient(a) in (0, 1) for i in body_reads)
    ]
    return max(best, key=lambda a: a.extent, default=None)


def _for_tasks(flat: Flat, domain: int, lanes: int, scalar: bool) -> int:
    """Parts that keep the machine busy."""
    tiles = 1 if scalar else max(1, flat.size // (8 * lanes))
    if tiles >= ENOUGH_TASKS:
        return 1
    return min(64, max(1, flat.size * domain // SMALL_WORK), -(-2 * ENOUGH_TASKS // tiles))


def _sums(whole: Reduce) -> bool:
    """Whether it adds floats that are no products of two arrays: for those, time counts more."""
    body = whole.body
    if whole.kind != "add" or not whole.dtype.is_float:
        return False
    if isinstance(body, Apply) and body.function == "mul" and isinstance(body.args[0], Read):
        return not isinstance(body.args[1], Read)
    return True


def _for_accuracy(length: int) -> int:
    """Parts that are short enough to be added up."""
    return -(-length // LONGEST_SUM)


def _for_cache(flat: Flat, whole: Reduce, domain: int, target: Target) -> int:
    """Parts so small that what one row of register tiles reads again and again stays in the
    cache."""
    lane = lane_axis(flat, target)
    tile = tile_axis(flat, lane) if lane is not None else None
    panel = domain * 2 * target.vector_bytes
    if lane is None or tile is None or panel <= 2 * target.l1:
        return 1
    size = whole.dtype.itemsize
    narrow = [r.indices[0] for r in reads(whole.body) if lane not in r.axes]
    rows = sum(_span(i, {tile, *whole.over}) for i in narrow) * size
    parts = -(-(rows + panel) // target.l2)
    affordable = 4 * max(rows, domain * 4 * size) // max(flat.size * size, 1)
    return max(1, min(parts, affordable))


def _span(address: Index, axes: set[Axis]) -> int:
    """Elements that an address runs over while `axes` do, the others fixed (an upper bound)."""
    terms = [(atom, c) for atom, c in address.terms if isinstance(atom, Axis) and atom in axes]
    reach = 1 + sum(abs(c) * (atom.extent - 1) for atom, c in terms)
    return min(reach, math.prod(atom.extent for atom, _ in terms))


@dataclass
class _Cutting:
    """A reduction while axes of it are taken out. `rest` collects what a cut that does not divide
    leaves over."""

    kind: str
    body: Expr
    over: list[Axis]
    rest: list[Expr]

    def cut(self, axis: Axis, high: Axis, low: Axis) -> None:
        """axis = high * low.extent + low"""
        stop, at = high.extent * low.extent, self.over.index(axis)
        others = [a for a in self.over if a is not axis]
        if axis.extent > stop:
            spare = Axis(axis.name, axis.extent - stop)
            left = substitute(self.body, {axis: index(spare) + stop})
            self.rest.append(rename_reductions(reduce(self.kind, (spare, *others), left)))
        self.body = substitute(self.body, {axis: index(high) * low.extent + low})
        self.over[at : at + 1] = [high, low]


def _split(flat: Flat, whole: Reduce, want: int, lane: Axis | None, width: int) -> list[Flat]:
    cutting = _Cutting(whole.kind, whole.body, list(whole.over), [])
    parts: list[Axis] = []
    lanes: list[Axis] = []
    for axis in whole.over:
        if axis is lane:
            high, low = Axis(axis.name, axis.extent // width), Axis("lane", width)
            cutting.cut(axis, high, low)
            lanes.append(low)
            axis = high
        if want > 1 and axis.extent >= want:
            count = _good_divisor(axis.extent, want)
            part, inner = Axis(f"{axis.name}_part", count), Axis(axis.name, axis.extent // count)
            cutting.cut(axis, part, inner)
            parts.append(part)
            want = 1
        elif want > 1 and axis.extent > 1:
            parts.append(axis)
            want = -(-want // axis.extent)
    return _two_stages(flat, whole, cutting, parts, lanes)


def _good_divisor(extent: int, want: int) -> int:
    """A number of parts near `want`, one that divides if there is any."""
    fitting = [d for d in range(want, min(2 * want, extent) + 1) if extent % d == 0]
    return fitting[0] if fitting else want


def _two_stages(
    flat: Flat, whole: Reduce, cutting: _Cutting, parts: list[Axis], lanes: list[Axis]
) -> list[Flat]:
    order = (*parts, *(a for a in flat.axes if a in whole.axes), *lanes)
    shape = [a.extent for a in order]
    buffer = Buffer(f"{flat.buffer.name}_parts", whole.dtype, max(math.prod(shape), 1))
    address = index(0)
    for a, stride in zip(order, strides_of(shape), strict=True):
        address = address + index(a) * stride
    taken = [*parts, *lanes]
    count = math.prod(a.extent for a in taken)
    listed = ", ".join(f"{a.name}<{a.extent}" for a in taken)
    said = f"reduction split into {count} partial ones ({listed})"
    over = tuple(a for a in cutting.over if a not in taken)
    first = Flat(buffer, address, order, reduce(whole.kind, over, cutting.body), (*flat.says, said))
    fresh = {a: Axis(a.name, a.extent) for a in taken}
    where = substitute_index(address, {a: index(b) for a, b in fresh.items()})
    together = reduce(
        whole.kind, tuple(fresh.values()), read(buffer, (buffer.size,), whole.dtype, (where,))
    )
    for left in cutting.rest:
        together = apply(whole.kind, together, left)
    expr = transform(flat.expr, lambda e: together if e is whole else None)
    return [
        first,
        replace(flat, expr=expr, says=(*flat.says, f"puts {count} partial reductions together")),
    ]
