"""Expressions evaluated with NumPy at many positions at once.

An axis has one number or an array of them; all arrays broadcast together, and a reduction adds a
dimension at the end. What it computes is what `tinygraph.testing.equations` says slowly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from tinygraph.loops.expr import (
    FUNCTIONS,
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
    Reduce,
    identity,
)
from tinygraph.loops.index import Atom, Axis, Index
from tinygraph.loops.rewrite import walk

CHUNK = 1 << 17
"""Positions of a reduction that are computed at a time."""

At = Mapping[Axis, Any]
"""For each axis a position: a number, or an array of numbers."""


class Grid:
    """Values of axes, and of expressions there. `arrays[k]` is the source k of reads."""

    def __init__(self, arrays: Sequence[np.ndarray], at: At, outer: Grid | None = None) -> None:
        self.arrays, self.outer = arrays, outer
        self.own = frozenset(at)
        self.at: dict[Axis, Any] = {**_deeper(outer), **at}
        self._known: dict[Expr, Any] = {}

    def inside(self, at: At) -> Grid:
        """The same with further axes, whose arrays lie along a new last dimension."""
        return Grid(self.arrays, at, self)

    def index(self, value: Index) -> Any:
        """The positions that an index means."""
        total: Any = value.const
        for atom, coefficient in value.terms:
            total = total + coefficient * self._atom(atom)
        return total

    def _atom(self, atom: Atom) -> Any:
        if isinstance(atom, Axis):
            return self.at[atom]
        inner = self.index(atom.index)
        return inner // atom.by if atom.part == "//" else inner % atom.by

    def position(self, read: Read) -> tuple[tuple[Any, ...], Any]:
        """Which element of its source is read, and whether it is inside."""
        at = tuple(map(self.index, read.indices))
        inside: Any = True
        for k, n in zip(at, read.shape, strict=True):
            inside = inside & (k >= 0) & (k < n)
        return at, inside

    def value(self, e: Expr) -> Any:
        """The value of an expression, an array where one of its axes has one."""
        for part in walk(e, self._whole):
            if part not in self._known:
                self._known[part] = self._compute(part)
        return self._known[e]

    def _whole(self, e: Expr) -> bool:
        return isinstance(e, Reduce) or self._outside(e)

    def _outside(self, e: Expr) -> bool:
        return self.outer is not None and e.axes.isdisjoint(self.own)

    def _compute(self, e: Expr) -> Any:
        if self.outer is not None and self._outside(e):
            value = self.outer.value(e)
            return value[..., None] if np.ndim(value) else value
        match e:
            case Const():
                return e.dtype.numpy.type(e.value)
            case IndexValue():
                return np.asarray(self.index(e.index), np.int64).astype(e.dtype.numpy)[()]
            case Read():
                return self._read(e)
            case Reduce():
                return self._reduce(e)
        assert isinstance(e, Apply)
        values = [self._known[part] for part in e.args]
        with np.errstate(all="ignore"):
            match e.function:
                case "cast":
                    result = values[0]
                case "guard":
                    result = np.where(*values)
                case _:
                    result = FUNCTIONS[e.function](*values)
        return np.asarray(result).astype(e.dtype.numpy, copy=False)[()]

    def _read(self, e: Read) -> Any:
        at, inside = self.position(e)
        array = self.arrays[cast(int, e.source)]
        if inside is True:
            return array[at]
        if not array.size:  # all is outside
            return np.broadcast_to(e.dtype.numpy.type(e.outside or 0), np.shape(inside))[()]
        near = tuple(np.clip(k, 0, n - 1) for k, n in zip(at, e.shape, strict=True))
        outside = 0 if e.outside is None else e.outside  # None: nobody looks at it
        return np.where(inside, array[near], e.dtype.numpy.type(outside))[()]

    def _reduce(self, e: Reduce) -> Any:
        wide = np.dtype(np.float64) if e.dtype.is_float and e.kind == "add" else e.dtype.numpy
        nothing = e.dtype.numpy.type(identity(e.kind, e.dtype).value)
        ufunc = cast(np.ufunc, FUNCTIONS[e.kind])
        total: Any = wide.type(nothing)
        with np.errstate(all="ignore"):
            for count, at in self.chunks(e):
                grid = self.inside(at)
                values = np.broadcast_to(grid.value(e.body), (*self.shape, count))
                if e.where:
                    values = np.where(grid.holds(e.where), values, nothing)
                total = ufunc(total, ufunc.reduce(values.astype(wide, copy=False), axis=-1))
            return np.asarray(total).astype(e.dtype.numpy)[()]

    @property
    def shape(self) -> tuple[int, ...]:
        """What the arrays of positions broadcast to."""
        return np.broadcast_shapes(*(np.shape(k) for k in self.at.values()))

    def chunks(self, e: Reduce) -> Iterator[tuple[int, dict[Axis, np.ndarray]]]:
        """The axes that a reduction runs over, not too many positions at a time."""
        return chunks(e.over, max(CHUNK // max(math.prod(self.shape), 1), 1))

    def holds(self, where: Sequence[Index]) -> Any:
        """Whether every index is 0."""
        result: Any = True
        for condition in where:
            result = result & (self.index(condition) == 0)
        return result


def _deeper(outer: Grid | None) -> dict[Axis, Any]:
    """The axes of a grid, with a new last dimension."""
    at = outer.at if outer else {}
    return {axis: k[..., None] if np.ndim(k) else k for axis, k in at.items()}


def chunks(over: Sequence[Axis], size: int = CHUNK) -> Iterator[tuple[int, dict[Axis, np.ndarray]]]:
    """All positions of the axes, the last running fastest: at most `size` at a time, counted."""
    extents = tuple(axis.extent for axis in over)
    count = math.prod(extents)
    for start in range(0, count, size):
        flat = np.arange(start, min(start + size, count))
        yield len(flat), dict(zip(over, np.unravel_index(flat, extents) if extents else ()))


def positions(e: Reduce, grid: Grid) -> Iterator[np.ndarray]:
    """What a reduction runs over, at one position of the outer axes: int[n, axes] at a time.

    Positions at which its conditions do not hold are left out.
    """
    for count, at in chunks(e.over):
        found = np.stack([*at.values()], 1) if at else np.zeros((count, 0), np.int64)
        there = np.broadcast_to(grid.inside(at).holds(e.where), count)
        yield found if there.all() else found[there]


def along(over: Sequence[Axis], found: np.ndarray) -> dict[Axis, np.ndarray]:
    """For each axis its column of the positions int[n, axes]."""
    return {axis: found[:, k] for k, axis in enumerate(over)}
