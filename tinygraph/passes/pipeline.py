"""Passes: named lists of rules, run one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tinygraph.graph import Graph, Node
from tinygraph.passes import arithmetic, moves
from tinygraph.passes import dead as _dead
from tinygraph.passes import fold as _fold
from tinygraph.passes import share as _share
from tinygraph.passes.rewrite import Rewrite, Rule, apply_rules, described


@dataclass(frozen=True)
class Pass:
    """A step of the compiler: from a graph to one that computes the same.

    `rules` makes the rules for one walk, since some remember what they have met.
    """

    name: str
    says: str
    rules: Callable[[], Sequence[Rule]]

    def __call__(self, graph: Graph) -> Graph:
        return self.applied(graph).after

    def applied(self, graph: Graph) -> Applied:
        """The pass, with all that it did."""
        result = apply_rules(self.rules(), graph)
        return Applied(self, graph, result.graph, result.rewrites, result.becomes)

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


@dataclass(frozen=True)
class Applied:
    """One pass over one graph: before, after, and the rewrites between them, in order."""

    by: Pass
    before: Graph
    after: Graph
    rewrites: tuple[Rewrite, ...]
    becomes: dict[Node, Node]
    """For each node before: what stands for it after, if any output still needs that."""

    def lines(self) -> Iterator[str]:
        """A line for each rewrite. Gates have the names they had before the pass."""
        names = self.before.names()
        known = {after: names[before] for before, after in reversed(self.becomes.items())} | names
        place = ""
        for rewrite in self.rewrites:
            place = names.get(rewrite.old, place)
            fresh = rewrite.new not in names and known.get(rewrite.new) == place
            yield described(rewrite, known, fresh)

    def __str__(self) -> str:
        return "\n".join([self.summary(), *(f"  {line}" for line in self.lines())])

    def summary(self) -> str:
        """What the pass is for, and how many gates it took and left."""
        counts = f"{len(self.before.nodes())} nodes -> {len(self.after.nodes())}"
        return f"{self.by}; {len(self.rewrites)} rewrites, {counts}"


dead = Pass("dead", "leave out gates and elements that no output needs", lambda: _dead.RULES)
fold = Pass("fold", "compute now what depends on no input", lambda: _fold.RULES)
share = Pass("share", "compute once what is computed twice", _share.rules)
simplify = Pass(
    "simplify",
    "say the same with fewer gates",
    lambda: (*arithmetic.RULES, *moves.RULES),
)


def default_passes() -> tuple[Pass, ...]:
    """What `tg.jit` runs, in this order: `simplify` knows equal operands by their being shared."""
    return dead, fold, share, simplify


def run(graph: Graph, passes: Iterable[Callable[[Graph], Graph]] | None = None) -> Graph:
    """The graph after the passes; after the default ones if none are given."""
    for apply in default_passes() if passes is None else passes:
        graph = apply(graph)
    return graph


def trace_passes(graph: Graph, passes: Iterable[Pass] | None = None) -> Iterator[Applied]:
    """As `run`, one pass at a time, each with the graph before and after it and its rewrites."""
    for apply in default_passes() if passes is None else passes:
        applied = apply.applied(graph)
        yield applied
        graph = applied.after
