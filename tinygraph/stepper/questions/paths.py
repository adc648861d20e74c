"""The largest paths that a gradient takes from the output down to one element.

The value of a path is the product of its coefficients, times what comes in at the output; the sum
over all paths is the gradient. Where all places on the way can be looked at, all paths are counted
and the largest are exact. Of the astronomically many of a large net the largest that a search of
limited work found are given: it goes down from where the most gradient seems to come. What is left
is "all others".
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tinygraph.graph import Node
from tinygraph.journal import Journal, number
from tinygraph.stepper.elements import (
    Index,
    called,
    checked,
    ends_of,
    largest,
    magnitude,
    slope_of,
    summed,
    together,
    ulps,
)
from tinygraph.stepper.questions.path_tree import Element, Step, Tree
from tinygraph.stepper.questions.why import gradient_of

PLACES = 4_000
"""Where so many places can be reached, all paths are counted."""
WORK = 1_500
"""Places that the search opens at most."""
SECONDS = 1.5
"""And after so long it ends."""
SHOWN = 12
"""Gates of a path that are written out."""


@dataclass(frozen=True)
class Path:
    """Its steps from the element up to the output, and its value."""

    steps: tuple[Step, ...]
    value: float


@dataclass(frozen=True)
class Paths:
    """The largest paths, and all others: together `total`, the gradient in float64."""

    journal: Journal = field(repr=False)
    node: Node
    index: Index
    is_largest: bool
    """The element was not asked for: it is the one with the largest gradient."""
    gradient: float
    """The journal's number."""
    total: float
    paths: tuple[Path, ...]
    count: int | None
    """How many paths there are; None where they were not counted."""
    opened: int
    """How many places were looked at."""

    @property
    def others(self) -> float:
        """The sum of all paths that are not listed."""
        return self.total - summed(path.value for path in self.paths)

    @property
    def apart(self) -> float:
        """How far the journal's number is from `total`, in units of its last place."""
        return ulps(self.total, self.gradient, self.node.dtype)

    @property
    def lines(self) -> list[str]:
        """The explanation, a line for each path."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines)


def largest_paths(
    journal: Journal,
    node: Node,
    index: Sequence[int] | None = None,
    k: int = 5,
    *,
    places: int = PLACES,
    work: int = WORK,
    seconds: float = SECONDS,
) -> Paths:
    """The k largest paths from one element of a node up to the output.

    Without `index` it is the element with the largest gradient. All paths are counted where they
    pass at most `places` elements; else a search opens at most `work` of them in `seconds`.
    """
    gradient = gradient_of(journal, node)
    at = largest(gradient) if index is None else checked(node, index, called(journal, node))
    flat = int(np.ravel_multi_index(at, node.shape)) if at else 0
    tree = Tree(journal)
    here = Element(node, flat)
    reached = _reached(tree, here, places)
    if reached is not None:
        found, total, count = _all(tree, reached, here, k)
    else:
        found = _search(tree, here, k, len(tree.opened) + work, time.perf_counter() + seconds)
        total, count = _total(tree, here), None
    is_largest = index is None and node.type.size > 1
    value = gradient[at].item()
    return Paths(journal, node, at, is_largest, value, total, tuple(found), count, len(tree.opened))


# ---- all paths ----


def _reached(tree: Tree, here: Element, most: int) -> set[Element] | None:
    """All places on paths from here; None for more than `most`."""
    seen, stack = {here}, [here]
    while stack:
        place = stack.pop()
        if tree.start(place) is not None:
            continue
        for step in tree.up(place):
            if step.place not in seen:
                seen.add(step.place)
                stack.append(step.place)
        if len(seen) > most:
            return None
    return seen


class _Best(NamedTuple):
    """One of the largest paths from a place: its value, the first step, and which path goes on."""

    value: float
    step: Step | None
    rank: int


def _all(tree: Tree, reached: set[Element], here: Element, k: int) -> tuple[list[Path], float, int]:
    """The k largest paths, the sum of all, their number: from the output down to here.

    A path is among the largest from its first place only if the rest is among those from its
    second.
    """
    position = {node: at for at, node in enumerate(tree.journal.order)}
    best: dict[Element, list[_Best]] = {}
    total: dict[Element, float] = {}
    count: dict[Element, int] = {}
    for place in sorted(reached, key=lambda p: -position[p.node]):
        start = tree.start(place)
        if start is not None:
            best[place], total[place], count[place] = [_Best(start, None, 0)], start, 1
            continue
        steps = tree.up(place)
        some = (
            _Best(step.coefficient * rest.value, step, rank)
            for step in steps
            for rank, rest in enumerate(best[step.place])
        )
        best[place] = heapq.nsmallest(k, some, key=lambda b: -magnitude(b.value))
        total[place] = summed(s.coefficient * total[s.place] for s in steps)
        count[place] = sum(count[s.place] for s in steps)
    return [_followed(best, b) for b in best[here]], total[here], count[here]


def _followed(best: dict[Element, list[_Best]], one: _Best) -> Path:
    value, steps = one.value, []
    while one.step is not None:
        steps.append(one.step)
        one = best[one.step.place][one.rank]
    return Path(tuple(steps), value)


# ---- some paths ----


def _search(tree: Tree, here: Element, k: int, most: int, until: float) -> list[Path]:
    """The largest paths of those found by following, again and again, the largest product so far
    times the gradient there, up to the output."""
    found: list[Path] = []
    number = itertools.count()  # so that equals are taken in the order they were met
    ahead: list[tuple[float, int, Element, float, tuple[Step, ...]]] = [
        (-math.inf, next(number), here, 1.0, ())
    ]
    while ahead and not _is_done(found, ahead[0][0], k):
        _, _, place, product, steps = heapq.heappop(ahead)
        while (start := tree.start(place)) is None:
            if len(tree.opened) >= most or time.perf_counter() > until:
                return sorted(found, key=lambda p: -magnitude(p.value))[:k]
            choice = heapq.nsmallest(
                k + 1,
                tree.up(place),
                key=lambda s: -magnitude(s.coefficient * tree.gradient(s.place)),
            )
            if not choice:
                break
            for step in choice[1:]:
                value = product * step.coefficient
                promise = magnitude(value * tree.gradient(step.place))
                heapq.heappush(ahead, (-promise, next(number), step.place, value, (*steps, step)))
            first = choice[0]
            place, product, steps = first.place, product * first.coefficient, (*steps, first)
        if start is not None:
            found.append(Path(steps, product * start))
    return sorted(found, key=lambda p: -magnitude(p.value))[:k]


def _is_done(found: list[Path], promise: float, k: int) -> bool:
    """Whether nothing ahead looks larger than the k-th that was found."""
    if len(found) < k:
        return False
    return sorted((magnitude(p.value) for p in found), reverse=True)[k - 1] >= -promise


def _total(tree: Tree, here: Element) -> float:
    """The gradient in float64, from the gradients one level up."""
    start = tree.start(here)
    if start is not None:
        return start
    return summed(s.coefficient * tree.gradient(s.place) for s in tree.up(here))


# ---- in words ----


def _lines(found: Paths) -> Iterator[str]:
    name = slope_of(found.journal, found.node, found.index)
    if found.is_largest:
        yield f"{name}: the largest of {found.node.type.size:,} gradients"
    many = "all paths" if found.count is None else f"{found.count:,} paths"
    if found.count == 1:
        many = "one path"
    yield f"{name} = {number(found.gradient)}, the sum over {many}"
    for k, path in enumerate(found.paths, 1):
        yield f"  {k:3}  {number(path.value)} by {_route(found.journal, path)}"
    if found.count is None:
        yield f"       (the largest of those found; {found.opened:,} places were looked at)"
    rest = "" if found.count is None else f" ({found.count - len(found.paths):,})"
    if found.count is None or found.count > len(found.paths):
        yield f"       all others{rest}: {number(found.others)}"
    yield f"       {together(found.total, found.gradient, found.node.dtype)}"


def _route(journal: Journal, path: Path) -> str:
    """The gates on the way, with the coefficients that are not 1."""
    if not path.steps:
        return "no gate: here it starts"
    shown = [
        called(journal, step.place.node, step.place.index)
        + ("" if step.coefficient == 1 else f" (* {number(step.coefficient)})")
        for step in path.steps
    ]
    return ", ".join(ends_of(shown, SHOWN))
