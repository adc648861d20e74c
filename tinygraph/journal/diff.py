"""Two journals side by side: the first record in which they differ, and by how much each does."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal.aligned import Aligned, aligned
from tinygraph.journal.readings import Reading, number
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Backward, Forward, Record, Start, readings_of
from tinygraph.journal.stored import Stored, digest_of

SHOWN = 10
"""So many lines of each list are printed."""


@dataclass(frozen=True)
class Apart:
    """How the numbers of two records differ at one place, such as `contribution`."""

    name: str
    relative: float
    """The largest difference, in proportion to the larger number; infinity for NaN and the like.

    Where only summaries are left, that of the range and mean.
    """
    elements: int | None = None
    """How many elements differ; None where only summaries are left."""
    index: tuple[int, ...] = ()
    """Where the largest difference is."""
    values: tuple[Any, Any] = (None, None)
    """The two numbers there."""
    size: int = 1

    def __str__(self) -> str:
        if self.elements is None:
            return f"{self.name}: other numbers, of which summaries are left"
        where = f" at {list(self.index)}" if self.index else ""
        count = f", {self.elements:,} of {self.size:,} elements" if self.size > 1 else ""
        return f"{self.name}{where}: {self.values[0]!s} and {self.values[1]!s}{count}"


@dataclass(frozen=True)
class Difference:
    """Two records of the same step that differ."""

    a: Record
    b: Record
    line: str
    """What journal a says of it."""
    apart: tuple[Apart, ...]

    @property
    def relative(self) -> float:
        return max(each.relative for each in self.apart)

    def __str__(self) -> str:
        return f"{self.a.number:4}  {self.line}\n" + "\n".join(f"      {x}" for x in self.apart)


@dataclass(frozen=True)
class Diff:
    """The differences between two journals, in order."""

    a: Journal
    b: Journal
    graphs: Aligned
    inputs: list[Apart]
    """How leaves differ, and constants; each by its name."""
    compared: int
    """How many records both have."""
    differences: list[Difference]
    only_a: list[Record]
    only_b: list[Record]

    @property
    def same(self) -> bool:
        """Whether graphs and records are the same, and all numbers within the tolerance."""
        different = self.inputs or self.differences or self.only_a or self.only_b
        return self.graphs.same and not different

    @property
    def first(self) -> Difference | None:
        """The first record that differs."""
        return self.differences[0] if self.differences else None

    @property
    def largest(self) -> list[Difference]:
        """The differences, the largest first."""
        return sorted(self.differences, key=lambda each: -each.relative)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The first difference, and the largest ones."""
        yield from self._graph_lines()
        for what, records in (("the first", self.only_a), ("the second", self.only_b)):
            if records:
                count = f"{len(records):,} record{'s' * (len(records) > 1)}"
                yield f"only {what} journal has {count}, from {records[0].number} on"
        for each in self.inputs[:SHOWN]:
            yield f"input {each}"
        if len(self.inputs) > SHOWN:
            yield f"and {len(self.inputs) - SHOWN:,} more inputs"
        count = f"{self.compared:,} records"
        if self.first is None:
            yield f"no difference in {count}"
            return
        yield f"{len(self.differences):,} of {count} differ; the first:"
        yield str(self.first)
        if len(self.differences) > 1:
            yield "the largest differences, relative:"
        for each in self.largest[: SHOWN if len(self.differences) > 1 else 0]:
            yield f"{each.a.number:4}  {number(each.relative):>9}  {self._step(each.a)}"

    def _step(self, record: Record) -> str:
        gate = self.a.names[record.gate]
        match record:
            case Forward():
                return gate
            case Start():
                return f"d{gate}"
            case Backward():
                return f"d{self.a.names[record.wire.source]} over {gate}"

    def _graph_lines(self) -> Iterator[str]:
        if self.graphs.same:
            return
        yield "the graphs differ:"
        changed = [
            *(f"- {_gate(self.a, node)}" for node in self.graphs.removed),
            *(f"+ {_gate(self.b, node)}" for node in self.graphs.inserted),
            *(f"! {_gate(self.a, x)}, and {_gate(self.b, y)}" for x, y in self.graphs.rewired),
        ]
        yield from changed[:SHOWN]
        if len(changed) > SHOWN:
            yield f"  and {len(changed) - SHOWN:,} more"


def _gate(journal: Journal, node: Node) -> str:
    inputs = ", ".join(journal.names[x] for x in node.inputs)
    return f"{journal.names[node]} = {node.op}{f' of {inputs}' if inputs else ''}: {node.type}"


