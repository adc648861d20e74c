"""Following gates down: which pieces of a later stage come from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from tinygraph.errors import TinygraphError
from tinygraph.graph import Graph, Node
from tinygraph.stages.parts import Part

Followed = frozenset[Node] | None
"""The gates that are followed; None for all."""


def find(graph: Graph, only: str) -> frozenset[Node]:
    """The gate called `only`, or all gates of a layer or module: "conv_3", "up1/conv2d"."""
    names = graph.names()
    exact = frozenset(node for node, name in names.items() if name == only)
    if exact:
        return exact
    path = tuple(only.split("/"))
    inside = frozenset(node for node in names if _is_within(node, path))
    if inside:
        return inside
    close = get_close_matches(only, [*names.values(), *_modules(names)], n=5, cutoff=0.5)
    hint = f"; close are {', '.join(close)}" if close else ""
    raise TinygraphError(f"{graph.name} has no gate or module {only!r}{hint}")


def _is_within(node: Node, path: tuple[str, ...]) -> bool:
    """Whether `path` is part of the node's scope."""
    scope = node.origin.scope if node.origin else ()
    return any(scope[k : k + len(path)] == path for k in range(len(scope)))


def _modules(nodes: Iterable[Node]) -> set[str]:
    return {"/".join(node.origin.scope) for node in nodes if node.origin and node.origin.scope}


def after(followed: Followed, becomes: Mapping[Node, Node]) -> Followed:
    """What the followed gates have become."""
    if followed is None:
        return None
    return frozenset(becomes[node] for node in followed if node in becomes)


def gates(graph: Graph, followed: Followed) -> Followed:
    """The followed nodes that kernels compute: for constants and inputs those that read them.

    Unless nothing else is followed, a constant counts nothing: others may share it.
    """
    if followed is None:
        return None
    computed = frozenset(node for node in followed if node.inputs)
    if computed:
        return computed
    readers = graph.consumers()
    return frozenset(reader for node in followed for reader in readers.get(node, ()))


def those_of(parts: Iterable[Part], followed: Followed) -> Iterator[Part]:
    """The parts that belong to followed gates."""
    for part in parts:
        if followed is None or not followed.isdisjoint(part.nodes):
            yield part
