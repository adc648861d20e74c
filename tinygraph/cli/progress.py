"""Showing that something is going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on the terminal's error output; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, refresh_per_second=2) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done: bar.update(
            task, description=what, completed=done, total=1.0 if done else None
        )


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner, likewise."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
