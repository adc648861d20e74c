"""Computing what an expression says."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NoReturn, cast

import numpy as np

from tinygraph.journal import Reading
from tinygraph.stepper.grammar.functions import FUNCTIONS
from tinygraph.stepper.grammar.scope import NOT_YET, NotYet, Operand, Scope, fits
from tinygraph.stepper.grammar.summaries import COMPARE, holds, question
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
    walk,
    written,
)
from tinygraph.stepper.grammar.wrong import wrong

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
"""All of floats, so none of them can run away: 9 ** 9 ** 9 is inf."""


class Evaluation:
    """One expression's text, and what its names mean now."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope

    def result(self, part: Part) -> np.ndarray | float | bool | str | NotYet:
        """The value, a number as a Python number."""
        with np.errstate(all="ignore"):
            value = self.of(part)
        if isinstance(value, str | NotYet) or np.ndim(value):
            return value
        return bool(value) if isinstance(value, bool | np.bool_) else float(value)

    def truth(self, part: Part) -> bool | NotYet:
        """Whether it holds: an array's comparison, for any element."""
        match part:
            case Name(name):
                return self.just_done(part, name)
            case Not(inner):
                value = self.truth(inner)
                return value if isinstance(value, NotYet) else not value
            case Join(word, left, right):
                return self.joined(word, left, right)
        short = self.from_summary(part, every=False)
        if short is not None:
            return short
        value = self.of(part)
        return value if isinstance(value, NotYet) else bool(np.any(value))

    def just_done(self, part: Part, name: str) -> bool:
        """Whether a step of this gate, op or module was just done."""
        done = self.scope.just_done(name)
        if done is not None:
            return done
        if self.scope.lookup(name) is not None:
            self.fail(f"{written(name)} is a number; a condition compares it", part)
        self.unknown(part, "gate, op or module", name)

    def joined(self, word: str, left: Part, right: Part) -> bool | NotYet:
        """Left before right, and right only if it matters."""
        decides = word == "or"
        first = self.truth(left)
        if first is decides:
            return decides
        second = self.truth(right)
        if second is decides:
            return decides
        unknown = isinstance(first, NotYet) or isinstance(second, NotYet)
        return NOT_YET if unknown else not decides

    def of(self, part: Part, each: bool = False) -> Any:
        """The value; with `each`, and, or, not work element by element."""
        match part:
            case Number(value):
                return value
            case Constant(name):
                return float(name)
            case Text(text):
                return text
            case Name() | Of() | Word():
                return self.read(part)
            case At(array, index):
                return self.element(part, array, index)
            case Call(function, argument):
                return self.called(function, argument)
            case Minus(inner):
                value = self.of(inner)
                return value if isinstance(value, NotYet) else np.negative(value)
            case Arithmetic(sign, left, right):
                return self.pair(part, ARITHMETIC[sign], self.of(left), self.of(right))
            case Compare(sign, left, right):
                return self.compared(part, sign, self.of(left), self.of(right))
            case Not(inner) if each:
                value = self.of(inner, each)
                return value if isinstance(value, NotYet) else np.logical_not(value)
            case Join(word, left, right) if each:
                join = np.logical_and if word == "and" else np.logical_or
                return self.pair(part, join, self.of(left, each), self.of(right, each))
        return self.truth(part)

    # ---- numbers ----

    def read(self, part: Part) -> Any:
        """The whole of what has a name."""
        found = self.found(part)
        return _floats(found.array) if isinstance(found, Reading) else found

    def found(self, part: Part) -> Any:
        """What a name or word stands for, not read yet."""
        match part:
            case Name(name):
                return self.operand(part, name).value
            case Of("grad", name):
                return self.operand(part, name).gradient
            case Of(_, name):
                return self.operand(part, name).value
            case Word(word):
                fact = self.fact(part, word)
                return float(fact) if part.sort == "number" and not _held(fact) else fact
        return None

    def fact(self, part: Part, word: str) -> Any:
        fact = self.scope.fact(word)
        if fact is None and word == "new":
            self.fail("no step is looked at here; name what is meant, as in isnan(loss)", part)
        if fact is None:
            self.fail(f"there is no `{word}` here{self.listed(word)}", part)
        return fact

    def operand(self, part: Part, name: str) -> Operand:
        found = self.scope.lookup(name)
        return self.unknown(part, "value", name) if found is None else found

    def element(self, part: Part, array: Part, index: tuple[int | Span, ...]) -> Any:
        """Some elements of an array; where it is one, only that is read."""
        single = all(isinstance(k, int) for k in index)
        if (gate := self.scalar_gate(array, index)) is not None:
            return self.read(gate)
        found = self.found(array)
        if isinstance(found, Reading):
            if problem := outside(array, found.type.shape, index):
                return self.misfit(part, problem)
            if single and len(index) == len(found.type.shape):
                return float(found.at(cast("tuple[int, ...]", index)))
            found = found.array
        value = self.of(array) if found is None else found
        if isinstance(value, NotYet):
            return value
        value = np.asarray(value)
        if problem := outside(array, value.shape, index):
            return self.misfit(part, problem)
        where = tuple(slice(k.start, k.stop) if isinstance(k, Span) else k for k in index)
        return _floats(value[where])

    def scalar_gate(self, array: Part, index: tuple[int | Span, ...]) -> Name | None:
        """Among scalar gates one may be called as the element that it stands for: x[0,2]."""
        if not isinstance(array, Name) or self.scope.lookup(array.name) is not None:
            return None
        name = f"{array.name}[{','.join(map(str, index))}]"
        return None if self.scope.lookup(name) is None else Name(name, place=array.place)

    def called(self, name: str, argument: Part) -> Any:
        function = FUNCTIONS[name]
        if name in ("any", "all"):
            short = self.from_summary(argument, every=name == "all")
            if short is not None:
                return short
        elif name in ("min", "max", "size") and (found := self.whole(argument)) is not None:
            if name == "size":
                return float(found.type.size)
            if found.type.size:
                return self.extreme(found, name)
        value = self.of(argument, each=function.truths)
        if isinstance(value, NotYet):
            return value
        result = function.compute(np.asarray(value))
        return float(result) if name in ("count", "size") else result

    def extreme(self, found: Reading, name: str) -> float:
        summary = found.summary
        if summary.nans:
            return float("nan")
        return float(summary.low if name == "min" else summary.high)

    def whole(self, part: Part) -> Reading | None:
        """The tensor that is asked for, where it is all of one with a name."""
        found = self.found(part)
        return found if isinstance(found, Reading) else None

    def from_summary(self, part: Part, every: bool) -> bool | None:
        """Whether a comparison holds, where that can be told without reading the array."""
        asked = question(part)
        if asked is None:
            return None
        tensor, sign, value = asked
        size = isinstance(tensor, Call) and tensor.function == "abs"
        found = self.whole(tensor.argument if isinstance(tensor, Call) and size else tensor)
        return None if found is None else holds(found, size, sign, value, every)

    # ---- two at a time ----

    def compared(self, part: Part, sign: str, left: Any, right: Any) -> Any:
        if isinstance(left, str) and isinstance(right, str):
            pattern, text = (left, right) if _is_pattern(part) else (right, left)
            return fits(pattern, text) == (sign == "==")
        return self.pair(part, COMPARE[sign], left, right)

    def pair(self, part: Part, compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        """Two arrays of one shape, or one of them a single number."""
        if isinstance(left, NotYet) or isinstance(right, NotYet):
            return NOT_YET
        left, right = (_single(x) if np.size(x) == 1 else x for x in (left, right))
        if np.ndim(left) and np.ndim(right) and np.shape(left) != np.shape(right):
            return self.misfit(part, two_shapes(left.shape, right.shape))
        return compute(left, right)

    # ---- errors ----

    def misfit(self, part: Part, problem: str) -> NotYet:
        """Words such as `value` have another shape at every step: what does not fit this one is
        not there. Names keep theirs, so there it is an error."""
        if any(isinstance(inner, Word) for inner in walk(part)):
            return NOT_YET
        self.fail(problem, part)

    def unknown(self, part: Part, what: str, name: str) -> NoReturn:
        known = list(self.scope.names())
        first, _, second = name.partition("/")
        if first in known and (second in known or not second):
            self.fail(f"a division has blanks around its sign: {first} / {second}", part)
        if name in FUNCTIONS:
            self.fail(f"{name} is a function: {name}(...)", part)
        self.fail(f"no {what} here is called {written(name)}{self.listed(name)}", part)

    def listed(self, name: str) -> str:
        """Names that are close, or the first few."""
        known = [*map(written, self.scope.names()), *self.scope.words()]
        close = get_close_matches(name, known, 3, 0.5)
        if close:
            return f"; close are {', '.join(close)}"
        more = ", ..." if len(known) > 6 else ""
        return f"; there are {', '.join(known[:6])}{more}" if known else ""

    def fail(self, what: str, part: Part) -> NoReturn:
        raise wrong(what, self.text, part.place)


def outside(array: Part, shape: tuple[int, ...], index: tuple[int | Span, ...]) -> str | None:
    """Why an array of this shape has no such element, if so."""
    kind = shape_text(shape) if shape else "a single number"
    if len(index) > len(shape):
        return f"{array} is {kind}: it has no {len(index)} axes"
    for k, extent in zip(index, shape):
        if isinstance(k, int) and not -extent <= k < extent:
            return f"{array} is {kind}: {k} is outside"
    return None


def two_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> str:
    """Says that these do not fit."""
    shapes = f"{shape_text(left)} and {shape_text(right)}"
    return f"these have two shapes, {shapes}; one must be a single number"


def shape_text(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _held(fact: Any) -> bool:
    return isinstance(fact, Reading | NotYet)


def _is_pattern(part: Part) -> bool:
    """Whether the left side of a comparison of texts is the one in quotes."""
    return isinstance(part, Compare) and isinstance(part.left, Text)


def _floats(array: np.ndarray | None) -> Any:
    """An array as floats; NOT_YET where a loaded journal has only a summary."""
    if array is None:
        return NOT_YET
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _single(value: Any) -> Any:
    return value.reshape(())[()] if isinstance(value, np.ndarray) else value
