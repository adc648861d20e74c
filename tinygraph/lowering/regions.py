"""Regions: which nodes share a kernel. The others are never stored: their equation is put into
their reader's.

A chain of maps becomes one kernel; a map of a reduction's result becomes its epilogue (convolution
+ bias + relu); a map read by a sum becomes part of the sum. A reduction is never put into another
one, nor where it would be computed twice; an operand of a contraction is only ever moved, padded or
sliced on the way in, so that it stays a plain read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tinygraph.graph import Graph, Node, is_leaf
from tinygraph.loops.expr import (
    Apply,
    Expr,
    Operand,
    Read,
    Reduce,
    apply,
    const,
    index_value,
    read,
)
from tinygraph.loops.index import Axis, Index, index, interval
from tinygraph.loops.rewrite import (
    rename_reductions,
    replace_reads,
    substitute,
    walk,
)
from tinygraph.lowering.equation import Array, Equation, contraction
from tinygraph.types import DType

COSTLY = {"exp", "log", "tanh", "sigmoid", "sin", "cos", "pow", "div", "sqrt"}
MOST_TERMS = 160
"""Of one region's expression: what keeps kernels, and their compilation, small."""
EXPANDED = {"exp", "log", "tanh", "sigmoid", "sin", "cos", "pow"}
EXPANDED_TERMS = 8
"""How many terms a function counts for that is a polynomial on the machine."""


@dataclass
class Piece:
    """One node as an equation over its inputs, with what the decisions need to know of it."""

    node: Node
    axes: tuple[Axis, ...]
    expr: Expr
    heavy: bool
    """Has a reduction in it, its own or an inlined one."""
    contracts: bool
    moves: bool
    """Is nothing but a read: a reshape, transpose, slice, padding or broadcast."""
    terms: int
    costly: bool
    repeats: dict[Node, float] = field(default_factory=dict)
    """How often an element of each input is read, on average."""


def piece_of(node: Node) -> Piece:
    axes = tuple(
        Axis(name, extent) for name, extent in zip(_names(node.ndim), node.shape, strict=False)
    )
    expr = node.op.equation(axes, *(Operand(x, x.shape, x.dtype) for x in node.inputs))
    parts = list(walk(expr))
    domain = math.prod(a.extent for r in parts if isinstance(r, Reduce) for a in r.over)
    return Piece(
        node=node,
        axes=axes,
        expr=expr,
        heavy=any(isinstance(e, Reduce) for e in parts),
        contracts=contraction(expr) is not None,
        moves=isinstance(expr, Read),
        terms=sum(_terms(e) for e in parts if isinstance(e, Apply)),
        costly=any(isinstance(e, Apply) and e.function in COSTLY for e in parts),
        repeats={x: node.type.size * domain / max(x.type.size, 1) for x in node.inputs},
    )


def _terms(e: Apply) -> int:
    return EXPANDED_TERMS if e.function in EXPANDED else 1


def _names(count: int) -> Sequence[str]:
    return {1: "c", 2: "nc", 3: "nic", 4: "nijc", 5: "nijkc"}.get(
        count, [f"i{k}" for k in range(count)]
    )


def regions(graph: Graph) -> tuple[list[Equation], dict[Node, Array]]:
    """One equation for each node that is stored, in order, and the array of each stored node and
    input."""
    return _Regions(graph).equations()


