"""The program: kernels in order, where their operands lie, and where threads have to wait for each
other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tinygraph.graph import Node
from tinygraph.loops.expr import Apply, Read, Reduce
from tinygraph.loops.ir import Buffer, Kernel
from tinygraph.loops.rewrite import walk
from tinygraph.lowering.equation import Array
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.nest import kernel_of, operands_of
from tinygraph.lowering.recipe import recipe
from tinygraph.lowering.schedule import Schedule, tasks_of

ALIGNMENT = 64


@dataclass(frozen=True, eq=False)
class Call:
    """One kernel to run: its equation and schedule, and the graph's nodes that it computes."""

    name: str
    flat: Flat
    schedule: Schedule
    nodes: tuple[Node, ...]
    writes: Array
    reads: tuple[Array, ...]
    barrier: bool = False
    """Whether it needs the results of a call since the last barrier."""

    @cached_property
    def kernel(self) -> Kernel:
        """Its loops; built when first asked for, since a backend may have the machine code of the
        recipe already."""
        return kernel_of(self.flat, self.schedule, self.name)

    @cached_property
    def operands(self) -> tuple[Buffer, ...]:
        """The buffers that it is called with, the written one first."""
        return operands_of(self.flat)

    @property
    def tasks(self) -> int:
        return tasks_of(self.schedule)

    @property
    def recipe(self) -> str:
        """Equal for calls with equal machine code."""
        return recipe(self.flat, self.schedule)

    @property
    def flops(self) -> int:
        """Floating-point operations, as the equation says: an addition or multiplication counts 1,
        as does exp."""
        return self.flat.size * _operations(self.flat)

    @property
    def bytes(self) -> int:
        """Memory touched, in bytes, if every element of every operand is moved once."""
        sizes = {
            r.source: min(_span(r), _size(r)) for r in walk(self.flat.expr) if isinstance(r, Read)
        }
        own = self.flat.size * self.flat.buffer.dtype.itemsize
        return own + sum(n * r.dtype.itemsize for r, n in sizes.items() if isinstance(r, Buffer))

    @property
    def intensity(self) -> float:
        """Arithmetic intensity: operations a byte."""
        return self.flops / max(self.bytes, 1)


def _span(r: Read) -> int:
    return math.prod(a.extent for a in r.axes)


def _size(r: Read) -> int:
    return r.shape[0]


def _operations(flat: Flat) -> int:
    """For one element of the output."""
    count = 0
    factor: dict[int, int] = {}
    stack = [(flat.expr, 1)]
    while stack:
        e, times = stack.pop()
        if isinstance(e, Reduce):
            times *= math.prod(a.extent for a in e.over)
            count += times
            stack.append((e.body, times))
        elif isinstance(e, Apply) and factor.get(id(e), 0) < times:
            count += times if e.dtype.is_float and e.function not in ("select", "guard") else 0
            factor[id(e)] = times
            stack.extend((a, times) for a in e.args)
    return count


@dataclass(eq=False)
class Program:
    """What a backend compiles. Buffers are inputs, outputs, or lie in the arena at an offset in
    bytes."""

    calls: list[Call]
    inputs: list[Buffer | None]
    """One for each input of the graph; None where it is not read."""
    outputs: list[Buffer]
    arena: dict[Buffer, int] = field(default_factory=dict)
    arena_bytes: int = 0
    zeros: int = 0
    """So many bytes at the arena's start must be zero before the first run: halos lie in them."""
    name: str = "program"

    @property
    def flops(self) -> int:
        return sum(call.flops for call in self.calls)

    def __str__(self) -> str:
        lines = [f"program {self.name}: {len(self.calls)} kernels, arena {self.arena_bytes} bytes"]
        for number, call in enumerate(self.calls):
            if call.barrier:
                lines.append("  barrier")
            facts = f"{call.flops} flop, {call.bytes} bytes, {call.intensity:.2f} flop/byte"
            lines.append(
                f"  {number}: {call.name}({', '.join(b.name for b in call.operands)})  # {facts}"
            )
        return "\n".join(lines)


def with_barriers(calls: Sequence[Call], parts: dict[Array, list[Array]]) -> list[Call]:
    """The calls with barriers where one reads what another has written since the last one."""
    written: set[Array] = set()
    result: list[Call] = []
    for call in calls:
        needs = {part for array in call.reads for part in parts[array]}
        barrier = not needs.isdisjoint(written)
        if barrier:
            written = set()
        written.add(call.writes)
        result.append(replace(call, barrier=barrier))
    return result


@dataclass
class _Life:
    buffer: Buffer
    first: int
    last: int
    size: int


def plan_memory(program: Program, margins: dict[Buffer, tuple]) -> None:
    """Gives every temporary buffer its place: buffers that are never alive between the same
    barriers share memory.

    Buffers with a halo share only with buffers of the same layout, so that zeros once written stay
    zeros; these come first.
    """
    lives = _lives(program)
    groups: dict[tuple, list[_Life]] = {}
    for life in lives:
        if life.buffer in margins:
            groups.setdefault(margins[life.buffer], []).append(life)
    top = 0
    for group in groups.values():
        slots: list[int] = []
        for life in sorted(group, key=lambda one: one.first):
            free = next((k for k, busy in enumerate(slots) if busy < life.first), None)
            if free is None:
                free = len(slots)
                slots.append(0)
            slots[free] = life.last
            program.arena[life.buffer] = top + free * life.size
        top += len(slots) * group[0].size
    program.zeros = top
    placed: list[tuple[_Life, int]] = []
    for life in sorted(
        (one for one in lives if one.buffer not in margins), key=lambda one: -one.size
    ):
        offset = program.arena[life.buffer] = _place(life, placed, top)
        placed.append((life, offset))
    program.arena_bytes = max([top, *(offset + life.size for life, offset in placed)])


def _lives(program: Program) -> list[_Life]:
    given = {b for b in (*program.inputs, *program.outputs) if b is not None}
    lives: dict[Buffer, _Life] = {}
    stretch = 0
    for call in program.calls:
        stretch += call.barrier
        for buffer in call.operands:
            if buffer in given:
                continue
            size = -(-buffer.size * buffer.dtype.itemsize // ALIGNMENT) * ALIGNMENT
            life = lives.setdefault(buffer, _Life(buffer, stretch, stretch, size))
            life.last = stretch
    return list(lives.values())


def _place(life: _Life, placed: list[tuple[_Life, int]], bottom: int) -> int:
    """The lowest gap that is free as long as `life` lasts."""
    busy = sorted(
        (offset, offset + other.size)
        for other, offset in placed
        if other.first <= life.last and life.first <= other.last
    )
    at = bottom
    for start, stop in busy:
        if at + life.size <= start:
            break
        at = max(at, stop)
    return at
