"""Flat equations: equations whose reads and results are linear addresses in buffers. Here loops
take their final shape.

Axes that run through memory together are merged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tinygraph.loops.expr import (
    Expr,
    IndexValue,
    Read,
    Reduce,
    apply,
    const,
    guard,
    identity,
    index_value,
    read,
    reduce,
)
from tinygraph.loops.index import Axis, Index, index, substitute_index
from tinygraph.loops.ir import Buffer
from tinygraph.loops.rewrite import (
    reads,
    reductions,
    replace_reads,
    substitute,
    transform,
    walk,
)
from tinygraph.lowering.equation import Array, Equation
from tinygraph.lowering.layout import Layouts
from tinygraph.lowering.regions import bounds
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
        return replace(
            self,
            axes=axes,
            address=substitute_index(self.address, to),
            expr=substitute(self.expr, to),
        )

    def saying(self, line: str) -> Flat:
        return replace(self, says=(*self.says, line))


def flatten(e: Equation, layouts: Layouts) -> Flat:
    """The equation with addresses for positions; axes of extent 1 are gone."""
    layout = layouts.of(e.array)

    def change(r: Read) -> Expr:
        array = r.source
        assert isinstance(array, Array)
        inner = layouts.of(array)
        inside = read(
            inner.buffer, (inner.buffer.size,), r.dtype, (inner.address(r.indices),), None
        )
        if r.outside is None:
            return inside
        guards = [g for i, n in zip(r.indices, r.shape, strict=True) for g in bounds(i, n)]
        return _guarded(guards, inside, const(r.outside, r.dtype))

    expr = replace_reads(e.expr, change)
    if expr.has_reduce:
        expr = transform(expr, _condition)
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
        body = apply(
            "select", apply("eq", index_value(w, DType.int32), 0), body, identity(e.kind, e.dtype)
        )
    return reduce(e.kind, e.over, body)


# ---- merging axes --------------------------------------------------------------------------------
# --------------------


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


def _mergeable(
    flat: Flat, axes: tuple[Axis, ...], outputs: bool = True
) -> tuple[Axis, Axis] | None:
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
