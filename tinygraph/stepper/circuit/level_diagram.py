"""The diagram of a level, and the scene that a session is at.

Units become boxes. A value that is read more than once passes a copy gate; what the level reads
from around it, or what reads it there, is a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from tinygraph.draw.modules import is_parameter
from tinygraph.graph import Node, is_leaf
from tinygraph.journal import Backward, Held, Journal, Known, Reading, Record, Wire
from tinygraph.stepper.circuit.scene import Box, Diagram, Line, Scene, Written
from tinygraph.stepper.circuit.window import stub
from tinygraph.stepper.elements import role_of
from tinygraph.stepper.levels import Level, Unit
from tinygraph.stepper.quiz import question_of
from tinygraph.stepper.rules.rule import ADDER
from tinygraph.stepper.session import Session
from tinygraph.stepper.writing.numbers_short import NOT_YET, short

ASKED = "?"
"""Stands for the number that the quiz asks for."""


@dataclass(frozen=True)
class Carried:
    """What a line carries: a value, and the gradient that comes back over some wires of it."""

    node: Node
    wires: tuple[Wire, ...]
    is_branch: bool = False
    """Whether it lies behind a copy gate, so that only a part of the gradient comes back."""


@dataclass(eq=False)
class LevelDiagram:
    """The diagram of a level, and which boxes its units are."""

    diagram: Diagram
    boxes: dict[Unit, Box]
    nodes: dict[Box, Node]
    """For each box that computes the node whose value comes last."""


def scene_of(session: Session) -> Scene:
    """What a session is at: its level's diagram, with the numbers that are known."""
    level, known, record = session.level, session.known, session.record
    found = diagram_of(level)
    current = found.boxes.get(session.unit)
    active = _over(session, found, record)
    done = _Done(found.nodes, known)
    question = question_of(session)
    write = _Writer(level.journal, known, question.record.wire if question else None)
    return Scene(found.diagram, current, write, done, _wrong(session, found), active)


def _wrong(session: Session, found: LevelDiagram) -> set[Box]:
    """The boxes of steps done so far in which a backend disagrees."""
    comparison, unit_of = session.comparison, session.level.unit_of
    if comparison is None or comparison.journal is not session.journal:
        return set()
    gates = [record.gate for record in comparison.disagreeing if record.number < session.cursor]
    return {found.boxes[unit_of[gate]] for gate in gates if gate in unit_of}


@dataclass(frozen=True, eq=False)
class _Done:
    """The boxes whose value is known; asked one by one, for there may be many."""

    nodes: dict[Box, Node]
    known: Known

    def __contains__(self, box: object) -> bool:
        return self.nodes.get(box) in self.known.values  # type: ignore[arg-type]


def _over(session: Session, found: LevelDiagram, record: Record | None) -> Callable[[Line], bool]:
    """Tells over which lines a step went: back over a wire, or out of the gate that computed."""
    wire = record.wire if isinstance(record, Backward) else None
    unit = session.level.unit_of.get(record.gate) if record and wire is None else None
    source = found.boxes.get(unit) if unit else None

    def over(line: Line) -> bool:
        if line.about is None:
            return False
        if wire is not None:
            return line.end.kind != "copy" and wire in line.about.wires
        return source is not None and line.source is source

    return over


def diagram_of(level: Level) -> LevelDiagram:
    """The diagram of a level, made once for the numbers that it has."""
    found = _MADE.get(level)
    if found is None or found[0] is not level.journal:
        found = _MADE[level] = (level.journal, _Builder(level).build())
    return found[1]


