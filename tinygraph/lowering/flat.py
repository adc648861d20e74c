"""Flat equations: equations whose reads and results are linear addresses in buffers. Here loops take their final shape.

Axes that run through memory together are merged; a reduction too large for its output is split into partial ones; an operand
with lanes far apart is packed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tinygraph.loops.expr import Expr, IndexValue, Read, Reduce, apply, const, guard, identity, index_value, read
from tinygraph.loops.expr import reads, reduce, reductions, rename_reductions, replace_reads, substitute, transform, walk
from tinygraph.loops.index import Axis, Index, index, interval, substitute_index
from tinygraph.loops.ir import Buffer
from tinygraph.lowering.equation import Array, Equation
from tinygraph.lowering.layout import Layouts, strides_of
from tinygraph.lowering.regions import bounds
from tinygraph.lowering.target import Target
from tinygraph.types import DType


@dataclass(frozen=True, eq=False)
class Flat:
    """buffer[address] = expr, for all values of `axes`; reads in expr have one address."""

    buffer: Buffer
    address: Index
    axes: tuple[Axis, ...]
    expr: Expr
    says: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return math.prod(a.extent for a in self.axes)

    def __str__(self) -> str:
        span = " ".join(f"{a.name}<{a.extent}" for a in self.axes)
        return f"{self.buffer.name}[{self.address}] = {self.expr}    for {span or 'one element'}"

    def with_axes(self, axes: tuple[Axis, ...], to: dict[Axis, Index]) -> Flat:
        return replace(self, axes=axes, address=substitute_index(self.address, to), expr=substitute(self.expr, to))

    def saying(self, line: str) -> Flat:
        return replace(self, says=(*self.says, line))


def flatten(e: Equation, layouts: Layouts) -> Flat:
    """The equation with addresses for positions; axes of extent 1 are gone."""
    layout = layouts.of(e.array)

    def change(r: Read) -> Expr:
        array = r.source
        assert isinstance(array, Array)
        inner = layouts.of(array)
        inside = read(inner.buffer, (inner.buffer.size,), r.dtype, (inner.address(r.indices),), None)
        if r.outside is None:
            return inside
        guards = [g for i, n in zip(r.indices, r.shape, strict=True) for g in bounds(i, n)]
        return _guarded(guards, inside, const(r.outside, r.dtype))

    expr = transform(replace_reads(e.expr, change), _condition)
    axes = tuple(a for a in e.axes if a.extent != 1)
    return Flat(layout.buffer, layout.address(e.at), axes, expr, e.says)


def _guarded(guards: list[Expr], inside: Expr, otherwise: Expr) -> Expr:
    condition = guards[0]
    for g in guards[1:]:
        condition = condition & g
    return guard(condition, inside, otherwise)


def _condition(e: Expr) -> Expr | None:
    """A reduction's remaining conditions as a choice inside its body."""
    if not isinstance(e, Reduce) or not e.where:
        return None
    body = e.body
    for w in e.where:
        body = apply("select", apply("eq", index_value(w, DType.int32), 0), body, identity(e.kind, e.dtype))
    return reduce(e.kind, e.over, body)


# ---- merging axes ----------------------------------------------------------------------------------------------------


def merged(flat: Flat) -> Flat:
    """Neighbouring axes that every address runs through as through one are made one."""
    while (pair := _mergeable(flat, flat.axes)) is not None:
        to, axis = _joined(*pair)
        flat = flat.with_axes(_replaced(flat.axes, pair, axis), to)
    for r in reductions(flat.expr):
        flat = replace(flat, expr=_merged_reduce(flat, r))
    return flat


def _merged_reduce(flat: Flat, target: Reduce) -> Expr:
    body, over = target.body, target.over
    while (pair := _mergeable(replace(flat, expr=body), over, outputs=False)) is not None:
        to, axis = _joined(*pair)
        body, over = substitute(body, to), _replaced(over, pair, axis)
    if over is target.over:
        return flat.expr
    return transform(flat.expr, lambda e: reduce(target.kind, over, body) if e is target else None)


