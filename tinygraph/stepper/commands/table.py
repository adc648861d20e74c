"""The table of commands, and finding one by what was typed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.stepper.commands.answer import Answer

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

Run = Callable[["Session", str], Answer]
Complete = Callable[["Session", str], Iterable[str]]
"""Gives the words that may stand where the last of the text typed so far stands."""

COMMANDS: dict[str, Command] = {}
"""Every command by its long name; a file of this package enters its own with `@command`."""


class CommandError(TinygraphError):
    """A command that cannot be done: shown as a one-line hint, the session is as it was."""


@dataclass(frozen=True)
class Command:
    """One command: `run` is given the session and the text after the name.

    `repeats`: an empty line does it once more.
    """

    name: str
    short: str
    arguments: str
    says: str
    run: Run
    complete: Complete | None = None
    repeats: bool = False

    @property
    def group(self) -> str:
        """The file it stands in: moving, asking, changing ..."""
        return self.run.__module__.rpartition(".")[2]

    @property
    def usage(self) -> str:
        """How it is typed, such as "next [K]"."""
        return f"{self.name} {self.arguments}".rstrip()

    @property
    def long_help(self) -> str:
        """The docstring of its function."""
        return cleandoc(self.run.__doc__ or self.says)


def command(
    name: str,
    short: str,
    arguments: str,
    says: str,
    complete: Complete | None = None,
    *,
    repeats: bool = False,
) -> Callable[[Run], Run]:
    """Enters the function below into the table; `short` may be empty.

    A name that is taken is a bug, said at once.
    """

    def enter(run: Run) -> Run:
        taken = {word for known in COMMANDS.values() for word in (known.name, known.short) if word}
        for word in (name, short):
            if word in taken:
                raise TinygraphError(f"the stepper has a command {word!r} already")
        COMMANDS[name] = Command(name, short, arguments, says, run, complete, repeats)
        return run

    return enter


ELSEWHERE = {
    "exit": "quit",
    "bye": "quit",
    "forward": "next",
    "step": "next",
    "previous": "back",
    "prev": "back",
    "run": "continue",
    "start": "home",
    "up": "out",
    "down": "into",
    "print": "show",
    "list": "ls",
    "man": "help",
}
"""What debuggers, shells and Python call a command: only to say which one is meant."""


def find_command(word: str) -> Command:
    """The command with this long or short name, or the one whose name begins so.

    A `CommandError` says which others are meant perhaps.
    """
    if word in COMMANDS:
        return COMMANDS[word]
    for known in COMMANDS.values():
        if known.short == word:
            return known
    begin = [known for known in COMMANDS.values() if known.name.startswith(word)]
    if len(begin) == 1:
        return begin[0]
    if begin:
        raise CommandError(f"{word!r} may be {_listed([known.name for known in begin])}")
    meant = ELSEWHERE.get(word.lower())
    close = [meant] if meant else difflib.get_close_matches(word.lower(), COMMANDS, 3, 0.6)
    hint = f"did you mean {_listed(close)}?" if close else "? lists the commands"
    raise CommandError(f"no command {_clipped(word)}; {hint}")


def no_text(name: str, text: str) -> None:
    """Refuses arguments where a command takes none."""
    if text:
        raise CommandError(f"{name} takes nothing, got {_clipped(text)}")


def whole_number(name: str, text: str, default: int | None = None, least: int = 0) -> int:
    """The number in `text`; `default` where there is none."""
    if not text and default is not None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise CommandError(f"{name} takes a whole number, got {_clipped(text)}") from None
    if value < least:
        raise CommandError(f"{name} takes a number of at least {least}, got {value}")
    return value


def file_name(name: str, text: str) -> str:
    """The file that a command takes."""
    if not text:
        raise CommandError(f"{name} takes the name of a file, as in {name} a.json")
    if "\0" in text:
        raise CommandError("no file has such a name")
    return text


def words_beginning(words: Iterable[str], text: str) -> list[str]:
    """For completion: those of `words` that the last word of `text` begins."""
    last = text.rpartition(" ")[2]
    return sorted(word for word in set(words) if word.startswith(last))


def complete_names(session: Session, text: str) -> list[str]:
    """For completion: the names of gates and leaves that the last word of `text` begins."""
    return words_beginning(session.names.values(), text)


def _listed(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _clipped(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:29] + "…")
