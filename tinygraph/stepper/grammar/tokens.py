"""The words and signs of a condition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tinygraph.stepper.grammar.words import RESERVED
from tinygraph.stepper.grammar.wrong import wrong

LONG = 1_000
"""A text of more characters is a slip."""
MANY = 200
"""So is one of more words and signs: it bounds how deep a tree can get."""

Kind = Literal["number", "name", "quoted", "string", "sign", "end"]

SIGNS = ("**", "<=", ">=", "==", "!=", *"+-*/<>()[],:")
INSTEAD = {
    "=": "==",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "~": "not",
    "^": "**",
    "//": "/",
}
"""What is written here for signs of other languages."""

WORD = r"[^\W\d]\w*"
PATTERN = re.compile(
    rf"""(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>{WORD}(?:\.\w+|/{WORD})*)
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<sign>{"|".join(map(re.escape, sorted((*SIGNS, *INSTEAD), key=len, reverse=True)))})
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A word or sign, and where it begins. `text` is without quotes; "" at the end of the text."""

    kind: Kind
    text: str
    place: int

    def __str__(self) -> str:
        return {
            "end": "the end",
            "string": f'"{self.text}"',
            "quoted": f"`{self.text}`",
        }.get(self.kind, self.text)


def tokens(text: str) -> list[Token]:
    """The words and signs of a text, and an end."""
    if len(text) > LONG:
        raise wrong(f"this is longer than {LONG:,} characters", text, LONG)
    found: list[Token] = []
    place = 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        if place == len(text):
            return [*found, Token("end", "", place)]
        token, place = _token(text, place)
        found.append(token)
        if len(found) > MANY:
            raise wrong(f"these are more than {MANY} words and signs", text, token.place)


def is_name(text: str) -> bool:
    """Whether it can be written as a name without backquotes."""
    found = PATTERN.match(text)
    if found is None or found.lastgroup != "name":
        return False
    return _name(found) == text and text not in RESERVED


def _token(text: str, place: int) -> tuple[Token, int]:
    """The token that begins at a place, and where it ends."""
    found = PATTERN.match(text, place)
    if found is None:
        raise wrong(_nothing(text[place]), text, place)
    what, end = found.group(), found.end()
    match found.lastgroup:
        case "number":
            return Token("number", what, place), end
        case "name":
            name = _name(found)
            return Token("name", name, place), place + len(name)
        case "quoted":
            return Token("quoted", what[1:-1].replace("``", "`"), place), end
        case "string":
            return Token("string", what[1:-1].replace(what[0] * 2, what[0]), place), end
    if what in INSTEAD:
        raise wrong(f"{what} is written {INSTEAD[what]} here", text, place)
    return Token("sign", what, place), end


def _name(found: re.Match[str]) -> str:
    """A name; words with a meaning of their own begin no path, so that grad/total is a division."""
    name = found.group()
    slash = name.find("/")
    return name[:slash] if slash > 0 and name[:slash] in RESERVED else name


def _nothing(character: str) -> str:
    if character in "\"'":
        return "this quote is never closed"
    if character == "`":
        return "this name in backquotes is empty or never closed"
    return f"{character!r} means nothing here"
