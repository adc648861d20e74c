"""One compiled program and how it is called: arrays in, results out, state swapped at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from tinygraph.backend import Backend, Executable
from tinygraph.compile.tracing import Result, Traced
from tinygraph.compile.waiting import waiting
from tinygraph.graph import Graph, Node
from tinygraph.passes import run
from tinygraph.tensor import arrays_of, bind, from_array


@dataclass(frozen=True)
class Place:
    """Where a value is after a run: in an output or in an input."""

    output: int = -1
    input: int = -1

    def array(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> np.ndarray:
        return outputs[self.output] if self.output >= 0 else inputs[self.input]


class Compiled:
    """A traced function, compiled. Calls of one program wait for each other.

    New state goes to shadow arrays, which become the parameters' arrays when the program has run:
    an error or an interrupt before that discards the step and nothing else.
    """

    def __init__(self, traced: Traced, backend: Backend, threads: int | None) -> None:
        self.traced = traced
        named = traced.graph.named()
        self.executable: Executable | None = None
        with waiting(named.name, len(named.nodes())) as on_progress:
            optimised = run(named)
            self.graph = _distinct(optimised)
            self.work: Any = _lowered(self.graph, backend)
            if self.graph.outputs:
                self.executable = backend.compile(self.work, threads, on_progress)
        self._lock = Lock()
        self._shadows: list[np.ndarray] | None = None
        self._plan(optimised.outputs)

    def _plan(self, outputs: Sequence[Node]) -> None:
        """Settles once which array of a call becomes what."""
        places = {node: Place(input=k) for k, node in enumerate(self.graph.inputs)}
        places |= {node: Place(output=k) for k, node in enumerate(self.graph.outputs)}
        count = len(outputs) - len(self.traced.updated)
        self._results = [places[node] for node in outputs[:count]]
        states = [places[node] for node in outputs[count:]]
        self._written: dict[int, int] = {}
        """Which shadow an output is written to: the first that wants it."""
        for state, place in enumerate(states):
            if place.output >= 0:
                self._written.setdefault(place.output, state)
        own = set(self._written.items())
        self._copied = [(k, p) for k, p in enumerate(states) if (p.output, k) not in own]
        self._arrays = [(node.shape, node.dtype.numpy) for node in self.graph.outputs]
        self._simple = self.traced.result == Result(0) and self._is_fresh(self._results[0])

    def _is_fresh(self, place: Place) -> bool:
        """Whether the array is new in each call, so that the caller can have it."""
        return place.output >= 0 and place.output not in self._written

    def __call__(self, arrays: Sequence[np.ndarray]) -> Any:
        """Runs with the given argument arrays; returns what the function returns."""
        for check in self.traced.checks:
            check(arrays)
        with self._lock:
            inputs = [*arrays, *arrays_of(self.traced.parameters), *self.traced.captured]
            shadows = self._shadows or [np.empty_like(a) for a in arrays_of(self.traced.updated)]
            self._shadows = None
            outputs = [
                shadows[self._written[k]] if k in self._written else np.empty(*kind)
                for k, kind in enumerate(self._arrays)
            ]
            if self.executable is not None:
                self.executable.run(inputs, outputs)
            for state, place in self._copied:
                np.copyto(shadows[state], place.array(inputs, outputs))
            if self._simple:
                result = from_array(outputs[self._results[0].output])
            else:
                result = self._result(inputs, outputs)
            if shadows:
                del inputs, outputs  # which would make the old arrays look as if they were in use
                self._swap(shadows)
        return result

    def _result(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> Any:
        values = []
        for place in self._results:
            array = place.array(inputs, outputs)
            values.append(from_array(array if self._is_fresh(place) else array.copy()))
        return _placed(self.traced.result, values)

    def _swap(self, shadows: list[np.ndarray]) -> None:
        old = arrays_of(self.traced.updated)
        bind(self.traced.updated, shadows)
        unseen = [count <= _UNSEEN for count in _counts(old)]
        self._shadows = [a if free else np.empty_like(a) for a, free in zip(old, unseen)]


def _counts(arrays: list[np.ndarray]) -> list[int]:
    """How many references to each array there are, those of this function included."""
    return [sys.getrefcount(array) for array in arrays]


def _unseen() -> int:
    """What `_counts` says of an array that nobody else holds; 0 where counts mean nothing."""
    free_threaded = not getattr(sys, "_is_gil_enabled", lambda: True)()
    if sys.implementation.name != "cpython" or free_threaded:
        return 0
    return _counts([np.empty(1)])[0]


_UNSEEN = _unseen()
"""An old array with more references is in a graph or a snapshot, so it is no shadow."""


def _placed(value: Any, values: list[Any]) -> Any:
    if isinstance(value, Result):
        return values[value.position]
    if isinstance(value, tuple | list):
        items = [_placed(item, values) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _placed(item, values) for key, item in value.items()}
    return value


def _distinct(graph: Graph) -> Graph:
    """The graph with each output once, and none that is an input: those need no program."""
    inputs = set(graph.inputs)
    outputs = tuple(dict.fromkeys(node for node in graph.outputs if node not in inputs))
    return Graph(graph.inputs, outputs, graph.name)


def _lowered(graph: Graph, backend: Backend) -> Any:
    if backend.target is None or not graph.outputs:
        return graph
    from tinygraph.lowering import lower

    return lower(graph, backend.target)
