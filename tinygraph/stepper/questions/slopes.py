"""With what each element of a gate's upstream gradient enters the gradient of an input's element.

What a gate sends back is linear in the gradient that comes in from above. So the coefficients of
one element of what is sent are a gradient again: that of the element for the upstream gradient. It
is graph, made of the same ops, and one evaluation gives all coefficients. No op needs to be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Node, Placeholder
from tinygraph.journal import Journal, Wire
from tinygraph.ops import full
from tinygraph.ops.base import Full
from tinygraph.stepper.elements import Index, index_of
from tinygraph.types import TensorType


@dataclass(frozen=True)
class Coefficients:
    """Those that are not 0: `values[k]` belongs to element `flat[k]` of the gate's output."""

    shape: tuple[int, ...]
    """Of the gate's output."""
    flat: np.ndarray
    """Row-major positions in it, int[n], rising."""
    values: np.ndarray
    """float64[n]."""

    @staticmethod
    def of(tensor: np.ndarray) -> Coefficients:
        """The elements of a tensor that are not 0."""
        flat = np.flatnonzero(tensor)
        return Coefficients(tensor.shape, flat, tensor.reshape(-1)[flat].astype(np.float64))

    def __len__(self) -> int:
        return len(self.flat)

    def index(self, k: int) -> Index:
        """The position of the k-th."""
        return index_of(self.flat[k], self.shape)

    def read(self, array: np.ndarray) -> np.ndarray:
        """The elements of an array at these positions, float64[n]."""
        return array.reshape(-1)[self.flat].astype(np.float64)


@dataclass(frozen=True)
class _Rule:
    """What a gate sends over one wire, built over stand-ins for its values."""

    stands: dict[Node, Node]
    """For the gate and its inputs what stands for them."""
    chosen: Node
    """1 at the element asked for, 0 elsewhere."""
    slopes: Node | None
    """The coefficients; None if nothing is ever sent."""


class Slopes:
    """The coefficients for the wires of a journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._rules: dict[tuple[Wire, bool], _Rule] = {}

    def of(self, wire: Wire, index: Index) -> Coefficients:
        """For element `index` of the wire's source: of which elements of the gate's output."""
        single = wire.gate.op.elementwise
        rule = self._rule(wire, single)
        if rule.slopes is None:
            return Coefficients.of(np.zeros(wire.gate.shape))
        known = {
            stand: np.asarray(value[index]) if single else value
            for node, stand in rule.stands.items()
            for value in [self.journal.value(node)]
        }
        chosen = np.zeros(rule.chosen.shape, rule.chosen.dtype.numpy)
        chosen[() if single else index] = 1
        (tensor,) = evaluate([rule.slopes], {**known, rule.chosen: chosen})
        if not single:
            return Coefficients.of(tensor)
        flat = np.ravel_multi_index(index, wire.gate.shape) if index else 0
        there = np.flatnonzero(tensor)  # element 0 of one, if it is not 0
        return Coefficients(wire.gate.shape, there + flat, tensor.reshape(-1)[there].astype(float))

    def carried(self, wire: Wire, weights: np.ndarray) -> np.ndarray:
        """The sum of the coefficients of all elements of the wire's source, times `weights`.

        So the weights, one for each element of the source, become weights of the gate's elements.
        """
        rule = self._rule(wire, False)
        if rule.slopes is None:
            return np.zeros(wire.gate.shape, wire.gate.dtype.numpy)
        known = {stand: self.journal.value(node) for node, stand in rule.stands.items()}
        (found,) = evaluate([rule.slopes], {**known, rule.chosen: weights})
        if wire.gate.op.elementwise:  # 0 times an infinite coefficient is nothing here
            return np.where(weights == 0, found.dtype.type(0), found)
        return found

    def _rule(self, wire: Wire, single: bool) -> _Rule:
        """For one element only, if the gate works element by element."""
        if (wire, single) not in self._rules:
            self._rules[wire, single] = _built(wire, single)
        return self._rules[wire, single]


def _built(wire: Wire, single: bool) -> _Rule:
    gate = wire.gate

    def type_of(node: Node) -> TensorType:
        return node.type.with_shape(()) if single else node.type

    def standing(node: Node) -> Node:
        if isinstance(node.op, Full):  # a rule may look at its value
            return full(node.op.value, type_of(node))
        return Node(Placeholder(0), (), type_of(node))

    stands = {node: standing(node) for node in (*gate.inputs, gate)}
    upstream = Node(Placeholder(0), (), type_of(gate))
    sources: Sequence[Node] = [stands[node] for node in gate.inputs]
    part = gate.op.vjp(upstream, stands[gate], *sources)[wire.position]
    chosen = Node(Placeholder(0), (), type_of(wire.source))
    slopes = None if part is None else gradients(part, [upstream], chosen)[0]
    used = {node: stand for node, stand in stands.items() if isinstance(stand.op, Placeholder)}
    return _Rule(used, chosen, slopes)
