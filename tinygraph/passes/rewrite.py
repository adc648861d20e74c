"""Rules, and the walk that applies them: from a graph to a graph, one gate at a time.

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
    does not fit. Only which NaN a NaN is may change.
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
        return described(self, names, fresh=self.new not in names)


def described(rewrite: Rewrite, names: dict[Node, str], fresh: bool) -> str:
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


@dataclass(frozen=True)
class Rewritten:
    """A graph after rules, how it came to be, and which node became which."""

    graph: Graph
    rewrites: tuple[Rewrite, ...]
    becomes: dict[Node, Node]
    """For each node of the graph before: what stands for it now."""


def apply_rules(rules: Sequence[Rule], graph: Graph) -> Rewritten:
    """Applies the first rule that fits, at each gate until none does; in linear time.

    The inputs of the graph stay as they are, also those that nothing reads any more.
    """
    chosen: dict[type[Op], tuple[Rule, ...]] = {}
    becomes: dict[Node, Node] = {}
    rewrites: list[Rewrite] = []
    for node in graph.nodes():
        new, old = _with_inputs(node, becomes), node
        while True:
            kind = type(new.op)
            if kind not in chosen:
                chosen[kind] = tuple(r for r in rules if not r.gates or kind in r.gates)
            for candidate in chosen[kind]:
                result = candidate.rewrite(new)
                if result is not None:
                    break
            else:
                break
            assert result.type == node.type, f"{candidate}: {node} became {result}"
            rewrites.append(Rewrite(candidate, old, result, graph))
            new = old = result
        becomes[node] = new
    outputs = tuple(becomes[node] for node in graph.outputs)
    return Rewritten(Graph(graph.inputs, outputs, graph.name), tuple(rewrites), becomes)


def _with_inputs(node: Node, becomes: dict[Node, Node]) -> Node:
    """The node, reading what its inputs have become."""
    inputs = tuple([becomes[x] for x in node.inputs])
    if all([a is b for a, b in zip(inputs, node.inputs)]):
        return node
    return Node(node.op, inputs, node.type, node.origin, node.name)


def replay(rewrites: Sequence[Rewrite]) -> Iterator[Graph]:
    """The graph after each rewrite of one pass: the compiler's own steps, for a viewer."""
    stands: dict[Node, Node] = {}
    for rewrite in rewrites:
        stands[rewrite.old] = rewrite.new
        yield _replaced(rewrite.graph, stands)


def _replaced(graph: Graph, stands: dict[Node, Node]) -> Graph:
    def last(node: Node) -> Node:
        while node in stands:
            node = stands[node]
        return node

    becomes: dict[Node, Node] = {}
    for node in topological(graph.outputs):
        becomes[node] = last(node) if node in stands else _with_inputs(node, becomes)
    return Graph(graph.inputs, tuple(becomes[node] for node in graph.outputs), graph.name)
