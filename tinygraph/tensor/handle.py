"""Tensor: a light handle on a graph node.

Operators build graph; values are computed when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

import numpy as np

from tinygraph import ops
from tinygraph.errors import DtypeError, IndexingError, ShapeError, TraceError
from tinygraph.evaluate import values_of
from tinygraph.graph import Node, leaf, origin_here, place_of
from tinygraph.tensor.broadcast import broadcast_together, require_one_dtype
from tinygraph.tensor.methods import Methods, functional
from tinygraph.tensor.numbers import is_scalar, scalar_value, to_array
from tinygraph.tensor.numpy_calls import numpy_function
from tinygraph.trace import current_trace
from tinygraph.types import DType, TensorType, float32, int32

Build = Callable[..., Node]


class Tensor(Methods):
    """A value, known or yet to be computed. Make one with `tg.tensor`, or by computing with others.

    `==` and the other comparisons go element by element; hashing is by identity.
    """

    __slots__ = ("__weakref__", "_array", "_grad", "_name", "_node", "_trace", "_type")
    __array_ufunc__ = None  # so that `array * tensor` asks the tensor
    __hash__ = object.__hash__

    def __init__(
        self, node: Node | None, array: np.ndarray | None = None, name: str | None = None
    ) -> None:
        self._node = node
        self._array = array
        self._name = name
        self._type = None if node is None else node.type
        self._grad: Tensor | None = None
        self._trace = current_trace()
        if node is not None:
            _handles[node] = self

    # What it is

    @property
    def node(self) -> Node:
        """The node that holds or computes the value, as the trace going on (if one is) sees it."""
        trace = current_trace()
        own = self._own_node()
        return own if trace is None or trace is self._trace else trace.capture(own)

    def _own_node(self) -> Node:
        if self._node is None:
            assert self._array is not None
            self._node = leaf(self._array, self._name)
            _handles[self._node] = self
        return self._node

    @property
    def type(self) -> TensorType:
        """Shape and dtype."""
        if self._type is None:
            assert self._array is not None
            self._type = TensorType(self._array.shape, DType(str(self._array.dtype)))
        return self._type

    @property
    def name(self) -> str | None:
        """The name given to it, if any."""
        return self._name if self._node is None else self._node.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.type.size

    @property
    def grad(self) -> Tensor | None:
        """What `backward` has added up here; None before."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and value.type != self.type:
            raise ShapeError(f"the gradient of a {self.type} has that type too, got {value.type}")
        self._grad = value

    def zero_grad(self) -> None:
        """Forgets the gradient: `grad` is None again."""
        self._grad = None

    # Its value

    def numpy(self) -> np.ndarray:
        """The value now, as an array that cannot be written to."""
        view = self._value().view()
        view.flags.writeable = False
        return view

    def _value(self) -> np.ndarray:
        if self._array is not None:
            return self._array
        return values_of([self.node])[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's own functions take the value; those that call a method of ours are explained."""
        return numpy_function(function, args, kwargs)

    def item(self) -> float | int | bool:
        """The one element as a Python number."""
        self._require_one("item()")
        return self._value().item()

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        return self._value().tolist()

    def __float__(self) -> float:
        self._require_one("float()")
        return float(self._value().item())

    def __int__(self) -> int:
        self._require_one("int()")
        return int(self._value().item())

    def __index__(self) -> int:
        if not self.dtype.is_integer:
            raise DtypeError(f"only an integer tensor can be an index, got {self.type}")
        return self.__int__()

    def __bool__(self) -> bool:
        self._require_one("bool()", "; reduce it first, as in (x > 0).all() or .any()")
        return bool(self._value().item())

    def _require_one(
        self, what: str, hint: str = "; pick one with an index, or reduce with .sum()"
    ) -> None:
        if self.size != 1:
            raise ShapeError(
                f"{what} needs one element, got {self.type}{hint}{place_of(origin_here())}"
            )

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError(f"a scalar has no length, got {self.type}")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        kind = type(self).__name__
        try:
            value = self._value()
        except TraceError:
            return f"{kind}(traced, {self.type}{name})"
        text = np.array2string(value, separator=", ", threshold=100, prefix=f"{kind}(")
        return f"{kind}({text}, {self.type}{name})"

    def __str__(self) -> str:
        try:
            return str(self._value())
        except TraceError:
            return repr(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), np.array(self._value()), self.name, self._extra())

    def _extra(self) -> dict[str, Any]:
        """What a copy needs beside value and name."""
        return {}

    # Operators

    def __add__(self, other: Any) -> Tensor:
        return binary(ops.add, "add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return binary(ops.add, "add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return binary(ops.sub, "sub", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return binary(ops.sub, "sub", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return binary(ops.mul, "mul", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return binary(ops.mul, "mul", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return binary(ops.div, "div", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return binary(ops.div, "div", other, self)

    def __pow__(self, other: Any) -> Tensor:
        if is_scalar(other):
            return wrap(ops.power(self.node, _exponent(other, self.dtype)))
        return binary(ops.power, "pow", self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return binary(ops.power, "pow", other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return functional().matmul(self, other) if is_operand(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Tensor:
        return functional().matmul(other, self) if is_operand(other) else NotImplemented

    def __neg__(self) -> Tensor:
        return wrap(ops.neg(self.node))

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return wrap(ops.absolute(self.node))

    def __lt__(self, other: Any) -> Tensor:
        return binary(ops.lt, "lt", self, other)

    def __le__(self, other: Any) -> Tensor:
        return binary(ops.le, "le", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return binary(ops.gt, "gt", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return binary(ops.ge, "ge", self, other)

    def __eq__(self, other: Any) -> Any:
        return binary(ops.eq, "eq", self, other)

    def __ne__(self, other: Any) -> Any:
        return binary(ops.ne, "ne", self, other)

    def __and__(self, other: Any) -> Tensor:
        return binary(ops.logical_and, "logical_and", self, other)

    def __rand__(self, other: Any) -> Tensor:
        return binary(ops.logical_and, "logical_and", other, self)

    def __or__(self, other: Any) -> Tensor:
        return binary(ops.logical_or, "logical_or", self, other)

    def __ror__(self, other: Any) -> Tensor:
        return binary(ops.logical_or, "logical_or", other, self)

    def __invert__(self) -> Tensor:
        return wrap(ops.logical_not(self.node))

    def __getitem__(self, key: Any) -> Tensor:
        return functional().index(self, key)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise IndexingError(
            "a tensor does not change: x[key] = value is written x = tg.update(x, key, value), or "
            f"x = tg.where(condition, value, x); a parameter has .assign{place_of(origin_here())}"
        )

    if TYPE_CHECKING:  # these belong to layers above, which `tinygraph` attaches

        def backward(self, gradient: Any = None) -> None:
            """Adds to the `grad` of every tensor that this one was computed from."""

        def draw(self, *args: Any, **options: Any) -> Any:
            """A picture of the graph, see `tg.draw`."""

        def step(self, *args: Any, **options: Any) -> Any:
            """Walks through the graph gate by gate, see `tg.step`."""


_handles: WeakValueDictionary[Node, Tensor] = WeakValueDictionary()
"""The handle of a node, as long as somebody holds it."""

owners: WeakKeyDictionary[Node, ref[Tensor]] = WeakKeyDictionary()
"""The parameter that a leaf is, or was, a version of."""


def handles_of(node: Node) -> list[Tensor]:
    """The tensors that stand for `node`: the handle somebody holds, and the parameter."""
    owner = owners.get(node)
    found = (_handles.get(node), owner and owner())
    return [tensor for tensor in found if tensor is not None]


def wrap(node: Node) -> Tensor:
    """The tensor of `node`: the one there is, or a new one."""
    held = _handles.get(node)
    return Tensor(node) if held is None else held


def from_array(array: np.ndarray, name: str | None = None) -> Tensor:
    """A tensor that takes over `array`, which is as `to_array` makes it and never written again."""
    return Tensor(None, array, name)


def is_operand(value: Any) -> bool:
    """Whether operators accept it beside a tensor."""
    return isinstance(value, Tensor | np.ndarray) or is_scalar(value)


def as_tensor(value: Any) -> Tensor:
    """A tensor as it is, data as `tg.tensor` takes it."""
    return value if isinstance(value, Tensor) else from_array(to_array(value))


def node_of(value: Any, beside: Node | None = None) -> Node:
    """The node of a tensor or of data.

    A Python number becomes a constant of the type of the node `beside` it.
    """
    if isinstance(value, Tensor):
        return value.node
    if not is_scalar(value):
        return as_tensor(value).node
    if beside is not None:
        return ops.full(scalar_value(value, beside.dtype), beside)
    plain = to_array(value)
    return ops.full(plain.item(), TensorType((), DType(str(plain.dtype))))


def operands(name: str, *values: Any) -> list[Node]:
    """The nodes of several operands, of one shape and dtype."""
    nodes = [node_of(value) for value in values if not is_scalar(value)]
    if not nodes:
        floats = any(isinstance(value, float | np.floating) for value in values)
        like = TensorType((), float32 if floats else int32)
        return [ops.full(scalar_value(value, like.dtype), like) for value in values]
    require_one_dtype(name, nodes)
    together = broadcast_together(name, nodes)
    first, rest = together[0], iter(together)
    return [
        ops.full(scalar_value(value, first.dtype), first) if is_scalar(value) else next(rest)
        for value in values
    ]


def binary(build: Build, name: str, x: Any, y: Any) -> Any:
    """`build` of two operands.

    NotImplemented where one is none, so that Python can ask the other.
    """
    if not (is_operand(x) and is_operand(y)):
        return NotImplemented
    return wrap(build(*operands(name, x, y)))


def _exponent(value: Any, dtype: DType) -> float | int:
    number = value.item() if isinstance(value, np.generic) else value
    if dtype.is_float or not float(number).is_integer():
        return scalar_value(number, dtype)
    return int(number)


def _restored(kind: Any, array: np.ndarray, name: str | None, extra: dict[str, Any]) -> Tensor:
    return kind(None, array, name, **extra)
