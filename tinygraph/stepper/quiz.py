"""The quiz: which gradient is asked for next, and whether an answer is right."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinygraph.journal import Backward
from tinygraph.stepper.elements import Index, largest, slope_of

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

NEAR = 0.01
"""An answer is right if it is off by at most this part of the number."""

NOTHING = 1e-6
"""A gradient nearer to zero than this is zero in an answer: it is there by rounding only."""

_DECIMAL = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"([+-]?)\s*({_DECIMAL}|nan|inf|∞)(?:\s*/\s*({_DECIMAL}))?", re.ASCII | re.I)


@dataclass(frozen=True)
class Quiz:
    """How many questions were answered so far, and how."""

    right: int = 0
    wrong: int = 0
    skipped: int = 0

    @property
    def asked(self) -> int:
        return self.right + self.wrong + self.skipped

    @property
    def score(self) -> str:
        """The result in a line."""
        left_out = f", {self.skipped} skipped" if self.skipped else ""
        return f"quiz: {self.right} of {self.asked} right{left_out}"


@dataclass(frozen=True)
class Question:
    """The number that the next step sends back over a wire, at one element."""

    record: Backward
    index: Index
    asks: str
    """What is asked for: "dL/dx", or "part of dL/dx over mul_1" where it is one of several."""
    answer: float

    @property
    def prompt(self) -> str:
        return f"{self.asks} = ? "


@dataclass(frozen=True)
class Guess:
    """A number that was typed, and half a unit of its last digit; 0 where it is meant exactly."""

    value: float
    rounding: float


def question_of(session: Session) -> Question | None:
    """What the quiz asks at this step; None without a quiz, or where no gradient comes next."""
    if session.quiz is None or (stop := session.level.after(session.cursor)) is None:
        return None
    record = session.journal.records[stop - 1]
    if not isinstance(record, Backward) or not session.level.shows(record.gate):
        return None
    if session.level.unit_of[record.gate].module is not None:
        return None
    source = record.wire.source
    array = record.contribution.array
    if array is None or not array.size:
        return None
    index = session.chosen.get(source, largest(array))
    parts = sum(wire.source is source for wire in session.journal.contributions)
    asks = slope_of(session.journal, source, index)
    if parts > 1:
        asks = f"part of {asks} over {session.names[record.gate]}"
    return Question(record, index, asks, float(array[index]))


def to_question(session: Session) -> Question | None:
    """Steps on to the next question; None at the end, where none is left."""
    while (question := question_of(session)) is None:
        if not session.next():
            return None
    return question


def guess_of(text: str) -> Guess | None:
    """The number in `text`, such as -0.53, 1e-3, 1/3, nan, inf; None if it is no number."""
    found = _NUMBER.fullmatch(text.strip().replace("−", "-"))
    if found is None:
        return None
    sign, above, below = found.groups()
    value = float(above.replace("∞", "inf")) * (-1 if sign == "-" else 1)
    if below is None:
        return Guess(value, _rounding(above))
    divisor = float(below)
    return Guess(value / divisor, 0.0) if divisor else None


def _rounding(digits: str) -> float:
    """Half a unit of the last digit: of 0.53 it is 0.005. A whole number of one digit is meant
    exactly."""
    mantissa, _, exponent = digits.lower().partition("e")
    whole, point, fraction = mantissa.partition(".")
    if not whole.isdigit() and not fraction:
        return 0.0  # nan, inf
    if not point and len(whole) < 2:
        return 0.0
    try:
        return 0.5 * 10.0 ** (int(exponent or 0) - len(fraction))
    except (OverflowError, ValueError):
        return 0.0


def is_right(guess: Guess, answer: float) -> bool:
    """Whether it is the number, within 1 % or rounded to the digits that were typed."""
    if math.isnan(answer) or math.isnan(guess.value):
        return math.isnan(answer) and math.isnan(guess.value)
    if math.isinf(answer) or math.isinf(guess.value):
        return answer == guess.value
    if guess.value == 0 or abs(answer) < NOTHING:
        return abs(answer) < NOTHING and abs(guess.value) < NOTHING
    off = abs(guess.value - answer)
    return off <= NEAR * abs(answer) or off <= guess.rounding * (1 + 1e-6)