def diff(a: Journal, b: Journal, tolerance: float = 0.0, *, ulps: float = 0.0) -> Diff:
    """What two journals, live or loaded, have different.

    Without tolerance every bit counts, but NaN is NaN. Otherwise two floats are the same if they
    are apart by at most `tolerance` times the larger of them, or by `ulps` units in its last place.
    Of arrays that only a file's summary is left of it is known that they differ, not where.
    """
    if not (0 <= tolerance < math.inf and 0 <= ulps < math.inf):
        raise TinygraphError(f"a tolerance is 0 or more, got {tolerance} and {ulps} ulps")
    graphs = aligned(a, b)
    mine = _by_step(a, {x: x for x in graphs.pairs})
    other = _by_step(b, {y: x for x, y in graphs.pairs.items()})
    found = []
    for key, record in mine.items():
        if key in other:
            apart = (*_compared(readings_of(record), readings_of(other[key]), tolerance, ulps),)
            if apart:
                found.append(Difference(record, other[key], a.line(record), apart))
    return Diff(
        a,
        b,
        graphs,
        [*_compared(_inputs(a, a, graphs), _inputs(b, a, graphs), tolerance, ulps)],
        len(mine.keys() & other.keys()),
        found,
        [record for key, record in mine.items() if key not in other],
        [record for key, record in other.items() if key not in mine],
    )


def _by_step(journal: Journal, called: Mapping[Node, Node]) -> dict[Hashable, Record]:
    """Each record by what it does, in the gates of the first journal."""
    result: dict[Hashable, Record] = {}
    times: Counter[Hashable] = Counter()
    for record in journal:
        position = record.wire.position if isinstance(record, Backward) else -1
        gate = called.get(record.gate, (journal, record.gate))
        what = (type(record), gate, position)
        result[what, times[what]] = record
        times[what] += 1
    return result


def _inputs(journal: Journal, a: Journal, graphs: Aligned) -> dict[str, Reading]:
    """What a journal has for each node without inputs that both have, by its name in journal a."""
    values = journal.values
    pairs = [(x, y) for x, y in graphs.pairs.items() if not x.inputs and not y.inputs]
    return {a.names[x]: values[x if journal is a else y] for x, y in pairs}


def _compared(
    a: Mapping[str, Reading | None],
    b: Mapping[str, Reading | None],
    tolerance: float,
    ulps: float,
) -> Iterator[Apart]:
    for name, mine in a.items():
        other = b[name]
        if mine is None or other is None or mine.type != other.type:
            if mine is not other:
                yield Apart(name, math.inf, None)
            continue
        eps = float(np.finfo(mine.type.dtype.numpy).eps) if mine.type.dtype.is_float else 0.0
        apart = readings_apart(name, mine, other, max(tolerance, ulps * eps))
        if apart is not None:
            yield apart


def readings_apart(name: str, a: Reading, b: Reading, tolerance: float) -> Apart | None:
    """How the numbers of two readings of one type differ; None if they do not."""
    x, y = a.array, b.array
    if x is None or y is None:
        return _summaries_apart(name, a, b, tolerance)
    if x.tobytes() == y.tobytes():
        return None
    return _arrays_apart(name, x, y, tolerance)


def _arrays_apart(name: str, x: np.ndarray, y: np.ndarray, tolerance: float) -> Apart | None:
    with np.errstate(all="ignore"):
        same = (x == y) | ((x != x) & (y != y))
        if x.dtype.kind == "f":
            same &= (np.signbit(x) == np.signbit(y)) | (x != x)
        wide, other = x.astype(np.float64), y.astype(np.float64)
        relative = np.abs(wide - other) / np.maximum(np.abs(wide), np.abs(other))
    unknown = np.where(np.isnan(relative), math.inf, relative)
    relative = np.where(same | (wide == other), 0.0, unknown)
    wrong = ~same if not tolerance or x.dtype.kind != "f" else ~same & (relative > tolerance)
    if not wrong.any():
        return None
    most = np.unravel_index(np.argmax(np.where(wrong, relative, -1)), x.shape)
    at = tuple(int(k) for k in most)
    return Apart(name, float(relative[at]), int(wrong.sum()), at, (x[at], y[at]), x.size)


def _summaries_apart(name: str, a: Reading, b: Reading, tolerance: float) -> Apart | None:
    if _digest(a) == _digest(b):
        return None
    one, two = a.summary, b.summary
    mine, theirs = (np.array([s.low, s.high, s.mean], np.float64) for s in (one, two))
    apart = _arrays_apart(name, mine, theirs, 0.0)
    relative = math.inf if one.nans != two.nans else apart.relative if apart else 0.0
    if a.type.dtype.is_float and tolerance and relative <= tolerance:
        return None  # by what is known of them
    return Apart(name, relative, None)


def _digest(reading: Reading) -> str:
    if isinstance(reading, Stored) and reading.digest:
        return reading.digest
    array = reading.array
    return "" if array is None else digest_of(array)
