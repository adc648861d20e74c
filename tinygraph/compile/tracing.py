"""Running a function once on placeholders, to see what it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.compile.signature import is_input, places, rebuilt, type_of
from tinygraph.graph import Graph, Leaf, Node, topological
from tinygraph.tensor import Parameter, Tensor, from_array, wrap
from tinygraph.trace import RangeCheck, Trace


@dataclass(frozen=True)
class Traced:
    """What a function computes for one kind of input.

    The graph's inputs are the arguments, then `parameters`, then `captured` tensors from outside.
    Its outputs are the results, then the new values of `updated`.
    """

    graph: Graph
    parameters: tuple[Parameter, ...]
    captured: tuple[np.ndarray, ...]
    updated: tuple[Parameter, ...]
    checks: tuple[RangeCheck, ...]
    result: Any
    """What the function returned, with `Result(k)` where the k-th result belongs."""


@dataclass(frozen=True)
class Result:
    """The place of a result in what a function returns."""

    position: int


def trace_function(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str
) -> Traced:
    """Calls `fn` with placeholders for the tensors and arrays in its arguments."""
    trace = Trace()
    names = iter([place for place, value in places(fn, args, kwargs).items() if is_input(value)])
    with trace.active():
        traced_args, traced_kwargs = rebuilt(
            (args, kwargs), lambda array: wrap(trace.input(type_of(array), next(names)))
        )
        returned = fn(*traced_args, **traced_kwargs)
        results: list[Node] = []
        result = _with_places(returned, results)
    outputs = [*results, *trace.updates.values()]
    return _traced(trace, outputs, result, name)


def _with_places(value: Any, results: list[Node]) -> Any:
    """`value` with a `Result` for each tensor and array; their nodes are added to `results`."""
    if isinstance(value, np.ndarray):
        value = from_array(value)
    if isinstance(value, Tensor):
        results.append(value.node)
        return Result(len(results) - 1)
    if isinstance(value, tuple | list):
        items = [_with_places(item, results) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _with_places(item, results) for key, item in value.items()}
    return value


def _traced(trace: Trace, outputs: list[Node], result: Any, name: str) -> Traced:
    nodes = topological(outputs)
    needed = set(nodes)
    parameters = {p: node for p, node in trace.parameters.items() if node in needed}
    leaves = [node for node in nodes if isinstance(node.op, Leaf)]
    inputs = (*trace.inputs, *parameters.values(), *leaves)
    return Traced(
        Graph(inputs, tuple(outputs), name),
        tuple(parameters),
        tuple(leaf.op.storage.array for leaf in leaves if isinstance(leaf.op, Leaf)),
        tuple(trace.updates),
        tuple(trace.checks),
        result,
    )
