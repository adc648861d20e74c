"""A session: which run is looked at, which part of it, and how far it has gone.

No input and no output: commands change it, the screen is made of it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal import Backward, Journal, Known, Recalled, Record, Start, recorded
from tinygraph.ops import full
from tinygraph.stepper.elements import Index, brackets, largest
from tinygraph.stepper.levels import Level, Timeframe, Unit
from tinygraph.stepper.regions import regions_of

if TYPE_CHECKING:
    from tinygraph.journal import Comparison
    from tinygraph.stepper.grammar import Condition, Expression
    from tinygraph.stepper.questions.whatif import Change
    from tinygraph.stepper.questions.why import Why
    from tinygraph.stepper.quiz import Quiz
    from tinygraph.stepper.tour import Tour
    from tinygraph.stepper.training.stopped import Stopped


class SessionError(TinygraphError):
    """A move that is not possible: the session stays where it is."""


def _filled(node: Node, name: str) -> None:
    if not node.type.size:
        raise SessionError(f"{name} is {node.type}: it has no elements to open")


class Session:
    """A walk through a journal.

    `levels` lead from the whole graph to what is seen, the last of them; `cursor` counts the steps
    that are done.
    """

    def __init__(self, journal: Journal, title: str = "graph", notes: tuple[str, ...] = ()) -> None:
        if not any(node.inputs for node in journal.order):
            raise SessionError(f"there is nothing to step: no gate computes {title}")
        self.levels = [Level(Timeframe(journal), title, "graph")]
        self.notes = notes
        """What there is to say about how the run was made."""
        self.breaks: list[Condition] = []
        self.watches: list[Expression] = []
        self.chosen: dict[Node, Index] = {}
        """The element of a gate that is shown, where one was asked for."""
        self.quiz: Quiz | None = None
        self.tour: Tour | None = None
        """The tour that leads through it, if one does."""
        self.comparison: Comparison | None = None
        """How a backend's numbers compare with the journal's, where that was asked for."""
        self.training: Stopped | None = None
        """The stopped step of training that it shows, while `fit` waits; see `tg.watch`."""
        self.goes_on = False
        """Whether that training is to go on afterwards."""
        self.changes: list[Change] = []
        """What was set to another value, the last one last."""
        self.whys: list[Why] = []
        """What `why` explained, level by level: the term that was opened last at the end."""
        self.history: list[str] = []
        """The commands so far."""

    # ---- where we are ----

    @property
    def level(self) -> Level:
        return self.levels[-1]

    @property
    def journal(self) -> Journal:
        return self.level.journal

    @property
    def names(self) -> dict[Node, str]:
        return self.journal.names

    @property
    def cursor(self) -> int:
        return self.level.time.cursor

    @cursor.setter
    def cursor(self, value: int) -> None:
        self.level.time.cursor = value

    @property
    def known(self) -> Known:
        """The numbers that are computed already."""
        return self.journal.until(self.cursor)

    @property
    def record(self) -> Record | None:
        """The step just done; None before the first."""
        return self.journal.records[self.cursor - 1] if self.cursor else None

    @property
    def focus(self) -> Node:
        """The gate that is looked at: that of the step just done, in this level."""
        record = self.record
        if record is not None and self.level.shows(record.gate):
            return record.gate
        ahead = next((r for r in self.journal.records[self.cursor :] if self._shown(r)), None)
        return ahead.gate if ahead else self.level.order[-1]

    def _shown(self, record: Record) -> bool:
        return self.level.shows(record.gate)

    @property
    def unit(self) -> Unit:
        """The gate or folded module that is looked at."""
        return self.level.unit_of[self.focus]

    def element(self, node: Node) -> Index:
        """The element of a node that is shown: the one chosen, else its largest."""
        if node in self.chosen:
            return self.chosen[node]
        reading = self.known.values.get(node) or self.journal.values[node]
        return self.level.time.largest(reading)

    def sent_element(self, record: Backward) -> Index:
        """The element that is shown of what a gate sent back: the one chosen of its source, or of
        the gate where that works element by element; else where most comes back."""
        gate, source = record.gate, record.wire.source
        for node in (source, gate) if gate.op.elementwise else (source,):
            if node in self.chosen:
                return self.chosen[node]
        return self.level.time.largest(record.contribution)

    # ---- moving ----

    def next(self, k: int = 1) -> int:
        """`k` steps on; returns how many were possible."""
        return self._move(k, self.level.after)

    def back(self, k: int = 1) -> int:
        """`k` steps back; returns how many were possible."""
        return self._move(k, self.level.before)

    def _move(self, k: int, to: Callable[[int], int | None]) -> int:
        for done in range(k):
            cursor = to(self.cursor)
            if cursor is None:
                return done
            self.cursor = cursor
        return k

    def goto(self, steps: int) -> None:
        """To where `steps` steps are done, opening what hides the last of them."""
        if not 0 <= steps <= len(self.journal):
            raise SessionError(
                f"goto takes a number of steps from 0 to {len(self.journal)}, got {steps}"
            )
        if steps:
            self.reveal(self.journal.records[steps - 1].gate)
        self.cursor = steps if steps in self.level.stops else self.level.at_least(steps)

    def home(self) -> None:
        """To the start, nothing computed."""
        self.cursor = self.level.stops[0]

    def end(self) -> None:
        """To the last step."""
        self.cursor = self.level.stops[-1]

    # ---- in and out ----

    def reveal(self, gate: Node) -> None:
        """Leaves and opens modules until `gate` is seen by itself."""
        while len(self.levels) > 1 and not self.level.shows(gate):
            self.levels.pop()
        if not self.level.shows(gate):
            raise SessionError(
                f"{self.names.get(gate, gate)} is not seen here; `out` leads further"
            )
        while self.level.unit_of[gate].module is not None:
            self._push_module(self.level.unit_of[gate])

    def into(self) -> None:
        """Into the folded module looked at; of a gate into the scalar gates of its shown element.

        Where it has just sent a gradient, into those of what it sent.
        """
        unit, record = self.unit, self.record
        if unit.module is None and isinstance(record, Backward) and record.gate is unit.node:
            return self.open_gradient(record.wire.source, self.sent_element(record), record)
        if unit.module is None:
            return self.open_element(unit.node, self.element(unit.node))
        at_it = record is not None and self.level.unit_of.get(record.gate) is unit
        begin = self.level.begin(record) if at_it and record is not None else self.cursor
        self._push_module(unit)
        self.cursor = self.level.at_least(begin)

    def into_module(self, name: str, which: int = 0) -> None:
        """Into a module of what is seen here, folded or not; `which` counts those of that name."""
        several = [unit for unit in self.level.modules if unit.title == name]
        if not 0 <= which < len(several):
            raise SessionError(f"no module {name} is seen here")
        self._push_module(several[which])
        self.cursor = self.level.at_least(self.cursor)

    def _push_module(self, unit: Unit) -> None:
        assert unit.module is not None
        place = self.level.time.places[unit.node]
        inside = place[: place.index(unit.module) + 1]
        gates = frozenset(unit.gates)
        self.levels.append(Level(self.level.time, unit.title, "module", gates, inside))

    def into_region(self, gate: Node) -> None:
        """Into the gates that one compiled kernel computes together with `gate`."""
        if self.level.kind == "scalars":
            raise SessionError("scalar gates are in no kernel of their own; `out` leads there")
        gates = regions_of(self.journal).get(gate)
        if gates is None:
            raise SessionError(f"{self.names[gate]} is in no kernel: nothing is left of it there")
        title = f"kernel of {self.names[gate]}"
        self.levels.append(Level(self.level.time, title, "region", gates))
        self.cursor = self.level.at_least(self.cursor)

    def open_element(self, gate: Node, index: Index) -> None:
        """Into the scalar gates that compute one element, straight from the op's equation."""
        name = self.names[gate]
        if not gate.inputs:
            raise SessionError(f"{name} is no gate: nothing computes it here")
        if self.level.kind == "scalars":
            raise SessionError(f"{name} is a scalar gate: there is nothing inside")
        _filled(gate, name)
        reading = self.journal.gradients.get(gate)
        upstream = reading.at(index) if reading is not None else None
        self._push_element(gate, index, f"{name}{brackets(index)}", upstream)

    def open_gradient(
        self, source: Node, index: Index | None = None, record: Backward | None = None
    ) -> None:
        """Into the scalar gates of one element of a gradient: of what a step sent, or of all.

        Without an index: of the largest.
        """
        if self.level.kind == "scalars":
            raise SessionError("this is a scalar gate: there is nothing inside")
        reading = record.contribution if record else self.journal.gradients.get(source)
        if not isinstance(reading, Recalled):
            raise SessionError(f"no gradient comes to {self.names[source]}")
        _filled(source, f"d{self.names[source]}")
        if index is None:
            index = self.chosen.get(source) or largest(self.journal.gradient(source))
        name = f"d{self.names[source]}{brackets(index)}"
        over = f" over {self.names[record.gate]}" if record else ""
        if not reading.node.inputs or (record and reading.node is record.upstream.node):
            raise SessionError(f"{name}{over} is what comes in from above: nothing to open")
        self._push_element(reading.node, index, f"{name}{over}", None)

    def _push_element(self, node: Node, index: Index, title: str, upstream: float | None) -> None:
        from tinygraph.stepper.scalars.opened import (
            open_element,  # much to import, and seldom needed
        )

        arrays = [self.journal.memory.array(x) for x in node.inputs]
        opened = open_element(node, index, arrays, names=self._called(node.inputs))
        slopes = upstream is not None and opened.y.dtype.is_float and opened.y.inputs
        inner = recorded(
            [opened.y], full(upstream, opened.y) if slopes and upstream is not None else None
        )
        if not inner.records:
            raise SessionError(f"{title} is one number of its input: nothing to open")
        self.levels.append(Level(Timeframe(inner), title, "scalars", opened=opened))

    def _called(self, nodes: Sequence[Node]) -> list[str]:
        """Names for nodes of the graph and of its gradients."""
        totals = {
            r.total.node: f"d{self.names[r.wire.source]}"
            for r in self.journal
            if isinstance(r, Backward)
        }
        totals |= {
            r.gradient.node: f"d{self.names[r.gate]}" for r in self.journal if isinstance(r, Start)
        }
        return [self.names.get(x) or totals.get(x) or x.op.name for x in nodes]

    def out(self) -> None:
        """Back to where this part is one step."""
        if len(self.levels) == 1:
            raise SessionError("this is the whole graph: there is nothing around it")
        self.levels.pop()
        self.cursor = self.level.at_least(self.cursor)

    # ---- another run ----

    def replace(self, journal: Journal) -> None:
        """The same graph with other numbers: leaves what was opened inside of gates."""
        while self.level.kind == "scalars":
            self.levels.pop()
        self.level.time.replace(journal)
