"""Reading a text: a parser by the power of signs, written by hand."""

from __future__ import annotations

from difflib import get_close_matches
from typing import NoReturn

from tinygraph.stepper.grammar.functions import FUNCTIONS
from tinygraph.stepper.grammar.tokens import Token, tokens
from tinygraph.stepper.grammar.tree import (
    COMPARISONS,
    POWERS,
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
from tinygraph.stepper.grammar.words import ALONE, CONSTANTS, FACTS, JOINS
from tinygraph.stepper.grammar.wrong import wrong

DEEP = 40
"""Parentheses and signs nested deeper are a slip."""
STARTS = "a number, a name or ("


def read(text: str) -> Part:
    """What a text says; a `GrammarError` shows where it says nothing."""
    return _Parser(text).whole()


def require_truth(part: Part, text: str) -> None:
    """Refuses what cannot be a condition."""
    if part.sort == "truth" or isinstance(part, Name):
        return
    if part.sort == "text":
        raise wrong(f'{part} is a text; compare it, as in {part} == "..."', text, part.place)
    if str(part) in ("nan", "inf"):  # nothing is equal to a NaN: it cannot be compared
        raise wrong(f"{part} is a number; `is{part}` says whether one came up", text, part.place)
    raise wrong(f"{part} is a number; a condition compares it, as in {part} > 10", text, part.place)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def whole(self) -> Part:
        part = self.expression(0)
        if self.next.kind in ("name", "quoted", "string", "number"):
            self.fail(f"a sign, or and, must stand between {part} and {self.next}")
        if self.next.kind != "end":
            self.fail(f"expected a sign or the end, found {self.next}")
        return part

    def expression(self, power: int) -> Part:
        """All up to a sign that binds no tighter than `power`."""
        self.depth += 1
        if self.depth > DEEP:
            self.fail(f"this is nested deeper than {DEEP}")
        left = self.start()
        while (binds := self.binds()) > power:
            sign = self.take()
            # Only ** groups to the right: 2 ** 3 ** 2 is 2 ** 9.
            right = self.expression(binds - 1 if sign.text == "**" else binds)
            left = self.joined(sign, left, right)
        self.depth -= 1
        return left

    def binds(self) -> int:
        """The power of the sign that comes next; 0 where it is none between two parts."""
        token = self.next
        if token.kind == "name" and token.text in ("and", "or"):
            return POWERS[token.text]
        if token.kind != "sign":
            return 0
        return POWERS["<"] if token.text in COMPARISONS else POWERS.get(token.text, 0)

    def joined(self, sign: Token, left: Part, right: Part) -> Part:
        """Two parts with a sign between them."""
        if sign.text in JOINS:
            require_truth(left, self.text)
            require_truth(right, self.text)
            return Join(sign.text, left, right, place=sign.place)
        if sign.text in COMPARISONS:
            self.require_alike(sign, left, right)
            if self.binds() == POWERS["<"]:
                first = f"{left} {sign.text} {right}"
                self.fail(f"comparisons are not chained; write {first} and {right} {self.next} ...")
            return Compare(sign.text, left, right, place=sign.place)
        self.require_number(left, sign.text)
        self.require_number(right, sign.text)
        return Arithmetic(sign.text, left, right, place=sign.place)

    def start(self) -> Part:
        """A part up to the first sign between two."""
        token = self.take()
        match token.kind:
            case "number":
                return self.indexed(self.number(token))
            case "string":
                return Text(token.text, place=token.place)
            case "quoted":
                return self.indexed(Name(token.text, place=token.place))
            case "name":
                return self.word(token)
        match token.text:
            case "-":
                of = self.expression(POWERS["minus"])
                self.require_number(of, "-")
                return Minus(of, place=token.place)
            case "(":
                inner = self.expression(0)
                self.close(token, ")")
                return self.indexed(inner)
        self.fail(f"expected {STARTS}, found {token}", token)

    def number(self, token: Token) -> Part:
        value = float(token.text)
        if value == float("inf"):
            return Constant("inf", place=token.place)
        return Number(value, place=token.place)

    def word(self, token: Token) -> Part:
        """What begins with a word or a name."""
        word = token.text
        called = self.sees("(")
        if word == "not":
            of = self.expression(POWERS["not"])
            require_truth(of, self.text)
            return Not(of, place=token.place)
        if word in JOINS:
            self.fail(f"expected {STARTS}, found {word}", token)
        if called and word in ("grad", "value"):
            return self.indexed(self.of(token))
        if called:
            return self.indexed(self.call(token))
        if word in ALONE:
            return Call(word, Word("new", place=token.place), place=token.place)
        if word in CONSTANTS:
            return self.indexed(Constant(word, place=token.place))
        if word in FACTS:
            return self.fact(token)
        return self.indexed(Name(word, place=token.place))

    def fact(self, token: Token) -> Part:
        """A word for the step just done; `dead relu` is short for `dead and relu`."""
        word = Word(token.text, place=token.place)
        after = self.next
        if token.text == "dead" and (
            after.kind == "quoted" or (after.kind == "name" and after.text not in JOINS)
        ):
            name = self.take()
            return Join("and", word, Name(name.text, place=name.place), place=token.place)
        return self.indexed(word)

    def call(self, token: Token) -> Part:
        """A function and its argument in parentheses."""
        if token.text not in FUNCTIONS:
            known = [*FUNCTIONS, "grad", "value"]
            near = get_close_matches(token.text, known, 1)
            hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            self.fail(f"no function is called {token.text}; {hint}", token)
        opening = self.take()
        argument = self.expression(0)
        if not FUNCTIONS[token.text].truths or argument.sort == "text":
            self.require_number(argument, token.text)
        if self.sees(","):
            self.fail(f"{token.text} takes one argument")
        self.close(opening, ")")
        return Call(token.text, argument, place=token.place)

    def of(self, token: Token) -> Part:
        """value(NAME) or grad(NAME); an index of the name is one of the whole."""
        opening = self.take()
        inner = self.start()
        name = inner.array if isinstance(inner, At) else inner
        if not isinstance(name, Name):
            self.fail(f"{token.text}(...) takes the name of a gate or tensor", opening, 1)
        self.close(opening, ")")
        what = "grad" if token.text == "grad" else "value"
        result = Of(what, name.name, place=token.place)
        return At(result, inner.index, place=inner.place) if isinstance(inner, At) else result

    def indexed(self, part: Part) -> Part:
        """The part with the indices that follow it."""
        while self.sees("["):
            opening = self.take()
            self.require_number(part, "[...]")
            index = [self.index()]
            while self.sees(","):
                self.take()
                index.append(self.index())
            self.close(opening, "]")
            part = At(part, tuple(index), place=opening.place)
        return part

    def index(self) -> int | Span:
        """One position of an axis, or from where to where."""
        place = self.next.place
        start = None if self.sees(":") else self.whole_number()
        if not self.sees(":"):
            assert start is not None
            return start
        self.take()
        stop = None if self.sees(",") or self.sees("]") else self.whole_number()
        return Span(start, stop, place=place)

    def whole_number(self) -> int:
        sign = 1
        if self.sees("-"):
            self.take()
            sign = -1
        token = self.next
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 18:
            self.fail(f"an index is a whole number, as in [0, 2:4, -1]; found {token}")
        self.take()
        return sign * int(token.text)

    def require_number(self, part: Part, by: str) -> None:
        if part.sort == "truth":
            self.fail(f"{part} is true or false, and {by} takes numbers", part)
        if part.sort == "text":
            self.fail(f"{part} is a text, and {by} takes numbers", part)

    def require_alike(self, sign: Token, left: Part, right: Part) -> None:
        """Numbers are compared with numbers, texts with texts."""
        if "truth" in (left.sort, right.sort):
            truth = left if left.sort == "truth" else right
            self.fail(f"{truth} is true or false already; join it with and, or, not", truth)
        if left.sort == right.sort == "text" and sign.text not in ("==", "!="):
            self.fail(f"texts are equal or not: == or !=, not {sign}", sign)
        if left.sort == right.sort:
            return
        text, other = (left, right) if left.sort == "text" else (right, left)
        if isinstance(other, Name) and isinstance(text, Word):
            self.fail(f'{text} is a text; write {text} {sign} "{other.name}"', other)
        self.fail(f"{text} is a text and {other} a number", other)

    def close(self, opening: Token, sign: str) -> None:
        if self.sees(sign):
            self.take()
        elif self.next.kind == "end":
            self.fail(f"this {opening} is never closed", opening)
        else:
            self.fail(f"expected a sign or {sign}, found {self.next}")

    def sees(self, sign: str) -> bool:
        return self.next.kind == "sign" and self.next.text == sign

    def take(self) -> Token:
        token = self.next
        if token.kind != "end":
            self.position += 1
        return token

    def fail(self, what: str, where: Token | Part | None = None, after: int = 0) -> NoReturn:
        raise wrong(what, self.text, (where or self.next).place + after)
