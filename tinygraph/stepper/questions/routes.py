"""The largest routes that a gradient takes from the output down to one element: chains of gates.

A route is all paths through the same gates, taken together: in a net with skip connections it says
how much of a gradient came through which of them. Its value is found by carrying the coefficients
of all elements up at once; what is not listed is "all others".
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinygraph.graph import Node
from tinygraph.journal import Journal, Wire, number
from tinygraph.stepper.elements import (
    Index,
    called,
    checked,
    ends_of,
    largest,
    magnitude,
    read_by,
    slope_of,
    started,
    summed,
)
from tinygraph.stepper.questions.slopes import Slopes
from tinygraph.stepper.questions.why import gradient_of

WORK = 2_000
"""Gates that are passed at most."""
SECONDS = 2.0
SHOWN = 12
"""Gates of a route that are written out."""


@dataclass(frozen=True)
class Route:
    """The wires from the element up to the output, and the sum of all paths over them."""

    wires: tuple[Wire, ...]
    value: float


@dataclass(frozen=True)
class Routes:
    """The largest routes, and all others: together the gradient."""

    journal: Journal = field(repr=False)
    node: Node
    index: Index
    is_largest: bool
    """The element was not asked for: it is the one with the largest gradient."""
    gradient: float
    """The journal's number."""
    routes: tuple[Route, ...]
    is_all: bool
    """There are no other routes."""
    open: int
    """How many branches were not followed to their end."""

    @property
    def others(self) -> float:
        """What all routes that are not listed give."""
        return self.gradient - summed(route.value for route in self.routes)

    @property
    def lines(self) -> list[str]:
        """The explanation, a line for each route."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class _Branch:
    """What is still to be followed: a wire, and the weights of the elements of its source."""

    wire: Wire
    weights: np.ndarray
    passed: tuple[Wire, ...]


def largest_routes(
    journal: Journal,
    node: Node,
    index: Sequence[int] | None = None,
    k: int = 5,
    *,
    work: int = WORK,
    seconds: float = SECONDS,
) -> Routes:
    """The k routes with the largest values from one element of a node up to the output.

    Without `index` it is the element with the largest gradient. The branch that gives most is
    followed first, each to its end; the search ends after k routes, `work` gates or `seconds`, but
    not before the first.
    """
    gradient = gradient_of(journal, node)
    at = largest(gradient) if index is None else checked(node, index, called(journal, node))
    search = _Search(journal)
    weights = np.zeros(node.shape, node.dtype.numpy)
    weights[at] = 1
    first = search.reach(node, weights, ())
    if first is not None:
        search.ahead.append((-math.inf, -1, first))
        heapq.heapify(search.ahead)
    until = time.perf_counter() + seconds
    while search.ahead and len(search.found) < k and search.passed < work:
        if search.found and time.perf_counter() > until:
            break
        search.follow(work)
    found = sorted(search.found, key=lambda route: -magnitude(route.value))
    is_largest, here = index is None and node.type.size > 1, gradient[at].item()
    left = len(search.ahead)
    return Routes(journal, node, at, is_largest, here, tuple(found), not left, left)


class _Search:
    def __init__(self, journal: Journal) -> None:
        self.journal, self.slopes = journal, Slopes(journal)
        self.wires, self.tops = read_by(journal), set(started(journal))
        self.ahead: list[tuple[float, int, _Branch]] = []
        self.found: list[Route] = []
        self.passed = 0
        self._count = itertools.count()  # so that equals are taken in the order they were met

    def reach(self, node: Node, weights: np.ndarray, passed: tuple[Wire, ...]) -> _Branch | None:
        """At a node with its weights: the route ends here, or branches to what reads it.

        Gives the branch that gives most; the others are left for later.
        """
        if node in self.tops:
            self.found.append(Route(passed, _product(weights, self.journal.gradient(node))))
            return None
        branches: list[tuple[float, int, _Branch]] = []
        for wire in self.wires.get(node, ()):
            sent = self.journal.contribution(wire.gate, wire.position)
            size = magnitude(_product(weights, sent))
            branches.append((-size, next(self._count), _Branch(wire, weights, (*passed, wire))))
        branches.sort()
        for branch in branches[1:]:
            heapq.heappush(self.ahead, branch)
        return branches[0][2] if branches else None

    def follow(self, work: int) -> None:
        """Follows the branch that gives most, and then the best of its branches, to the output."""
        _, _, branch = heapq.heappop(self.ahead)
        while branch is not None:
            if self.passed >= work:
                self.ahead.append((0.0, next(self._count), branch))  # not followed to its end
                return
            self.passed += 1
            weights = self.slopes.carried(branch.wire, branch.weights)
            branch = self.reach(branch.wire.gate, weights, branch.passed)


def _product(weights: np.ndarray, gradient: np.ndarray) -> float:
    """The sum of weights times gradients, in float64; weights of 0 take nothing."""
    some = np.flatnonzero(weights)
    with np.errstate(all="ignore"):
        taken = weights.reshape(-1)[some].astype(np.float64)
        return float((taken * gradient.reshape(-1)[some]).sum())


def _lines(found: Routes) -> Iterator[str]:
    name = slope_of(found.journal, found.node, found.index)
    if found.is_largest:
        yield f"{name}: the largest of {found.node.type.size:,} gradients"
    yield f"{name} = {number(found.gradient)}, by routes through the same gates"
    read = read_by(found.journal)
    for k, route in enumerate(found.routes, 1):
        yield f"  {k:3}  {number(route.value)} by {_way(found.journal, route, read)}"
    if not found.is_all:
        yield f"       all others: {number(found.others)}"


def _way(journal: Journal, route: Route, read: Mapping[Node, list[Wire]]) -> str:
    """The gates where there was a choice, or all of them where they are few."""
    if not route.wires:
        return "no gate: here it starts"
    names = [called(journal, wire.gate) for wire in route.wires]
    if len(names) <= SHOWN:
        return ", ".join(names)
    branches = [wire.gate for wire in route.wires if len(read.get(wire.source, ())) > 1]
    parts = ends_of([called(journal, gate) for gate in branches], SHOWN)
    return f"{len(names)} gates, where it parts by {', '.join(parts) or 'none'}"
