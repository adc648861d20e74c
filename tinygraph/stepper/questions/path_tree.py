"""The elements that paths of a gradient pass, and the steps between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tinygraph.graph import Node
from tinygraph.journal import Journal, Wire
from tinygraph.stepper.elements import Index, index_of, read_by, started
from tinygraph.stepper.questions.slopes import Slopes


@dataclass(frozen=True)
class Element:
    """One element of a node, by its row-major position."""

    node: Node
    flat: int

    @property
    def index(self) -> Index:
        return index_of(self.flat, self.node.shape)


class Step(NamedTuple):
    """From an element up to `place`, an element of the gate that reads it over `wire`."""

    wire: Wire
    place: Element
    coefficient: float


class Tree:
    """The steps up from a place, computed when first asked for."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.slopes = journal, Slopes(journal)
        self.wires, self.tops = read_by(journal), set(started(journal))
        self.opened: dict[Element, list[Step]] = {}

    def up(self, place: Element) -> list[Step]:
        """The steps from a place to elements of the gates that read it."""
        if place not in self.opened:
            self.opened[place] = [*self._steps(place)]
        return self.opened[place]

    def _steps(self, place: Element) -> Iterator[Step]:
        for wire in self.wires.get(place.node, ()):
            found = self.slopes.of(wire, place.index)
            for flat, value in zip(found.flat.tolist(), found.values.tolist(), strict=True):
                yield Step(wire, Element(wire.gate, flat), value)

    def start(self, place: Element) -> float | None:
        """What comes in from above at an element of the output; elsewhere None."""
        return self.gradient(place) if place.node in self.tops else None

    def gradient(self, place: Element) -> float:
        return float(self.journal.gradient(place.node).reshape(-1)[place.flat])
