"""Levels: which gates are seen, and what is one step among them.

A graph, a module of it, the gates that one kernel computes, or the scalar gates of one element.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tinygraph.draw.modules import Module, Place, places
from tinygraph.graph import Node
from tinygraph.journal import Forward, Journal, Reading, Record
from tinygraph.stepper.elements import Index, largest, top

if TYPE_CHECKING:
    from tinygraph.stepper.scalars.opened import Opened

FEW_GATES = 40
"""So many gates are shown one by one; of more, modules are folded."""

FEW_UNITS = 5
"""With fewer units than this the largest module is opened at once."""

Kind = Literal["graph", "module", "region", "scalars"]


@dataclass(eq=False)
class Timeframe:
    """One run and the place in it: `cursor` steps are done. Levels of one graph share it."""

    journal: Journal
    cursor: int = 0

    _largest: dict[Reading, Index] = field(default_factory=dict)

    def replace(self, journal: Journal) -> None:
        """The same graph with other numbers."""
        self.journal = journal
        self._largest.clear()

    def largest(self, reading: Reading) -> Index:
        """Where the number with the largest magnitude is, found once; 0 where there is none."""
        if reading not in self._largest:
            array = reading.array
            if array is None or not array.size:
                return (0,) * reading.type.ndim
            self._largest[reading] = largest(array)
        return self._largest[reading]

    @cached_property
    def places(self) -> dict[Node, Place]:
        """The modules that each node is in, outermost first."""
        return places(self.journal.order)


@dataclass(eq=False)
class Unit:
    """What is one step at a level: a gate, or a module that is folded."""

    title: str
    gates: list[Node]
    module: Module | None = None

    @property
    def node(self) -> Node:
        """Its gate, or the last of its gates."""
        return self.gates[-1]


@dataclass(eq=False)
class Level:
    """The part of a graph that is seen; `gates` are its gates, None for all of the graph."""

    time: Timeframe
    title: str
    kind: Kind
    gates: frozenset[Node] | None = None
    inside: Place = ()
    """The modules around all of it, which it shows the inside of."""
    opened: Opened | None = None
    """The element whose scalar gates these are."""

    @property
    def journal(self) -> Journal:
        return self.time.journal

    def shows(self, gate: Node) -> bool:
        """Whether a gate belongs to it, seen or folded."""
        return self.gates is None or gate in self.gates

    @cached_property
    def order(self) -> list[Node]:
        """Its gates in the order of the graph."""
        return [node for node in self.time.journal.order if node.inputs and self.shows(node)]

    @cached_property
    def has_tensors(self) -> bool:
        """Whether there is more to show than single numbers: here, or around an opened element."""
        if self.opened is not None and self.opened.has_window:
            return True
        return any(x.type.size > 1 for gate in self.order for x in (gate, *gate.inputs))

    @cached_property
    def unit_of(self) -> dict[Node, Unit]:
        """The unit of each of its gates."""
        if self.kind in ("region", "scalars") or len(self.order) <= FEW_GATES:
            return {node: self._single(node) for node in self.order}
        opened: set[Module] = set(self.inside)
        while True:
            found = self._folded(opened)
            count = Counter(unit.module for unit in found.values() if unit.module)
            if not count or len(set(found.values())) >= FEW_UNITS:
                return found
            opened.add(count.most_common(1)[0][0])

    def _single(self, node: Node) -> Unit:
        return Unit(self.journal.names[node], [node])

    def _folded(self, opened: Collection[Module]) -> dict[Node, Unit]:
        units: dict[Module, Unit] = {}
        found: dict[Node, Unit] = {}
        for node in self.order:
            module = next((m for m in self.time.places[node] if m not in opened), None)
            if module is None:
                found[node] = self._single(node)
                continue
            unit = units.setdefault(module, Unit(module.name, [], module))
            unit.gates.append(node)
            found[node] = unit
        for unit in units.values():
            if len(unit.gates) == 1:  # a box for one gate hides it and saves nothing
                found[unit.node] = self._single(unit.node)
        return found

    @cached_property
    def units(self) -> list[Unit]:
        """In the order of the graph."""
        return list(dict.fromkeys(self.unit_of.values()))

    @cached_property
    def modules(self) -> list[Unit]:
        """The modules here: the folded ones, then those around or inside of them."""
        folded = {unit.module: unit for unit in self.units if unit.module}
        others: dict[Module, Unit] = {}
        for node in self.order if self.kind in ("graph", "module") else ():
            for module in self.time.places[node]:
                if module not in self.inside and module not in folded:
                    others.setdefault(module, Unit(module.name, [], module)).gates.append(node)
        return [*folded.values(), *sorted(others.values(), key=_depth)]

    @cached_property
    def stops(self) -> list[int]:
        """Where `next` halts: 0, after each of its units, and where the run comes back to it."""
        found = {0}
        last: tuple[Unit, bool] | None = None
        for record in self.journal.records:
            if not self.shows(record.gate):
                last = None
                continue
            unit, number = self.unit_of[record.gate], record.number
            key = (unit, isinstance(record, Forward))
            if last is None:
                found.add(number)
            elif last[0].module is None or last != key:
                found.add(number)  # after the step before
            last = key
            if number + 1 == len(self.journal.records) or not self.shows(
                self.journal.records[number + 1].gate
            ):
                found.add(number + 1)
        return sorted(found)

    def output_name(self, node: Node) -> str:
        """What an output of the graph is called where it leaves the picture; empty for nothing."""
        if self.opened is not None:  # L is beyond it
            return self.title.partition(" over ")[0]
        is_loss = node is self.journal.outputs[0] and node.type.size == 1
        return node.name or (top(self.journal) if is_loss else "")

    def after(self, cursor: int) -> int | None:
        """The next stop."""
        k = bisect_right(self.stops, cursor)
        return self.stops[k] if k < len(self.stops) else None

    def before(self, cursor: int) -> int | None:
        """The stop before."""
        k = bisect_left(self.stops, cursor)
        return self.stops[k - 1] if k else None

    def at_least(self, cursor: int) -> int:
        """The first stop that is not before `cursor`, else the last."""
        k = bisect_left(self.stops, cursor)
        return self.stops[min(k, len(self.stops) - 1)]

    def begin(self, record: Record) -> int:
        """How many steps are done before the run of steps that a record of a folded unit is in."""
        unit, forward = self.unit_of[record.gate], isinstance(record, Forward)
        number = record.number
        while number:
            earlier = self.journal.records[number - 1]
            if (
                self.unit_of.get(earlier.gate) is not unit
                or isinstance(earlier, Forward) != forward
            ):
                break
            number -= 1
        return number


def _depth(unit: Unit) -> int:
    return unit.module.depth if unit.module else 0
