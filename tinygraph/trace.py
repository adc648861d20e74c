"""What a traced function reads and updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tinygraph.errors import DataError, TraceError
from tinygraph.evaluate import values_of
from tinygraph.graph import (
    BoundParameter,
    Leaf,
    Node,
    Placeholder,
    Storage,
    is_leaf,
    origin_here,
    place_of,
    topological,
)
from tinygraph.types import TensorType

if TYPE_CHECKING:
    from tinygraph.tensor import Parameter

_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


class RangeCheck(NamedTuple):
    """What the integers of an argument must be, which the kernels cannot say."""

    position: int
    low: int
    high: int
    what: str
    place: str
    """Where the user asks for that, as an error message ends."""

    def __call__(self, arrays: Sequence[np.ndarray]) -> None:
        """A `DataError` if an element is outside."""
        require_range(arrays[self.position], self.low, self.high, self.what, self.place)


def require_range(array: np.ndarray, low: int, high: int, what: str, place: str) -> None:
    """A `DataError` unless low <= array < high."""
    if array.size and not (array.min() >= low and array.max() < high):
        raise DataError(
            f"{what} go from {low} to {high - 1}, got {array.min()} to {array.max()}{place}"
        )


class Trace:
    """One run of a function on placeholders.

    A parameter that the function reads becomes an input, bound by identity: the program sees its
    value at the call. Any other tensor from outside is an input with the value it has now.
    """

    def __init__(self) -> None:
        self.inputs: list[Node] = []
        self.parameters: dict[Parameter, Node] = {}
        self.updates: dict[Parameter, Node] = {}
        self.checks: list[RangeCheck] = []
        self._captured: dict[Node, Node] = {}

    def input(self, type: TensorType, name: str | None = None) -> Node:
        """A placeholder for the next argument."""
        node = Node(Placeholder(len(self.inputs)), (), type, origin_here(), name)
        self.inputs.append(node)
        return node

    def parameter(self, parameter: Parameter) -> Node:
        """What reading it gives: its last update in this trace, or else its value at the call."""
        if parameter in self.updates:
            return self.updates[parameter]
        if parameter not in self.parameters:
            op = BoundParameter(len(self.parameters))
            node = Node(op, (), parameter.type, origin_here(), parameter.name)
            self.parameters[parameter] = node
        return self.parameters[parameter]

    def update(self, parameter: Parameter, value: Node) -> None:
        """`parameter` gets `value` when the program has run."""
        self.parameter(
            parameter
        )  # an update needs the old version too: it is the parameter's shadow
        self.updates[parameter] = value

    def capture(self, node: Node) -> Node:
        """An input with the value of `node`, which was made outside.

        Constants stay what they are.
        """
        if node not in self._captured:
            self._captured[node] = _leaf_for(node)
        return self._captured[node]

    def require_range(self, node: Node, low: int, high: int, what: str) -> None:
        """If `node` is an argument, its integers are checked at each call: low <= value < high."""
        if node in self.inputs:
            place = place_of(origin_here())
            self.checks.append(RangeCheck(self.inputs.index(node), low, high, what, place))

    @contextmanager
    def active(self) -> Iterator[Trace]:
        """Tensor operations inside belong to this trace."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)


def current_trace() -> Trace | None:
    """The trace that is going on, if any."""
    return _current.get()


def _leaf_for(node: Node) -> Node:
    needed = topological([node])
    if any(isinstance(n.op, Placeholder) for n in needed):
        raise TraceError(
            f"{node} belongs to another traced function, where it has no value; "
            f"return it from there{place_of(origin_here())}"
        )
    if is_leaf(node) or not any(is_leaf(n) for n in needed):
        return node
    (value,) = values_of([node])
    return Node(Leaf(Storage(value)), (), node.type, node.origin, node.name)
