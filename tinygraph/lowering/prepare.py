"""What is done to an equation before memory is laid out: conditions become phases, divisions become
axes, borders halos.

After it, a reduction over reads with zeros outside reads arrays that carry those zeros around them
(a *halo*), so that its loops need no conditions. What does not fit these forms stays as it is and
is computed with guards: slower, and as right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from tinygraph.loops.expr import (
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
    Reduce,
    identity,
    read,
    reduce,
)
from tinygraph.loops.index import Axis, Floor, Index, index, interval, substitute_index
from tinygraph.loops.rewrite import (
    reads,
    reductions,
    replace_reads,
    substitute,
    transform,
)
from tinygraph.lowering.equation import Array, Equation
from tinygraph.types import DType

MOST_PHASES = 64


class Preparation:
    """Prepares equations one by one and remembers the halos they ask for and the copies they
    need."""

    def __init__(self) -> None:
        self.halos: dict[Array, list[tuple[int, int]]] = {}
        self.copies: dict[Array, Array] = {}

    def prepared(self, equation: Equation) -> Iterator[Equation]:
        """The equations to compute instead, in order."""
        for piece in pieces(equation):
            for phase in phases(piece):
                split = forward(split_axes(phase))
                yield from self._with_halos(split)

    def _with_halos(self, equation: Equation) -> Iterator[Equation]:
        wanted = [r for r in reads(equation.expr) if r.outside is not None]
        if (
            not wanted
            or not all(_can_have_halo(r) for r in wanted)
            or not reductions(equation.expr)
        ):
            yield equation
            return
        for r in wanted:
            array = r.source
            assert isinstance(array, Array)
            if array.external and array not in self.copies:
                self.copies[array] = copy = Array(f"{array.name}_halo", array.type)
                axes = tuple(Axis(f"i{k}", n) for k, n in enumerate(array.type.shape))
                at = tuple(map(index, axes))
                line = f"copy of {array.name} with a border of zeros"
                yield Equation(copy, axes, at, array.operand()[axes], (), (line,))
            self._ask(self.copies.get(array, array), r)
        yield Equation(
            equation.array,
            equation.axes,
            equation.at,
            replace_reads(equation.expr, self._redirected),
            equation.nodes,
            (*equation.says, "zeros outside: read from a halo"),
        )

    def _redirected(self, r: Read) -> Expr:
        if r.outside is None:
            return r
        assert isinstance(r.source, Array)
        roomy = tuple(
            n + (1 << 30) for n in r.shape
        )  # the zeros around the array: any index is inside
        return read(self.copies.get(r.source, r.source), roomy, r.dtype, r.indices, None)

    def _ask(self, array: Array, r: Read) -> None:
        spans = [(max(0, -low), max(0, high - n + 1)) for (low, high), n in _spans(r)]
        old = self.halos.get(array, [(0, 0)] * len(spans))
        self.halos[array] = [
            (max(a, c), max(b, d)) for (a, b), (c, d) in zip(old, spans, strict=True)
        ]


def _spans(r: Read) -> Iterator[tuple[tuple[int, int], int]]:
    return ((interval(i), n) for i, n in zip(r.indices, r.shape, strict=True))


def _can_have_halo(r: Read) -> bool:
    """Zeros outside, plain indices, and a border no larger than the array itself."""
    small = all(max(-low, high - n + 1) <= max(n, 8) for (low, high), n in _spans(r))
    return r.outside == 0 and small and all(i.is_affine for i in r.indices)


# ---- an equation that only collects pieces (a concatenation)
# ---------------------------------------------------------


def pieces(equation: Equation) -> list[Equation]:
    """A choice between reads by ranges of one axis, as one moving equation for each range."""
    expr = equation.expr
    if not (isinstance(expr, Apply) and expr.function == "select") or equation.array.type.size == 0:
        return [equation]
    cut = _cut(expr.args[0], equation)
    if cut is None:
        return [equation]
    axis, where = cut
    yes = _part(equation, expr.args[1], axis, 0, where)
    no = _part(equation, expr.args[2], axis, where, axis.extent)
    if not all(isinstance(e.expr, Read | Apply) for e in (yes, no)):
        return [equation]
    found = [*pieces(yes), *pieces(no)]
    return (
        found
        if all(isinstance(e.expr, Read) and e.expr.outside is None for e in found)
        else [equation]
    )


def _cut(condition: Expr, equation: Equation) -> tuple[Axis, int] | None:
    """axis, c where the condition is axis + shift < c, as axis < c."""
    if not (isinstance(condition, Apply) and condition.function == "lt"):
        return None
    left, right = condition.args
    if (
        not isinstance(left, IndexValue)
        or len(left.index.terms) != 1
        or not isinstance(right, Const)
        or right.dtype is not DType.int32
    ):
        return None
    atom, c = left.index.terms[0]
    if not isinstance(atom, Axis) or c != 1 or atom not in equation.axes:
        return None
    where = int(right.value) - left.index.const
    return (atom, where) if 0 <= where <= atom.extent else None


def _part(equation: Equation, expr: Expr, axis: Axis, start: int, stop: int) -> Equation:
    part = Axis(axis.name, stop - start)
    to = {axis: index(part) + start}
    axes = tuple(part if a is axis else a for a in equation.axes)
    at = tuple(substitute_index(i, to) for i in equation.at)
    return Equation(equation.array, axes, at, substitute(expr, to), equation.nodes, equation.says)


# ---- conditions ----------------------------------------------------------------------------------
# --------------------


def phases(equation: Equation) -> list[Equation]:
    """Without conditions `index % s == 0` on a reduction: the output axis in it splits into s
    phases, one equation each."""
    condition = next((w for r in reductions(equation.expr) for w in r.where), None)
    if condition is None:
        return [equation]
    if condition.axes.isdisjoint(equation.axes):
        solved = _solve(equation, condition)
        return phases(solved) if solved is not None else [equation]
    inner = _remainder(condition)
    if inner is None or inner.by > MOST_PHASES:
        return [equation]
    axis, s = next(a for a in equation.axes if a in inner.axes), inner.by
    result: list[Equation] = []
    for phase in range(min(s, axis.extent)):
        part = Axis(axis.name, -(-(axis.extent - phase) // s))
        axes = tuple(part if a is axis else a for a in equation.axes)
        said = f"{axis.name} = {s}*{axis.name}+{phase}: a phase of {inner.index} % {s} == 0"
        one = phases(equation.with_axes(axes, {axis: index(part) * s + phase}, said))
        if any(r.where for e in one for r in reductions(e.expr)):
            return [equation]
        result.extend(one)
    return result


def _remainder(condition: Index) -> Floor | None:
    if condition.const or len(condition.terms) != 1:
        return None
    atom, c = condition.terms[0]
    return (
        atom
        if isinstance(atom, Floor) and atom.part == "%" and c == 1 and atom.index.is_affine
        else None
    )


def _solve(equation: Equation, condition: Index) -> Equation | None:
    """A condition on one reduction axis, solved: the axis runs only over the positions where it
    holds. Where it holds nowhere, nothing is summed."""
    if not condition.axes:
        never = lambda e: (  # noqa: E731
            identity(e.kind, e.dtype) if isinstance(e, Reduce) and condition in e.where else None
        )
        return replace(equation, expr=transform(equation.expr, never))
    if len(condition.axes) != 1:
        return None
    (axis,) = condition.axes
    good = [
        u for u in range(axis.extent) if substitute_index(condition, {axis: index(u)}) is index(0)
    ]
    step = good[1] - good[0] if len(good) > 1 else 1
    if any(b - a != step for a, b in pairwise(good)):
        return None

    def change(e: Expr) -> Expr | None:
        if not isinstance(e, Reduce) or axis not in e.over:
            return None
        if not good:
            return identity(e.kind, e.dtype)
        part = Axis(axis.name, len(good))
        to = {axis: index(part) * step + good[0]}
        over = tuple(part if a is axis else a for a in e.over)
        where = tuple(substitute_index(w, to) for w in e.where)
        return reduce(e.kind, over, substitute(e.body, to), where)

    expr = transform(equation.expr, change)
    return replace(equation, expr=expr)


# ---- axes ----------------------------------------------------------------------------------------
# --------------------


def split_axes(equation: Equation) -> Equation:
    """Without `axis // c` and `axis % c`, where c divides the axis's extent: it becomes two
    axes."""
    while (found := _divided(equation)) is not None:
        equation = _split_axis(equation, *found)
    return equation


def _split_axis(equation: Equation, axis: Axis, by: int) -> Equation:
    high, low = Axis(axis.name, axis.extent // by), Axis(f"{axis.name}_", by)
    to = {axis: index(high) * by + low}
    if axis in equation.axes:
        axes = tuple(b for a in equation.axes for b in ((high, low) if a is axis else (a,)))
        return equation.with_axes(axes, to, f"{axis.name} = {by}*{high.name}+{low.name}")
    expr = transform(equation.expr, lambda e: _split_reduce(e, axis, (high, low), to))
    return replace(equation, expr=expr)


def _divided(equation: Equation) -> tuple[Axis, int] | None:
    if not reductions(equation.expr):
        return None
    for r in reads(equation.expr):
        for i in r.indices:
            for atom, _ in i.terms:
                if isinstance(atom, Floor) and atom.index.is_atom:
                    axis = atom.index.terms[0][0]
                    if isinstance(axis, Axis) and axis.extent % atom.by == 0:
                        return axis, atom.by
    return None


def _split_reduce(
    e: Expr, axis: Axis, parts: tuple[Axis, Axis], to: dict[Axis, Index]
) -> Expr | None:
    if not isinstance(e, Reduce) or axis not in e.over:
        return None
    over = tuple(b for a in e.over for b in (parts if a is axis else (a,)))
    where = tuple(substitute_index(w, to) for w in e.where)
    return reduce(e.kind, over, substitute(e.body, to), where)


def forward(equation: Equation) -> Equation:
    """Reduction axes along which the read with most axes goes backwards are reversed: addresses
    then rise."""

    def change(e: Expr) -> Expr | None:
        if not isinstance(e, Reduce) or e.where:
            return None
        to: dict[Axis, Index] = {}
        inside = [r for r in reads(e.body) if isinstance(r.source, Array)]
        if not inside:
            return None
        widest = max(inside, key=lambda r: len(r.axes))
        for axis in e.over:
            signs = {i.coefficient(axis) < 0 for i in widest.indices if i.coefficient(axis)}
            if signs == {True}:
                to[axis] = axis.extent - 1 - index(axis)
        return reduce(e.kind, e.over, substitute(e.body, to)) if to else None

    expr = transform(equation.expr, change)
    return replace(equation, expr=expr)
