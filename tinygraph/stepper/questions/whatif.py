"""What if a number were another one: the same run with it, and what that changes.

The user's tensors and parameters are not touched: the new journal has its own numbers. Going back
is keeping the old journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import Node, topological
from tinygraph.journal import Backward, Journal, SavedJournal, Start, number
from tinygraph.journal.again import again
from tinygraph.stepper.elements import (
    Index,
    brackets,
    called,
    checked,
    largest,
    magnitude,
    placed,
    slope_of,
    started,
    top,
)

SHOWN = 6
"""So many gates are listed."""
NUDGE = 1e-3
"""Relative to the number, or to 1 for smaller ones."""


@dataclass(frozen=True)
class Difference:
    """How the value of a node differs: how many elements do, and where it differs most."""

    node: Node
    count: int
    index: Index
    before: float
    after: float

    @property
    def by(self) -> float:
        """The largest difference of an element."""
        return self.after - self.before


@dataclass(frozen=True)
class Change:
    """A run before and after a number was changed."""

    before: Journal = field(repr=False)
    after: Journal = field(repr=False)
    node: Node
    index: Index | None
    """The element that was changed; None: several."""
    first: Difference
    """Of the changed node itself."""
    gates: tuple[Difference, ...]
    """Of the gates that changed by it, the largest difference first."""
    checked: int
    """How many gates depend on it."""
    nudged: float | None = None
    """What was added, where the change was a nudge."""

    @property
    def output(self) -> tuple[float, float]:
        """What the gradients are of, before and after: its elements times what comes in there."""
        return _output(self.before), _output(self.after)

    @property
    def predicted(self) -> float | None:
        """For a nudge the change of the output that the gradient promises."""
        if self.nudged is None or self.node not in self.before.gradients:
            return None
        gradient = self.before.gradient(self.node)
        some = gradient if self.index is None else gradient[self.index]
        with np.errstate(all="ignore"):
            return self.nudged * float(some.sum(dtype=np.float64))

    @property
    def lines(self) -> list[str]:
        """What changed, in sentences."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines)


def changed(journal: Journal, node: Node, array: np.ndarray) -> Journal:
    """The run with another value of a leaf, or of a gate that then computes nothing itself.

    Only what depends on it is computed again. Setting values one after the other adds up.
    """
    if array.shape != node.shape or array.dtype != node.dtype.numpy:
        got = f"{array.dtype}{brackets(array.shape)}"
        raise ShapeError(f"{called(journal, node)} is {node.type}, which {got} does not fit")
    if isinstance(journal, SavedJournal):
        raise TinygraphError(
            "the journal is from a file: it has numbers, but nothing can be computed from others"
        )
    depends = dependent(_all_nodes(journal), node)
    kept = {n: a for n, a in journal.memory.kept.items() if n not in depends}
    return again(journal, {**kept, node: array})


def dependent(order: Sequence[Node], node: Node) -> set[Node]:
    """The nodes of a topological order that depend on one, itself included."""
    found = {node}
    for other in order:
        if any(source in found for source in other.inputs):
            found.add(other)
    return found


def _all_nodes(journal: Journal) -> list[Node]:
    """Those of the backward pass too."""
    ends = [*journal.outputs]
    for record in journal.records:
        if isinstance(record, Backward):
            ends += [record.contribution.node, record.total.node]
        elif isinstance(record, Start):
            ends.append(record.gradient.node)
    return topological(ends)


def set_value(
    journal: Journal, node: Node, value: Any, index: Sequence[int] | None = None
) -> Change:
    """The change when a node, or one element of it, has the `value`: a number, or an array."""
    new = _numbers(journal, node)
    with np.errstate(all="ignore"):
        try:
            given = np.asarray(value).astype(node.dtype.numpy)
        except (TypeError, ValueError):
            raise DtypeError(f"{called(journal, node)} is {node.type}, no {value!r}") from None
    if node.dtype.is_integer and not np.array_equal(given, np.asarray(value)):
        raise DtypeError(f"{called(journal, node)} is {node.type}: {value!r} is no {node.dtype}")
    at = None if index is None else checked(node, index, called(journal, node))
    if given.shape not in ((), node.shape if at is None else ()):
        raise ShapeError(
            f"{called(journal, node, at)} takes one number"
            + ("" if at else f", or {list(node.shape)} of them")
            + f"; a value of shape {list(given.shape)} does not fit"
        )
    new[... if at is None else at] = given
    return _compared(journal, changed(journal, node, new), node, at)


