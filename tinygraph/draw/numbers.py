"""What is written on the wires: values, gradients, and a dot where nothing is computed yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinygraph.draw.circuit import End, Net
from tinygraph.graph import Node
from tinygraph.journal import Held, Journal, Known, Reading

NOT_YET = "·"
"""Stands where nothing is computed yet; 0 is a number."""


@dataclass(frozen=True)
class Writing:
    """What stands above and below a wire, or left and right of it; empty for nothing."""

    type: str = ""
    value: str = ""
    gradient: str = ""

    def __bool__(self) -> bool:
        return bool(self.type or self.value or self.gradient)


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of a picture, read from a journal where there is one."""

    journal: Journal | Known | None
    sloped: Collection[Node]
    """The nodes that have a gradient, computed or not."""
    has_gradients: bool
    names: Mapping[Node, str]

    def trunk(self, net: Net, named: bool = False) -> Writing:
        """What to write where a net starts: at its copy gate's entry, if it has one.

        `named` adds the value's name.
        """
        node = net.nodes[0]
        if len(net.nodes) > 1:
            return Writing(f"{len(net.nodes):,} wires")
        if net.source.kind == "constant":
            return Writing()
        if net.source.kind == "reference":
            return Writing("", self._value(node), "")
        kind = str(node.type) if node.ndim else ""
        if net.source.backward:
            return Writing(kind, "", self._value(node))
        if named and node.inputs:
            kind = f"{self.names[node]}: {kind}" if kind else self.names[node]
        return Writing(kind, self._value(node), self._gradient(node))

    def branch(self, net: Net, end: End) -> Writing:
        """What to write behind the copy gate: the value again, and what comes back here."""
        node = net.nodes[0]
        if net.source.backward:
            return Writing()
        value = self._value(node) if node.type.size == 1 else ""
        return Writing("", value, self._contribution(node, end))

    def value(self, node: Node) -> Reading | None:
        """The value of a node, where it is known."""
        return self.journal.values.get(node) if self.journal else None

    def gradient(self, node: Node) -> Reading | None:
        """The gradient of a node, where it is known."""
        return self.journal.gradients.get(node) if self.journal else None

    def _value(self, node: Node) -> str:
        reading = self.value(node)
        return reading.short if reading else NOT_YET

    def _gradient(self, node: Node) -> str:
        if node not in self.sloped:
            return ""
        if not self.has_gradients:
            return NOT_YET
        reading = self.gradient(node)
        return reading.short if reading else ""

    def _contribution(self, node: Node, end: End) -> str:
        if node not in self.sloped:
            return ""
        if not self.has_gradients or self.journal is None:
            return NOT_YET
        known = self.journal.contributions
        reading = _sum([known[wire] for wire in end.wires if wire in known])
        return reading.short if reading else ""


def _sum(parts: Sequence[Reading]) -> Reading | None:
    """The sum of what is known whole; None of nothing, or of summaries, which do not add up."""
    if len(parts) < 2:
        return parts[0] if parts else None
    arrays = [part.array for part in parts if part.array is not None]
    if len(arrays) < len(parts):
        return None
    total = arrays[0]
    with np.errstate(all="ignore"):
        for array in arrays[1:]:
            total = total + array
    return Held(total)
