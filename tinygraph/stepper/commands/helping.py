"""Help, and leaving."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import (
    COMMANDS,
    Command,
    CommandError,
    command,
    find_command,
    no_text,
    words_beginning,
)

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

GROUPS = {
    "moving": "Moving",
    "asking": "Asking",
    "looking": "Looking",
    "changing": "Changing numbers",
    "watching": "Watching",
    "training": "Training",
    "quiz": "Learning",
    "touring": "Learning",
    "keeping": "Keeping a session",
    "helping": "Help",
}
"""The headings, in the order of the help; a group without one is last, under its own name."""

ALWAYS = {
    "an empty line": "the last move once more",
    "!PYTHON": "runs Python, with tg, np, session, journal, y and the values by their names",
    "A; B": "one command after the other; # begins a comment",
}
"""What is no command, but can be typed."""

WIDE = 28
"""Columns for how a command is typed; what is longer takes more lines."""


def grouped() -> dict[str, list[Command]]:
    """The commands under their headings."""
    names = dict.fromkeys([*GROUPS, *(known.group for known in COMMANDS.values())])
    found: dict[str, list[Command]] = {}
    for name in names:
        members = [known for known in COMMANDS.values() if known.group == name]
        found.setdefault(GROUPS.get(name, name.capitalize()), []).extend(members)
    return {title: members for title, members in found.items() if members}


def _complete(session: Session, text: str) -> list[str]:
    return words_beginning(COMMANDS, text)


@command("help", "?", "[COMMAND]", "all commands, or one of them", _complete)
def help_(session: Session, text: str) -> Answer:
    """Lists the commands with their short names, or explains one: `help why`."""
    if text:
        return Answer(_of_one(_meant(text)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(max_width=WIDE)
    table.add_column()
    for title, members in grouped().items():
        table.add_row(Text(title, style="bold"))
        for known in members:
            table.add_row(*map(Text, (f"  {known.short}", known.usage, known.says)))
    table.add_row(Text("Always", style="bold"))
    for typed, says in ALWAYS.items():
        table.add_row(*map(Text, ("", typed, says)))
    return Answer([table])


def _meant(text: str) -> Command:
    """A command by its name, or the one whose explanation has the word."""
    try:
        return find_command(text.split()[0])
    except CommandError:
        words = {w: c for c in COMMANDS.values() for w in c.says.lower().split() if len(w) > 3}
        close = difflib.get_close_matches(text.lower(), words, 1, 0.87)
        if not close:
            raise
        return words[close[0]]


def _of_one(known: Command) -> list[str]:
    also = f"  (or {known.short})" if known.short else ""
    return [f"{known.usage}{also}: {known.says}", *known.long_help.splitlines()]


@command("quit", "q", "", "end the session")
def quit_(session: Session, text: str) -> Answer:
    """Ends the session, as the end of the input and Ctrl-D do. `save FILE` keeps it."""
    no_text("quit", text)
    return Answer(ends=True)
