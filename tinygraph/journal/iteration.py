"""The journal of a training step: forward, the gradients it takes, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinygraph.grad import Differentiated
from tinygraph.graph import Graph, Node, is_leaf, topological
from tinygraph.journal.memory import Memory, Progress
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Wire
from tinygraph.journal.run import KEEP, longest_first


def iteration(
    results: Sequence[Node],
    taken: Differentiated,
    updates: Mapping[Node, Node] | None = None,
    *,
    keep: int = KEEP,
    on_progress: Progress | None = None,
) -> Journal:
    """The journal of a graph in which gradients were `taken`, as people think of it.

    First the gates of the results that need no gradient, then the backward pass over the wires,
    then all others, such as an optimizer's. `updates` says which parameter a new value is for. Of
    all that the backward pass computes only what it sends has a record; the gates inside are
    known from the step on that needs them.
    """
    steps = [node for s in taken.sent for node in (s.part, s.total)]
    updates = dict(updates or {})
    outputs = tuple(dict.fromkeys([taken.y, *results, *updates]))
    read = {*topological(outputs)}
    outputs = (*outputs, *(node for node in updates.values() if node not in read))
    inside = inside_of(taken)
    first = _before([taken.y, taken.upstream, *results], inside)
    earlier = {*first, *inside}
    rest = [node for node in longest_first(outputs) if node not in earlier]
    names = _names([*outputs, *steps], taken, updates)
    memory = Memory(keep)
    wanted = [*outputs, taken.upstream, *steps]
    memory.walk(wanted, {*first, *rest, *wanted}, on_progress)
    result = Journal(outputs, [*first, *rest], names, memory)
    result.updates = updates
    for node in first:
        if node.inputs:
            result.forward(node)
    result.start(taken.y, taken.upstream)
    seen = {*first}
    for s in taken.sent:
        result.backward(Wire(s.gate, s.position), s.upstream, s.part, s.total)
        for node in topological([s.part, s.total], seen):
            if node not in seen:
                seen.add(node)
                result.gives(node)
    for node in rest:
        if node.inputs:
            result.forward(node)
    return result


def inside_of(taken: Differentiated) -> set[Node]:
    """The gates that only the backward pass has."""
    steps = [node for s in taken.sent for node in (s.part, s.total)]
    return {*topological(steps)} - {*topological([taken.y, taken.upstream])}


def shown_backward(found: Sequence[Differentiated], outputs: Sequence[Node]) -> int | None:
    """Which of several calls is shown as the backward pass, by its place in `found`.

    That with the most wires, of those that something in the graph reads and that are not
    differentiated again; of equal ones the last. A journal has the gradients of one y: the gates
    of the other calls are gates like others.
    """
    needed = {*topological(outputs)}
    inner = [inside_of(each) for each in found]
    above = [{*topological([each.y])} for each in found]
    fitting = [
        k
        for k, inside in enumerate(inner)
        if inside & needed and not any(inside & above[m] for m in range(len(found)))
    ]
    return max(fitting, key=lambda k: (len(found[k].sent), k), default=None)


def _before(wanted: Sequence[Node], inside: set[Node]) -> list[Node]:
    """All that is wanted and reads nothing of what is `inside`."""
    behind = set(inside)
    first: list[Node] = []
    for node in longest_first(wanted):
        if node in behind or any(source in behind for source in node.inputs):
            behind.add(node)
        else:
            first.append(node)
    return first


def _names(
    wanted: Sequence[Node], taken: Differentiated, updates: Mapping[Node, Node]
) -> dict[Node, str]:
    """Unique names: gradients are called by what they are for, new values by their parameter."""
    names = Graph((), tuple(wanted)).names()
    used = {*names.values()}

    def call(node: Node, name: str) -> None:
        if name not in used:
            used.add(name)
            names[node] = name

    for value, parameter in updates.items():
        if value.inputs and not value.name and parameter in names:
            call(value, f"{names[parameter]}_new")
    ends = {s.gate.inputs[s.position]: s.total for s in taken.sent}
    inside = {*ends.values()} - {*ends}
    for source, total in sorted(ends.items(), key=lambda item: not is_leaf(item[0])):
        if total in inside and total.inputs:
            inside.discard(total)
            call(total, f"grad({names[source]})")
    return names
