"""The tensor graph: what is computed.

Nodes are immutable values; a graph is its outputs and all they need.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.types import DType, TensorType

PACKAGE = os.path.dirname(__file__) + os.sep
NOT_THE_USERS = (PACKAGE, functools.__file__, contextlib.__file__, "<frozen ")
"""What the file of a line of tinygraph, or of what it is called through, begins with."""


class Origin(NamedTuple):
    """Where a node came from: the user's line, and the modules or functions it was made in,
    outermost first.

    `backward` marks a node of a gradient; its line and scope are those of the forward node it
    belongs to.
    """

    file: str
    line: int
    scope: tuple[str, ...] = ()
    backward: bool = False

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"


class Example(NamedTuple):
    """An op with the types of inputs it fits: what the tests, the docs table and the benchmarks
    feed it.

    `low` and `high` bound the random values; `distinct` keeps them apart, away from kinks and ties.
    """

    op: Op
    inputs: tuple[TensorType, ...]
    low: float = -2.0
    high: float = 2.0
    distinct: bool = False

    def arrays(self, seed: int = 0, dtype: DType | None = None) -> list[np.ndarray]:
        """Random input arrays; float inputs in `dtype` where that is given."""
        rng = np.random.default_rng(seed)
        floats = sum(t.size for t in self.inputs if t.dtype.is_float)
        apart = rng.permutation(np.linspace(self.low, self.high, floats + floats % 2))  # without 0
        result = []
        for t in self.inputs:
            if t.dtype is DType.bool:
                array = rng.random(t.shape) < 0.5
            elif t.dtype.is_integer:
                array = rng.integers(max(int(self.low), 0), int(self.high), t.shape, endpoint=True)
            elif self.distinct:
                array, apart = apart[: t.size].reshape(t.shape), apart[t.size :]
            else:
                array = rng.uniform(self.low, self.high, t.shape)
            result.append(array.astype((dtype if dtype and t.dtype.is_float else t.dtype).numpy))
        return result


OPS: dict[str, type[Op]] = {}
"""Every op by name.

