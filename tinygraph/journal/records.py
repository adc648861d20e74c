"""The records of a journal, and looking numbers up in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal.readings import Reading
from tinygraph.tensor import Tensor, node_of


@dataclass(frozen=True)
class Wire:
    """What connects a value with the gate that reads it, as its input number `position`."""

    gate: Node
    position: int

    @property
    def source(self) -> Node:
        """Where the value comes from."""
        return self.gate.inputs[self.position]


@dataclass(frozen=True, eq=False)
class Forward:
    """A gate computes its value."""

    number: int
    gate: Node
    value: Reading


@dataclass(frozen=True, eq=False)
class Start:
    """The backward pass begins: the gradient of the output for itself."""

    number: int
    gate: Node
    gradient: Reading


@dataclass(frozen=True, eq=False)
class Backward:
    """A gate sends a gradient back over one of its wires.

    `contribution` is what comes in from above (`upstream`) through the local derivative; `total`
    what the copy gate at the wire's source has added up so far. `local` is None for gates that do
    not work element by element: there it is no array of that shape.
    """

    number: int
    wire: Wire
    local: Reading | None
    upstream: Reading
    contribution: Reading
    total: Reading

    @property
    def gate(self) -> Node:
        return self.wire.gate


Record = Forward | Start | Backward


@dataclass(eq=False)
class Journal:
    """The records of one run, in order, and the numbers at each node and wire."""

    outputs: tuple[Node, ...]
    names: dict[Node, str]
    records: list[Record] = field(default_factory=list)
    values: dict[Node, Reading] = field(default_factory=dict)
    gradients: dict[Node, Reading] = field(default_factory=dict)
    contributions: dict[Wire, Reading] = field(default_factory=dict)

    def value(self, x: Tensor | Node) -> np.ndarray:
        """The value of a tensor or node of the graph."""
        return self._array(self.values, x, "value")

    def gradient(self, x: Tensor | Node) -> np.ndarray:
        """The gradient for it, all contributions added up."""
        return self._array(self.gradients, x, "gradient")

    def contribution(self, gate: Tensor | Node, position: int) -> np.ndarray:
        """What a gate sent back to its input number `position`."""
        node = node_of(gate) if isinstance(gate, Tensor) else gate
        return self._array(self.contributions, Wire(node, position), "contribution")

    def _array(self, readings: dict[Any, Reading], key: Any, what: str) -> np.ndarray:
        key = node_of(key) if isinstance(key, Tensor) else key
        reading = readings.get(key)
        if reading is None:
            raise TinygraphError(f"the journal has no {what} for {_called(key)}")
        if reading.array is None:
            raise TinygraphError(
                f"of the {what} of {_called(key)} the journal kept a summary only; "
                "make it with keep=BYTES for more"
            )
        view = reading.array.view()
        view.flags.writeable = False
        return view

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, number: int) -> Record:
        return self.records[number]

    def __str__(self) -> str:
        return "\n".join(f"{record.number:4}  {self.line(record)}" for record in self.records)

    def line(self, record: Record) -> str:
        """A record as one line of text."""
        match record:
            case Forward():
                inputs = ", ".join(self.names[x] for x in record.gate.inputs)
                symbol = record.gate.op.label
                return f"{self.names[record.gate]} = {symbol}({inputs}) = {record.value}"
            case Start():
                return f"d{self.names[record.gate]} = {record.gradient}"
            case Backward():
                local = "" if record.local is None else f" * {record.local}"
                return (
                    f"d{self.names[record.wire.source]} += {record.upstream}{local} = "
                    f"{record.contribution}  over {self.names[record.gate]}, so far {record.total}"
                )


def _called(key: Node | Wire) -> str:
    if isinstance(key, Wire):
        return f"input {key.position} of {key.gate}"
    return str(key)
