"""Which elements of its inputs one element of a gate reads, straight from the op's equation.

Of a `where` only the side that is taken counts, of a window only what lies inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygraph.graph import Node
from tinygraph.loops.expr import FUNCTIONS, Apply, Const, Expr, IndexValue, Operand, Read, Reduce
from tinygraph.loops.index import Axis, Floor, Index
from tinygraph.stepper.questions.elements import Index as Position

REDUCTIONS = {"add": np.add, "max": np.maximum, "min": np.minimum}


class Input(NamedTuple):
    """Elements of an input of a gate: which input, and their row-major positions."""

    position: int
    flat: np.ndarray


def reads(gate: Node, index: Position, arrays: Sequence[np.ndarray]) -> list[Input]:
    """For each input of a gate that element `index` depends on the elements that it reads.

    `arrays` are the values of the inputs: they say which side of a `where` is taken. Of an op
    without an equation every element of every input.
    """
    axes = tuple(Axis(f"i{k}", n) for k, n in enumerate(gate.shape))
    operands = [Operand(k, x.shape, x.dtype) for k, x in enumerate(gate.inputs)]
    try:
        element = gate.op.equation(axes, *operands)
    except NotImplementedError:
        return [Input(k, np.arange(x.type.size)) for k, x in enumerate(gate.inputs)]
    walk = _Walk(arrays, dict(zip(axes, map(np.asarray, index), strict=True)))
    with np.errstate(all="ignore"):
        walk.visit(element, np.asarray(True))
    return [Input(k, np.unique(np.concatenate(walk.seen[k]))) for k in sorted(walk.seen)]


class _Walk:
    """Through an expression, for all positions of its reductions at once.

    Each axis of a reduction has a dimension of its own in the arrays, the latest in front.
    """

    def __init__(self, arrays: Sequence[np.ndarray], at: dict[Axis, np.ndarray]) -> None:
        self.arrays, self.at = arrays, at
        self.dimension: dict[Axis, int] = {}
        self.seen: dict[Any, list[np.ndarray]] = {}
        self.known: dict[Expr, np.ndarray] = {}
        self.visited: dict[tuple[Expr, int], np.ndarray] = {}

    def visit(self, e: Expr, live: np.ndarray) -> None:
        """Notes what is read where `live` is true."""
        if (e, id(live)) in self.visited:  # a part may be shared by many
            return
        self.visited[e, id(live)] = live
        match e:
            case Read():
                at, inside = self._place(e)
                at, inside = np.broadcast_arrays(at, inside & live)
                self.seen.setdefault(e.source, []).append(at[inside])
            case Reduce():
                self._open(e)
                for where in e.where:
                    live = live & (self.index(where) == 0)
                self.visit(e.body, live)
            case Apply(function="select"):
                condition, yes, no = e.args
                self.visit(condition, live)
                taken = self.value(condition).astype(bool)
                self.visit(yes, live & taken)
                self.visit(no, live & ~taken)
            case Apply():
                for part in e.args:
                    self.visit(part, live)

    def value(self, e: Expr) -> np.ndarray:
        """What an expression is at all positions."""
        if e not in self.known:
            self.known[e] = self._computed(e)
        return self.known[e]

    def _computed(self, e: Expr) -> np.ndarray:
        match e:
            case Const():
                return np.asarray(e.value, e.dtype.numpy)
            case IndexValue():
                return self.index(e.index).astype(e.dtype.numpy)
            case Read():
                at, inside = self._place(e)
                array = self.arrays[e.source].reshape(-1)  # type: ignore[index]
                found = array[np.where(inside, at, 0)] if array.size else np.zeros(at.shape)
                return np.where(inside, found, e.outside or 0).astype(e.dtype.numpy)
            case Reduce():
                return self._reduced(e)
            case Apply(function="cast"):
                return self.value(e.args[0]).astype(e.dtype.numpy)
            case Apply():
                return np.asarray(FUNCTIONS[e.function](*map(self.value, e.args))).astype(
                    e.dtype.numpy
                )
        raise TypeError(f"no expression of equations: {e!r}")

    def _open(self, e: Reduce) -> None:
        for axis in e.over:
            if axis not in self.dimension:
                k = self.dimension[axis] = len(self.dimension)
                self.at[axis] = np.arange(axis.extent).reshape((-1, *(1,) * k))

    def _reduced(self, e: Reduce) -> np.ndarray:
        self._open(e)
        body = self.value(e.body)
        for where in e.where:
            empty = {"add": 0, "max": -np.inf, "min": np.inf}[e.kind]
            body = np.where(self.index(where) == 0, body, empty)
        depth = max((self.dimension[axis] + 1 for axis in e.over), default=0)
        shape = [1] * max(depth - body.ndim, 0) + list(body.shape)
        full = list(shape)
        for axis in e.over:
            full[-1 - self.dimension[axis]] = axis.extent
        over = tuple(-1 - self.dimension[axis] for axis in e.over)
        return REDUCTIONS[e.kind].reduce(
            np.broadcast_to(body.reshape(shape), full), axis=over, keepdims=True
        )

    def _place(self, e: Read) -> tuple[np.ndarray, np.ndarray]:
        """Row-major positions, and where they are inside."""
        flat, inside = np.asarray(0), np.asarray(True)
        for index, extent in zip(e.indices, e.shape, strict=True):
            at = self.index(index)
            flat, inside = flat * extent + at, inside & (at >= 0) & (at < extent)
        return np.where(inside, flat, 0), inside

    def index(self, value: Index) -> np.ndarray:
        """An index at all positions."""
        total = np.asarray(value.const)
        for atom, coefficient in value.terms:
            total = total + coefficient * self._atom(atom)
        return total

    def _atom(self, atom: Axis | Floor) -> np.ndarray:
        if isinstance(atom, Axis):
            return self.at[atom]
        inner = self.index(atom.index)
        return inner // atom.by if atom.part == "//" else inner % atom.by
