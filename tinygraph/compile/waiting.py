"""Saying that something is being compiled, where somebody may be waiting."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from tinygraph.backend import Progress

FEW = 50
"""Graphs with fewer nodes are compiled before a message could be read."""


Listener = Callable[[str, int, int], None]
"""Told what is compiled, how many kernels are ready, and of how many; 0 of 0 at first."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def tell(listener: Listener | None) -> Token[Listener | None]:
    """From now on `listener` is told instead of showing a line; `untell` ends that."""
    return _listener.set(listener)


def is_told() -> bool:
    """Whether somebody is: then there is a bar on the terminal."""
    return _listener.get() is not None


def untell(token: Token[Listener | None]) -> None:
    """Undoes the `tell` that gave the token."""
    _listener.reset(token)


@contextmanager
def waiting(name: str, nodes: int) -> Iterator[Progress | None]:
    """A line on the terminal's error output for as long as `name` is compiled.

    What it gives is told how many kernels are ready. Nothing is shown where that output is no
    terminal, or where something else is being shown there; a bar that is there may `tell` it.
    """
    listener = _listener.get()
    if listener is not None:
        listener(name, 0, 0)
        yield lambda ready, total: listener(name, ready, total)
        return
    if nodes < FEW or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.errors import LiveError

    status = Console(stderr=True).status(f"compiling {name}: {nodes} nodes")
    try:
        status.start()
    except LiveError:
        yield None
        return
    try:
        yield lambda ready, total: status.update(f"compiling {name}: {ready} of {total} kernels")
    finally:
        status.stop()