_MADE: WeakKeyDictionary[Level, tuple[Journal, LevelDiagram]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _Writer:
    """The numbers on the lines."""

    journal: Journal
    known: Known
    asked: Wire | None
    """Over which the quiz asks for the gradient."""

    def __call__(self, line: Line, width: int) -> Written:
        what: Carried = line.about
        value = self.known.values.get(what.node)
        return Written(short(value, width) if value else NOT_YET, self._gradient(what, width))

    def _gradient(self, what: Carried, width: int) -> str:
        if what.node not in self.journal.gradients:
            return ""
        if self.asked in what.wires and (what.is_branch or len(what.wires) == 1):
            return ASKED
        if not what.is_branch:
            reading = self.known.gradients.get(what.node)
            return short(reading, width) if reading else NOT_YET
        if not any(wire in self.journal.contributions for wire in what.wires):
            return ""
        parts = [self.known.contributions.get(wire) for wire in what.wires]
        there = [part for part in parts if part is not None]
        if not there:
            return NOT_YET
        return short(there[0], width) if len(there) == 1 else _sum(there, width)


def _sum(parts: Sequence[Reading], width: int) -> str:
    """What several wires bring together, where it is quickly added up."""
    if parts[0].type.size > 1:
        return f"{len(parts)} parts"
    arrays = [part.array for part in parts if part.array is not None]
    return short(Held(sum(arrays[1:], arrays[0])), width)


class _Builder:
    def __init__(self, level: Level) -> None:
        self.level, self.journal = level, level.journal
        self.names = level.journal.names
        self.boxes: dict[Unit, Box] = {}
        self.words: dict[Node, Box] = {}
        self.copies: dict[Node, Box] = {}
        self.found: list[Box] = []
        self.into: dict[Box, list[tuple[int, Line]]] = {}
        every = dict.fromkeys(x for node in self.journal.order for x in (*node.inputs, node))
        self.place = {node: k for k, node in enumerate(every)}  # gradients that gates read too

    def build(self) -> LevelDiagram:
        for unit in self.level.units:
            self.boxes[unit] = _box(unit, self.journal)
        wires = self._wires()
        for node, ends in wires.items():
            self._lines(node, ends)
        boxes = self._without_circles(self._ordered())
        lines = [line for box in boxes for _, line in sorted(self.into.get(box, ()), key=_first)]
        nodes = {box: unit.node for unit, box in self.boxes.items()}
        nodes |= {box: node for node, box in self.copies.items()}
        return LevelDiagram(Diagram(boxes, lines), self.boxes, nodes)

    def _wires(self) -> dict[Node, list[tuple[Box, tuple[Wire, ...]]]]:
        """For each value that is seen the boxes that read it, with the wires there."""
        shown = set(self.level.order)
        readers: dict[Node, list[Wire]] = {}
        for gate in self.journal.order:
            for k, source in enumerate(gate.inputs):
                if gate in shown or source in shown:
                    readers.setdefault(source, []).append(Wire(gate, k))
        found: dict[Node, list[tuple[Box, tuple[Wire, ...]]]] = {}
        for node in self.place:
            several = readers.get(node, [])
            if node in shown or any(wire.gate in shown for wire in several):
                ends = self._ends(node, several, shown)
                if ends:
                    found[node] = ends
        return found

    def _ends(
        self, node: Node, wires: Sequence[Wire], shown: set[Node]
    ) -> list[tuple[Box, tuple[Wire, ...]]]:
        home = self.level.unit_of.get(node)
        ends: dict[object, tuple[Box, list[Wire]]] = {}
        outside: list[Wire] = []
        for wire in wires:
            if wire.gate not in shown:
                if node in shown:
                    outside.append(wire)
                continue
            unit = self.level.unit_of[wire.gate]
            if unit is home:
                continue
            key = unit if unit.module else wire
            ends.setdefault(key, (self.boxes[unit], []))[1].append(wire)
        found = [(box, tuple(several)) for box, several in ends.values()]
        if outside:
            gates = list(dict.fromkeys(wire.gate for wire in outside))
            name = self.names[gates[0]] if len(gates) == 1 else f"{len(gates)} gates"
            found.append((Box(f"… {name}", "more", name), tuple(outside)))
        if node in self.journal.outputs and node in shown:
            name = self.level.output_name(node)
            found.append((Box(name, "output", name or self.names[node]), ()))
        return found

    def _lines(self, node: Node, ends: list[tuple[Box, tuple[Wire, ...]]]) -> None:
        unit = self.level.unit_of.get(node)
        if not node.inputs and not is_leaf(node):
            for box, wires in ends:  # a constant stands at each of its readers
                if box.kind == "module":
                    continue
                word = Box(node.op.label, "constant", self.names[node])
                self._join(word, box, node, wires, False)
            return
        if is_parameter(node) and len(ends) == 1 and ends[0][0].kind == "module":
            return  # it belongs to that module: as in drawings it is in the box
        source = self.boxes[unit] if unit else self._word(node)
        if len(ends) > 1:
            copy = self.copies[node] = Box("copy", "copy", self.names[node], ADDER)
            every = tuple(wire for _, wires in ends for wire in wires)
            self._join(source, copy, node, every, False)
            source = copy
        for box, wires in ends:
            self._join(source, box, node, wires, source.kind == "copy")

    def _word(self, node: Node) -> Box:
        if is_leaf(node):
            return Box(self.names[node], "leaf", self.names[node])
        return Box(f"… {self.names[node]}", "more", self.names[node])

    def _join(
        self, source: Box, end: Box, node: Node, wires: tuple[Wire, ...], branch: bool
    ) -> None:
        line = Line(source, end, node.type.size > 1, Carried(node, wires, branch))
        position = wires[0].position if wires and end.kind == "gate" else self.place[node]
        self.into.setdefault(end, []).append((position, line))

    def _without_circles(self, order: list[Box]) -> list[Box]:
        """Modules may read each other in turn: there a wire ends at a word, and starts at one."""
        place = {box: k for k, box in enumerate(order)}
        found: list[Box] = []
        for box in order:
            for k, (position, line) in enumerate(several := self.into.get(box, [])):
                if place[line.source] > place.get(box, len(place)):
                    word, end = stub(self._above(line.source)), stub(box)
                    several[k] = position, replace(line, source=word)
                    self.into[end] = [(0, replace(line, end=end))]
                    found.append(word)
                    order.append(end)
            found.append(box)
        return found

    def _above(self, box: Box) -> Box:
        """The box itself, or what it copies."""
        return self.into[box][0][1].source if box.kind == "copy" else box

    def _ordered(self) -> list[Box]:
        """Each box after those it reads; modules that read each other in turn as they come."""
        order: list[Box] = []
        state: dict[Box, bool] = {}
        sinks = [*self.boxes.values(), *(box for box in self.into if box not in self.boxes)]
        stack = [(box, False) for box in reversed(sinks)]
        while stack:
            box, ready = stack.pop()
            if ready:
                order.append(box)
                continue
            if box in state:
                continue
            state[box] = True
            stack.append((box, True))
            several = sorted(self.into.get(box, ()), key=_first)
            stack.extend((line.source, False) for _, line in reversed(several))
        return order


def _first(entry: tuple[int, Line]) -> int:
    return entry[0]


def _box(unit: Unit, journal: Journal) -> Box:
    if unit.module is not None:
        return Box(f"{unit.title}\n{len(unit.gates):,} gates", "module", unit.title)
    node = unit.node
    name, label = journal.names[node], node.op.label
    title = name if label == node.op.name and name.startswith(label) else label
    return Box(title, "gate", name, role_of(journal, node))