class _Regions:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.names = graph.names()
        self.nodes = graph.nodes()
        self.consumers = graph.consumers()
        self.pieces = {node: piece_of(node) for node in self.nodes if not is_leaf(node)}
        self.stored = {node for node in graph.outputs if not is_leaf(node)}
        self.inlined: dict[Node, tuple[tuple[Axis, ...], Expr]] = {}
        self.heavy: dict[Node, bool] = {}
        self.parts: dict[Node, frozenset[Node]] = {}
        """What an elementwise node computes at one position: each part once, as a kernel will. A
        node that moves its input is one part with all the terms of what it reads: elsewhere the
        same has to be computed again."""
        self.weight: dict[Node, int] = {}
        self.terms: dict[Node, int] = {}
        """Of all parts together."""
        self.costly: dict[Node, bool] = {}
        self.reads: dict[Node, float] = {}
        """How many elements of stored arrays one of its own is made of; a small array, such as a
        number a channel, stays in the cache and hardly counts."""

    def equations(self) -> tuple[list[Equation], dict[Node, Array]]:
        self._decide()
        outputs = set(self.graph.outputs)
        arrays: dict[Node, Array] = {}
        result: list[Equation] = []
        members: dict[Node, tuple[Node, ...]] = {}
        for node in self.nodes:
            if is_leaf(node):
                arrays[node] = Array(self.names[node], node.type, node, external=True)
                continue
            used = [x for x in dict.fromkeys(node.inputs) if x in self.inlined]
            axes, expr = self._with_axes_of(node, used)
            expr = replace_reads(expr, self._resolve)
            members[node] = tuple(dict.fromkeys((*(m for x in used for m in members[x]), node)))
            if node not in self.stored:
                self.inlined[node] = axes, expr
                continue
            arrays[node] = Array(self.names[node], node.type, node, external=node in outputs)
            expr = replace_reads(expr, lambda r: _from_array(r, arrays))
            at = tuple(index(a) for a in axes)
            expr = rename_reductions(expr, {a.name for a in axes})
            result.append(Equation(arrays[node], axes, at, expr, members[node]))
        return result, arrays

    def _with_axes_of(self, node: Node, used: list[Node]) -> tuple[tuple[Axis, ...], Expr]:
        """The node's own equation; an elementwise one in the axes of its largest inlined input,
        which then needs no change: a chain is put together in one pass."""
        piece = self.pieces[node]
        same = [x for x in used if x.shape == node.shape] if node.op.elementwise else []
        if not same:
            return piece.axes, piece.expr
        axes = self.inlined[max(same, key=lambda x: len(self.parts[x]))][0]
        to = {own: index(axis) for own, axis in zip(piece.axes, axes, strict=True)}
        return axes, substitute(piece.expr, to)

    # ---- which nodes are stored
    # --------------------------------------------------------------------------------------

    def _decide(self) -> None:
        for node in self.nodes:
            if is_leaf(node):
                self.parts[node], self.terms[node] = frozenset(), 0
                self.heavy[node] = self.costly[node] = False
                self.reads[node] = 1
                continue
            piece = self.pieces[node]
            kept = [
                x for x in dict.fromkeys(node.inputs) if not is_leaf(x) and x not in self.stored
            ]
            kept.sort(key=lambda x: not self.pieces[x].contracts)
            inside: list[Node] = []
            parts: frozenset[Node] = frozenset()
            terms = piece.terms
            for x in kept:
                more = self._more(x, parts)
                if self._fits(piece, x, inside, terms + more):
                    inside.append(x)
                    parts, terms = parts | self.parts[x], terms + more
                else:
                    self.stored.add(x)
            together = node.op.elementwise
            self.terms[node] = terms
            self.weight[node] = piece.terms if together else terms
            self.parts[node] = parts | {node} if together else frozenset((node,))
            self.heavy[node] = piece.heavy or any(self.heavy[x] for x in inside)
            self.costly[node] = piece.costly or any(self.costly[x] for x in inside)
            size = max(node.type.size, 1)
            outside = [x for x in dict.fromkeys(node.inputs) if x not in inside]
            plain = sum(min(1.0, x.type.size / size) for x in outside)
            self.reads[node] = plain + sum(self.reads[x] for x in inside)

    def _more(self, x: Node, parts: frozenset[Node]) -> int:
        """The terms that `x` adds to those of `parts`."""
        if not parts:
            return self.terms[x]
        return sum(self.weight[part] for part in self.parts[x] if part not in parts)

    def _fits(self, piece: Piece, x: Node, inside: list[Node], terms: int) -> bool:
        """Whether `x` may be computed inside its reader `piece`, which then has `terms`."""
        node, moves = piece.node, self._moves(x)
        if piece.contracts:
            return moves and self._stays_a_read(piece, x)
        if terms > MOST_TERMS:
            return False
        if self.heavy[x]:
            once = len(self.consumers[x]) == 1 and node.op.elementwise and x.shape == node.shape
            return once and not any(self.heavy[y] for y in inside)
        if moves or self.reads[x] == 0:
            return True
        repeats = piece.repeats[x] * len(self.consumers[x])
        if repeats > 1.01:
            return (
                not self.costly[x] and self.reads[x] < 1.5 and repeats < 4 * len(self.consumers[x])
            )
        return True

    def _moves(self, x: Node) -> bool:
        """Nothing but moving: its own equation is a read, and so are those put into it."""
        return self.pieces[x].moves and self.terms[x] == 0 and not self.heavy[x]

    def _stays_a_read(self, piece: Piece, x: Node) -> bool:
        found = contraction(piece.expr)
        assert found is not None
        for r in found[1:]:
            if r.source is x:
                inner = self._at(self.pieces[x].axes, self.pieces[x].expr, r)
                if not isinstance(inner, Read) or not all(i.is_affine for i in inner.indices):
                    return False
        return True

    # ---- putting one equation into another
    # ---------------------------------------------------------------------------

    def _resolve(self, r: Read) -> Expr:
        node = r.source
        if not isinstance(node, Node) or node not in self.inlined:
            return r
        axes, expr = self.inlined[node]
        return self._at(axes, expr, r)

    def _at(self, axes: tuple[Axis, ...], expr: Expr, r: Read) -> Expr:
        """The inlined expression at the position that `r` reads."""
        pairs = zip(axes, r.indices, strict=True)
        to: dict[Axis, Index] = {axis: i for axis, i in pairs if i is not index(axis)}
        if r.outside is None:
            return substitute(rename_reductions(expr), to)
        if isinstance(expr, Read) and _same_outside(axes, expr, r):
            return substitute(expr, to)
        guards = [
            g for i, extent in zip(r.indices, r.shape, strict=True) for g in bounds(i, extent)
        ]
        inner = substitute(expr, to)
        condition = guards[0]
        for g in guards[1:]:
            condition = condition & g
        safe = replace_reads(inner, lambda at: _clamped(at))
        return apply("select", condition, safe, const(r.outside, r.dtype))