def _joined(outer: Axis, inner: Axis) -> tuple[dict[Axis, Index], Axis]:
    axis = Axis(outer.name + inner.name, outer.extent * inner.extent)
    return {outer: index(axis) // inner.extent, inner: index(axis) % inner.extent}, axis


def _replaced(axes: tuple[Axis, ...], pair: tuple[Axis, Axis], axis: Axis) -> tuple[Axis, ...]:
    return tuple(axis if a is pair[0] else a for a in axes if a is not pair[1])


def _mergeable(flat: Flat, axes: tuple[Axis, ...], outputs: bool = True) -> tuple[Axis, Axis] | None:
    addresses = [r.indices[0] for r in reads(flat.expr)] + ([flat.address] if outputs else [])
    fixed = {a for i in _other_indices(flat.expr) for a in i.axes}
    for address in addresses:
        fixed |= {a for atom, _ in address.terms if not isinstance(atom, Axis) for a in atom.axes}
    for outer, inner in ((a, b) for a in axes for b in axes if a is not b):
        if outer in fixed or inner in fixed:
            continue
        if all(i.coefficient(outer) == inner.extent * i.coefficient(inner) for i in addresses):
            return outer, inner
    return None


def _other_indices(e: Expr) -> list[Index]:
    """Indices that are used as values."""
    return [at.index for at in walk(e) if isinstance(at, IndexValue)]


# ---- splitting reductions --------------------------------------------------------------------------------------------

ENOUGH_TASKS = 16
SMALL_WORK = 1 << 15
CACHE_LINE = 64


def split_reduction(flat: Flat, target: Target) -> list[Flat]:
    """Partial reductions and the one that puts them together, where one alone would be slow; by shape only."""
    found = reductions(flat.expr)
    if len(found) != 1 or found[0].over == () or any(r is not found[0] and r.over for r in found):
        return [flat]
    whole = found[0]
    domain = math.prod(a.extent for a in whole.over)
    if flat.size * domain < SMALL_WORK or domain < 32:
        return [flat]
    lanes = target.lanes(whole.dtype)
    lane = _lane_axis(flat, whole, lanes)
    want = _parts_wanted(flat, whole, domain, target, lane is not None)
    if lane is None and want <= 1:
        return [flat]
    return _split(flat, whole, want, lane, 4 * lanes)


def _lane_axis(flat: Flat, whole: Reduce, lanes: int) -> Axis | None:
    """The reduction axis to make lanes of, where the output has no good axis for that."""
    body_reads = [r.indices[0] for r in reads(whole.body)]
    good = [a for a in flat.axes if a.extent >= lanes // 2 and all(i.coefficient(a) in (0, 1) for i in body_reads)]
    good = [a for a in good if any(i.coefficient(a) for i in body_reads)]
    if good:
        return None
    best = [a for a in whole.over if a.extent >= 8 * lanes and all(i.coefficient(a) in (0, 1) for i in body_reads)]
    if not best or flat.size >= 8 * lanes:
        return None
    return max(best, key=lambda a: a.extent)


def _parts_wanted(flat: Flat, whole: Reduce, domain: int, target: Target, scalar: bool) -> int:
    """How many partial reductions keep the machine busy and the data in its cache."""
    tiles = max(1, flat.size // (8 * target.lanes(whole.dtype))) if not scalar else 1
    busy = 1 if tiles >= ENOUGH_TASKS else min(64, max(1, flat.size * domain // SMALL_WORK), -(-2 * ENOUGH_TASKS // tiles))
    size = flat.buffer.dtype.itemsize
    panel = domain * (2 * target.vector_bytes + CACHE_LINE)
    fitting = panel // (target.l2 // 2)
    if len(flat.axes) < 2 or fitting * flat.size * size > max(panel, 4 << 20):
        fitting = 1
    return max(busy, fitting)


@dataclass
class _Cutting:
    """A reduction while axes of it are taken out. `rest` collects what a cut that does not divide leaves over."""

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


def _two_stages(flat: Flat, whole: Reduce, cutting: _Cutting, parts: list[Axis], lanes: list[Axis]) -> list[Flat]:
    order = (*parts, *(a for a in flat.axes if a in whole.axes), *lanes)
    shape = [a.extent for a in order]
    buffer = Buffer(f"{flat.buffer.name}_parts", whole.dtype, max(math.prod(shape), 1))
    address = index(0)
    for a, stride in zip(order, strides_of(shape), strict=True):
        address = address + index(a) * stride
    taken = [*parts, *lanes]
    count = math.prod(a.extent for a in taken)
    said = f"reduction split into {count} partial ones ({', '.join(f'{a.name}<{a.extent}' for a in taken)})"
    over = tuple(a for a in cutting.over if a not in taken)
    first = Flat(buffer, address, order, reduce(whole.kind, over, cutting.body), (*flat.says, said))
    fresh = {a: Axis(a.name, a.extent) for a in taken}
    where = substitute_index(address, {a: index(b) for a, b in fresh.items()})
    together = reduce(whole.kind, tuple(fresh.values()), read(buffer, (buffer.size,), whole.dtype, (where,)))
    for left in cutting.rest:
        together = apply(whole.kind, together, left)
    expr = transform(flat.expr, lambda e: together if e is whole else None)
    return [first, replace(flat, expr=expr, says=(*flat.says, f"puts {count} partial reductions together"))]


# ---- packing ---------------------------------------------------------------------------------------------------------


def packed(flat: Flat, axis: Axis, r: Read) -> list[Flat]:
    """`r` copied so that `axis` is its innermost one, and the equation reading the copy."""
    axes = tuple(a for a in _axes_of(flat, r) if a is not axis)
    fresh = {a: Axis(a.name, a.extent) for a in (*axes, axis)}
    order = tuple(fresh.values())
    buffer = Buffer(f"{getattr(r.source, 'name', 'x')}_packed", r.dtype, math.prod(a.extent for a in order))
    own, there = index(0), index(0)
    for (old, new), stride in zip(fresh.items(), strides_of([a.extent for a in order]), strict=True):
        own, there = own + index(new) * stride, there + index(old) * stride
    source = substitute(r, {a: index(b) for a, b in fresh.items()})
    line = f"{getattr(r.source, 'name', 'x')} packed: {axis.name} becomes its innermost axis"
    copy = Flat(buffer, own, order, source, (line,))
    new = read(buffer, (buffer.size,), r.dtype, (there,))
    return [copy, replace(flat, expr=transform(flat.expr, lambda e: new if e is r else None), says=(*flat.says, line))]


def _axes_of(flat: Flat, r: Read) -> list[Axis]:
    """The axes of a read, reduction axes first, as they are nested."""
    over = [a for red in reductions(flat.expr) for a in red.over if a in r.axes]
    return over + [a for a in flat.axes if a in r.axes]

