"""One element of a gate's output as the scalar gates that compute it.

What the gates are follows from the op's equation. So whatever has an equation can be opened: a
pixel of a convolution, an element of a weight gradient, the winner of a max pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tinygraph.errors import ShapeError, TinygraphError
from tinygraph.grad.reverse import reaching
from tinygraph.graph import Node, backward_of, is_leaf, leaf, make, topological, written_at
from tinygraph.journal import Held, Reading
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.ops import detach
from tinygraph.ops.base import Full, full
from tinygraph.stepper.elements import Index, brackets, checked
from tinygraph.stepper.scalars.build import LARGEST, LIMIT, Builder
from tinygraph.stepper.scalars.faithful import is_faithful
from tinygraph.stepper.scalars.window import Window
from tinygraph.types import DType, TensorType


@dataclass(frozen=True, eq=False)
class Opened:
    """The scalar gates of one element."""

    gate: Node
    index: Index
    y: Node
    """The element, a graph of scalar gates."""
    leaves: dict[tuple[int, Index], Node]
    """For each element of an input that is read, (number of the input, position), its leaf."""
    constants: dict[tuple[int, Index], Node]
    """Likewise for the elements of inputs that are constants."""
    padding: dict[tuple[int, Index], Node]
    """The constants that stand for reads beyond the bounds of an input."""
    others: dict[Node, int]
    """Leaves that stand for many terms, with how many."""
    terms: tuple[Node, ...]
    """What the last sum or choice goes over, in order; empty if the element is no reduction."""
    reads: dict[int, Window]
    """For each input which of its elements are read, those of the other terms too."""
    outside: int
    """How many reads fell outside of an input."""
    arrays: Sequence[np.ndarray]
    """The values of the gate's inputs."""
    names: Sequence[str]
    """What the inputs are called."""

    @property
    def count(self) -> int:
        """The number of terms, those without gates too."""
        return sum(self.others.get(term, 1) for term in self.terms)

    @property
    def has_window(self) -> bool:
        """Whether it reads elements of an input that has several: of a picture, or a row."""
        return any(self.gate.inputs[k].type.size > 1 for k in self.reads)

    @cached_property
    def readings(self) -> list[Reading]:
        """The values of the gate's inputs, with their statistics."""
        return [Held(array) for array in self.arrays]

    @property
    def gates(self) -> list[Node]:
        """The scalar gates in the order in which they compute."""
        return [node for node in topological([self.y]) if node.inputs]


def open_element(
    gate: Node,
    index: Sequence[int],
    arrays: Sequence[np.ndarray],
    names: Sequence[str] | None = None,
    *,
    limit: int = LIMIT,
    largest: int = LARGEST,
    padding: bool = True,
) -> Opened:
    """Opens element `index` of what `gate` computes from `arrays`, the values of its inputs.

    A leaf is called by its input's name, of `names`, and position: `x[0,2,3,1]`. Of a reduction
    over more than `limit` terms only the `largest` get gates: those with the largest magnitude in a
    sum, the first in rank in a maximum or minimum. All others are one leaf, `(25,536 others)`.
    `padding=False` leaves out the terms that read outside of an input and change nothing.
    """
    at = checked(gate, index, f"{gate}")
    elements = Elements(gate, checked_values(gate, arrays), list(names or _names(gate)))
    builder = Builder(
        elements.arrays,
        elements.leaf,
        elements.outside,
        limit=limit,
        largest=max(largest, 1),
        padding=padding,
    )
    with written_at(gate.origin):
        if stays_whole(gate):
            y = elements.whole(at)
        else:
            axes, e = equation_of(gate)
            y = builder.build(e, dict(zip(axes, at, strict=True)))
        terms = builder.terms.get(y, ())
        y = _blocked(gate, y)
    return elements.opened(at, y, terms, builder)


def stays_whole(gate: Node) -> bool:
    """Whether a gate is opened as itself on numbers, such as relu, whose slope at 0 is chosen."""
    return gate.op.elementwise and not is_faithful(gate.op, *(x.dtype for x in gate.inputs))


def equation_of(gate: Node) -> tuple[tuple[Axis, ...], Expr]:
    """The axes of a gate's output, and the equation of its element there over inputs 0, 1, ..."""
    axes = tuple(Axis("ijklmn"[k % 6], n) for k, n in enumerate(gate.shape))
    operands = [Operand(k, x.shape, x.dtype) for k, x in enumerate(gate.inputs)]
    try:
        return axes, gate.op.equation(axes, *operands)
    except NotImplementedError:
        raise TinygraphError(
            f"{gate} has no equation, so there is nothing to open; give {gate.op.name} one"
        ) from None


