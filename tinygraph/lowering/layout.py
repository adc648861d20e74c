"""Where arrays lie: each in memory of its own, or as a view of another's.

The parts of a concatenation are written straight into the whole; a reshape of contiguous memory is
that memory; an array whose readers want zeros outside its bounds lies inside a larger one that has
them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinygraph.loops.expr import Read
from tinygraph.loops.index import Index, index
from tinygraph.loops.ir import Buffer
from tinygraph.lowering.equation import Array, Equation


@dataclass(frozen=True)
class Layout:
    """Element [i, j, ...] lies at offset + i*strides[0] + j*strides[1] + ... of the buffer;
    `margin` elements are halo."""

    buffer: Buffer
    offset: int
    strides: tuple[int, ...]
    margin: bool = False

    def address(self, at: Sequence[Index]) -> Index:
        result = index(self.offset)
        for i, stride in zip(at, self.strides, strict=True):
            result = result + i * stride
        return result


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Of C-contiguous memory, in elements."""
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


class Layouts:
    """The layout of every array that the equations mention, and which equations became unnecessary
    by it."""

    def __init__(self, equations: Sequence[Equation], halos: Mapping[Array, list[tuple[int, int]]]):
        self.halos = dict(halos)
        self.layouts: dict[Array, Layout] = {}
        self.views: dict[Array, Equation] = {}
        """Arrays that are written into another one, with the copying equation that this saves."""
        self.aliases: dict[Array, Equation] = {}
        """Arrays that are another one under a different shape."""
        self.aliased: set[Array] = set()
        written = {e.array for e in equations}
        for e in equations:
            self._view(e, written)
        self.equations = [
            e for e in equations if e not in self.views.values() and e not in self.aliases.values()
        ]

    def _view(self, e: Equation, written: set[Array]) -> None:
        r = e.expr
        if not isinstance(r, Read) or r.outside is not None or not isinstance(r.source, Array):
            return
        part, whole = r.source, e.array
        if part.type.dtype is not whole.type.dtype:
            return
        covers = (
            e.size == part.type.size
            and r.indices == tuple(map(index, e.axes))
            and len(e.at) == len(r.indices)
        )
        bound = part in self.views or part in self.aliases or part in self.aliased
        movable = part in written and not part.external and not bound
        shifts = all(
            i.axes <= {a} and i.coefficient(a) == (a.extent != 1)
            for i, a in zip(e.at, e.axes, strict=False)
        )
        if covers and movable and shifts and not whole.external and e.size < whole.type.size:
            if self._agree(part, whole, e):
                self.views[part] = e
            return
        contiguous = not any(map(any, self.halos.get(part, []))) and part not in self.views
        same = e.size == part.type.size == whole.type.size and _flat(part, r.indices) is _flat(
            whole, e.at
        )
        if (
            same
            and contiguous
            and not whole.external
            and not any(map(any, self.halos.get(whole, [])))
        ):
            self.aliases[whole] = e
            self.aliased.add(part)

    def _agree(self, part: Array, whole: Array, e: Equation) -> bool:
        """Halos of part and whole fit together: none along the axis that is put together."""
        own, all_ = self.halos.get(part), self.halos.get(whole, [(0, 0)] * whole.type.ndim)
        cut = [
            a
            for a, (n, m) in enumerate(zip(part.type.shape, whole.type.shape, strict=True))
            if n != m
        ]
        if len(cut) != 1 or any(all_[cut[0]]) or whole in self.aliases or whole in self.views:
            return False
        if own is not None:
            if any(own[cut[0]]):
                return False
            all_ = [(max(a, c), max(b, d)) for (a, b), (c, d) in zip(own, all_, strict=True)]
        if any(map(any, all_)):
            self.halos[whole] = all_
        return True

    def of(self, array: Array) -> Layout:
        if array not in self.layouts:
            self.layouts[array] = self._layout(array)
        return self.layouts[array]

    def _layout(self, array: Array) -> Layout:
        if array in self.views:
            e = self.views[array]
            whole = self.of(e.array)
            start = whole.address([index(i.const) for i in e.at]).const
            return Layout(whole.buffer, start, whole.strides, whole.margin)
        if array in self.aliases:
            r = self.aliases[array].expr
            assert isinstance(r, Read)
            assert isinstance(r.source, Array)
            return Layout(
                self.of(r.source).buffer, self.of(r.source).offset, strides_of(array.type.shape)
            )
        halo = self.halos.get(array, [(0, 0)] * array.type.ndim)
        shape = [low + n + high for n, (low, high) in zip(array.type.shape, halo, strict=True)]
        strides = strides_of(shape)
        offset = sum(low * stride for (low, _), stride in zip(halo, strides, strict=True))
        buffer = Buffer(array.name, array.type.dtype, max(math.prod(shape), 1))
        return Layout(buffer, offset, strides, any(map(any, halo)))

    def parts(self, array: Array) -> list[Array]:
        """The arrays whose equations must have run before `array` can be read."""
        result, stack = [array], [array]
        while stack:
            at = stack.pop()
            inner = [part for part, e in self.views.items() if e.array is at]
            if at in self.aliases:
                source = self.aliases[at].expr
                assert isinstance(source, Read)
                assert isinstance(source.source, Array)
                inner.append(source.source)
            result.extend(inner)
            stack.extend(inner)
        return result


def _flat(array: Array, at: Sequence[Index]) -> Index:
    result = index(0)
    for i, stride in zip(at, strides_of(array.type.shape), strict=True):
        result = result + i * stride
    return result
