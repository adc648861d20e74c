"""A journal from a file: data. No op is looked up, nothing can be run."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NoReturn, cast

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node, Op, Placeholder
from tinygraph.journal.memory import Memory, Recalled
from tinygraph.journal.readings import Summary
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Backward, Forward, Start, Wire
from tinygraph.journal.stored import Stored
from tinygraph.types import TensorType


class SavedOp(Op):
    """What an op in a file was called."""

    says: str

    def __init__(self, **said: Any) -> None:
        vars(self).update(said)

    def __str__(self) -> str:
        return self.says

    def result_type(self, *inputs: TensorType) -> NoReturn:
        raise self._no_op()

    def evaluate(self, *inputs: np.ndarray) -> NoReturn:
        raise self._no_op()

    def equation(self, i: Any, *operands: Any) -> NoReturn:
        raise self._no_op()

    def vjp(self, g: Node, out: Node, *inputs: Node) -> NoReturn:
        raise self._no_op()

    def _no_op(self) -> TinygraphError:
        return TinygraphError(
            f"{self.says} comes from a file, so it has a name and numbers, but cannot be computed; "
            "make the journal again with tg.journal(y)"
        )


class SavedLeaf(SavedOp, Placeholder):
    """A leaf in a file; its value is in the journal."""


class SavedMemory(Memory):
    """The numbers of nodes as far as a file has them."""

    def __init__(self) -> None:
        super().__init__(0)
        self.stored: dict[Node, Stored] = {}

    def array(self, node: Node) -> np.ndarray:
        stored = self.stored.get(node)
        array = None if stored is None else stored.array
        if array is None:
            left = "" if stored is None else f": {stored.summary}"
            raise TinygraphError(f"of {node} the file of this journal has no numbers{left}")
        return array

    def summary(self, node: Node) -> Summary:
        return self.stored[node].summary if node in self.stored else super().summary(node)


class SavedJournal(Journal):
    """A journal from a file. Its nodes are gates by name; they cannot be computed again."""

    def __init__(
        self, outputs: tuple[Node, ...], order: list[Node], names: dict[Node, str]
    ) -> None:
        self._stored = SavedMemory()
        super().__init__(outputs, order, names, self._stored)
        self.what = ""
        """What whoever saved it called it."""
        self.lacks = 0
        """How many records were not in the file."""
        self._nodes = {name: node for node, name in names.items()}
        self._local: dict[Wire, Stored | None] = {}

    def node(self, name: str) -> Node:
        """The node of that name."""
        if name not in self._nodes:
            close = get_close_matches(name, self._nodes, 3)
            hint = f"; there is {', '.join(close)}" if close else ""
            raise TinygraphError(f"the journal has no {name!r}{hint}")
        return self._nodes[name]

    def slope(self, wire: Wire) -> Recalled | None:
        return cast("Recalled | None", self._local.get(wire))

    def put_value(self, node: Node, step: int, numbers: Stored) -> None:
        """A node's value, known from a step on; -1: always."""
        self._values[node] = [(step, numbers)]
        self._stored.stored[node] = numbers
        if step >= 0:
            self.position[node] = step

    def put_forward(self, gate: Node, value: Stored) -> None:
        """The next record: a gate computed its value."""
        number = len(self.records)
        self.put_value(gate, number, value)
        self.records.append(Forward(number, gate, cast(Recalled, value)))

    def put_start(self, gate: Node, gradient: Stored) -> None:
        """The next record: the backward pass began."""
        number = len(self.records)
        self._gradients.setdefault(gate, []).append((number, gradient))
        self.records.append(Start(number, gate, cast(Recalled, gradient)))

    def put_backward(
        self, wire: Wire, upstream: Stored, local: Stored | None, sent: Stored, total: Stored
    ) -> None:
        """The next record: a gradient went back over a wire."""
        number = len(self.records)
        self._local[wire] = local
        self._contributions.setdefault(wire, []).append((number, sent))
        self._gradients.setdefault(wire.source, []).append((number, total))
        up, part, so_far = (cast(Recalled, numbers) for numbers in (upstream, sent, total))
        self.records.append(Backward(number, wire, up, part, so_far, self.slope))
