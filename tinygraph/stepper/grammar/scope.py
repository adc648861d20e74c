"""What the names and words of an expression stand for: the numbers of a run, or of training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from tinygraph.journal import Reading


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
