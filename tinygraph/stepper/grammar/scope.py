"""What the names and words of an expression stand for: the numbers of a run, or of training."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.journal import Reading
from tinygraph.journal.readings import Held
from tinygraph.stepper.grammar.words import FACTS
from tinygraph.types import DType


class NotYet:
    """What is not computed yet; 0 is a number."""

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        return "·"

    __repr__ = __str__


NOT_YET = NotYet()


@dataclass(frozen=True)
class Operand:
    """What has a name: its value and its gradient, as far as they are there.

    `shape` is known before the value is; None where it may change.
    """

    value: Reading | NotYet
    gradient: Reading | NotYet = NOT_YET
    shape: tuple[int, ...] | None = None


Fact = Reading | float | bool | str | NotYet
"""What a word such as `value`, `op` or `step` stands for."""


class Scope(Protocol):
    """Gives the names and words of an expression their meaning.

    Nothing that is not asked for need be computed.
    """

    def lookup(self, name: str) -> Operand | None:
        """What has this name; None where nothing has."""
        ...

    def fact(self, word: str) -> Fact | None:
        """What a word of `FACTS` stands for; None where it has no meaning."""
        ...

    def just_done(self, name: str) -> bool | None:
        """Whether the step just done is one of this gate, op or module; None: there is no such."""
        ...

    def names(self) -> Collection[str]:
        """All names, for hints and completion."""
        ...

    def words(self) -> Collection[str]:
        """The words of `FACTS` that have a meaning."""
        ...


@dataclass(frozen=True)
class MappingScope:
    """Numbers by name, as training has them: the loss and other logs, `step`, `epoch`, parameters.

    Values are numbers, texts or arrays, those of `gradients` arrays; one that is a function is
    called when an expression asks for it; None stands for what is not known yet.
    """

    values: Mapping[str, Any]
    gradients: Mapping[str, Any] = field(default_factory=dict)

    def lookup(self, name: str) -> Operand | None:
        if name not in self.values and name not in self.gradients:
            return None
        value = _reading(name, self.values.get(name))
        gradient = _reading(name, self.gradients.get(name))
        return Operand(value, gradient, value.type.shape if isinstance(value, Reading) else None)

    def fact(self, word: str) -> Fact | None:
        if word not in self.values:
            return None
        value = self.values[word]
        return value if isinstance(value, str) else _reading(word, value)

    def just_done(self, name: str) -> bool | None:
        return None

    def names(self) -> Collection[str]:
        return dict.fromkeys(n for n in (*self.values, *self.gradients) if n not in FACTS)

    def words(self) -> Collection[str]:
        return [word for word in FACTS if word in self.values]


def _reading(name: str, value: Any) -> Reading | NotYet:
    value = value() if callable(value) else value
    if value is None or isinstance(value, NotYet):
        return NOT_YET
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TinygraphError(f"{name} is no number: {value!r}")
    known = array.dtype.name in DType.__members__ and isinstance(value, np.ndarray)
    return Held(array if known or array.dtype.kind == "b" else array.astype(np.float64))


def fits(pattern: str, text: str) -> bool:
    """Whether a text, or some of its parts between slashes, is as a pattern with * and ? says."""
    parts = text.split("/")
    pattern = pattern.replace("[", "[[]")  # no sets of characters: x[0,2] is a name
    return any(
        fnmatchcase("/".join(parts[start:stop]), pattern)
        for start in range(len(parts))
        for stop in range(start + 1, len(parts) + 1)
    )


def is_within(path: Sequence[str], name: str) -> bool:
    """Whether some parts of a path in a row are `name`: "decoder_1/conv2d"."""
    parts = tuple(name.split("/"))
    return any(tuple(path[k : k + len(parts)]) == parts for k in range(len(path)))
