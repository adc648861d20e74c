"""Whether an expression can be computed at all, told from names and shapes before any number is
there."""

from __future__ import annotations

from math import prod

from tinygraph.stepper.grammar.evaluation import Evaluation, outside, two_shapes
from tinygraph.stepper.grammar.functions import FUNCTIONS
from tinygraph.stepper.grammar.tree import (
    Arithmetic,
    At,
    Call,
    Compare,
    Constant,
    Join,
    Minus,
    Name,
    Not,
    Number,
    Of,
    Part,
    Span,
    Text,
    Word,
)

Shape = tuple[int, ...] | None
"""None where it differs from step to step."""


class Check(Evaluation):
    """One expression's text, and what its names are."""

    def truth_of(self, part: Part) -> None:
        """Refuses what can never hold."""
        match part:
            case Name(name):
                self.just_done(part, name)
            case Not(inner):
                self.truth_of(inner)
            case Join(_, left, right):
                self.truth_of(left)
                self.truth_of(right)
            case _:
                self.shape(part)

    def shape(self, part: Part, each: bool = False) -> Shape:
        """The shape of the value; refuses what has none."""
        match part:
            case Number() | Constant() | Text():
                return ()
            case Name(name) | Of(_, name):
                return self.operand(part, name).shape
            case Word(word):
                self.fact(part, word)
                return () if word in ("step", "op", "gate", "module") else None
            case At(array, index):
                return self.indexed(part, array, index)
            case Call(function, argument):
                shape = self.shape(argument, each=FUNCTIONS[function].truths)
                return shape if FUNCTIONS[function].each else ()
            case Minus(inner):
                return self.shape(inner)
            case Arithmetic(_, left, right) | Compare(_, left, right):
                return self.common(part, self.shape(left), self.shape(right))
            case Not(inner) if each:
                return self.shape(inner, each)
            case Join(_, left, right) if each:
                return self.common(part, self.shape(left, each), self.shape(right, each))
        self.truth_of(part)
        return ()

    def common(self, part: Part, left: Shape, right: Shape) -> Shape:
        """The shape of two numbers joined by a sign."""
        if left is None or right is None:
            return None
        left, right = (() if prod(shape) == 1 else shape for shape in (left, right))
        if left and right and left != right:
            self.fail(two_shapes(left, right), part)
        return left or right

    def indexed(self, part: Part, array: Part, index: tuple[int | Span, ...]) -> Shape:
        if self.scalar_gate(array, index) is not None:
            return ()
        shape = self.shape(array)
        if shape is None:
            return None
        if problem := outside(array, shape, index):
            self.fail(problem, part)
        kept = [
            len(range(*slice(k.start, k.stop).indices(extent)))
            for k, extent in zip(index, shape)
            if isinstance(k, Span)
        ]
        return (*kept, *shape[len(index) :])
