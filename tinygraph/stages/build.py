"""Making each stage: from the graph to the machine's instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from tinygraph.backend import Backend, Readable
from tinygraph.errors import TinygraphError
from tinygraph.graph import Graph, Node
from tinygraph.loops.index import Axis
from tinygraph.lowering import Call, Program, lower
from tinygraph.lowering.regions import regions
from tinygraph.lowering.schedule import extent_of
from tinygraph.passes import Applied, default_passes, trace_passes
from tinygraph.stages.follow import Followed, after, gates, those_of
from tinygraph.stages.parts import Part, Stage
from tinygraph.stages.places import count, facts, lines_of, place

COMMENT = {"loops": "#", "llvm": ";", "assembly": "#"}
SAYS = {
    "graph": "what is computed, gate by gate",
    "regions": "what each kernel computes, as an equation",
    "loops": "in which order",
    "schedule": "what was decided, and why",
    "llvm": "the kernels in LLVM IR",
    "assembly": "the kernels in the machine's instructions",
}


class Builder:
    """Stages of one graph for one backend, each computed when it is asked for."""

    def __init__(self, graph: Graph, backend: Backend, followed: Followed, what: str) -> None:
        self.graph = graph
        self.backend = backend
        self.followed = followed
        self.what = what
        """What is followed, in the user's words."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The stages that there are."""
        passes = [f"pass:{each.name}" for each in default_passes()]
        below = ["regions", "loops", "schedule", *self._native] if self.backend.target else []
        return "graph", *passes, *below

    @cached_property
    def _native(self) -> tuple[str, ...]:
        return tuple(getattr(self.backend, "stages", ()))

    def make(self, name: str) -> Stage:
        """The stage called `name`."""
        if name.startswith("pass:"):
            return self._pass(name)
        makers: dict[str, Callable[[], Stage]] = {
            "graph": lambda: self._stage("graph", graph_lines(self.graph), self.followed),
            "regions": self._regions,
            "loops": self._loops,
            "schedule": self._schedule,
        }
        return makers[name]() if name in makers else self._source(name)

    def _stage(
        self,
        name: str,
        parts: Iterator[Part],
        followed: Followed,
        says: str | None = None,
        language: str = "graph",
        apart: str = "\n",
    ) -> Stage:
        kept = tuple(those_of(parts, followed))
        if not kept:
            kept = (Part(f"nothing is left of {self.what} here"),)
        return Stage(name, SAYS.get(name, "") if says is None else says, kept, language, apart)

    # ---- passes ----

    @cached_property
    def _applied(self) -> list[tuple[Applied, Followed]]:
        """Each pass, with what the followed gates are before it."""
        result: list[tuple[Applied, Followed]] = []
        followed = self.followed
        for applied in trace_passes(self.graph):
            result.append((applied, followed))
            followed = after(followed, applied.becomes)
        return result

    @cached_property
    def _last(self) -> tuple[Graph, Followed]:
        """The graph after all passes, and the gates of it that are followed."""
        applied, followed = self._applied[-1]
        return applied.after, gates(applied.after, after(followed, applied.becomes))

    def _pass(self, name: str) -> Stage:
        number = self.names.index(name) - 1
        applied, followed = self._applied[number]
        before, now = followed, after(followed, applied.becomes)
        parts: list[Part] = []
        for rewrite, line in zip(applied.rewrites, applied.lines(), strict=True):
            if before is None or not (before | (now or frozenset())).isdisjoint(
                (rewrite.old, rewrite.new)
            ):
                parts.append(Part(f"  # {line}"))
        if applied.rewrites:
            parts += those_of(graph_lines(applied.after), now)
        else:
            parts.append(Part("nothing to do here: the graph stays as it is"))
        says = f"{applied.by.says}; {count(len(applied.rewrites), 'rewrite')}"
        return self._stage(name, iter(parts), None, says)

    # ---- lowering ----

    def _regions(self) -> Stage:
        graph, followed = self._last
        equations, _ = regions(graph)
        names = graph.names()

        def parts() -> Iterator[Part]:
            for equation in equations:
                head = " ".join(names[node] for node in equation.nodes)
                where = [f"  # {line}" for line in lines_of(equation.nodes)]
                said = [f"  # {line}" for line in equation.says]
                text = [f"region of {head}", *where, *said, f"  {equation}"]
                yield Part("\n".join(text), equation.nodes)

        return self._stage("regions", parts(), followed, language="loops", apart="\n\n")

    @cached_property
    def program(self) -> Program:
        """What the backend compiles."""
        assert self.backend.target is not None
        return lower(self._last[0], self.backend.target)

    def _kernels(self, name: str, text: Callable[[int, Call], str]) -> Stage:
        """One part for each kernel: whose it is, what it costs, and its text."""
        graph, followed = self._last
        names, comment = graph.names(), COMMENT.get(name, "#")

        def parts() -> Iterator[Part]:
            for number, call in enumerate(self.program.calls):
                if followed is not None and followed.isdisjoint(call.nodes):
                    continue  # its text may be long to make
                head = [f"{comment} {line}" for line in kernel_head(number, call, names)]
                yield Part("\n".join([*head, text(number, call)]), call.nodes)

        language = name if name in COMMENT else "loops"
        return self._stage(name, parts(), followed, language=language, apart="\n\n")

    def _loops(self) -> Stage:
        return self._kernels("loops", lambda _, call: str(call.kernel))

    def _schedule(self) -> Stage:
        return self._kernels("schedule", lambda _, call: schedule_text(call))

    def _source(self, stage: str) -> Stage:
        executable = self.backend.compile(self.program, 1)
        if not isinstance(executable, Readable):
            raise TinygraphError(f"the {self.backend.name} backend does not show its {stage}")
        return self._kernels(stage, lambda number, _: executable.source_of(number, stage).rstrip())


def graph_lines(graph: Graph) -> Iterator[Part]:
    """The lines of the graph's own text, with what is known of where they come from."""
    head, *lines, end = str(graph).splitlines()
    yield Part(head)
    for node, line in zip(graph.nodes(), lines, strict=True):
        where = place(node.origin) if node.origin else ""
        text = line.removesuffix(f"    # {node.origin}")
        yield Part(f"{text}    # {where}" if where else text, (node,))
    yield Part(end)


def kernel_head(number: int, call: Call, names: dict[Node, str]) -> Iterator[str]:
    """Whose a kernel is: gates, lines of the user's, and what it costs."""
    gates = " ".join(names[node] for node in call.nodes if node in names)
    yield f"kernel {number}, {call.name}" + (f", computes {gates}" if gates else "")
    yield from lines_of(call.nodes)
    yield facts(call)


def schedule_text(call: Call) -> str:
    """The flat equation, the decisions, and the reasons given."""
    plan = call.schedule
    loops: list[str] = []
    for depth, loop in enumerate(plan.loops):
        if loop == "tiles" and plan.tile is None:
            continue
        name = loop.name if isinstance(loop, Axis) else loop
        kind = " tasks" if depth < plan.tasks else ""
        loops.append(f"{name}<{extent_of(loop, plan)}{kind}")
    lines = [f"  {call.flat}", f"  loops: {' '.join(loops) or 'none'}"]
    if plan.grain > 1:
        lines.append(f"  a task is {plan.grain} iterations of the last task loop")
    if plan.unroll > 1:
        lines.append(f"  the innermost sum is unrolled {plan.unroll} times")
    return "\n".join([*lines, *(f"  {line}" for line in (*call.flat.says, *plan.says))])
