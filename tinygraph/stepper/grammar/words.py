"""The words of the grammar: what each is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sort = Literal["number", "truth", "text"]
"""What an expression gives: a number or an array of them, true or false, or a text."""


@dataclass(frozen=True)
class Term:
    """A word for something at the step just done."""

    sort: Sort
    says: str


FACTS = {
    "value": Term("number", "what the gate has just computed, in a forward step"),
    "grad": Term("number", "the gradient just sent over a wire, in a backward step"),
    "new": Term("number", "what the step computed: a value forward, a gradient backward"),
    "upstream": Term("number", "the gradient that came in from above"),
    "local": Term("number", "the local derivative"),
    "total": Term("number", "what the wire's source has been sent so far, added up"),
    "step": Term("number", "how many steps are done"),
    "op": Term("text", "the op of the step's gate"),
    "gate": Term("text", "the name of the step's gate"),
    "module": Term("text", "the modules that the step's gate is in, as in unet/decoder_1"),
    "dead": Term("truth", "the gate just computed lets no gradient through, anywhere"),
    "forward": Term("truth", "a value was computed"),
    "backward": Term("truth", "a gradient was sent"),
}
"""Every such word. Not all of them have a meaning everywhere: in training only `step` has."""

CONSTANTS = ("inf", "nan")
JOINS = ("and", "or", "not")
ALONE = ("isnan", "isinf")
"""Functions that may stand alone: they ask about `new`."""

RESERVED = frozenset((*FACTS, *CONSTANTS, *JOINS, *ALONE))
"""What is no name unless in backquotes."""
