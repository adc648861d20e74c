"""Rules, passes, and the walk that applies them: from a graph to a graph, one gate at a time.

Inputs come before the gates that read them, so a rule sees a gate whose inputs are final, and one
walk is enough. A rule looks at a gate and what stands before it, never at what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tinygraph.graph import Graph, Node, Op, place_of, topological


@dataclass(frozen=True)
class Rule:
    """One change: a sentence that can be read, and what makes it.

    `rewrite` gets a gate and returns what computes the same, bit for bit, or None where the rule
    does not fit. Only which NaN a NaN is may change; and, where a rule of `upsampling` adds in
    another order, the rounding.
    """

    says: str
    rewrite: Callable[[Node], Node | None]
    gates: tuple[type[Op], ...] = ()
    """The ops that it is tried on; all where empty."""

    def __str__(self) -> str:
        return self.says


def rule(says: str, *gates: type[Op]) -> Callable[[Callable[[Node], Node | None]], Rule]:
    """Makes a function that looks at gates of these kinds a rule with its sentence."""
    return lambda rewrite: Rule(says, rewrite, gates)


def instead(old: Node, op: Op, *inputs: Node) -> Node:
    """A gate that stands for `old`: it keeps the name and the line of the user's."""
    return Node(op, inputs, op.result_type(*(x.type for x in inputs)), old.origin, old.name)


@dataclass(frozen=True)
class Rewrite:
    """One application of a rule: `new` stands where `old` stood.

    `graph` is the graph as it was before the pass. `old` is a gate of it, or the `new` of the
    rewrite before, where two rules followed each other at one place.
    """

    rule: Rule
    old: Node
    new: Node
    graph: Graph

    def __str__(self) -> str:
        names = self.graph.names()
        return _described(self, names, fresh=self.new not in names)


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
        """The pass, with all that it did; in linear time.

        At each gate the first rule that fits is applied, until none does. The inputs of the graph
        stay as they are, also those that nothing reads any more.
        """
        rules, chosen = self.rules(), dict[type[Op], tuple[Rule, ...]]()
        rewrites: list[Rewrite] = []
        met: dict[Node, Node] = {}
        becomes: dict[Node, Node] = {}
        for node in graph.nodes():
            new, old = _reading(node, becomes), node
            met[node] = new
            while True:
                kind = type(new.op)
                if kind not in chosen:
                    chosen[kind] = tuple(r for r in rules if not r.gates or kind in r.gates)
                found = _first_that_fits(chosen[kind], new)
                if found is None:
                    break
                by, new = found
                assert new.type == node.type, f"{by}: {node} became {new}"
                rewrites.append(Rewrite(by, old, new, graph))
                old = new
            becomes[node] = new
        outputs = tuple(becomes[node] for node in graph.outputs)
        after = Graph(graph.inputs, outputs, graph.name)
        return Applied(self, graph, after, tuple(rewrites), met, becomes)

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


def _first_that_fits(rules: Sequence[Rule], node: Node) -> tuple[Rule, Node] | None:
    for candidate in rules:
        new = candidate.rewrite(node)
        if new is not None:
            return candidate, new
    return None


def _reading(node: Node, becomes: dict[Node, Node]) -> Node:
    """The node, reading what its inputs have become."""
    inputs = tuple([becomes[x] for x in node.inputs])
    if inputs == node.inputs:  # nodes compare by identity
        return node
    return Node(node.op, inputs, node.type, node.origin, node.name)


@dataclass(frozen=True)
class Applied:
    """One pass over one graph: before, after, and the rewrites between them, in order."""

    by: Pass
    before: Graph
    after: Graph
    rewrites: tuple[Rewrite, ...]
    met: dict[Node, Node]
    """For each node before: how the rules met it, reading what its inputs had become."""
    becomes: dict[Node, Node]
    """For each node before: what stands for it after, if any output still needs that."""

    def replay(self) -> Iterator[Graph]:
        """The graph after each rewrite: the compiler's own steps, for a viewer."""
        stands: dict[Node, Node] = {}
        for rewrite in self.rewrites:
            stands[rewrite.old] = rewrite.new
            yield self._with(stands)

    def _with(self, stands: dict[Node, Node]) -> Graph:
        becomes: dict[Node, Node] = {}
        for node in topological(self.before.outputs):
            new = _reading(node, becomes)
            if new.inputs == self.met[node].inputs:
                new = self.met[node]
            if node in stands:
                new = stands[node]
                while new in stands and new not in self.met:
                    new = stands[new]
            becomes[node] = new
        outputs = tuple(becomes[node] for node in self.before.outputs)
        return Graph(self.before.inputs, outputs, self.before.name)

    def lines(self) -> Iterator[str]:
        """A line for each rewrite. Gates have the names they had before the pass."""
        names = self.before.names()
        known = {after: names[before] for before, after in reversed(self.becomes.items())} | names
        place = ""
        for rewrite in self.rewrites:
            place = names.get(rewrite.old, place)
            fresh = rewrite.new not in names and known.get(rewrite.new) in (None, place)
            yield _described(rewrite, known, fresh)

    def summary(self) -> str:
        """What the pass is for, and how many nodes it found and left."""
        rewrites = f"{len(self.rewrites)} rewrite{'s' * (len(self.rewrites) != 1)}"
        return (
            f"{self.by}; {rewrites}, {len(self.before.nodes())} -> {len(self.after.nodes())} nodes"
        )

    def __str__(self) -> str:
        return "\n".join([self.summary(), *(f"  {line}" for line in self.lines())])


def _described(rewrite: Rewrite, names: dict[Node, str], fresh: bool) -> str:
    """One line: the rule, the gate that it met, what stands there now, the user's line.

    `fresh` says that the rule made a new gate, which is shown with its inputs.
    """
    old, new = rewrite.old, rewrite.new
    now = _call(new, names) if fresh else names[new]
    before = f"{names[old]} = {_call(old, names)}" if old in names else _call(old, names)
    return f"{rewrite.rule}: {before} -> {now}{place_of(old.origin)}"


def _call(node: Node, names: dict[Node, str]) -> str:
    """The gate's op and what it reads."""
    inputs = ", ".join(names.get(x, str(x.op)) for x in node.inputs)
    return f"{node.op} of {inputs}" if inputs else str(node.op)
