"""Why a gradient is what it is: the way it takes, or what stops it, in sentences."""

from __future__ import annotations

import numpy as np

from tinygraph.errors import TraceError
from tinygraph.evaluate import values_of
from tinygraph.grad.reverse import gradients, reaching
from tinygraph.graph import Graph, Node, topological
from tinygraph.tensor import Tensor, handles_of


def why(y: Tensor, x: Tensor) -> str:
    """Explains the gradient of y for x: the gates it passes, or where and why it ends."""
    top, bottom = y.node, x.node
    order = topological([top])
    names = _Names(top, bottom, x.name)
    if not bottom.dtype.is_float:
        return f"{names[bottom]} is {bottom.type}: only floats have gradients."
    if bottom not in order:
        return _unconnected(order, names, x)
    path = _path(top, bottom, reaching(order, [bottom]))
    if path is None:
        return _blocked(order, names, bottom)
    return "\n".join([_route(path, names), *_zeros(path, names)])


class _Names:
    """How the explanation calls the nodes."""

    def __init__(self, top: Node, bottom: Node, called: str | None) -> None:
        self._names = Graph((), (top,)).names()
        self._names.setdefault(bottom, called or bottom.op.name)

    def __getitem__(self, node: Node) -> str:
        return self._names[node]

    def placed(self, node: Node) -> str:
        """The name, with the user's line."""
        return f"{self[node]} ({node.origin})" if node.origin else self[node]


def _unconnected(order: list[Node], names: _Names, x: Tensor) -> str:
    old = next((n for n in order if x in _held(n)), None)
    if old is not None:
        return (
            f"{names[order[-1]]} was computed from an earlier version of {x.name or 'x'}: "
            "assign made a new one since. Compute it again."
        )
    return (
        f"{names[order[-1]]} does not depend on {x.name or 'x'}: none of its "
        f"{sum(bool(n.inputs) for n in order)} gates leads there, so the gradient is zeros."
    )


def _held(node: Node) -> set[Tensor]:
    return set(handles_of(node))


def _path(top: Node, bottom: Node, open_gates: set[Node]) -> list[Node] | None:
    """A shortest way from top to bottom through open gates."""
    if top not in open_gates:
        return None
    came_from: dict[Node, Node | None] = {top: None}
    front = [top]
    while front and bottom not in came_from:
        new: list[Node] = []
        for node in front:
            for source in node.inputs:
                if source in open_gates and source not in came_from:
                    came_from[source] = node
                    new.append(source)
        front = new
    path: list[Node] = []
    step: Node | None = bottom
    while step is not None:
        path.append(step)
        step = came_from[step]
    return path[::-1]


def _route(path: list[Node], names: _Names) -> str:
    if len(path) == 1:
        return f"{names[path[0]]} is both: its gradient for itself is 1."
    shown = [_gate(node, names) for node in path[:-1]]
    if len(shown) > 12:
        shown = [*shown[:6], f"({len(shown) - 12} more)", *shown[-6:]]
    return f"The gradient flows from {' to '.join(shown)} to {names[path[-1]]}."


def _gate(node: Node, names: _Names) -> str:
    role = f", a {node.op.nickname}," if node.op.nickname else ""
    return f"{names.placed(node)}{role}"


def _zeros(path: list[Node], names: _Names) -> list[str]:
    """What to say where the gradient is zero all over, if it can be evaluated here."""
    upstream = gradients(path[0], path)
    held = [(n, g) for n, g in zip(path, upstream, strict=True) if g is not None]
    try:
        values = values_of([g for _, g in held], remember=False)
    except TraceError:
        return []
    if np.any(values[-1]):
        return []
    dead = next(k for k, value in enumerate(values) if not np.any(value))
    if dead == 0:
        return ["Its value is zero all over, already where it starts."]
    gate = held[dead - 1][0]
    return [f"Its value is zero all over, on this way from {names.placed(gate)} on."]


def _blocked(order: list[Node], names: _Names, bottom: Node) -> str:
    """Names the first gates above `bottom` that let no gradient through."""
    above: set[Node] = {bottom}
    stops: list[Node] = []
    for node in order:
        if not any(source in above for source in node.inputs):
            continue
        if node.op.differentiable and node.dtype.is_float:
            above.add(node)
        else:
            stops.append(node)
    reasons = "; ".join(f"{names.placed(node)} {_reason(node)}" for node in stops[:4])
    more = f"; and {len(stops) - 4} more" if len(stops) > 4 else ""
    return (
        f"{names[order[-1]]} depends on {names[bottom]}, but no gradient flows: {reasons}{more}. "
        "So the gradient is zeros."
    )


def _reason(node: Node) -> str:
    match node.op.name:
        case "detach":
            return "takes its input as a constant"
        case "cast":
            return f"makes {node.dtype} of it, which has no slope"
    return "is flat wherever it has a slope at all"
