"""The terms of a reduction: all of them, or the largest and what all others come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from tinygraph.loops.expr import FUNCTIONS, Apply, Expr, Read, Reduce, identity
from tinygraph.loops.rewrite import children, reads
from tinygraph.stepper.scalars.grids import Grid, along, positions


@dataclass
class Marks:
    """Which elements of each array are read, and how many reads fall outside."""

    masks: dict[int, np.ndarray] = field(default_factory=dict)
    outside: int = 0
    taken: bool = False
    """Of a choice by numbers that are read only the branch taken counts; else both do."""
    _done: dict[tuple[Expr, int], Grid] = field(default_factory=dict)
    """What is marked already, with the grid (kept alive, so that its id stays its own)."""

    def mask(self, source: int, shape: tuple[int, ...]) -> np.ndarray:
        """The mask of an array, to write to."""
        if source not in self.masks:
            self.masks[source] = np.zeros(shape, bool)
        return self.masks[source]

    def mark(self, e: Expr, grid: Grid, active: Any = True) -> None:
        """All that `e` reads on the grid. A branch that can never be chosen there is left out."""
        stack: list[tuple[Expr, Any]] = [(e, active)]
        seen: dict[tuple[Expr, int], Any] = {}
        while stack:
            at, here = stack.pop()
            if (at, id(here)) in seen:
                continue
            seen[at, id(here)] = here  # which keeps it alive, and so its id its own
            if grid.outer is not None and at.axes.isdisjoint(grid.own):
                self._once(at, grid.outer, np.any(here, -1) if np.ndim(here) else here)
            elif isinstance(at, Read):
                self._read(at, grid, here)
            elif isinstance(at, Reduce):
                self._reduce(at, grid, here)
            elif isinstance(at, Apply) and self._is_decided(at):
                condition, *branches = at.args
                yes = np.asarray(grid.value(condition))
                stack += zip((condition, *branches), (here, here & yes, here & ~yes), strict=True)
            else:
                stack += [(part, here) for part in children(at)]

    def _is_decided(self, e: Apply) -> bool:
        return e.function == "select" and (self.taken or not reads(e.args[0]))

    def _once(self, e: Expr, grid: Grid, active: Any) -> None:
        """What is the same along the inner axes is marked once, for all of them."""
        if (e, id(grid)) not in self._done:
            if np.all(active):
                self._done[e, id(grid)] = grid
            self.mark(e, grid, active)

    def _read(self, e: Read, grid: Grid, active: Any) -> None:
        at, inside = grid.position(e)
        inside, active, *at = np.broadcast_arrays(inside, active, *at)
        mask = self.mask(cast(int, e.source), e.shape)
        there = inside & active
        mask[tuple(k[there] for k in at)] = True
        self.outside += int(np.count_nonzero(active & ~inside))

    def _reduce(self, e: Reduce, grid: Grid, active: Any) -> None:
        deep = np.asarray(active)[..., None] if np.ndim(active) else active
        for _, at in grid.chunks(e):
            inner = grid.inside(at)
            self.mark(e.body, inner, deep & np.asarray(inner.holds(e.where)))


@dataclass
class Chosen:
    """Terms of one reduction, in order: int[n, axes]; and what the others come to."""

    positions: np.ndarray
    others: int = 0
    rest: Any = None
    """The others' sum, largest or smallest."""


def choose(e: Reduce, grid: Grid, limit: int, largest: int, padding: bool, marks: Marks) -> Chosen:
    """All terms up to `limit` of them, beyond that the `largest` ones.

    What the other terms read is entered in `marks`. Without `padding`, terms are left out that
    read outside of an array and change nothing.
    """
    found = _few(counted(e, grid, padding), limit)
    if found is not None:
        return Chosen(found)
    nothing = identity(e.kind, e.dtype).value
    wide = np.dtype(np.float64) if e.dtype.is_float else e.dtype.numpy
    ufunc = cast(np.ufunc, FUNCTIONS[e.kind])
    kept = np.zeros((0, len(e.over)), np.int64)
    values = np.zeros(0, wide)
    others, rest = 0, wide.type(nothing)
    for found in counted(e, grid, padding):
        kept = np.concatenate([kept, found])
        new = grid.inside(along(e.over, found)).value(e.body)
        values = np.concatenate([values, np.broadcast_to(new, len(found)).astype(wide)])
        first = _foremost(e.kind, values, largest)
        with np.errstate(all="ignore"):
            rest = ufunc(rest, ufunc.reduce(values[~first], initial=nothing)).astype(wide)
        others += int(np.count_nonzero(~first))
        marks.mark(e.body, grid.inside(along(e.over, kept[~first])))
        kept, values = kept[first], values[first]
    return Chosen(kept, others, rest.astype(e.dtype.numpy))


def counted(e: Reduce, grid: Grid, padding: bool) -> Iterator[np.ndarray]:
    """The positions of the terms that count."""
    for found in positions(e, grid):
        yield found if padding else found[~_idle(e, grid.inside(along(e.over, found)), len(found))]


def _idle(e: Reduce, grid: Grid, count: int) -> np.ndarray:
    """Which terms read outside of an array and change nothing."""
    outside = np.zeros(count, bool)
    for read in reads(e.body):
        if read.outside is not None and read.axes <= grid.at.keys():
            outside = outside | ~np.asarray(grid.position(read)[1])
    return outside & (grid.value(e.body) == identity(e.kind, e.dtype).value)


def _few(parts: Iterator[np.ndarray], limit: int) -> np.ndarray | None:
    """All the positions, if they are at most `limit`."""
    found: list[np.ndarray] = []
    for part in parts:
        found.append(part)
        if sum(map(len, found)) > limit:
            return None
    return np.concatenate(found)


def _foremost(kind: str, values: np.ndarray, count: int) -> np.ndarray:
    """A mask of the `count` terms that matter most; the first of equal ones, NaN above all."""
    key = values.astype(np.float64)
    key = {"add": np.abs, "max": np.positive, "min": np.negative}[kind](key)
    key[np.isnan(key)] = np.inf
    if len(key) <= count:
        return np.ones(len(key), bool)
    if not count:
        return np.zeros(len(key), bool)
    least = np.partition(key, -count)[-count]
    chosen = key > least
    equal = np.flatnonzero(key == least)[: count - np.count_nonzero(chosen)]
    chosen[equal] = True
    return chosen
