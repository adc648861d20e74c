"""A kernel's recipe: a text that is equal for two kernels exactly if their machine code is equal.

It names axes and buffers by the order in which they appear, so neither their names nor where they
lie matter. Whoever has the machine code for a recipe need not build the loops at all.
"""

from __future__ import annotations

from tinygraph.loops.expr import (
    Apply,
    Const,
    IndexValue,
    Read,
    Reduce,
)
from tinygraph.loops.index import Atom, Axis, Index
from tinygraph.loops.ir import Buffer
from tinygraph.loops.rewrite import walk
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.schedule import Schedule


def recipe(flat: Flat, plan: Schedule) -> str:
    """The text for an equation and its schedule."""
    return _Writer().text(flat, plan)


class _Writer:
    def __init__(self) -> None:
        self.axes: dict[Axis, str] = {}
        self.buffers: dict[Buffer, str] = {}
        self.indices: dict[Index, str] = {}

    def text(self, flat: Flat, plan: Schedule) -> str:
        lines = [
            " ".join(map(self._axis, flat.axes)),
            f"{self._buffer(flat.buffer)}[{self._index(flat.address)}]",
        ]
        number: dict[object, int] = {}
        for e in walk(flat.expr):
            number[e] = len(number)
            lines.append(self._line(e, number))
        loops = " ".join(self._axis(a) if isinstance(a, Axis) else a for a in plan.loops)
        ends = " ".join(self._axis(a) if a is not None else "-" for a in (plan.lane, plan.tile))
        sizes = (plan.lanes, plan.vectors, plan.rows, plan.tasks, plan.grain, plan.unroll)
        lines.append(f"{loops}; {ends}; {sizes}")
        return "\n".join(lines)

    def _line(self, e: object, number: dict[object, int]) -> str:
        match e:
            case Const():
                return f"{e.value!r} {e.dtype}"
            case IndexValue():
                return f"value {self._index(e.index)} {e.dtype}"
            case Read():
                assert isinstance(e.source, Buffer)
                return f"{self._buffer(e.source)}[{self._index(e.indices[0])}]"
            case Reduce():
                return f"{e.kind} {' '.join(map(self._axis, e.over))}: {number[e.body]}"
            case Apply():
                return f"{e.function} {' '.join(str(number[a]) for a in e.args)} {e.dtype}"
        raise TypeError(f"not in a flat equation: {e}")

    def _axis(self, axis: Axis) -> str:
        if axis not in self.axes:
            self.axes[axis] = f"a{len(self.axes)}<{axis.extent}"
        return self.axes[axis]

    def _buffer(self, buffer: Buffer) -> str:
        if buffer not in self.buffers:
            self.buffers[buffer] = f"b{len(self.buffers)}:{buffer.dtype}"
        return self.buffers[buffer]

    def _index(self, value: Index) -> str:
        if value not in self.indices:
            terms = [f"{c}*{self._atom(atom)}" for atom, c in value.terms]
            self.indices[value] = "+".join([*terms, str(value.const)])
        return self.indices[value]

    def _atom(self, atom: Atom) -> str:
        return (
            self._axis(atom)
            if isinstance(atom, Axis)
            else f"({self._index(atom.index)}){atom.part}{atom.by}"
        )
