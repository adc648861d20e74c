"""A journal as a file of JSON lines: what it is, its gates, its records, one a line.

    {"format": "tinygraph journal", "version": 1, "what": "", "outputs": [6], "nodes": 7, ...}
    {"node": 0, "name": "w0", "label": "w0", "op": "leaf", ..., "value": [2.0]}
    {"record": 0, "kind": "forward", "gate": 2, "value": [-2.0]}

Nodes stand in topological order and know their inputs by number. Numbers are written as
`tinygraph.journal.stored` says: all of arrays of up to 64 elements, of larger ones a summary.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.evaluate import evaluate
from tinygraph.graph import Node, is_leaf, topological
from tinygraph.journal.memory import Progress, Recalled
from tinygraph.journal.one_thread import one_thread
from tinygraph.journal.records import Backward, Record, readings_of
from tinygraph.journal.stored import Stored, write_reading, write_stored

if TYPE_CHECKING:
    from tinygraph.journal.recording import Journal

FORMAT = "tinygraph journal"
VERSION = 1
"""Of the lines. Newer ones are refused."""


def save_journal(
    journal: Journal,
    path: str | Path,
    *,
    slices: Mapping[str, Sequence[Any]] | None = None,
    what: str = "",
    on_progress: Progress | None = None,
) -> None:
    """Writes a journal; `load_journal` reads it.

    Of arrays of more than 64 elements a summary is written, and of the gates named in `slices` the
    elements they ask for: `{"conv2d_1": [(0, slice(0, 3), ...)]}`, of the value and of every
    gradient of its shape. `what` is a word of yours. The file is written whole or not at all.
    """
    from tinygraph.weights import written_whole  # which knows the layers

    writer = _Writer(journal, slices or {}, on_progress)
    with written_whole(path) as file:
        header = {
            "format": FORMAT,
            "version": VERSION,
            "what": what,
            "outputs": [writer.number[node] for node in journal.outputs],
            "nodes": len(writer.nodes),
            "records": len(journal.records),
        }
        file.write(_line(header))
        for node in writer.nodes:
            file.write(_line(writer.node(node)))
        for record in journal.records:
            file.write(_line(writer.record(record)))


def _line(row: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(row, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # the name of a file that is no text
        text = json.dumps(row, allow_nan=False).encode()
    return text + b"\n"


class _Writer:
    """The rows of one journal. All its numbers are written in one walk, and then let go."""

    def __init__(
        self,
        journal: Journal,
        slices: Mapping[str, Sequence[Any]],
        on_progress: Progress | None,
    ) -> None:
        self.journal = journal
        self.order = {*journal.order}
        """The others are inside the backward pass of a training step."""
        self.nodes = topological(journal.order)
        self.number = {node: k for k, node in enumerate(self.nodes)}
        self.beside = {
            step: [node for node in nodes if node in self.number]
            for step, nodes in journal.beside().items()
        }
        """What a step computes beside what its record says, of the nodes that are written."""
        self._numbers = self._written(self._asked(slices), on_progress)

    def _asked(self, slices: Mapping[str, Sequence[Any]]) -> dict[Node, list[Any]]:
        """The nodes whose numbers are to be computed, and the slices asked for of each."""
        nodes = {name: node for node, name in self.journal.names.items()}
        for name, asked in slices.items():
            if name not in nodes:
                raise TinygraphError(f"the journal has no gate {name!r} to save slices of")
            if isinstance(asked, str) or not isinstance(asked, Sequence):
                raise TinygraphError(f"slices[{name!r}] is a list of slices, got {asked!r}")
        wanted: dict[Node, list[Any]] = {}
        for subject, reading in self._readings():
            if not isinstance(reading, Stored):
                wanted.setdefault(reading.node, []).extend(
                    slices.get(self.journal.names.get(subject, ""), ())
                )
        return wanted

    def _readings(self) -> Iterator[tuple[Node, Recalled]]:
        """All numbers there are, each with the gate that it is of."""
        values: Mapping[Node, Any] = self.journal.values
        for node in self.nodes:
            if not node.inputs:
                yield node, values[node]
        for record in self.journal.records:
            source = record.wire.source if isinstance(record, Backward) else record.gate
            for name, reading in readings_of(record).items():
                if reading is not None:
                    yield (record.gate if name == "upstream" else source), reading
            for node in self.beside.get(record.number, ()):
                yield node, values[node]

    def _written(
        self, asked: Mapping[Node, Sequence[Any]], on_progress: Progress | None
    ) -> dict[Node, Any]:
        """What the file says of each node's numbers."""
        found: dict[Node, Any] = {}

        def watch(node: Node, array: np.ndarray) -> None:
            if node in asked:
                found[node] = write_reading(array, asked[node])
                if on_progress is not None:
                    on_progress(len(found), len(asked))

        with one_thread():
            evaluate(asked, self.journal.memory.kept, watch, results=False)
        return found

    def numbers(self, reading: Recalled | None) -> Any:
        if reading is None:
            return None
        if isinstance(reading, Stored):
            return write_stored(reading)
        return self._numbers[reading.node]

    def node(self, node: Node) -> dict[str, Any]:
        op, origin = node.op, node.origin
        said: dict[str, Any] = {
            "node": self.number[node],
            "name": self.journal.names[node],
            "label": node.name,
            "op": op.name,
            "says": str(op),
            "symbol": op.label,
            "nickname": op.nickname,
            "elementwise": op.elementwise,
            "leaf": is_leaf(node),
            "inside": node not in self.order,
            "type": str(node.type),
            "inputs": [self.number[x] for x in node.inputs],
            "origin": origin and [origin.file, origin.line, [*origin.scope], origin.backward],
        }
        if node in self.journal.updates:
            said["updates"] = self.number[self.journal.updates[node]]
        if not node.inputs:
            values: Mapping[Node, Any] = self.journal.values
            said["value"] = self.numbers(values[node])
        return said

    def record(self, record: Record) -> dict[str, Any]:
        said: dict[str, Any] = {"record": record.number, "kind": type(record).__name__.lower()}
        said["gate"] = self.number[record.gate]
        if isinstance(record, Backward):
            said["input"] = record.wire.position
        said |= {name: self.numbers(reading) for name, reading in readings_of(record).items()}
        values: Mapping[Node, Any] = self.journal.values
        if beside := self.beside.get(record.number):
            said["beside"] = [[self.number[x], self.numbers(values[x])] for x in beside]
        return said