def _same_outside(axes: tuple[Axis, ...], inner: Read, outer: Read) -> bool:
    """Whether every position at which `outer` leaves the array of `axes` makes `inner` leave its
    own, with the same value outside.

    So where the inner read only shifts (a padding): position i < 0 of the padding is < 0 of the
    padded.
    """
    if inner.outside is None or repr(inner.outside) != repr(outer.outside):
        return False
    inside = {axis for i, n in zip(inner.indices, inner.shape, strict=True) for axis in _led(i, n)}
    leaving = zip(axes, outer.indices, strict=True)
    return all(axis in inside or not bounds(i, axis.extent) for axis, i in leaving)


def _led(i: Index, extent: int) -> frozenset[Axis]:
    """The axis that the index leaves 0 <= i < extent with, on both sides, if there is one."""
    if len(i.terms) != 1 or i.const > 0:
        return frozenset()
    axis, factor = i.terms[0]
    if isinstance(axis, Axis) and factor == 1 and axis.extent + i.const >= extent:
        return frozenset((axis,))
    return frozenset()


def bounds(i: Index, extent: int) -> list[Expr]:
    """The conditions of 0 <= i < extent that are not always true."""
    low, high = interval(i)
    result: list[Expr] = []
    if low < 0:
        result.append(apply("ge", index_value(i, DType.int32), 0))
    if high >= extent:
        result.append(apply("lt", index_value(i, DType.int32), extent))
    return result


def _clamped(r: Read) -> Expr:
    """A read whose value does not matter where an index is outside, but which must not leave the
    array."""
    if r.outside is not None:
        return r
    return read(r.source, r.shape, r.dtype, r.indices, 0)


def _from_array(r: Read, arrays: dict[Node, Array]) -> Expr:
    node = r.source
    assert isinstance(node, Node)
    return read(arrays[node], r.shape, r.dtype, r.indices, r.outside)
