"""docs/commands.md: made from the table of the stepper's commands.

`pytest --update-golden` writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tinygraph.stepper import grammar
from tinygraph.stepper.commands import COMMANDS, Command
from tinygraph.stepper.commands.helping import ALWAYS, grouped

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
INTRODUCTION = """\
# Commands of the stepper

What can be typed at the prompt of `tg.step(y)` and `python -m tinygraph step FILE`;
[stepping](stepping.md) shows them at work. Each has a long name, most a short one, and any
beginning that is clear will do. Tab completes names of commands, gates and tensors. `help` lists
all of this, `help why` explains one of them.

X stands for a name, such as `conv2d_1` or `decoder/w`, or for one element of it, such as
`conv2d_1[0, 2, 3, 5]`. A name with characters that mean something else stands in backquotes. `.` is
the gate that is looked at.

This page is made from the table of the commands by `tests/test_commands_page.py`.
"""
CONDITIONS = "## The language of conditions\n\n"


def entry(known: Command) -> str:
    """A command: how it is typed, what it does in a line, and all of its help."""
    short = f", `{known.short}`" if known.short else ""
    says = known.says[0].upper() + known.says[1:]
    return f"**`{known.usage}`**{short}: {says}.\n\n{known.long_help}\n"


def page() -> str:
    parts = [INTRODUCTION]
    for title, members in grouped().items():
        parts += [f"## {title}\n", *map(entry, members)]
    parts += ["## Always\n", *(f"- **{typed}**: {says}." for typed, says in ALWAYS.items()), ""]
    parts += [CONDITIONS + dedent(grammar.__doc__ or "")]
    return "\n".join(parts)


def test_page_says_what_the_commands_say(request: pytest.FixtureRequest) -> None:
    text = page()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    stored = PAGE.read_text(encoding="utf-8")
    assert text == stored, "pytest --update-golden writes the page anew"


def test_every_command_is_there() -> None:
    stored = PAGE.read_text(encoding="utf-8")
    assert {
        name for name, known in COMMANDS.items() if f"**`{known.usage}`**" not in stored
    } == set()
