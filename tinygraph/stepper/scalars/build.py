"""From an expression of equations to gates: every read a leaf, every function a gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from tinygraph.graph import Node, leaf, make
from tinygraph.loops.expr import FUNCTIONS, Apply, Const, Expr, IndexValue, Read, Reduce, identity
from tinygraph.loops.index import Axis
from tinygraph.loops.rewrite import walk
from tinygraph.ops.base import Full
from tinygraph.stepper.elements import Index
from tinygraph.stepper.scalars.choice import Marks, choose, counted
from tinygraph.stepper.scalars.gates import gate_for
from tinygraph.stepper.scalars.grids import Grid
from tinygraph.types import DType, TensorType

LIMIT = 4096
"""Up to so many terms of a reduction each become gates."""

LARGEST = 64
"""Of more terms so many become gates."""


@dataclass
class Builder:
    """Builds the gates of one element.

    `element` makes the leaf for an element of an input, `outside` the constant for one beyond its
    bounds. All gates have the shape `shape`.
    """

    arrays: Sequence[np.ndarray]
    element: Callable[[int, Index], Node]
    outside: Callable[[int, Index, Any, DType], Node]
    shape: tuple[int, ...] = ()
    limit: int = LIMIT
    largest: int = LARGEST
    padding: bool = True
    marks: Marks = field(default_factory=Marks)
    """What the terms without gates read."""
    others: dict[Node, int] = field(default_factory=dict)
    """The leaves that stand for many terms, with how many."""
    terms: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    """For the result of a reduction its terms, in order."""
    _plain: set[Node] = field(default_factory=set)
    """Constants that come from the equation."""
    _padding: set[Node] = field(default_factory=set)

    def build(self, e: Expr, at: dict[Axis, int]) -> Node:
        """The node of an expression, its free axes at these positions."""
        return _Scope(self, Grid(self.arrays, at), at, self.limit).node(e)

    def first_terms(self, e: Reduce, at: dict[Axis, int], most: int) -> tuple[list[Node], int]:
        """The first terms of a reduction, and the number of all."""
        grid = Grid(self.arrays, at)
        found = np.zeros((0, len(e.over)), np.int64)
        count = 0
        for part in counted(e, grid, self.padding):
            found = np.concatenate([found, part[: most - len(found)]])
            count += len(part)
        return _Scope(self, grid, at, most).terms(e, found), count

    def constant(self, value: Any, dtype: DType) -> Node:
        """A number of the equation."""
        node = make(Full(np.asarray(value).astype(dtype.numpy).item(), self.type(dtype)))
        self._plain.add(node)
        return node

    def type(self, dtype: DType) -> TensorType:
        return TensorType(self.shape, dtype)

    def read(self, source: int, at: Index, e: Read) -> Node:
        """An element of an input, or what stands outside of it."""
        if all(0 <= k < n for k, n in zip(at, e.shape, strict=True)):
            return self.element(source, at)
        node = self.outside(source, at, e.outside or 0, e.dtype)
        self._padding.add(node)
        return node

    def apply(self, e: Apply, inputs: Sequence[Node]) -> Node:
        """The gate of a function. What depends on no input is a number."""
        if e.function in ("select", "guard") and self.is_number(inputs[0]):
            return inputs[1] if _value(inputs[0]) else inputs[2]
        if not all(map(self.is_number, inputs)):
            return gate_for(e.function, e.dtype, *inputs)
        values = [x.dtype.numpy.type(_value(x)) for x in inputs]
        with np.errstate(all="ignore"):
            value = values[0] if e.function == "cast" else FUNCTIONS[e.function](*values)
        return self.constant(value, e.dtype)

    def is_number(self, node: Node) -> bool:
        """Whether it is known without looking at an input."""
        return node in self._plain or node in self._padding

    def idle(self, node: Node, e: Reduce) -> bool:
        """Whether a term is a number of the equation that changes nothing."""
        return node in self._plain and _value(node) == _nothing(e)

    def rest(self, value: np.ndarray, count: int) -> Node:
        """The leaf that stands for the terms that are no gates."""
        node = leaf(np.array(value), f"({count:,} others)")
        self.others[node] = count
        return node


def _value(node: Node) -> float | int | bool:
    return cast(Full, node.op).value


def _nothing(e: Reduce) -> float | int | bool:
    return identity(e.kind, e.dtype).value


@dataclass
class _Scope:
    """One position of the axes: what is built there. `outer` encloses a reduction."""

    builder: Builder
    grid: Grid
    at: dict[Axis, int]
    limit: int
    outer: _Scope | None = None
    own: frozenset[Axis] = frozenset()
    known: dict[Expr, Node] = field(default_factory=dict)

    def node(self, e: Expr) -> Node:
        """The node of an expression here."""
        return self.nodes(list(walk(e, self.whole)))

    def nodes(self, parts: Sequence[Expr]) -> Node:
        """The last of several expressions, each after its parts."""
        for part in parts:
            if part not in self.known:
                self.known[part] = self._build(part)
        return self.known[parts[-1]]

    def whole(self, e: Expr) -> bool:
        """What is not looked into: a reduction, and what is the same at all positions."""
        return isinstance(e, Reduce) or (self.outer is not None and e.axes.isdisjoint(self.own))

    def _build(self, e: Expr) -> Node:
        if self.outer is not None and e.axes.isdisjoint(self.own):
            return self.outer.node(e)
        match e:
            case Const():
                return self.builder.constant(e.value, e.dtype)
            case IndexValue():
                return self.builder.constant(self.grid.value(e), e.dtype)
            case Read():
                at = tuple(int(self.grid.index(k)) for k in e.indices)
                return self.builder.read(cast(int, e.source), at, e)
            case Reduce():
                return self._reduce(e)
        assert isinstance(e, Apply)
        return self.builder.apply(e, [self.known[part] for part in e.args])

    def _reduce(self, e: Reduce) -> Node:
        build = self.builder
        chosen = choose(e, self.grid, self.limit, build.largest, build.padding, build.marks)
        terms = self.terms(e, chosen.positions)
        terms = [term for term in terms if not build.idle(term, e)]
        if chosen.others:
            terms.append(build.rest(chosen.rest, chosen.others))
        if not terms:
            return build.constant(_nothing(e), e.dtype)
        total = terms[0]
        for term in terms[1:]:
            total = gate_for(e.kind, e.dtype, total, term)
        if len(terms) > 1:
            build.terms[total] = tuple(terms)
        return total

    def terms(self, e: Reduce, positions: np.ndarray) -> list[Node]:
        """The terms of a reduction at these positions."""
        build = self.builder
        found: list[Node] = []
        order: list[Expr] | None = None
        limit = max(self.limit // max(len(positions), 1), build.largest)
        for position in positions.tolist():
            at = dict(zip(e.over, position, strict=True))
            grid, axes = self.grid.inside(at), frozenset(e.over)
            inner = _Scope(build, grid, {**self.at, **at}, limit, self, axes)
            order = order or list(walk(e.body, inner.whole))
            found.append(inner.nodes(order))
        return found