def nudge(
    journal: Journal, node: Node, eps: float | None = None, index: Sequence[int] | None = None
) -> Change:
    """The change when `eps` is added to a node, or to one element of it.

    Without `eps` a thousandth of it, or of 1 where it is smaller.
    """
    if not node.dtype.is_float:
        raise DtypeError(f"{called(journal, node)} is {node.type}: only floats can be nudged")
    at = None if index is None else checked(node, index, called(journal, node))
    new = _numbers(journal, node)
    here: Any = ... if at is None else at
    if eps is None:
        eps = NUDGE * max(1.0, float(np.max(np.abs(np.nan_to_num(new[here])), initial=0)))
    with np.errstate(all="ignore"):
        new[here] += new.dtype.type(eps)
    return _compared(journal, changed(journal, node, new), node, at, eps)


def _numbers(journal: Journal, node: Node) -> np.ndarray:
    """The value of a node, to be changed."""
    if not node.type.size:
        raise ShapeError(f"{called(journal, node)} is {node.type}: it has no elements")
    return np.array(journal.value(node))


def _compared(
    before: Journal, after: Journal, node: Node, index: Index | None, nudged: float | None = None
) -> Change:
    depends = dependent(_all_nodes(before), node) - {node}
    gates = [n for n in before.order if n in depends]
    found = [d for n in gates if (d := _difference(before, after, n)) is not None]
    found.sort(key=lambda d: -magnitude(d.by))
    first = _difference(before, after, node, index, always=True)
    assert first is not None
    if index is None and node.type.size == 1:
        index = first.index
    return Change(before, after, node, index, first, tuple(found), len(gates), nudged)


def _difference(
    before: Journal, after: Journal, node: Node, index: Index | None = None, always: bool = False
) -> Difference | None:
    old, new = before.value(node), after.value(node)
    with np.errstate(all="ignore"):
        apart = new.astype(np.float64) - old.astype(np.float64)
    same = (old == new) | ((old != old) & (new != new))
    apart = np.where(same, 0, apart)
    count = int(np.count_nonzero(~same))
    if not (count or always) or not old.size:
        return None
    at = largest(apart) if index is None else index
    return Difference(node, count, at, float(old[at]), float(new[at]))


def _output(journal: Journal) -> float:
    """The scalar that is differentiated; of a run without gradients the sum of the output."""
    first = next(iter(started(journal)), None)
    if first is None:
        return float(journal.value(journal.outputs[0]).sum(dtype=np.float64))
    value = journal.value(first).astype(np.float64)
    start = next(r for r in journal.records if isinstance(r, Start))
    weights = start.gradient.array
    return float((value * weights).sum()) if value.size != 1 else value.item()


def _lines(change: Change) -> Iterator[str]:
    journal, first = change.before, change.first
    where = called(journal, change.node, change.index)
    if change.index is None and change.node.type.size > 1:
        where += f", {first.count:,} of {change.node.type.size:,} elements"
        yield f"{where}: {_from_to(first)}"
    else:
        yield f"{where}: {_from_to(replace(first, index=()))}"
    total = change.output
    by = total[1] - total[0]
    yield f"{top(journal)}: {number(total[0])} -> {number(total[1])}, by {number(by)}"
    if (promised := change.predicted) is not None and change.nudged is not None:
        yield from _promise(change, promised, by)
    many = f"{len(change.gates)} of the {change.checked} gates"
    yield f"{many if change.checked else 'no gate'} that depend on it changed" + (
        ", most of all" if change.gates else ""
    )
    for d in change.gates[:SHOWN]:
        some = f", {d.count:,} of {d.node.type.size:,} elements" if d.node.type.size > 1 else ""
        yield f"  {placed(journal, d.node)}: {_from_to(d)}{some}"
    if len(change.gates) > SHOWN:
        yield f"  and {len(change.gates) - SHOWN} more"


def _from_to(d: Difference) -> str:
    at = f"{brackets(d.index)} " if d.index and d.node.type.size > 1 else ""
    before, after = number(d.before), number(d.after)
    return f"{at}{before} -> {after}" + (f", by {number(d.by)}" if before == after else "")


def _promise(change: Change, promised: float, by: float) -> Iterator[str]:
    assert change.nudged is not None
    name = slope_of(change.before, change.node, change.index)
    if change.index is None:
        name = f"sum of {name}"
    slope = promised / change.nudged if change.nudged else 0.0
    yield (
        f"the gradient promised {name} * {number(change.nudged)} = {number(slope)} * "
        f"{number(change.nudged)} = {number(promised)}"
    )
    y = next(iter(started(change.before)), change.before.outputs[0])
    last = float(np.spacing(y.dtype.numpy.type(abs(change.output[0]))))
    if abs(by) < 100 * last and by != promised:
        yield f"({y.dtype} knows {top(change.before)} to {last:.0e} only; `check` uses float64)"
