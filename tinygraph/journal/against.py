"""A backend's numbers beside the journal's: every gate and every gradient, compared.

The graph is given to the backend with all its gates as outputs, in segments of a bounded size,
each with NumPy's values for what comes from outside. So an error stays in its segment, and within
one the first gate that disagrees is the one to look at. What rounding may do to each element is
measured, not guessed: see `tinygraph.testing.rounding`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tinygraph.backend import Backend, find_backend
from tinygraph.errors import TinygraphError
from tinygraph.graph import Graph, Node, topological
from tinygraph.journal.memory import Progress
from tinygraph.journal.one_thread import one_thread
from tinygraph.journal.readings import number
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Record
from tinygraph.journal.saved_journal import SavedJournal
from tinygraph.journal.segments import Segment, segments, shown

SEGMENT = 32_000_000
"""Bytes of numbers that a backend computes at a time; NumPy holds a few times as many."""
AGAIN = 4
"""So often more is what rounding does measured where a number seems wrong."""
SHOWN = 10
"""So many records that disagree are listed."""


@dataclass(frozen=True)
class Verdict:
    """A backend's value of one node beside NumPy's."""

    size: int
    compared: int
    """How many elements rounding does not leave open."""
    wrong: int
    """How many of them are farther off than rounding explains."""
    ratio: float
    """The largest error, in proportion to what rounding explains."""
    index: tuple[int, ...] = ()
    """Where it is."""
    got: Any = None
    want: Any = None

    def __str__(self) -> str:
        if not self.wrong:
            return "agrees" if self.compared else "not compared"
        got, want = number(self.got.item()), number(self.want.item())
        if got == want:
            got, want = str(self.got), str(self.want)
        where = f" at {list(self.index)}" if self.index else ""
        count = f", {self.wrong:,} of {self.size:,} elements" if self.size > 1 else ""
        return f"{got} instead of {want}{where}{count}"


@dataclass(frozen=True)
class Comparison:
    """What a backend has different from a journal, record by record."""

    journal: Journal
    backend: str
    verdicts: dict[Node, Verdict] = field(repr=False)

    def state(self, record: Record) -> str:
        """ "agrees", "disagrees" or "not compared": leaves, values that were set, what is open."""
        found = [self.verdicts[node] for node in shown(record) if node in self.verdicts]
        if any(verdict.wrong for verdict in found):
            return "disagrees"
        return "agrees" if any(verdict.compared for verdict in found) else "not compared"

    def mark(self, record: Record) -> str:
        """A few words for a screen: "", "= llvm", "llvm: 3.1 instead of 3.0"."""
        match self.state(record):
            case "agrees":
                return f"= {self.backend}"
            case "disagrees":
                return f"{self.backend}: {self._wrong(record)}"
        return ""

    def _wrong(self, record: Record) -> str:
        """The first of a record's numbers that disagrees."""
        for what, node in zip(("", "so far "), shown(record)):
            verdict = self.verdicts.get(node)
            if verdict is not None and verdict.wrong:
                return f"{what}{verdict}"
        return ""

    @cached_property
    def disagreeing(self) -> list[Record]:
        """The records with a number farther off than rounding explains."""
        return [record for record in self.journal if self.state(record) == "disagrees"]

    @property
    def first(self) -> Record | None:
        """The first of them: what it depends on agrees."""
        return next(iter(self.disagreeing), None)

    @property
    def worst(self) -> float:
        """The largest error of all, in proportion to what rounding explains: at most 1 if right."""
        return max((verdict.ratio for verdict in self.verdicts.values()), default=0.0)

    def lines(self) -> Iterator[str]:
        """What was found, and the records that disagree."""
        wrong, count = self.disagreeing, len(self.journal)
        left = sum(self.state(record) == "not compared" for record in self.journal)
        unsaid = f", {left:,} could not be compared" if left else ""
        if not wrong:
            yield (
                f"{self.backend} agrees with NumPy in {count - left:,} of {count:,} records{unsaid}"
                f"; the largest error is {number(self.worst)} of what rounding explains"
            )
            return
        yield f"{self.backend} disagrees with NumPy in {len(wrong):,} of {count:,} records{unsaid}"
        for record in wrong[:SHOWN]:
            yield f"{record.number:4}  {self.journal.line(record)}"
            yield f"      {self.mark(record)}"
        if len(wrong) > SHOWN:
            yield f"  and {len(wrong) - SHOWN:,} more"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def against(
    journal: Journal,
    backend: str | Backend = "llvm",
    *,
    nbytes: int = SEGMENT,
    on_progress: Progress | None = None,
) -> Comparison:
    """Compares a backend's value of every gate and every gradient with the journal's.

    `nbytes` is the size of a segment. `on_progress` is told how many gates of how many are done.
    """
    if isinstance(journal, SavedJournal):
        raise TinygraphError(
            "a journal from a file cannot be computed; make it again with tg.journal(y)"
        )
    runner = find_backend(backend) if isinstance(backend, str) else backend
    steps = [node for record in journal for node in shown(record)]
    total = len(topological([*journal.order, *steps], journal.memory.given))
    verdicts: dict[Node, Verdict] = {}
    done = 0

    def tell(ready: int, parts: int) -> None:
        """How much of a segment is compiled counts as so much of it done."""
        if on_progress is not None:
            on_progress(done + (segment.gates - done) * ready // max(parts, 1), total)

    for segment in segments(journal, nbytes):
        if segment.outputs:
            inputs = [np.asarray(journal.memory.array(x), order="C") for x in segment.inputs]
            verdicts.update(_judged(segment, runner, inputs, tell))
        tell(1, 1)
        done = segment.gates
    return Comparison(journal, runner.name, verdicts)


def _judged(
    segment: Segment, backend: Backend, inputs: list[np.ndarray], tell: Progress
) -> dict[Node, Verdict]:
    """The backend's values of a segment's outputs beside NumPy's.

    A few measurements of what rounding does may all come out small at one of millions of elements.
    So before an element is called wrong, it is measured more often.
    """
    from tinygraph.testing.rounding import Reference, reference  # which draws random graphs too

    with one_thread():
        right = reference(segment.graph, inputs)
    got = _computed(segment.graph, backend, inputs, right.values, tell)
    for seed in range(1, AGAIN + 1):
        if not right.wrong(got):
            break
        with one_thread():
            more = reference(segment.graph, inputs, seed=seed).tolerances
        both = [np.maximum(*pair) for pair in zip(right.tolerances, more, strict=True)]
        right = Reference(right.values, both)
    found = zip(segment.outputs, got, right.values, right.tolerances, strict=True)
    return {node: _verdict(*arrays) for node, *arrays in found}


def _computed(
    graph: Graph,
    backend: Backend,
    inputs: list[np.ndarray],
    right: list[np.ndarray],
    tell: Progress,
) -> list[np.ndarray]:
    """The backend's outputs."""
    work: Any = graph
    if backend.target is not None:
        from tinygraph.lowering import lower  # much to import

        work = lower(graph, backend.target)
    outputs = [_other_than(value) for value in right]
    backend.compile(work, None, tell).run(inputs, outputs)
    return outputs


def _other_than(value: np.ndarray) -> np.ndarray:
    """An array to be filled: what is not written is wrong."""
    if value.dtype.kind != "f":
        return np.array(~value)
    return np.where(np.isnan(value), 0, np.nan).astype(value.dtype)


def _verdict(got: np.ndarray, want: np.ndarray, tolerance: np.ndarray) -> Verdict:
    certain = np.isfinite(tolerance)
    with np.errstate(all="ignore"):
        same = (got == want) | ((got != got) & (want != want))
        distance = np.abs(got.astype(np.float64) - want.astype(np.float64))
        ratio = np.where(same | ~certain, 0, distance / tolerance)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    wrong = certain & ~same & ~(distance <= tolerance)
    if not want.size:
        return Verdict(0, 0, 0, 0.0)
    flat = int(np.argmax(np.where(wrong, ratio, -1) if wrong.any() else ratio))
    at = tuple(int(k) for k in np.unravel_index(flat, want.shape))
    counts = int(certain.sum()), int(wrong.sum())
    return Verdict(want.size, *counts, float(ratio[at]), at, got[at], want[at])
