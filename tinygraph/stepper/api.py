"""`tg.step`: walking through a computation, at a terminal or in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinygraph.journal.run import KEEP
from tinygraph.stepper.notebook import Stepping, in_notebook
from tinygraph.stepper.subject import subject_of


def step(
    subject: Any,
    *inputs: Any,
    gradients: Any = None,
    script: str | Iterable[str] | None = None,
    plain: bool = False,
    width: int | None = None,
    height: int | None = None,
    keep: int = KEEP,
) -> Stepping | None:
    """Walks through a computation gate by gate: forward, backward, and back in time.

    `subject` is a tensor; a model, on inputs given or on random ones, or with `inputs` x and y one
    step of its training; or a function, on `inputs` or, if it is jitted, its `example`: one call of
    it, in which nothing is assigned. `gradients` is what comes in for each element of a tensor that
    has several (ones where it is left out), False for a forward pass only.

    At a terminal this is a prompt: `?` lists the commands, `q` leaves. The lines of a `script` come
    first. `plain` prints sentences, for a screen reader. `width` and `height` are the columns and
    rows of the screen. In a notebook it returns a `Stepping`, which shows the screen and has the
    commands as methods. `keep` are the bytes of numbers that are held.
    """
    found = subject_of(subject, *inputs, gradients=gradients, keep=keep)
    lines = script.splitlines() if isinstance(script, str) else script
    if in_notebook():
        return Stepping(found, width=width, height=height, plain=plain).do(*(lines or ()))
    from tinygraph.stepper.prompt.repl import run

    session = found.session()
    run(session, lines, plain=plain, width=width, height=height)
    return None
