"""Gates that do not work element by element, at one element: a few terms, or the largest of many.

What a gate sends back is a node of the gradient graph, made of the same ops. So its elements open
in the same way as values do, straight from the equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinygraph.evaluate import values_of
from tinygraph.graph import Node, topological
from tinygraph.journal import Backward, Journal, number
from tinygraph.ops.base import Full
from tinygraph.stepper.elements import Index, called, slope_of
from tinygraph.stepper.rules.formulas import formula
from tinygraph.stepper.scalars.gates import is_choice
from tinygraph.stepper.scalars.opened import Opened, open_element

MANY = 3
"""Sums of more terms are not written out."""

SMALL = 2_000_000
"""Elements of a gate's inputs up to which its terms are looked up at every step."""

ROUTER = "gradient router"

DEEP = 4
"""Through so many nodes without a name it is asked what they are made of."""


def sum_forward(journal: Journal, gate: Node, index: Index) -> Sequence[str]:
    """The value of one element as a formula, with names and with numbers; nothing for arrays so
    large that this would take long."""
    return _Sum(journal, None).said(gate, index)


def sum_backward(journal: Journal, record: Backward, index: Index) -> Sequence[str]:
    """What a gate sent back to one element, as a formula of the gradient from above."""
    told = _Sum(journal, record)
    node = record.contribution.node
    return (told.word(node, index),) if told.is_named(node) else told.said(node, index)


class _Sum:
    """The formulas of one step; of a step back in terms of what came from above."""

    def __init__(self, journal: Journal, record: Backward | None) -> None:
        self.journal = journal
        self.record = record
        self.routes = record is not None and record.gate.op.nickname == ROUTER

    def said(self, node: Node, index: Index) -> Sequence[str]:
        if sum(x.type.size for x in node.inputs) > SMALL:
            return ()
        opened = self._opened(node, index)
        if not opened.y.inputs:
            at = next(
                ((k, at) for (k, at), leaf in opened.leaves.items() if leaf is opened.y), None
            )
            if at is None:
                return tuple(word for _, word in self._ones_from_above(opened.y))
            return (self.word(node.inputs[at[0]], at[1]),)
        if opened.others:
            return self._largest(opened, *self._told(opened))
        return self._whole(opened, *self._told(opened))

    def _opened(self, node: Node, index: Index) -> Opened:
        arrays = [self.journal.memory.array(x) for x in node.inputs]
        return open_element(node, index, arrays, limit=MANY, largest=1, padding=False)

    def _told(self, opened: Opened) -> tuple[dict[Node, str], dict[Node, str]]:
        """For each leaf a name and its number."""
        words, numbers = dict[Node, str](), dict[Node, str]()
        for (position, at), leaf in opened.leaves.items():
            source = opened.gate.inputs[position]
            words[leaf] = self.word(source, at)
            numbers[leaf] = number(self.journal.memory.array(source)[at].item())
        for leaf in opened.others:
            words[leaf] = numbers[leaf] = "…"
        for node, word in self._ones_from_above(opened.y):
            words[node], numbers[node] = word, number(node.op.value)  # type: ignore
        return words, numbers

    def _whole(
        self, opened: Opened, words: dict[Node, str], numbers: dict[Node, str]
    ) -> Sequence[str]:
        kind = _function(opened.y)
        if not opened.terms or kind == "add":
            chosen = _decided(opened.y, self.routes)
            return formula(opened.y, words, chosen), formula(opened.y, numbers, chosen)
        both = ([formula(term, of) for term in opened.terms] for of in (words, numbers))
        return tuple(f"{kind}({', '.join(parts)})" for parts in both)

    def _largest(
        self, opened: Opened, words: dict[Node, str], numbers: dict[Node, str]
    ) -> Sequence[str]:
        (term, *_) = [term for term in opened.terms if term not in opened.others] or [opened.y]
        (value,) = values_of([term], remember=False)
        chosen = _decided(term, self.routes)
        said = [formula(term, of, chosen) for of in (words, numbers)] + [number(value.item())]
        kind = "sum" if _function(opened.y) == "add" else _function(opened.y)
        what = "products" if _function(term) == "mul" else "terms"
        first = "largest" if kind != "min" else "smallest"
        return (f"{kind} of {opened.count:,} {what} ({first}: {_joined(said)})",)

    # ---- names ----

    def is_named(self, node: Node) -> bool:
        """Whether it has a name of its own: a value of the run, or the gradient from above.

        What the step itself computed, such as a gradient that an update reads later, has none.
        """
        if self.record is None:
            return node in self.journal.names
        fresh = self.journal.position.get(node) == self.record.number
        return node is self.record.upstream.node or (node in self.journal.names and not fresh)

    def word(self, node: Node, at: Index, depth: int = DEEP) -> str:
        """What an element is called; one of a node without a name by what it is made of."""
        if self.record is not None and node is self.record.upstream.node:
            return slope_of(self.journal, self.record.gate, at)
        if isinstance(node.op, Full):
            return next((word for _, word in self._ones_from_above(node)), node.op.label)
        if self.is_named(node):
            return called(self.journal, node, at)
        if not depth or not node.inputs:
            return number(self.journal.memory.array(node)[at].item())
        return self._made_of(node, at, depth)

    def _ones_from_above(self, y: Node) -> Iterator[tuple[Node, str]]:
        """The constants that are the gradient from above, and its name: it begins as a 1, and
        what sends it on unchanged makes another 1."""
        if self.record is None:
            return
        above = self.record.upstream.node
        if not isinstance(above.op, Full) or above.type.size != 1 or not above.op.value:
            return
        for node in topological([y]):
            same = isinstance(node.op, Full) and node.op.value == above.op.value
            if same and node.dtype is above.dtype:
                yield node, slope_of(self.journal, self.record.gate, (0,) * above.ndim)

    def _made_of(self, node: Node, at: Index, depth: int) -> str:
        opened = self._opened(node, at)
        if opened.others:
            return number(self.journal.memory.array(node)[at].item())
        leaves = opened.leaves.items()
        words = {leaf: self.word(node.inputs[k], place, depth - 1) for (k, place), leaf in leaves}
        words.update(self._ones_from_above(opened.y))
        text = formula(opened.y, words)
        return text if text in words.values() or " " not in text else f"({text})"


def _decided(y: Node, routes: bool) -> dict[Node, Node]:
    """Of a router's choices, and those by whole numbers, such as where the winner of a max pooling
    stood, the input that they choose: a router's wires, not its arithmetic."""
    found: dict[Node, Node] = {}
    for node in topological([y]):
        if not is_choice(node):
            continue
        condition, yes, no = node.inputs
        if routes or all(x.dtype.is_integer for x in topological([condition]) if not x.inputs):
            (value,) = values_of([condition], remember=False)
            found[node] = yes if value.item() else no
    return found


def _function(node: Node) -> str:
    """The function of the equation language that a scalar gate computes."""
    return getattr(node.op, "function", "")


def _joined(parts: Sequence[str]) -> str:
    return " = ".join(dict.fromkeys(parts))
