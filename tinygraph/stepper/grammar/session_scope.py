"""What the names and words of an expression stand for in a session, at the step just done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Protocol

from tinygraph.graph import Node
from tinygraph.journal import (
    Backward,
    Forward,
    Journal,
    Reading,
    Record,
    Start,
    Wire,
    differentiable,
)
from tinygraph.stepper.elements import loss, top
from tinygraph.stepper.grammar.scope import NOT_YET, Fact, NotYet, Operand, is_within
from tinygraph.stepper.grammar.words import FACTS


class Walk(Protocol):
    """A session, or whatever has a journal and says how many of its steps are done."""

    @property
    def journal(self) -> Journal: ...
    @property
    def cursor(self) -> int: ...


class SessionScope:
    """What is known at the cursor of a session. It follows the cursor, and a new journal.

    Inside of an opened element the names around it keep their meaning, and no step is theirs.
    """

    def __init__(self, session: Walk) -> None:
        self.session = session
        self._known: dict[Journal, _Things] = {}

    @property
    def things(self) -> _Things:
        return self._of(self.session.journal)

    def _of(self, journal: Journal) -> _Things:
        """What does not change from step to step, found once for many steps."""
        if journal not in self._known:
            self._known[journal] = _Things(journal)
        return self._known[journal]

    @property
    def around(self) -> list[Walk]:
        """The runs that this one was opened in, the nearest first."""
        levels = getattr(self.session, "levels", ())
        times = dict.fromkeys(level.time for level in reversed(levels))
        return [time for time in times if time.journal is not self.session.journal]

    @property
    def record(self) -> Record | None:
        """The step just done."""
        done = self.session.cursor
        return self.session.journal.records[done - 1] if done else None

    def lookup(self, name: str) -> Operand | None:
        for walk in (self.session, *self.around):
            node = self._of(walk.journal).nodes.get(name)
            if node is not None:
                return self._operand(walk, node)
        return None

    def _operand(self, walk: Walk, node: Node) -> Operand:
        known = walk.journal.until(walk.cursor)
        value = known.values.get(node)
        gradient = known.gradients.get(node)
        return Operand(
            NOT_YET if value is None else value,
            NOT_YET if gradient is None else gradient,
            node.shape,
        )

    def fact(self, word: str) -> Fact | None:
        record = self.record
        if word == "step":
            return self.session.cursor
        if record is None:
            return NOT_YET
        match word:
            case "op":
                return record.gate.op.name
            case "gate":
                return self.session.journal.names[record.gate]
            case "module":
                return "/".join(_scope(record.gate))
            case "forward" | "backward":
                return isinstance(record, Forward) == (word == "forward")
            case "dead":
                return self.things.is_dead(record.gate) if isinstance(record, Forward) else NOT_YET
        return _reading(record, word)

    def just_done(self, name: str) -> bool | None:
        """A leaf has no step of its own: there it is whether a gradient was just sent to it."""
        here = self._just_done(name)
        if here is None and any(self._of(walk.journal).knows(name) for walk in self.around):
            return False
        return here

    def _just_done(self, name: str) -> bool | None:
        record, things = self.record, self.things
        if not things.knows(name):
            return None
        if name in things.nodes:
            node = things.nodes[name]
            if not node.inputs:
                return isinstance(record, Backward) and record.wire.source is node
            return record is not None and record.gate is node
        if name in things.ops:
            return record is not None and record.gate.op.name == name
        return record is not None and is_within(_scope(record.gate), name)

    def names(self) -> Collection[str]:
        walks = (self.session, *self.around)
        return dict.fromkeys(name for walk in walks for name in self._of(walk.journal).names)

    def words(self) -> Collection[str]:
        return list(FACTS)


class _Things:
    """What a journal has from its first step to its last."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._dead: dict[Node, bool] = {}

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        names = {name: node for node, name in self.journal.names.items()}
        if (y := loss(self.journal)) is not None:
            names.setdefault(top(self.journal), y)
        return names

    @cached_property
    def gates(self) -> list[Node]:
        return list(dict.fromkeys(record.gate for record in self.journal.records))

    @cached_property
    def ops(self) -> set[str]:
        return {gate.op.name for gate in self.gates}

    @cached_property
    def modules(self) -> set[tuple[str, ...]]:
        return {scope for gate in self.gates if (scope := _scope(gate))}

    @cached_property
    def names(self) -> list[str]:
        parts = {part for path in self.modules for part in ("/".join(path), *path)}
        return [*self.nodes, *sorted(self.ops), *sorted(parts)]

    def knows(self, name: str) -> bool:
        """Whether a gate, op or module is called so."""
        if name in self.nodes or name in self.ops:
            return True
        return any(is_within(path, name) for path in self.modules)

    @cached_property
    def sloped(self) -> set[Node]:
        """What has a gradient: in a run without backward pass, what could have one."""
        return set(self.journal.gradients) or set(differentiable(self.journal.order))

    def is_dead(self, gate: Node) -> bool:
        """Whether a gate of one float input, which works element by element, has the local
        derivative 0 everywhere: a ReLU that lets nothing through."""
        if gate not in self._dead:
            self._dead[gate] = self._lets_nothing_through(gate)
        return self._dead[gate]

    def _lets_nothing_through(self, gate: Node) -> bool:
        if not gate.op.elementwise or gate not in self.sloped:
            return False
        wires = [Wire(gate, k) for k, source in enumerate(gate.inputs) if source in self.sloped]
        if len(wires) != 1:
            return False
        slope = self.journal.slope(wires[0])
        if slope is None or not slope.type.size:
            return False
        return slope.summary.low == slope.summary.high == 0 and not slope.summary.nans


def _reading(record: Record, word: str) -> Reading | NotYet:
    """The numbers of a step; those that a step of its kind has not are not there."""
    match record, word:
        case (Forward(), "value" | "new"):
            return record.value
        case (Start(), "grad" | "new" | "total"):
            return record.gradient
        case (Backward(), "grad" | "new"):
            return record.contribution
        case (Backward(), "upstream"):
            return record.upstream
        case (Backward(), "total"):
            return record.total
        case (Backward(), "local"):
            local = record.local
            return NOT_YET if local is None else local
    return NOT_YET


def _scope(gate: Node) -> tuple[str, ...]:
    return gate.origin.scope if gate.origin else ()
