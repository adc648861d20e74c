"""Reverse-mode differentiation: from a graph to the graph of its gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from tinygraph.errors import GradientError
from tinygraph.graph import Node, backward_of, topological
from tinygraph.ops import full


class Sent(NamedTuple):
    """What a gate sends back over the wire of one input; all but `gate` in the gradient graph."""

    gate: Node
    position: int
    """Which of the gate's inputs."""
    upstream: Node
    """The gradient of the gate's output."""
    part: Node
    """The gate's contribution to the gradient of that input."""
    total: Node
    """That gradient as far as it is added up, this part included."""


class Differentiated(NamedTuple):
    """One call of `gradients`: of what, what came in for it, and all that was sent back."""

    y: Node
    upstream: Node
    sent: list[Sent]


_noticed: ContextVar[list[Differentiated] | None] = ContextVar("noticed", default=None)


@contextmanager
def noticed_gradients() -> Iterator[list[Differentiated]]:
    """The list to which every call of `gradients` inside is added: what a function took."""
    found: list[Differentiated] = []
    token = _noticed.set(found)
    try:
        yield found
    finally:
        _noticed.reset(token)


def gradients(
    y: Node,
    xs: Iterable[Node],
    upstream: Node | None = None,
    watch: Callable[[Sent], None] | None = None,
) -> list[Node | None]:
    """For each of `xs` the gradient of `y`, times `upstream` (ones where that is left out).

    None without a path.

    The result is graph, made of the same ops, so it can be drawn, compiled and differentiated
    again. Each new node carries the origin of the forward node it belongs to. `watch` sees what
    each gate sends over each wire, in order.
    """
    wanted = list(xs)
    _check(y, upstream)
    order = topological([y])
    towards = reaching(order, wanted)
    if y not in towards:
        return [None] * len(wanted)
    with backward_of(y):
        found = {y: upstream if upstream is not None else full(1.0, y)}
    noticed = _noticed.get()
    seen: list[Sent] = []
    if noticed is not None:
        noticed.append(Differentiated(y, found[y], seen))
    keep = set(wanted)
    for node in reversed(order):
        g = found.get(node)
        if g is None or not node.inputs:
            continue
        if node not in keep:
            del found[node]
        if any(source in towards for source in node.inputs):
            for sent in _send_back(node, g, towards, found):
                if noticed is not None:
                    seen.append(sent)
                if watch is not None:
                    watch(sent)
    return [found.get(x) for x in wanted]


def reaching(order: Iterable[Node], xs: Iterable[Node]) -> set[Node]:
    """The nodes of a topological `order` through which a gradient flows to one of `xs`."""
    wanted = set(xs)
    result: set[Node] = set()
    for node in order:
        if not node.dtype.is_float:
            continue
        inside = node.op.differentiable and any(source in result for source in node.inputs)
        if inside or node in wanted:
            result.add(node)
    return result


def _check(y: Node, upstream: Node | None) -> None:
    if not y.dtype.is_float:
        raise GradientError(f"only floats have gradients, and {y} is none")
    if upstream is not None and upstream.type != y.type:
        raise GradientError(
            f"the gradient that comes in must have the type of y, {y.type}, got {upstream.type}"
        )


def _send_back(node: Node, g: Node, towards: set[Node], found: dict[Node, Node]) -> list[Sent]:
    """Adds to the gradients of the inputs what the gate sends them."""
    if not node.op.differentiable:
        return []
    sent: list[Sent] = []
    with backward_of(node):
        try:
            parts = node.op.vjp(g, node, *node.inputs)
        except NotImplementedError:
            raise GradientError(
                f"{node.op.name} has no gradient rule; write its vjp, or detach before it"
            ) from None
        for position, (source, part) in enumerate(zip(node.inputs, parts, strict=True)):
            if part is None or source not in towards:
                continue
            if part.type != source.type:
                raise GradientError(
                    f"the vjp of {node.op.name} gave {part.type} for an input of {source.type}"
                )
            found[source] = found[source] + part if source in found else part
            sent.append(Sent(node, position, g, part, found[source]))
    return sent
