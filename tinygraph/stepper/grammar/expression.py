"""Expressions and conditions: what users of the grammar hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tinygraph.stepper.grammar.checking import Check
from tinygraph.stepper.grammar.evaluation import Evaluation
from tinygraph.stepper.grammar.parser import read, require_truth
from tinygraph.stepper.grammar.scope import NotYet, Scope
from tinygraph.stepper.grammar.tree import Name, Of, Part, Word, walk


@dataclass(frozen=True)
class Expression:
    """What a text says. Prints back to text that says the same."""

    tree: Part
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return str(self.tree)

    def names(self) -> frozenset[str]:
        """The names that it reads or asks about."""
        return frozenset(p.name for p in walk(self.tree) if isinstance(p, Name | Of))

    def words(self) -> frozenset[str]:
        """The words for the step just done that it has: `grad`, `op` ..."""
        return frozenset(part.word for part in walk(self.tree) if isinstance(part, Word))

    def evaluate(self, scope: Scope) -> np.ndarray | float | bool | str | NotYet:
        """Its value now: an array, a number, true or false, a text; NOT_YET where a part of it is
        not computed yet. A `GrammarError` where a name is unknown or shapes do not fit."""
        return Evaluation(self.text or str(self), scope).result(self.tree)

    def check(self, scope: Scope) -> None:
        """Refuses what can never be computed there: unknown names, shapes that do not fit."""
        Check(self.text or str(self), scope).shape(self.tree)


def parse(text: str) -> Expression:
    """What a text says; a `GrammarError` shows where it says nothing."""
    return Expression(read(text), text)


@dataclass(frozen=True)
class Condition:
    """A text that is true or false at a step: what `break` and `until=` take.

    Two are equal if they say the same.
    """

    text: str = field(compare=False)
    expression: Expression = field(init=False)

    def __post_init__(self) -> None:
        expression = parse(self.text)
        require_truth(expression.tree, self.text)
        object.__setattr__(self, "expression", expression)

    def __str__(self) -> str:
        return str(self.expression)

    @cached_property
    def names(self) -> frozenset[str]:
        return self.expression.names()

    def check(self, scope: Scope) -> None:
        """Refuses what can never hold there: unknown names, shapes that do not fit."""
        Check(self.text, scope).truth_of(self.expression.tree)

    def holds(self, scope: Scope) -> bool:
        """Whether it holds now. What is not computed yet makes it false."""
        with np.errstate(all="ignore"):
            return Evaluation(self.text, scope).truth(self.expression.tree) is True
