"""How quick the stepper is: `python -m tinygraph bench NAME --mode step`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tinygraph.bench import Workload
from tinygraph.graph import Node, is_leaf
from tinygraph.journal import Backward
from tinygraph.stepper.commands import find_command
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import subject_of

FILE = """\
from tinygraph.bench import Workload

step = Workload({name!r}, batch={batch}, backend="numpy", image_size={size}).function
"""
PLACES = 300
"""So many random places are gone to."""


def measure_stepping(
    name: str,
    batch: int = 1,
    image_size: int | None = None,
    on_progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Walks through one training step of a model.

    Seconds from the start of a process to its first screen; milliseconds for a step, for going
    anywhere, and for why the gradient of a weight of the first layer is what it is, each with its
    screen. Of several the median and the longest.
    """
    note = on_progress or (lambda what, done: None)
    note("starting", 0.0)
    first = _first_screen(name, batch, image_size)
    note("running", 0.2)
    work = Workload(name, batch=batch, backend="numpy", image_size=image_size)
    subject = subject_of(work.function)
    session = subject.session()
    journal = session.journal
    note("stepping", 0.3)
    steps = [_timed(session, "goto", "1")]
    while session.cursor < len(journal):
        session.goto(session.cursor + 1)  # opens the module, if the next gate is in another
        session.back()
        steps.append(_timed(session, "next", ""))
        note("stepping", 0.3 + 0.4 * session.cursor / len(journal))
    places = np.random.default_rng(0).integers(0, len(journal) + 1, PLACES)
    note("going anywhere", 0.7)
    gotos = [_timed(session, "goto", str(place)) for place in places]
    note("asking why", 0.9)
    why = _timed(session, "why", session.names[_first_weight(session)])
    return {
        "workload": name,
        "mode": "step",
        "batch": batch,
        "steps": len(journal),
        "first_screen_s": round(first, 3),
        "next_ms": _middle(steps),
        "next_longest_ms": _longest(steps),
        "goto_ms": _middle(gotos),
        "goto_longest_ms": _longest(gotos),
        "why_ms": _longest([why]),
        "journal_mb": round(journal.memory.nbytes / 1e6, 1),
    }


def _first_screen(name: str, batch: int, size: int | None) -> float:
    """Seconds from the start of Python to the first line of the screen."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "training_step.py")
        file.write_text(FILE.format(name=name, batch=batch, size=size), encoding="utf-8")
        command = [sys.executable, "-m", "tinygraph", "step", str(file)]
        start = time.perf_counter()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            taken = time.perf_counter() - start
            process.stdout.read()
    return taken


def _timed(session: Session, name: str, text: str) -> float:
    """Seconds for one command and the screen after it."""
    start = time.perf_counter()
    find_command(name).run(session, text)
    screen(session, 80, 24)
    return time.perf_counter() - start


def _first_weight(session: Session) -> Node:
    """The leaf whose gradient comes last, with more than a number for each channel."""
    reached = [r.wire.source for r in session.journal if isinstance(r, Backward)]
    return next(node for node in reversed(reached) if is_leaf(node) and node.ndim > 1)


def _middle(seconds: list[float]) -> float:
    return round(1000 * float(np.median(seconds)), 2)


def _longest(seconds: list[float]) -> float:
    return round(1000 * max(seconds), 2)
