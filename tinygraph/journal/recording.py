"""A journal: the records of one run, and looking numbers up in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node, backward_of
from tinygraph.journal.known import Known, Timeline
from tinygraph.journal.memory import Memory, Progress, Recalled
from tinygraph.journal.readings import Reading
from tinygraph.journal.records import Backward, Forward, Record, Start, Wire
from tinygraph.journal.saved import save_journal
from tinygraph.ops import full
from tinygraph.tensor import Tensor, node_of

if TYPE_CHECKING:
    from tinygraph.journal.diff import Diff


class Journal:
    """The records of one run, in order, and the numbers at each node and wire.

    `order` are the nodes of the outputs, inputs first; `names` calls each by a unique name.
    """

    def __init__(
        self,
        outputs: tuple[Node, ...],
        order: list[Node],
        names: dict[Node, str],
        memory: Memory,
    ) -> None:
        self.outputs, self.order, self.names, self.memory = outputs, order, names, memory
        self.records: list[Record] = []
        self.position: dict[Node, int] = {}
        """The number of the step that computes a gate."""
        self.updates: dict[Node, Node] = {}
        """In a training step, for a new value the parameter that gets it."""
        self._values: dict[Node, list[tuple[int, Reading]]] = {}
        self._gradients: dict[Node, list[tuple[int, Reading]]] = {}
        self._contributions: dict[Wire, list[tuple[int, Reading]]] = {}
        self._slopes: dict[Wire, Recalled | None] = {}
        for node in order:
            if not node.inputs:
                self._values[node] = [(-1, Recalled(node, memory))]

    # ---- writing ----

    def forward(self, gate: Node) -> None:
        """The next step: a gate computes its value."""
        reading = Recalled(gate, self.memory)
        self.position[gate] = len(self.records)
        self._values[gate] = [(len(self.records), reading)]
        self.records.append(Forward(len(self.records), gate, reading))

    def start(self, y: Node, gradient: Node) -> None:
        """The next step: the backward pass of y begins."""
        reading = Recalled(gradient, self.memory)
        self._gradients.setdefault(y, []).append((len(self.records), reading))
        self.records.append(Start(len(self.records), y, reading))

    def backward(self, wire: Wire, upstream: Node, part: Node, total: Node) -> None:
        """The next step: a gradient goes back over a wire."""
        number = len(self.records)
        up, sent, so_far = (Recalled(node, self.memory) for node in (upstream, part, total))
        self._contributions.setdefault(wire, []).append((number, sent))
        self._gradients.setdefault(wire.source, []).append((number, so_far))
        self.records.append(Backward(number, wire, up, sent, so_far, self.slope))

    def gives(self, node: Node) -> None:
        """The step written last computed this node too."""
        number = len(self.records) - 1
        self.position[node] = number
        self._values[node] = [(number, Recalled(node, self.memory))]

    def save(
        self,
        path: str | Path,
        *,
        slices: Mapping[str, Sequence[Any]] | None = None,
        what: str = "",
        on_progress: Progress | None = None,
    ) -> None:
        """Writes the journal to a file of JSON lines; `tg.load_journal` reads it.

        Of arrays of more than 64 elements only a summary, and of the gates named in `slices` the
        elements that are asked for: `{"conv2d_1": [(0, slice(0, 3), ...)]}`. `what` is a word of
        yours.
        """
        save_journal(self, path, slices=slices, what=what, on_progress=on_progress)

    def diff(self, other: Journal, tolerance: float = 0.0, *, ulps: float = 0.0) -> Diff:
        """What another journal, live or loaded, has different; see `tinygraph.journal.diff`."""
        from tinygraph.journal.diff import diff  # which stands on this file

        return diff(self, other, tolerance, ulps=ulps)

    # ---- reading ----

    def until(self, steps: int) -> Known:
        """What is known after the first `steps` steps; leaves and constants always are."""
        return Known(
            Timeline(self._values, steps),
            Timeline(self._gradients, steps),
            Timeline(self._contributions, steps),
        )

    @property
    def values(self) -> Mapping[Node, Reading]:
        return Timeline(self._values, len(self.records))

    @property
    def gradients(self) -> Mapping[Node, Reading]:
        return Timeline(self._gradients, len(self.records))

    @property
    def contributions(self) -> Mapping[Wire, Reading]:
        return Timeline(self._contributions, len(self.records))

    def beside(self) -> dict[int, list[Node]]:
        """For the number of a step the nodes that it computes beside what its record says."""
        found: dict[int, list[Node]] = {}
        for node, number in self.position.items():
            record = self.records[number]
            if not (isinstance(record, Forward) and record.gate is node):
                found.setdefault(number, []).append(node)
        return found

    def slope(self, wire: Wire) -> Recalled | None:
        """The local derivative for a wire of a gate that works element by element, else None."""
        gate = wire.gate
        if wire not in self._slopes:
            parts = (None,) * len(gate.inputs)
            if gate.op.elementwise and gate.op.differentiable:
                with backward_of(gate):
                    parts = gate.op.vjp(full(1.0, gate), gate, *gate.inputs)
            for k, part in enumerate(parts):
                self._slopes[Wire(gate, k)] = part and Recalled(part, self.memory)
        return self._slopes[wire]

    def value(self, x: Tensor | Node) -> np.ndarray:
        """The value of a tensor or node of the graph."""
        return _array(self.values, x, "value")

    def gradient(self, x: Tensor | Node) -> np.ndarray:
        """The gradient for it, all contributions added up."""
        return _array(self.gradients, x, "gradient")

    def contribution(self, gate: Tensor | Node, position: int) -> np.ndarray:
        """What a gate sent back to its input number `position`."""
        node = node_of(gate) if isinstance(gate, Tensor) else gate
        return _array(self.contributions, Wire(node, position), "contribution")

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
                updated = self.updates.get(record.gate)
                gets = "" if updated is None else f"{self.names[updated]} := "
                return f"{gets}{self.names[record.gate]} = {symbol}({inputs}) = {record.value}"
            case Start():
                return f"d{self.names[record.gate]} = {record.gradient}"
            case Backward():
                local = "" if record.local is None else f" * {record.local}"
                return (
                    f"d{self.names[record.wire.source]} += {record.upstream}{local} = "
                    f"{record.contribution}  over {self.names[record.gate]}, so far {record.total}"
                )


def _array(readings: Mapping[Any, Reading], key: Any, what: str) -> np.ndarray:
    key = node_of(key) if isinstance(key, Tensor) else key
    reading = readings.get(key)
    array = None if reading is None else reading.array
    if reading is not None and array is None:
        left = f"of the {what} for {_called(key)} the journal has a summary: {reading.summary}"
        raise TinygraphError(left)
    if array is None:
        raise TinygraphError(f"the journal has no {what} for {_called(key)}")
    return array


def _called(key: Node | Wire) -> str:
    if isinstance(key, Wire):
        return f"input {key.position} of {key.gate}"
    return str(key)
