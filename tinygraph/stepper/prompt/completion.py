"""Which words may stand where the cursor is: what Tab offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.stepper.commands import COMMANDS, find_command

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

DELIMITERS = " \t;"
"""What separates the words of a line."""


def completions(session: Session, line: str) -> list[str]:
    """The words that the last one of `line` may become: commands, then what a command takes."""
    part = line.rpartition(";")[2].lstrip()
    if part.startswith("!"):
        return _of_python(session, part)
    word, space, rest = part.partition(" ")
    if not space:
        return sorted(f"{name} " for name in COMMANDS if name.startswith(word))
    try:
        known = find_command(word)
        return list(known.complete(session, rest.lstrip())) if known.complete else []
    except TinygraphError:
        return []


def _of_python(session: Session, part: str) -> list[str]:
    last = max(part.rfind(d) for d in DELIMITERS) + 1
    mark, begun = ("!", part[1:]) if not last else ("", part[last:])
    names = {name for name in session.names.values() if name.isidentifier()}
    known = names | {"tg", "np", "session", "journal", "y"}
    return sorted(mark + name for name in known if name.startswith(begun))
