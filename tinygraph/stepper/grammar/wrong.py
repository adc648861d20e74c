"""The error that shows where a text is wrong."""

from __future__ import annotations

from tinygraph.errors import GrammarError

WIDE = 70
"""Of longer texts only the surroundings of the place are shown: a caret below wrapped lines would
point anywhere."""
LONGEST = 240
"""Characters of a message; a piece of the text that it quotes may be long."""


def wrong(what: str, text: str, place: int) -> GrammarError:
    """What is wrong with a text at a place, to be raised."""
    what = what if len(what) <= LONGEST else f"{what[: LONGEST - 1]}…"
    shown = "".join(c if c.isprintable() else " " for c in text)
    start = max(0, place - WIDE + 10) if len(shown) > WIDE else 0
    error = GrammarError(what, shown[start : start + WIDE], place - start)
    error.place = place
    return error
