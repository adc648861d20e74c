"""Equations over arrays: what each kernel has to compute, before any loop exists."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tinygraph.graph import Node
from tinygraph.loops.expr import (
    Apply,
    Expr,
    Operand,
    Read,
    Reduce,
)
from tinygraph.loops.index import Axis, Index, substitute_index
from tinygraph.loops.rewrite import reductions, substitute
from tinygraph.types import TensorType


@dataclass(eq=False)
class Array:
    """Something that lies in memory: an input, a result or a temporary."""

    name: str
    type: TensorType
    node: Node | None = None
    """The graph's node that it is the value of; None for a temporary of the lowering."""
    external: bool = False
    """An input or output of the program: its memory is the caller's and contiguous."""

    def operand(self) -> Operand:
        return Operand(self, self.type.shape, self.type.dtype)

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"

    __repr__ = __str__


@dataclass(frozen=True, eq=False)
class Equation:
    """array[at] = expr, for all values of `axes`; `at` and `expr` are in terms of the axes."""

    array: Array
    axes: tuple[Axis, ...]
    at: tuple[Index, ...]
    expr: Expr
    nodes: tuple[Node, ...] = ()
    """What is computed by it, in graph terms."""
    says: tuple[str, ...] = field(default=())
    """What the lowering did to it, in words."""

    def __str__(self) -> str:
        span = " ".join(f"{a.name}<{a.extent}" for a in self.axes)
        at = ", ".join(map(str, self.at))
        return f"{self.array.name}[{at}] = {self.expr}    for {span or 'one element'}"

    def with_axes(self, axes: tuple[Axis, ...], to: dict[Axis, Index], says: str = "") -> Equation:
        """The same with axes replaced."""
        at = tuple(substitute_index(i, to) for i in self.at)
        said = (*self.says, says) if says else self.says
        return replace(self, axes=axes, at=at, expr=substitute(self.expr, to), says=said)

    def saying(self, line: str) -> Equation:
        return replace(self, says=(*self.says, line))

    @property
    def size(self) -> int:
        count = 1
        for axis in self.axes:
            count *= axis.extent
        return count


def contraction(e: Expr) -> tuple[Reduce, Read, Read] | None:
    """The sum of products of two reads in `e`, if that is the only reduction in it."""
    found = reductions(e)
    if len(found) != 1 or found[0].kind != "add":
        return None
    body = found[0].body
    if isinstance(body, Apply) and body.function == "mul":
        x, y = body.args
        if isinstance(x, Read) and isinstance(y, Read) and body.dtype.is_float:
            return found[0], x, y
    return None
