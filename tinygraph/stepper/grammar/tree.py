"""What a text of the grammar says, as a tree that prints back to text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tinygraph.stepper.grammar.functions import FUNCTIONS
from tinygraph.stepper.grammar.tokens import is_name
from tinygraph.stepper.grammar.words import FACTS, Sort

POWERS = {"or": 1, "and": 2, "not": 3, "<": 4, "+": 5, "-": 5, "*": 6, "/": 6, "minus": 7, "**": 8}
"""How tightly each sign binds; all comparisons like <."""
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
HIGHEST = 9


@dataclass(frozen=True)
class Part:
    """A piece of an expression; `place` is where it stands in the text."""

    place: int = field(default=0, compare=False, repr=False, kw_only=True)

    @property
    def sort(self) -> Sort:
        """What it gives."""
        return "number"

    @property
    def power(self) -> int:
        """How tightly its outermost sign binds."""
        return HIGHEST

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is made of."""
        return ()

    def at(self, power: int) -> str:
        """Its text where a sign of this power is beside it."""
        return str(self) if self.power >= power else f"({self})"


@dataclass(frozen=True)
class Number(Part):
    """A finite number, not negative."""

    value: float

    def __str__(self) -> str:
        whole = self.value < 1e16 and self.value == int(self.value)
        return str(int(self.value)) if whole else repr(self.value)


@dataclass(frozen=True)
class Constant(Part):
    """inf or nan."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Text(Part):
    """A text in quotes, which may have * and ? for any characters or one."""

    text: str

    @property
    def sort(self) -> Sort:
        return "text"

    def __str__(self) -> str:
        return '"' + self.text.replace('"', '""') + '"'


@dataclass(frozen=True)
class Name(Part):
    """The value of a gate, tensor or, in training, of whatever has a name.

    Where true or false is asked for: whether a step of this gate, op or module was just done.
    """

    name: str

    def __str__(self) -> str:
        return written(self.name)


@dataclass(frozen=True)
class Word(Part):
    """A word for something at the step just done."""

    word: str

    @property
    def sort(self) -> Sort:
        return FACTS[self.word].sort

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Of(Part):
    """The value of a name, or its gradient so far: value(x), grad(x)."""

    what: Literal["value", "grad"]
    name: str

    def __str__(self) -> str:
        return f"{self.what}({written(self.name)})"


@dataclass(frozen=True)
class Span(Part):
    """From one index up to before another, along one axis."""

    start: int | None
    stop: int | None

    def __str__(self) -> str:
        return ":".join("" if k is None else str(k) for k in (self.start, self.stop))


@dataclass(frozen=True)
class At(Part):
    """An element of an array, or a part of it."""

    array: Part
    index: tuple[int | Span, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.array,)

    def __str__(self) -> str:
        return f"{self.array.at(HIGHEST)}[{', '.join(map(str, self.index))}]"


@dataclass(frozen=True)
class Call(Part):
    """A function of an array."""

    function: str
    argument: Part

    @property
    def sort(self) -> Sort:
        return FUNCTIONS[self.function].gives

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.argument,)

    def __str__(self) -> str:
        return f"{self.function}({self.argument})"


@dataclass(frozen=True)
class Minus(Part):
    """The number with the other sign."""

    of: Part

    @property
    def power(self) -> int:
        return POWERS["minus"]

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.of,)

    def __str__(self) -> str:
        return f"-{self.of.at(self.power)}"


@dataclass(frozen=True)
class Pair(Part):
    """Two parts and what stands between them."""

    sign: str
    left: Part
    right: Part

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Arithmetic(Pair):
    """Two numbers and a sign between them."""

    @property
    def power(self) -> int:
        return POWERS[self.sign]

    def __str__(self) -> str:
        if self.sign == "**":  # binds to the right, and a minus may stand there
            return f"{self.left.at(HIGHEST)} ** {self.right.at(POWERS['minus'])}"
        return f"{self.left.at(self.power)} {self.sign} {self.right.at(self.power + 1)}"


@dataclass(frozen=True)
class Compare(Pair):
    """Two numbers compared, or two texts."""

    @property
    def sort(self) -> Sort:
        return "truth"

    @property
    def power(self) -> int:
        return POWERS["<"]

    def __str__(self) -> str:
        return f"{self.left.at(self.power + 1)} {self.sign} {self.right.at(self.power + 1)}"


@dataclass(frozen=True)
class Not(Part):
    """True where it is false."""

    of: Part

    @property
    def sort(self) -> Sort:
        return "truth"

    @property
    def power(self) -> int:
        return POWERS["not"]

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.of,)

    def __str__(self) -> str:
        return f"not {self.of.at(self.power)}"


@dataclass(frozen=True)
class Join(Pair):
    """Both, or one of the two."""

    @property
    def sort(self) -> Sort:
        return "truth"

    @property
    def power(self) -> int:
        return POWERS[self.sign]

    def __str__(self) -> str:
        return f"{self.left.at(self.power)} {self.sign} {self.right.at(self.power + 1)}"


def written(name: str) -> str:
    """A name as it is written: in backquotes where it would not be read as one otherwise."""
    return name if is_name(name) else "`" + name.replace("`", "``") + "`"


def walk(part: Part) -> Iterator[Part]:
    """The part and all that it is made of."""
    yield part
    for inner in part.parts:
        yield from walk(inner)
