"""The architecture grammar of lecture 3, read by hand: what a text says, layer by layer.

    chain = item {("-" | "->") item}
    item  = (WORD | "[" chain "]") ["?"] ["*" (NUMBER | NAME)]

`[[CONV - RELU] * N - POOL?] * M - [FC - RELU] * K - FC - SOFTMAX` is an example: a group in
brackets is repeated, and what `?` follows may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tinygraph.errors import GrammarError, TinygraphError

MOST = 1_000
"""More layers than this, or repetitions, are a slip."""
DEEP = 50
"""So are brackets nested deeper than this."""


@dataclass(frozen=True)
class Token:
    """A word, number or sign, and where it begins; "" is the end of the text."""

    text: str
    place: int


@dataclass(frozen=True)
class Item:
    """A word or a chain in brackets, how often it comes, and whether it may be left out."""

    content: Token | tuple[Item, ...]
    optional: bool
    times: Token | None
    place: int


@dataclass(frozen=True)
class Word:
    """One layer that a text stands for."""

    text: str
    place: int
    optional: bool


def parse(text: str) -> tuple[Item, ...]:
    """The chain that `text` says. A `GrammarError` shows where it is none."""
    return _Parser(text).whole()


def words(text: str, times: Mapping[str, int]) -> list[Word]:
    """The layers in order, repetitions written out; `times` has the numbers for names such as N."""
    chain = parse(text)
    named = {item.times.text for item in _all(chain) if item.times and item.times.text.isalpha()}
    for name in times:
        if name not in named:
            raise TinygraphError(f"{name}={times[name]} is given, but {text!r} repeats nothing so")
    found: list[Word] = []
    for word in _expanded(chain, times, text, False):
        found.append(word)
        if len(found) > MOST:
            raise GrammarError(f"these are more than {MOST:,} layers", text, word.place)
    return found


def _all(chain: tuple[Item, ...]) -> Iterator[Item]:
    for item in chain:
        yield item
        if isinstance(item.content, tuple):
            yield from _all(item.content)


def _expanded(
    chain: tuple[Item, ...], times: Mapping[str, int], text: str, optional: bool
) -> Iterator[Word]:
    for item in chain:
        for _ in range(_count(item.times, times, text)):
            if isinstance(item.content, Token):
                token = item.content
                yield Word(token.text.upper(), token.place, optional or item.optional)
            else:
                yield from _expanded(item.content, times, text, optional or item.optional)


def _count(token: Token | None, times: Mapping[str, int], text: str) -> int:
    if token is None:
        return 1
    if not token.text.isdigit() and token.text not in times:
        raise GrammarError(
            f"how often is {token.text}? say it: from_grammar(..., {token.text}=2)",
            text,
            token.place,
        )
    count = int(token.text) if token.text.isdigit() else times[token.text]
    if not 0 <= count <= MOST:
        raise GrammarError(f"repeat from 0 to {MOST:,} times, not {count:,}", text, token.place)
    return count


class _Parser:
    """Recursive descent: a method for each rule."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> tuple[Item, ...]:
        chain = self.chain()
        if self.next.text == "]":
            self.fail("this ] closes nothing")
        if self.next.text:
            self.fail("a - belongs between two layers")
        return chain

    def chain(self) -> tuple[Item, ...]:
        items = [self.item()]
        while self.next.text in ("-", "->"):
            self.take()
            items.append(self.item())
        return tuple(items)

    def item(self) -> Item:
        start = self.next
        content = self.group() if start.text == "[" else self.word()
        optional = self.next.text == "?"
        if optional:
            self.take()
        times = None
        if self.next.text == "*":
            self.take()
            times = self.times()
        return Item(content, optional, times, start.place)

    def group(self) -> tuple[Item, ...]:
        if self.depth == DEEP:
            self.fail(f"brackets are nested at most {DEEP} deep")
        self.depth += 1
        opening = self.take()
        chain = self.chain()
        self.depth -= 1
        if not self.next.text:
            raise GrammarError("this [ is never closed", self.text, opening.place)
        if self.next.text != "]":
            self.fail("a - or ] belongs here")
        self.take()
        return chain

    def word(self) -> Token:
        if not self.next.text[:1].isalpha():
            self.fail("a layer such as CONV, or a [, belongs here")
        return self.take()

    def times(self) -> Token:
        if not self.next.text.isalnum():
            self.fail("after * comes a number, or a name such as N")
        return self.take()

    def fail(self, what: str) -> None:
        raise GrammarError(what, self.text, self.next.place)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        found = re.match(r"\s+|->|[-\[\]*?]|[0-9]+|[A-Za-z][A-Za-z_]*", text[place:])
        if found is None:
            raise GrammarError(f"{text[place]!r} means nothing here", text, place)
        if not found[0].isspace():
            tokens.append(Token(found[0], place))
        place += len(found[0])
    return [*tokens, Token("", len(text.rstrip()))]
