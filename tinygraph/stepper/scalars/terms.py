"""The terms that one element of a gate's output is a sum, a maximum or a minimum of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np

from tinygraph.graph import Node
from tinygraph.loops.expr import Expr
from tinygraph.loops.rewrite import reads, reductions
from tinygraph.stepper.questions.elements import checked
from tinygraph.stepper.scalars.grids import Grid, along, positions
from tinygraph.stepper.scalars.opened import checked_values, equation_of


class TermReads(NamedTuple):
    """What all terms read in one place of the equation."""

    input: int
    """The number of the gate's input."""
    at: np.ndarray
    """The position that each term reads there, int[n, axes of the input]."""
    inside: np.ndarray
    """Whether that is inside the input, bool[n]; beyond it is padding."""


@dataclass(frozen=True, eq=False)
class Terms:
    """The n terms of one element, in the order of the axes."""

    kind: str
    """"add", "max" or "min"; empty where the element is no reduction, but one term."""
    axes: tuple[str, ...]
    """The names of the axes that the reduction runs over."""
    positions: np.ndarray
    """int[n, axes]."""
    values: np.ndarray
    """What each term is, [n] in the op's dtype."""
    _body: Expr = field(repr=False)
    _grid: Grid = field(repr=False)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def reads(self) -> tuple[TermReads, ...]:
        """What the terms read, for each read of the equation, in the order of the inputs."""
        found = []
        for read in reads(self._body):
            if not read.axes <= self._grid.at.keys():  # inside a further reduction
                continue
            at, inside = self._grid.position(read)
            columns = [np.broadcast_to(k, len(self)) for k in at]
            where = np.stack(columns, 1) if columns else np.zeros((len(self), 0), np.int64)
            source = cast(int, read.source)
            found.append(TermReads(source, where, np.broadcast_to(inside, len(self))))
        return tuple(sorted(found, key=lambda read: read.input))

    def largest(self, count: int) -> np.ndarray:
        """The numbers of the terms with the largest magnitude, the largest first."""
        size = np.abs(self.values.astype(np.float64))
        return np.argsort(np.where(np.isnan(size), -np.inf, -size), kind="stable")[:count]


def terms_of(gate: Node, index: Sequence[int], arrays: Sequence[np.ndarray]) -> Terms:
    """The terms of element `index` of what `gate` computes from `arrays`.

    They are those of the equation's outermost reduction; a million take a fraction of a second.
    """
    at = checked(gate, index, f"{gate}")
    axes, e = equation_of(gate)
    grid = Grid(checked_values(gate, arrays), dict(zip(axes, at, strict=True)))
    outer = [r for r in reductions(e) if r.axes <= grid.at.keys()]
    if not outer:
        value = np.asarray(grid.value(e)).reshape(1)
        return Terms("", (), np.zeros((1, 0), np.int64), value, e, grid)
    e = outer[-1]
    found = np.concatenate([*positions(e, grid), np.zeros((0, len(e.over)), np.int64)])
    inner = grid.inside(along(e.over, found))
    values = np.broadcast_to(inner.value(e.body), len(found))
    names = tuple(axis.name for axis in e.over)
    return Terms(e.kind, names, found, values, e.body, inner)
