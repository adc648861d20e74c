"""Editing the line that is typed: completion and history, where Python has readline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from tinygraph.stepper.prompt.completion import DELIMITERS

KEPT = 1000
"""So many lines of history are kept from session to session."""


@contextmanager
def line_editing(complete: Callable[[str], list[str]]) -> Iterator[None]:
    """While inside, `input` completes with Tab and knows the lines of earlier sessions.

    `complete` is given the line up to the cursor. Afterwards all is as it was, so that a Python
    prompt keeps its own history. Without readline, or a place for the file, it does less.
    """
    try:
        readline: Any = import_module("readline")
    except ImportError:
        yield
        return
    before = (readline.get_completer(), readline.get_completer_delims())
    theirs = _history(readline)
    file = _file()
    readline.clear_history()
    with suppress(OSError):
        if file:
            readline.read_history_file(file)
    readline.set_completer(_completer(readline, complete))
    readline.set_completer_delims(DELIMITERS)
    edits = "libedit" in (readline.__doc__ or "")  # what macOS has instead
    readline.parse_and_bind("bind ^I rl_complete" if edits else "tab: complete")
    try:
        yield
    finally:
        with suppress(OSError):
            if file:
                readline.set_history_length(KEPT)
                readline.write_history_file(file)
        readline.set_history_length(-1)
        readline.set_completer(before[0])
        readline.set_completer_delims(before[1])
        readline.clear_history()
        for line in theirs:
            readline.add_history(line)


def _completer(
    readline: Any, complete: Callable[[str], list[str]]
) -> Callable[[str, int], str | None]:
    found: list[str] = []

    def completer(text: str, state: int) -> str | None:
        if state == 0:
            try:
                found[:] = complete(readline.get_line_buffer()[: readline.get_endidx()])
            except Exception:  # readline would swallow it, and Tab is no place for an error
                found.clear()
        return found[state] if state < len(found) else None

    return completer


def _history(readline: Any) -> list[str]:
    length = readline.get_current_history_length()
    lines = [readline.get_history_item(k) for k in range(1, length + 1)]
    return [line for line in lines if line]


def _file() -> Path | None:
    """Where the history is kept; None where nothing can be written."""
    try:
        from platformdirs import user_state_path

        folder = user_state_path("tinygraph")
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "step_history"
        with file.open("a"):
            return file
    except OSError:
        return None
