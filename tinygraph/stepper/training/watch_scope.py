"""What the names of a watch's condition stand for: numbers of one step of training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from tinygraph.graph import Node
from tinygraph.journal import Held, Journal
from tinygraph.stepper.grammar import FACTS, NOT_YET, Condition, Operand
from tinygraph.stepper.grammar.scope import Fact
from tinygraph.stepper.grammar.tree import Of, walk
from tinygraph.tensor import Parameter, arrays_of


class StepScope:
    """The loss and metrics of one batch, where it is in the run, and parameters after the step.

    Their gradients, and the values of gates, are those of the step's journal. `make` makes that
    if an expression asks for one, and says which node each parameter is there.
    """

    def __init__(
        self,
        condition: Condition,
        numbers: Mapping[str, float],
        parameters: Mapping[str, Parameter],
        make: Callable[[], tuple[Journal, Mapping[str, Node]]],
    ) -> None:
        self.numbers, self.parameters, self._make = numbers, parameters, make
        self._sloped = {
            part.name
            for part in walk(condition.expression.tree)
            if isinstance(part, Of) and part.what == "grad"
        }
        self._found: tuple[Journal, dict[str, Node]] | None = None

    def lookup(self, name: str) -> Operand | None:
        if name in self.numbers:
            return Operand(Held(np.asarray(self.numbers[name], np.float64)))
        if name in self.parameters:
            (array,) = arrays_of([self.parameters[name]])
            slope = self._of_journal(name).gradient if name in self._sloped else NOT_YET
            return Operand(Held(array), slope, array.shape)
        return self._of_journal(name) if name in self._in_journal()[1] else None

    def fact(self, word: str) -> Fact | None:
        return self.numbers.get(word)

    def just_done(self, name: str) -> bool | None:
        return None

    def names(self) -> Collection[str]:
        found = dict.fromkeys([*self.numbers, *self.parameters, *self._in_journal()[1]])
        return [name for name in found if name not in FACTS]

    def words(self) -> Collection[str]:
        return [word for word in FACTS if word in self.numbers]

    def _of_journal(self, name: str) -> Operand:
        journal, nodes = self._in_journal()
        node = nodes.get(name)
        if node is None:
            return Operand(NOT_YET)
        value = journal.values.get(node, NOT_YET)
        gradient = journal.gradients.get(node, NOT_YET)
        return Operand(value, gradient, node.shape)

    def _in_journal(self) -> tuple[Journal, dict[str, Node]]:
        if self._found is None:
            journal, parameters = self._make()
            names = {name: node for node, name in journal.names.items()}
            self._found = journal, {**names, **parameters}
        return self._found