A subclass of `Op` that has a `name` enters itself, whichever package it is in.
"""


@dataclass(frozen=True, eq=False)
class Op:
    """One kind of gate. A subclass with attributes is a frozen dataclass, and they are its fields;
    one without needs no decorator (making a dataclass takes a third of a millisecond, at import).

    It says: which types fit (`result_type`), what it means in NumPy (`evaluate`), what one element
    of the output is (`equation`), its gradient in the op language (`vjp`), and examples of itself
    (`examples`).
    """

    name: ClassVar[str] = ""
    symbol: ClassVar[str] = ""
    """What the gate shows in a drawing; the name where empty."""
    nickname: ClassVar[str] = ""
    """The lectures' word for the gate's role in the backward pass."""
    elementwise: ClassVar[bool] = False
    """Element i of the output depends on element i of each input only."""
    differentiable: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            OPS[cls.name] = cls

    def result_type(self, *inputs: TensorType) -> TensorType:
        """The output's type; a `ShapeError` or `DtypeError` where the inputs do not fit."""
        raise NotImplementedError

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        """The output, by NumPy."""
        raise NotImplementedError

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        """Element `i` of the output."""
        raise NotImplementedError

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        """For each input the gradient, given the gradient `g` of the output.

        None where there is none.
        """
        raise NotImplementedError

    def leaves_open(self, *inputs: np.ndarray) -> np.ndarray | None:
        """Which elements of the output may be anything, so that backends differ; None: no such."""
        return None

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """At least one; the test suite refuses an op without."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        """Ops without attributes are equal if of one kind; those with compare as dataclasses do."""
        return self is other or (type(self) is type(other) and not vars(self))

    def __hash__(self) -> int:
        return object.__hash__(self) if vars(self) else hash(type(self))

    @property
    def label(self) -> str:
        return self.symbol or self.name

    def __str__(self) -> str:
        fields = ", ".join(f"{k}={v}" for k, v in getattr(self, "__dict__", {}).items())
        return f"{self.name}({fields})" if fields else self.name


OPERATORS: dict[str, Callable[..., Node]] = {}
"""What `+ - * / ** -x` on nodes build; filled by `tinygraph.ops`."""


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One gate with its one output. Compares by identity."""

    op: Op
    inputs: tuple[Node, ...]
    type: TensorType
    origin: Origin | None = None
    name: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def ndim(self) -> int:
        return self.type.ndim

    def __add__(self, other: Any) -> Node:
        return OPERATORS["add"](self, other)

    def __radd__(self, other: Any) -> Node:
        return OPERATORS["add"](other, self)

    def __sub__(self, other: Any) -> Node:
        return OPERATORS["sub"](self, other)

    def __rsub__(self, other: Any) -> Node:
        return OPERATORS["sub"](other, self)

    def __mul__(self, other: Any) -> Node:
        return OPERATORS["mul"](self, other)

    def __rmul__(self, other: Any) -> Node:
        return OPERATORS["mul"](other, self)

    def __truediv__(self, other: Any) -> Node:
        return OPERATORS["div"](self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return OPERATORS["div"](other, self)

    def __pow__(self, other: Any) -> Node:
        return OPERATORS["pow"](self, other)

    def __neg__(self) -> Node:
        return OPERATORS["neg"](self)

    def __str__(self) -> str:
        return f"{self.name or self.op.name}: {self.type}"

    def __repr__(self) -> str:
        return f"<{self}>"  # without the inputs: a chain may be 50,000 gates long


class Storage:
    """The memory of one version of a leaf.

    `array` is C-contiguous and never written while a graph can see it.
    """

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


@dataclass(frozen=True, eq=False)
class Leaf(Op):
    """A value that is there before anything is computed: data or a version of a parameter."""

    storage: Storage
    name: ClassVar[str] = "leaf"

    def __str__(self) -> str:
        return "leaf"


@dataclass(frozen=True, eq=False)
class Placeholder(Op):
    """An input of a traced function: a type, and a value only when the program runs."""

    position: int
    name: ClassVar[str] = "input"

    def __str__(self) -> str:
        return f"input {self.position}"


class BoundParameter(Placeholder):
    """An input of a traced function that is filled with a parameter's current value."""

    name: ClassVar[str] = "parameter"

    def __str__(self) -> str:
        return "parameter"


for _special in ("leaf", "input", "parameter"):
    del OPS[_special]  # no gates: nothing to evaluate


def is_leaf(node: Node) -> bool:
    return isinstance(node.op, Leaf | Placeholder)


_scope: ContextVar[tuple[str, ...]] = ContextVar("scope", default=())
_line: ContextVar[Origin | None] = ContextVar("line", default=None)
_forward: ContextVar[Origin | None] = ContextVar("forward", default=None)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Nodes made inside belong to the module or function `name` (drawn as a cluster)."""
    token = _scope.set((*_scope.get(), name))
    try:
        yield
    finally:
        _scope.reset(token)


def scope_here() -> tuple[str, ...]:
    """The names of the scopes that this is called in, the outermost first."""
    return _scope.get()


@contextmanager
def outside_scopes() -> Iterator[None]:
    """Nodes made inside belong to no module, wherever this is called."""
    token = _scope.set(())
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def written_at(origin: Origin | None) -> Iterator[None]:
    """Nodes made inside name the line of `origin`: a layer's own, not that where its model runs."""
    token = _line.set(origin)
    try:
        yield
    finally:
        _line.reset(token)


@contextmanager
def backward_of(node: Node) -> Iterator[None]:
    """Nodes made inside belong to the gradient of `node` and name its line and scope."""
    token = _forward.set(_in_backward(node.origin) if node.origin else None)
    try:
        yield
    finally:
        _forward.reset(token)


def origin_here() -> Origin | None:
    """The innermost line outside tinygraph that is being run.

    In a backward pass the forward node's.
    """
    if (forward := _forward.get()) is not None:
        return forward
    if (line := _line.get()) is not None:
        return _origin(line.file, line.line, _scope.get())
    frame: FrameType | None = sys._getframe(1)
    between: FrameType | None = None  # tinygraph's calls may go through Python's own modules
    while frame is not None and frame.f_code.co_filename.startswith(NOT_THE_USERS):
        if between is None and not frame.f_code.co_filename.startswith(PACKAGE):
            between = frame
        frame = frame.f_back
    frame = frame or between
    return _origin(frame.f_code.co_filename, frame.f_lineno, _scope.get()) if frame else None


@lru_cache(4096)
def _origin(file: str, line: int, scope: tuple[str, ...]) -> Origin:
    return Origin(file, line, scope)  # one object for all the nodes of a line


@lru_cache(4096)
def _in_backward(origin: Origin) -> Origin:
    return origin._replace(backward=True)


def place_of(origin: Origin | None) -> str:
    """What an error message ends with to say where: "  (models.py:17)", or nothing at a prompt."""
    return f"  ({origin})" if origin and origin.file != "<stdin>" else ""


def make(op: Op, *inputs: Node, name: str | None = None) -> Node:
    """A node, its types checked.

    An error says which op, which types and which line of the user's.
    """
    origin = origin_here()
    try:
        result = op.result_type(*(node.type for node in inputs))
    except TinygraphError as error:
        raise type(error)(f"{error}{place_of(origin)}") from None
    return Node(op, inputs, result, origin, name)


def leaf(array: np.ndarray, name: str | None = None) -> Node:
    """A leaf holding `array`, which must be C-contiguous and of a dtype that tinygraph has."""
    return Node(
        Leaf(Storage(array)),
        (),
        TensorType(array.shape, DType(str(array.dtype))),
        origin_here(),
        name,
    )


def topological(outputs: Iterable[Node], known: Container[Node] = ()) -> list[Node]:
    """All nodes that `outputs` need, each after its inputs, in a fixed order.

    Behind a `known` node it looks no further.
    """
    order: list[Node] = []
    seen: set[int] = set()
    stack = [(node, False) for node in reversed(list(outputs))]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            if node not in known:
                stack.extend(
                    (source, False) for source in reversed(node.inputs) if id(source) not in seen
                )
    return order


@dataclass(frozen=True)
class Graph:
    """Outputs and all they need.

    `inputs` are the placeholders and leaves that a program is given.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    name: str = "graph"

    def nodes(self) -> list[Node]:
        """In topological order."""
        return topological(self.outputs)

    def consumers(self) -> dict[Node, list[Node]]:
        """For each node the nodes that read it, once for each time they do."""
        result: dict[Node, list[Node]] = {node: [] for node in self.nodes()}
        for node in result:
            for source in node.inputs:
                result[source].append(node)
        return result

    def names(self) -> dict[Node, str]:
        """A short unique name for each node, such as conv2d_3; the same for the same graph."""
        names: dict[Node, str] = {}
        taken: set[str] = set()
        count: dict[str, int] = {}
        for node in self.nodes():
            stem = node.name or node.op.name
            name = stem if node.name else ""
            while not name or name in taken:
                count[stem] = count.get(stem, 0 if not node.name else 1) + 1
                name = f"{stem}_{count[stem]}"
            taken.add(name)
            names[node] = name
        return names

    def named(self) -> Graph:
        """The same graph with its names written into the nodes, so that they last on the way down
        through passes and lowering."""
        becomes: dict[Node, Node] = {node: node for node in self.inputs}
        for node, name in self.names().items():
            inputs = tuple([becomes[x] for x in node.inputs])
            becomes[node] = Node(node.op, inputs, node.type, node.origin, name)
        inputs = tuple(becomes[node] for node in self.inputs)
        return Graph(inputs, tuple(becomes[node] for node in self.outputs), self.name)

    def __str__(self) -> str:
        names = self.names()
        lines = [f"graph {self.name}"]
        for node in self.nodes():
            call = (
                f"{node.op}"
                if not node.inputs
                else f"{node.op} of {', '.join(names[x] for x in node.inputs)}"
            )
            where = f"    # {node.origin}" if node.origin else ""
            lines.append(f"  {names[node]}: {node.type} = {call}{where}")
        lines.append(f"  return {', '.join(names[x] for x in self.outputs)}")
        return "\n".join(lines)


def require_same_types(op: Op, *inputs: TensorType) -> TensorType:
    """The one type of all inputs."""
    first = inputs[0]
    if all(t.dtype is first.dtype and t.shape == first.shape for t in inputs):
        return first
    listed = ", ".join(map(str, inputs))
    if any(t.shape != first.shape for t in inputs):
        raise ShapeError(f"{op.name} needs operands of one shape, got {listed}")
    floats = [t.dtype for t in inputs if t.dtype.is_float]
    target = str(floats[0] if floats else first.dtype)
    raise DtypeError(
        f"{op.name} needs operands of one dtype, got {listed}; cast one with .astype({target!r})"
    )
