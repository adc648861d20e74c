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
    """What the numbers of an argument must be, which the kernels cannot say."""

    position: int
    least: int
    most: int
    what: str
    place: str
    """Where the user asks for that, as an error message ends."""
    also: int | None = None

    def __call__(self, arrays: Sequence[np.ndarray]) -> None:
        """A `DataError` if an element is outside."""
        array = arrays[self.position]
        require_range(array, self.least, self.most, self.what, self.place, self.also)


def require_range(
    array: np.ndarray, least: int, most: int, what: str, place: str, also: int | None = None
) -> None:
    """A `DataError` unless least <= array <= most, or an element is `also`. NaN is outside."""
    if not array.size or (array.min() >= least and array.max() <= most):
        return
    if also is not None:
        return require_range(array[array != also], least, most, what, place)
    got = " to ".join(dict.fromkeys((str(array.min()), str(array.max()))))
    raise DataError(f"{what} go from {least} to {most}, got {got}{place}")


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

    def require_range(
        self, node: Node, least: int, most: int, what: str, also: int | None = None
    ) -> None:
        """If `node` is an argument, its numbers are checked at each call: least <= value <= most,
        or value == also.
        """
        if node in self.inputs:
            place = place_of(origin_here())
            check = RangeCheck(self.inputs.index(node), least, most, what, place, also)
            if check not in self.checks:
                self.checks.append(check)

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
