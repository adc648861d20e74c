"""Where a NaN, an infinity, a zero or the largest number started, in values and in gradients.

A NaN or an infinity is followed back, element by element, through what each element reads, to the
first gate that gives it though nothing that it reads has it. The backward pass is made of the same
gates, so one walk follows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal import Backward, Journal, Wire, number
from tinygraph.loops.expr import INFIX
from tinygraph.stepper.elements import (
    Index,
    brackets,
    called,
    checked,
    index_of,
    largest,
    placed,
    slope_of,
    started,
)
from tinygraph.stepper.questions.growth import growth_of_gradient, growth_of_value
from tinygraph.stepper.questions.zeros import zero_of
from tinygraph.stepper.scalars.reads import reads

Side = Literal["value", "gradient"]
Kind = Literal["NaN", "infinity", "zero", "largest"]

FEW = 4
"""So many numbers that an element reads are written out."""


@dataclass(frozen=True)
class Origin:
    """What was looked for, in which numbers, the place where it started, and that in sentences."""

    kind: Kind
    side: Side
    where: tuple[Node, Index | None]
    """A node of the graph, for the session to go to; None: all of it."""
    lines: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def origin(journal: Journal, node: Node, index: Sequence[int] | None = None) -> list[Origin]:
    """Where the NaN, infinity, zero or largest number of a value and of its gradient started.

    Without `index` any element that is NaN counts, then any infinite one, then the largest.
    """
    at = None if index is None else checked(node, index, called(journal, node))
    found = [_of_value(journal, node, at)]
    if journal.gradients and node.dtype.is_float:
        found.append(_of_gradient(journal, node, at))
    return found


def _of_value(journal: Journal, node: Node, index: Index | None) -> Origin:
    array = _filled(journal, node, journal.value(node))
    kind, at = _what(array, index)
    if kind != "largest":
        return _walked(journal, node, at, kind, "value")
    where, lines = growth_of_value(journal, node, at)
    return Origin("largest", "value", where, lines)


def _of_gradient(journal: Journal, node: Node, index: Index | None) -> Origin:
    if node not in journal.gradients:
        return Origin("zero", "gradient", *zero_of(journal, node, index))
    array = _filled(journal, node, journal.gradient(node))
    kind, at = _what(array, index)
    if kind in ("NaN", "infinity"):
        reading = journal.gradients[node]
        start: Node | None = getattr(reading, "node", None)
        if start is None:
            raise TinygraphError("a journal that was loaded cannot be followed; run it again")
        return _walked(journal, start, at, kind, "gradient")
    if not array[at]:
        return Origin("zero", "gradient", *zero_of(journal, node, None if index is None else at))
    return Origin("largest", "gradient", *growth_of_gradient(journal, node, at))


def _filled(journal: Journal, node: Node, array: np.ndarray) -> np.ndarray:
    if not array.size:
        raise TinygraphError(f"{called(journal, node)} is {node.type}: it has no elements")
    return array


def _what(array: np.ndarray, index: Index | None) -> tuple[Kind, Index]:
    """What there is to be explained, and at which element."""
    for kind in ("NaN", "infinity"):
        bad = _has(array, kind)
        if index is None and bad.any():
            return kind, tuple(int(k) for k in np.argwhere(bad)[0]) if array.ndim else ()
        if index is not None and bad[index]:
            return kind, index
    zero = _has(array, "zero")
    if (zero.all() if index is None else zero[index]) and array.dtype.kind == "f":
        return "zero", (0,) * array.ndim if index is None else index
    return "largest", largest(array) if index is None else index


def _has(array: np.ndarray, kind: Kind) -> np.ndarray:
    if array.dtype.kind != "f":
        return np.zeros(array.shape, bool)
    if kind == "zero":
        return array == 0
    return np.isnan(array) if kind == "NaN" else np.isinf(array)


# ---- NaN and infinity ----


def _walked(journal: Journal, node: Node, index: Index, kind: Kind, side: Side) -> Origin:
    """Back from an element of a node, of the forward or the backward pass, to where it started."""
    walk = _Walk(journal)
    first = walk.name(node, index)
    bad, at = walk.first(node, index, kind)
    lines = []
    if (bad, at) != (node, index):
        lines.append(f"{first} is {_text(walk.array(node)[index])}.")
    lines += walk.explained(bad, at, kind)
    return Origin(kind, side, walk.place(bad, at), lines)


class _Walk:
    """A walk back through the gates of a run and of its gradients."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.position = {node: k for k, node in enumerate(journal.order)}
        self.owner, self.totals = _owners(journal)

    def array(self, node: Node) -> np.ndarray:
        if node in self.position:
            return self.journal.value(node)
        return self.journal.memory.array(node)

    def first(self, node: Node, index: Index, kind: Kind) -> tuple[Node, Index]:
        """The first gate that has it at an element, though nothing that it reads there has it."""
        while (source := self.source(node, index, kind)) is not None:
            node, index = source
        return node, index

    def source(self, node: Node, index: Index, kind: Kind) -> tuple[Node, Index] | None:
        """Of what an element reads the first that has it, values before gradients.

        A zero comes from an input of which all that is read is zero.
        """
        if kind == "zero":
            return self._zeros(node, index)
        having = [
            (self.position.get(source, len(self.position)), k, source, at)
            for k, source, at in self.inputs(node, index)
            if _has(self.array(source), kind)[at]
        ]
        if not having:
            return None
        _, _, source, at = min(having, key=lambda h: h[:2])
        return source, at

    def _zeros(self, node: Node, index: Index) -> tuple[Node, Index] | None:
        if not node.inputs:
            return None
        arrays = [self.array(x) for x in node.inputs]
        for k, window in reads(node, index, arrays).items():
            source, flat = node.inputs[k], window.flat
            if source.dtype.is_float and flat.size and not arrays[k].reshape(-1)[flat].any():
                return source, index_of(flat[0], source.shape)
        return None

    def inputs(self, node: Node, index: Index) -> list[tuple[int, Node, Index]]:
        """The elements that one element reads, floats only."""
        if not node.inputs:
            return []
        arrays = [self.array(x) for x in node.inputs]
        found = []
        for k, window in reads(node, index, arrays).items():
            source, flat = node.inputs[k], window.flat
            if not source.dtype.is_float:
                continue
            special = flat[~np.isfinite(arrays[k].reshape(-1)[flat])]  # else there may be millions
            some = special[:FEW] if special.size else flat[:FEW]
            found += [(k, source, index_of(one, source.shape)) for one in some]
        return found

    def name(self, node: Node, index: Index) -> str:
        """An element of a value, a gradient, or what a gate computes on the way to one."""
        if node in self.position:
            return called(self.journal, node, index)
        if node in self.totals:
            return slope_of(self.journal, self.totals[node], index)
        return f"{node.op.name}{brackets(index)}"

    def explained(self, node: Node, index: Index, kind: Kind) -> list[str]:
        """The numbers where it starts, and the user's line; for a NaN of infinities theirs too."""
        value = _text(self.array(node)[index])
        if not node.inputs:
            return [
                f"{self.name(node, index)} is {value} from the start{_line(node)}: no gate made it."
            ]
        inputs = self.inputs(node, index)
        numbers = [_text(self.array(x)[at]) for _, x, at in inputs]
        if self._more(node, index, inputs):
            numbers.append("...")
        formula = f"{node.op.label}({', '.join(numbers)})"
        if len(numbers) == 2 and node.op.label in INFIX.values():
            formula = f" {node.op.label} ".join(numbers)
        wire = self.owner.get(node)
        sentence = f"It starts at {self.name(node, index)} = {formula} = {value}"
        if wire is not None:
            sentence += f", on the way back over {placed(self.journal, wire.gate)}"
        lines = [f"{sentence}{_line(node) if wire is None else ''}."]
        if kind == "NaN":
            infinite = [(x, at) for _, x, at in inputs if np.isinf(self.array(x)[at])]
            if infinite:
                bad, at = self.first(*infinite[0], "infinity")
                lines += [f"{self.name(*infinite[0])} is infinite there."]
                lines += self.explained(bad, at, "infinity")
        return lines

    def _more(self, node: Node, index: Index, inputs: list) -> bool:
        arrays = [self.array(x) for x in node.inputs]
        windows = reads(node, index, arrays).items()
        return sum(len(w) for k, w in windows if node.inputs[k].dtype.is_float) > len(inputs)

    def place(self, node: Node, index: Index) -> tuple[Node, Index | None]:
        """Where a session can go for it: a node of the graph itself."""
        if node in self.position:
            return node, index
        if node in self.totals:
            return self.totals[node], index
        wire = self.owner.get(node)
        if wire is None:
            return started(self.journal)[0], None
        for place in (wire.source, wire.gate):
            if place.shape == node.shape:
                return place, index
        return wire.source, None


def _owners(journal: Journal) -> tuple[dict[Node, Wire], dict[Node, Node]]:
    """For the nodes of the backward pass the wire they work for, and what they are the gradient
    of."""
    owner: dict[Node, Wire] = {}
    totals: dict[Node, Node] = {}
    known = set(journal.order)
    for record in journal.records:
        if not isinstance(record, Backward):
            continue
        stack = [record.total.node, record.contribution.node]
        known.add(record.upstream.node)
        while stack:
            node = stack.pop()
            if node not in known:
                known.add(node)
                owner[node] = record.wire
                stack.extend(node.inputs)
        totals[record.total.node] = record.wire.source
    for node, reading in journal.gradients.items():
        totals.setdefault(reading.node, node)  # type: ignore[attr-defined]
    return owner, totals


def _text(value: np.generic) -> str:
    return number(value.item())


def _line(node: Node) -> str:
    return f", {node.origin}" if node.origin else ""
