"""What the stages are of: a tensor, a jitted function or a model, as one graph."""

from __future__ import annotations

from inspect import unwrap
from typing import Any

import numpy as np

from tinygraph.backend import Backend
from tinygraph.compile import Jitted, trace_function
from tinygraph.errors import TinygraphError
from tinygraph.graph import (
    BoundParameter,
    Graph,
    Node,
    Origin,
    Placeholder,
    is_leaf,
    topological,
)
from tinygraph.nn import Model
from tinygraph.nn.structure import mapped
from tinygraph.nn.symbol import Symbol
from tinygraph.tensor import Tensor

FREE_EXTENT = 64
"""What a free extent of a model's input is taken for; a free batch is taken for 1."""


def graph_of(subject: Any) -> Graph:
    """The graph, before any pass. Each node has a name, which it keeps on the way down."""
    return _with_origin(_graph_of(subject).named(), _definition(subject))


def backend_of(subject: Any, backend: str | Backend | None) -> str | Backend:
    """The one that is asked for, else the jitted function's own, else llvm."""
    return backend or (subject.backend if isinstance(subject, Jitted) else "llvm")


def _graph_of(subject: Any) -> Graph:
    if isinstance(subject, Jitted):
        if subject.example is None:
            name = getattr(subject, "__name__", "it")
            raise TinygraphError(
                f"{name} has to be declared with example=, such as @tg.jit(example=(x, y)): "
                "what it becomes depends on its inputs"
            )
        return subject.graph()
    if isinstance(subject, Model):
        example = mapped(subject.inputs, _example)
        return trace_function(subject, (example,), {}, subject.name or "model").graph
    if isinstance(subject, Tensor):
        node = subject.node
        leaves = tuple(n for n in topological([node]) if is_leaf(n))
        return Graph(leaves, (node,), node.name or "graph")
    raise TinygraphError(
        f"stages needs a tensor, a model or a jitted function, got a {type(subject).__name__}"
    )


def _example(leaf: Any) -> Any:
    if not isinstance(leaf, Symbol):
        return leaf
    shape = [
        extent if extent is not None else FREE_EXTENT if k else 1
        for k, extent in enumerate(leaf.shape)
    ]
    return np.zeros(shape, leaf.dtype.numpy)


def _definition(subject: Any) -> Origin | None:
    """The line where a jitted function begins, which its inputs belong to."""
    code = getattr(unwrap(subject.fn), "__code__", None) if isinstance(subject, Jitted) else None
    return Origin(code.co_filename, code.co_firstlineno) if code else None


def _with_origin(graph: Graph, definition: Origin | None) -> Graph:
    """The arguments as coming from `definition`: there is no line that computes them."""
    becomes: dict[Node, Node] = {}
    for node in graph.nodes():
        argument = isinstance(node.op, Placeholder) and not isinstance(node.op, BoundParameter)
        inputs = tuple([becomes[x] for x in node.inputs])
        origin = definition if argument else node.origin
        becomes[node] = Node(node.op, inputs, node.type, origin, node.name)
    inputs = tuple(becomes.get(node, node) for node in graph.inputs)
    return Graph(inputs, tuple(becomes[node] for node in graph.outputs), graph.name)
