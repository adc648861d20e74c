"""The records of a journal: what one step does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tinygraph.graph import Node
from tinygraph.journal.memory import Recalled


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
    value: Recalled


@dataclass(frozen=True, eq=False)
class Start:
    """The backward pass begins: the gradient of the output for itself."""

    number: int
    gate: Node
    gradient: Recalled


@dataclass(frozen=True, eq=False)
class Backward:
    """A gate sends a gradient back over one of its wires.

    `contribution` is what comes in from above (`upstream`) through the local derivative; `total`
    what the copy gate at the wire's source has added up so far.
    """

    number: int
    wire: Wire
    upstream: Recalled
    contribution: Recalled
    total: Recalled
    slope: Callable[[Wire], Recalled | None] = field(repr=False)

    @property
    def gate(self) -> Node:
        return self.wire.gate

    @property
    def local(self) -> Recalled | None:
        """The local derivative, computed when asked for.

        None for gates that do not work element by element: there it is no array of that shape.
        """
        return self.slope(self.wire)


Record = Forward | Start | Backward


def readings_of(record: Record) -> dict[str, Recalled | None]:
    """All numbers of a record by their names in it; None for a local derivative there is not."""
    match record:
        case Forward(value=value):
            return {"value": value}
        case Start(gradient=gradient):
            return {"gradient": gradient}
        case Backward():
            names = ("upstream", "local", "contribution", "total")
            return {name: getattr(record, name) for name in names}