def checked_values(gate: Node, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The values of a gate's inputs as arrays; a `ShapeError` if they are not."""
    if is_leaf(gate):
        raise TinygraphError(f"{gate} is a leaf: there is nothing to open")
    found = [np.asarray(a) for a in arrays]
    want = [(x.shape, x.dtype.numpy) for x in gate.inputs]
    if [(a.shape, a.dtype) for a in found] != want:
        got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in found) or "none"
        types = ", ".join(str(x.type) for x in gate.inputs) or "none"
        raise ShapeError(f"{gate.op.name} is opened with the values of its inputs, {types}: {got}")
    return found


def _names(gate: Node) -> list[str]:
    return [x.name or f"{x.op.name}_{k + 1}" for k, x in enumerate(gate.inputs)]


def _blocked(gate: Node, y: Node) -> Node:
    """`y`, without gradients where the op has none."""
    if gate.op.differentiable or not y.dtype.is_float:
        return y
    order = topological([y])
    return detach(y) if y in reaching(order, filter(is_leaf, order)) else y


@dataclass
class Elements:
    """The elements of a gate's inputs, each made once."""

    gate: Node
    arrays: list[np.ndarray]
    names: list[str]
    made: dict[tuple[Node, Index], Node] = field(default_factory=dict)
    leaves: dict[tuple[int, Index], Node] = field(default_factory=dict)
    padding: dict[tuple[int, Index], Node] = field(default_factory=dict)

    def leaf(self, position: int, at: Index) -> Node:
        """The leaf of an element, behind which no gradient flows if the op sends none there."""
        node = self.element(position, at)
        return detach(node) if position in self._silent else node

    def element(self, position: int, at: Index) -> Node:
        """The leaf of an element; an element of a constant is a constant."""
        source = self.gate.inputs[position]
        if (source, at) not in self.made:
            self.made[source, at] = self._made(position, at)
        node = self.leaves[position, at] = self.made[source, at]
        return node

    def _made(self, position: int, at: Index) -> Node:
        source, value = self.gate.inputs[position], self.arrays[position][at]
        if not source.inputs and not is_leaf(source):
            return make(Full(value.item(), TensorType((), source.dtype)))
        return leaf(np.array(value), self._name(position, at))

    def _name(self, position: int, at: Index) -> str:
        return self.names[position] + brackets(at)

    def outside(self, position: int, at: Index, value: float, dtype: DType) -> Node:
        """The constant that stands beyond the bounds of an input."""
        key = position, at
        if key not in self.padding or self.padding[key].op != Full(value, TensorType((), dtype)):
            constant = make(Full(value, TensorType((), dtype)), name=self._name(position, at))
            self.padding[key] = constant
        return self.padding[key]

    def whole(self, at: Index) -> Node:
        """An elementwise gate on the numbers at one position."""
        return make(self.gate.op, *(self.element(k, at) for k in range(len(self.gate.inputs))))

    @cached_property
    def _silent(self) -> set[int]:
        """The float inputs that the op sends no gradient, though it sends others one."""
        return _silent(self.gate)

    def opened(self, at: Index, y: Node, terms: tuple[Node, ...], builder: Builder) -> Opened:
        """What is reached from `y`."""
        there = set(topological([y]))
        found = {place: node for place, node in self.leaves.items() if node in there}
        leaves = {place: node for place, node in found.items() if is_leaf(node)}
        constants = {place: node for place, node in found.items() if not is_leaf(node)}
        padding = {place: node for place, node in self.padding.items() if node in there}
        marks = builder.marks
        for position, where in found:
            marks.mask(position, self.gate.inputs[position].shape)[where] = True
        reads = {k: Window(mask) for k, mask in sorted(marks.masks.items()) if mask.any()}
        others = {node: count for node, count in builder.others.items() if node in there}
        outside = len(padding) + marks.outside
        return Opened(
            self.gate,
            at,
            y,
            leaves,
            constants,
            padding,
            others,
            terms,
            reads,
            outside,
            self.arrays,
            self.names,
        )


def _silent(gate: Node) -> set[int]:
    if not (gate.dtype.is_float and gate.op.differentiable):
        return set()
    with backward_of(gate):
        try:
            parts = gate.op.vjp(full(1.0, gate), gate, *gate.inputs)
        except NotImplementedError:
            return set()
    floats = [k for k, x in enumerate(gate.inputs) if x.dtype.is_float]
    return {k for k in floats if parts[k] is None}
