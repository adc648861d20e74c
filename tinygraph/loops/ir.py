"""The loop IR: in which order and where things are computed. One page of grammar:

    kernel := name (buffer, ...) body
    stmt   := for axis in 0..min(extent, stop) [serial | unroll | vector | task | item]: stmt ...
            | buffer[address] = value
            | buffer[address] kind= value            kind: add, max, min
            | if condition: stmt ... else: stmt ...
            | barrier                                all items of a task meet
    let    := name = value                           (in print only: a part that is used again)
    value  := an expression of `tinygraph.loops.expr` without reductions, whose reads have one
    linear address;
              guard(condition, read, otherwise) reads only where the condition holds
    buffer := name: dtype[size] in global | local | register space

Task loops are outermost and run in any order, on any thread; item loops are the threads of a GPU's
group. A vector loop is innermost and its iterations are independent. A register buffer is addressed
by unrolled and vector axes only, so that each of its elements can live in a register. The first
buffer of a kernel is the one that it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tinygraph.loops.expr import INFIX, Expr
from tinygraph.loops.index import Axis, Index, index, substitute_index
from tinygraph.loops.rewrite import substitute
from tinygraph.loops.text import in_pieces
from tinygraph.types import DType


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory for `size` elements. `space`: "global" (an operand), "local" (shared by a task's
    items) or "register"."""

    name: str
    dtype: DType
    size: int
    space: str = "global"

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}[{self.size}]"


@dataclass(frozen=True, eq=False)
class For:
    """`body` for every value of `axis`, at least one; with `stop` only for those below it."""

    axis: Axis
    body: tuple[Stmt, ...]
    kind: str = "serial"
    stop: Index | None = None


@dataclass(frozen=True, eq=False)
class Store:
    buffer: Buffer
    address: Index
    value: Expr


@dataclass(frozen=True, eq=False)
class Accumulate:
    """buffer[address] = kind(buffer[address], value)"""

    kind: str
    buffer: Buffer
    address: Index
    value: Expr


@dataclass(frozen=True, eq=False)
class If:
    condition: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()


@dataclass(frozen=True, eq=False)
class Barrier:
    pass


Stmt = For | Store | Accumulate | If | Barrier


@dataclass(frozen=True, eq=False)
class Kernel:
    """One compiled unit. `operands` are its global buffers, the written one first; `tasks` counts
    its task positions."""

    name: str
    operands: tuple[Buffer, ...]
    body: tuple[Stmt, ...]
    schedule: tuple[str, ...] = field(default=())
    """The decisions that led to these loops, in words."""

    @property
    def task_axes(self) -> tuple[Axis, ...]:
        return tuple(loop.axis for loop in _nest(self.body))

    @property
    def tasks(self) -> int:
        count = 1
        for axis in self.task_axes:
            count *= axis.extent
        return count

    def __str__(self) -> str:
        head = [f"kernel {self.name}({', '.join(map(str, self.operands))})"]
        head += [f"  # {line}" for line in self.schedule]
        return "\n".join(head + [f"  {line}" for stmt in self.body for line in lines(stmt)])


def _nest(body: tuple[Stmt, ...]) -> Iterator[For]:
    while len(body) == 1 and isinstance(body[0], For) and body[0].kind == "task":
        yield body[0]
        body = body[0].body


def lines(stmt: Stmt) -> Iterator[str]:
    """The statement as indented text."""
    match stmt:
        case For(axis, body, kind, stop):
            end = f"{axis.extent}" if stop is None else f"min({axis.extent}, {stop})"
            yield f"for {axis.name} in 0..{end} {kind}:"
            yield from ("  " + line for inner in body for line in lines(inner))
        case Store(buffer, address, value):
            yield from _assignment(f"{buffer.name}[{address}] =", value)
        case Accumulate(kind, buffer, address, value):
            yield from _assignment(f"{buffer.name}[{address}] {INFIX.get(kind, kind)}=", value)
        case If(condition, body, orelse):
            yield f"if {condition}:"
            yield from ("  " + line for inner in body for line in lines(inner))
            if orelse:
                yield "else:"
                yield from ("  " + line for inner in orelse for line in lines(inner))
        case Barrier():
            yield "barrier"


def _assignment(left: str, value: Expr) -> Iterator[str]:
    pieces, last = in_pieces(value)
    yield from (f"let {name} = {text}" for name, text in pieces)
    yield f"{left} {last}"


def statements(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Every statement, outer before inner."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, For):
            yield from statements(stmt.body)
        elif isinstance(stmt, If):
            yield from statements(stmt.body)
            yield from statements(stmt.orelse)


def replace_axis(body: Sequence[Stmt], axis: Axis, value: int) -> tuple[Stmt, ...]:
    """`body` with `axis` fixed to `value`."""
    to = {axis: index(value)}
    return tuple(_replaced(stmt, to) for stmt in body)


def _replaced(stmt: Stmt, to: dict[Axis, Index]) -> Stmt:
    match stmt:
        case For(axis, body, kind):
            stop = None if stmt.stop is None else substitute_index(stmt.stop, to)
            return For(axis, tuple(_replaced(inner, to) for inner in body), kind, stop)
        case Store(buffer, address, value):
            return Store(buffer, substitute_index(address, to), substitute(value, to))
        case Accumulate(kind, buffer, address, value):
            return Accumulate(kind, buffer, substitute_index(address, to), substitute(value, to))
        case If(condition, body, orelse):
            return If(
                substitute(condition, to),
                tuple(_replaced(inner, to) for inner in body),
                tuple(_replaced(inner, to) for inner in orelse),
            )
        case Barrier():
            return stmt
