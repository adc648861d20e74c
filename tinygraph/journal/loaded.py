"""Reading a journal from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tinygraph.errors import DataError
from tinygraph.graph import Node, Origin
from tinygraph.journal.json_numbers import is_whole, short
from tinygraph.journal.records import Wire
from tinygraph.journal.saved import FORMAT, VERSION
from tinygraph.journal.saved_journal import SavedJournal, SavedLeaf, SavedOp
from tinygraph.journal.stored import Stored, read_reading
from tinygraph.types import DType, TensorType

EXTENTS = r"\d{1,18}(?:,\d{1,18}){0,63}"
TYPE = re.compile(rf"({'|'.join(DType.__members__)})\[({EXTENTS})?\]", re.ASCII)
LARGEST = 1 << 62
"""Bytes of an array; a file that speaks of more is damaged."""


def load_journal(path: str | Path, *, partial: bool = False) -> SavedJournal:
    """The journal that `Journal.save` wrote.

    Its numbers are those of the run, bit for bit; of large arrays there are summaries. A
    `DataError` names the line where something is wrong. `partial` takes the records before that
    line, if all gates are there: `lacks` says how many are missing.
    """
    try:
        with open(path, "rb") as file:
            return _Reader(str(path), file).journal(partial)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


class _Lines:
    """The rows of a file, one JSON object a line."""

    def __init__(self, path: str, lines: Iterable[bytes]) -> None:
        self.path, self.number = path, 0
        self._lines = iter(lines)

    def next(self, key: str) -> dict[str, Any] | None:
        """The next row, which has `key`; None at the end of the file."""
        line = next(self._lines, None)
        if line is None:
            return None
        self.number += 1
        try:
            row = json.loads(line.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            cut = "" if line.endswith(b"\n") else ": the file is cut off here"
            raise DataError(f"this line is no JSON{cut}") from None
        if not isinstance(row, dict) or key not in row:
            raise DataError(f"this line is no {key}: {short(row)}")
        return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class _Reader:
    """Makes a journal of the rows of a file."""

    def __init__(self, path: str, file: Iterable[bytes]) -> None:
        self.path, self.lines = path, _Lines(path, file)
        self.nodes: list[Node] = []

    def journal(self, partial: bool) -> SavedJournal:
        count = 0
        try:
            header = self._header()
            result = self._graph(header)
        except DataError as error:
            raise DataError(f"{self._here()}: {error}") from None
        expected = header["records"]
        try:
            while count < expected:
                row = self.lines.next("record")
                if row is None:
                    raise DataError("the file ends")
                self._record(row, result)
                count += 1
            if self.lines.next("record") is not None:
                raise DataError(f"there are more than the {expected} records of the first line")
        except DataError as error:
            if not partial:
                good = f"the last good record is {count - 1}" if count else "no record is good"
                raise DataError(
                    f"{self._here()}: {error}; {good} of {expected}"
                    + (", and partial=True loads up to it" if count < expected else "")
                ) from None
            result.lacks = expected - count
        return result

    def _here(self) -> str:
        return f"{self.path}, line {self.lines.number}"

    def _header(self) -> dict[str, Any]:
        try:
            header = self.lines.next("format")
        except DataError:
            header = None
        if header is None or header["format"] != FORMAT:
            raise DataError("this is no journal that tinygraph saved")
        version = header.get("version")
        if not is_whole(version) or version < 1:
            raise DataError(f"{short(version)} is no version")
        if version > VERSION:
            raise DataError(
                f"the file has version {version}, this tinygraph reads up to {VERSION}: it was "
                "written by a newer one"
            )
        for key in ("nodes", "records"):
            if not is_whole(header.get(key)) or header[key] < 0:
                raise DataError(f"{short(header.get(key))} is no number of {key}")
        if not isinstance(header.get("what"), str):
            raise DataError("the first line has no word of what it is")
        return header

    # ---- gates ----

    def _graph(self, header: dict[str, Any]) -> SavedJournal:
        names: dict[Node, str] = {}
        order: list[Node] = []
        values: dict[Node, Stored] = {}
        updates: dict[Node, int] = {}
        for k in range(header["nodes"]):
            row = self.lines.next("node")
            if row is None:
                raise DataError(f"the file ends after {k} of {header['nodes']} gates")
            if row["node"] != k or not is_whole(row["node"]):
                raise DataError(f"this is gate {short(row['node'])}, and {k} is due")
            node = self._node(row)
            names[node] = _text(row, "name")
            self.nodes.append(node)
            if not row["inside"]:
                order.append(node)
            if not node.inputs:
                values[node] = read_reading(row.get("value"), node.type)
            if "updates" in row:
                updates[node] = row["updates"]
        if len({*names.values()}) < len(names):
            raise DataError("two gates have one name")
        outputs = header.get("outputs")
        if not isinstance(outputs, list):
            raise DataError("the first line names no outputs")
        result = SavedJournal(tuple(map(self._gate, outputs)), order, names)
        result.what = header["what"]
        result.updates = {node: self._gate(x) for node, x in updates.items()}
        for node, value in values.items():
            result.put_value(node, -1, value)
        return result

    def _node(self, row: dict[str, Any]) -> Node:
        inputs = row.get("inputs")
        if not isinstance(inputs, list):
            raise DataError(f"{short(inputs)} are no inputs")
        said = {"name": _text(row, "op")} | {
            k: _text(row, k) for k in ("says", "symbol", "nickname")
        }
        for key in ("elementwise", "leaf", "inside"):
            if not isinstance(row.get(key), bool):
                raise DataError(f"{key} is true or false, got {short(row.get(key))}")
        if row["leaf"] and inputs:
            raise DataError("a leaf has no inputs")
        label = row.get("label")
        op = (SavedLeaf if row["leaf"] else SavedOp)(**said, elementwise=row["elementwise"])
        return Node(
            op,
            tuple(map(self._gate, inputs)),
            _type(row.get("type")),
            _origin(row.get("origin")),
            None if label is None else _text(row, "label"),
        )

    def _gate(self, number: Any) -> Node:
        """The gate of that number, of those that are there already."""
        if not is_whole(number) or not 0 <= number < len(self.nodes):
            raise DataError(f"there is no gate {short(number)} before this line")
        return self.nodes[number]

    # ---- records ----

    def _record(self, row: dict[str, Any], result: SavedJournal) -> None:
        number = len(result.records)
        if row["record"] != number or not is_whole(row["record"]):
            raise DataError(f"this is record {short(row['record'])}, and {number} is due")
        gate, kind = self._gate(row.get("gate")), row.get("kind")
        beside = [*self._beside(row.get("beside", []))]
        if kind == "forward":
            if not gate.inputs:
                raise DataError("what has no inputs is not computed")
            result.put_forward(gate, read_reading(row.get("value"), gate.type))
        elif kind == "start":
            result.put_start(gate, read_reading(row.get("gradient"), gate.type))
        elif kind == "backward":
            self._backward(row, gate, result)
        else:
            raise DataError(f"{short(kind)} is no kind of record")
        for node, numbers in beside:
            result.put_value(node, number, numbers)

    def _backward(self, row: dict[str, Any], gate: Node, result: SavedJournal) -> None:
        position = row.get("input")
        if not is_whole(position) or not 0 <= position < len(gate.inputs):
            raise DataError(f"{gate} has no input {short(position)}")
        wire = Wire(gate, position)
        upstream = read_reading(row.get("upstream"), gate.type)
        local = row.get("local")
        slope = None if local is None else read_reading(local, wire.source.type)
        sent, total = (
            read_reading(row.get(k), wire.source.type) for k in ("contribution", "total")
        )
        result.put_backward(wire, upstream, slope, sent, total)

    def _beside(self, said: Any) -> Iterator[tuple[Node, Stored]]:
        if not isinstance(said, list):
            raise DataError(f"{short(said)} are no values")
        for pair in said:
            if not isinstance(pair, list) or len(pair) != 2:
                raise DataError(f"{short(pair)} is no gate with its value")
            node = self._gate(pair[0])
            yield node, read_reading(pair[1], node.type)


def _text(row: dict[str, Any], key: str) -> str:
    if not isinstance(row.get(key), str):
        raise DataError(f"{key} is a text, got {short(row.get(key))}")
    return row[key]


def _type(said: Any) -> TensorType:
    found = TYPE.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise DataError(f"{short(said)} is no type")
    shape = tuple(int(n) for n in (found[2] or "").split(",") if n)
    kind = TensorType(shape, DType(found[1]))
    if kind.nbytes >= LARGEST:
        raise DataError(f"no computer has an array of {said}")
    return kind


def _origin(said: Any) -> Origin | None:
    if said is None:
        return None
    if isinstance(said, list) and len(said) == 4:
        file, line, scope, backward = said
        scopes = isinstance(scope, list) and all(isinstance(name, str) for name in scope)
        if isinstance(file, str) and is_whole(line) and scopes and isinstance(backward, bool):
            return Origin(file, line, tuple(scope), backward)
    raise DataError(f"{short(said)} is no line of a program")
