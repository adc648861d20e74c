"""Parameter: a tensor whose value can be replaced.

Graphs built before keep the version they saw.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, NoReturn
from weakref import ref

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.evaluate import values_of
from tinygraph.graph import Leaf, Node, Storage, origin_here, place_of
from tinygraph.tensor.handle import Tensor, node_of, owners
from tinygraph.tensor.numbers import is_scalar, to_array
from tinygraph.trace import current_trace

_array = attrgetter("_array")


class Parameter(Tensor):
    """A leaf that owns its buffer: a weight, or with `trainable=False` other state, such as a
    running mean.

    Make one with `tg.parameter`. A jitted function binds it by identity and may `assign` to it.
    """

    __slots__ = ("_origin", "trainable")

    def __init__(
        self,
        node: None,
        array: np.ndarray,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(node, array, name)
        self._origin = origin_here()
        self.trainable = trainable

    @property
    def node(self) -> Node:
        """The version of now.

        In a trace an input that is filled at the call, or the last value assigned there.
        """
        trace = current_trace()
        return self._own_node() if trace is None else trace.parameter(self)

    def _own_node(self) -> Node:
        assert self._array is not None
        node = self._node
        if (
            node is None
            or not isinstance(node.op, Leaf)
            or node.op.storage.array is not self._array
        ):
            node = Node(Leaf(Storage(self._array)), (), self.type, self._origin, self._name)
            self._node = node
            owners[node] = ref(self)
        return node

    @property
    def name(self) -> str | None:
        return self._name

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = value
        self._node = None

    def assign(self, value: Any) -> None:
        """Makes `value` the new version, computed now and cut from its history.

        In a traced function the new version comes when the program has run.
        """
        assign([self], [value])

    def _value(self) -> np.ndarray:
        if current_trace() is not None:
            return values_of([self.node])[0]
        return arrays_of([self])[0]

    def __iadd__(self, other: Any) -> NoReturn:
        self._refuse("+")

    def __isub__(self, other: Any) -> NoReturn:
        self._refuse("-")

    def __imul__(self, other: Any) -> NoReturn:
        self._refuse("*")

    def __itruediv__(self, other: Any) -> NoReturn:
        self._refuse("/")

    def _refuse(self, sign: str) -> NoReturn:
        raise TinygraphError(
            f"w {sign}= x would leave the parameter as it was and call the result w; "
            f"write w.assign(w {sign} x){place_of(origin_here())}"
        )

    def _extra(self) -> dict[str, Any]:
        return {"trainable": self.trainable}


def assign(parameters: Sequence[Parameter], values: Sequence[Any]) -> None:
    """New versions of several parameters, computed in one walk and bound together or not at all."""
    nodes = [_fitting(p, value) for p, value in zip(parameters, values, strict=True)]
    trace = current_trace()
    if trace is not None:
        for parameter, node in zip(parameters, nodes, strict=True):
            trace.update(parameter, node)
        return
    bind(parameters, [np.array(a, order="C") for a in values_of(nodes, remember=False)])


def arrays_of(parameters: Iterable[Parameter]) -> list[np.ndarray]:
    """The buffers of the versions of now."""
    return list(map(_array, parameters))


def bind(parameters: Iterable[Parameter], arrays: Iterable[np.ndarray]) -> None:
    """Makes `arrays` the versions of now.

    One call into C, so no interrupt and no other thread sees half of it.
    """
    deque(map(setattr, parameters, repeat("_array"), arrays), maxlen=0)


def _fitting(parameter: Parameter, value: Any) -> Node:
    if is_scalar(value):
        return node_of(value, beside=parameter.node)
    if isinstance(value, list | tuple):
        value = Tensor(None, to_array(value, parameter.dtype))
    node = node_of(value)
    if node.dtype is not parameter.dtype:
        cast = f"cast with .astype({str(parameter.dtype)!r})"
        raise DtypeError(f"{_called(parameter)}, got {node.type}; {cast}{place_of(origin_here())}")
    if node.shape != parameter.shape:
        raise ShapeError(f"{_called(parameter)}, got {node.type}{place_of(origin_here())}")
    return node


def _called(parameter: Parameter) -> str:
    return f"assign to {parameter.name or 'a parameter'} needs {parameter.type}"
