"""Completing the last word of an expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tinygraph.stepper.grammar.functions import FUNCTIONS
from tinygraph.stepper.grammar.tree import written
from tinygraph.stepper.grammar.words import ALONE, CONSTANTS, FACTS, JOINS

LAST = re.compile(r"(?:`(?P<quoted>[^`]*)|(?P<word>(?:[^\W\d][\w./]*)?))$")


def complete(text: str, names: Iterable[str]) -> list[str]:
    """What the last word of `text` may become, in order: names, words, and functions with their
    opening parenthesis. Empty inside of a quoted text."""
    if (text.count('"') % 2 or text.count("'") % 2) and text.count("`") % 2 == 0:
        return []
    found = LAST.search(text)
    if found is None:
        return []
    if text.count("`") % 2:
        start = found["quoted"] or ""
        return sorted(
            "`" + name.replace("`", "``") + "`" for name in names if name.startswith(start)
        )
    start = found["word"] or ""
    calls = [f"{name}(" for name in (*FUNCTIONS, "grad", "value")]
    words = [*FACTS, *CONSTANTS, *JOINS, *ALONE, *calls]
    return sorted(
        {written(name) for name in names if name.startswith(start)}
        | {word for word in words if word.startswith(start)}
    )
