"""The passes, and running them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tinygraph.graph import Graph
from tinygraph.passes import arithmetic, constants, moves, sharing, unused, upsampling
from tinygraph.passes.rewrite import Applied, Pass

dead = Pass("dead", "leave out gates and elements that no output needs", lambda: unused.RULES)
fold = Pass("fold", "compute now what depends on no input", lambda: constants.RULES)
share = Pass("share", "compute once what is computed twice", sharing.rules)
simplify = Pass(
    "simplify", "say the same with fewer gates", lambda: (*arithmetic.RULES, *moves.RULES)
)
upsample = Pass("upsample", "compute before copies are made, not after", upsampling.rules)


def default_passes() -> tuple[Pass, ...]:
    """What `tg.jit` runs, in this order: `simplify` knows equal operands by their being shared."""
    return dead, fold, share, simplify, upsample


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
