"""Saying that something is being compiled, where somebody may be waiting."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tinygraph.backend import Progress

FEW = 50
"""Graphs with fewer nodes are compiled before a message could be read."""


@contextmanager
def waiting(name: str, nodes: int) -> Iterator[Progress | None]:
    """A line on the terminal's error output for as long as `name` is compiled.

    What it gives is told how many kernels are ready. Nothing is shown where that output is no
    terminal, or where something else is being shown there.
    """
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
