"""A step of training at which a watch stopped, and talking about it at the terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from tinygraph.journal import Journal, number
from tinygraph.stepper.filling import Filled
from tinygraph.stepper.subject import Subject, call_journal
from tinygraph.training.progress import clear_bars


@dataclass(eq=False)
class Stopped:
    """A step of training at which the condition of a watch holds, or the training fails.

    It keeps what the step read: the parameters, and all else, from before the step.
    """

    condition: str
    where: str
    """Such as "epoch 1, batch 17"."""
    numbers: dict[str, float]
    """Loss and metrics of the batch, and `step`, `epoch`, `batch`."""
    name: str
    """What the step is called."""
    call: Filled
    failure: str = ""
    """Why the training would end with an error here, where the condition does not hold."""

    @cached_property
    def subject(self) -> Subject:
        """The step as a journal, with a title and notes."""
        found = call_journal(self.call, self.name)
        notes = (f"{self._why()} here: {self._said()}", *found.notes)
        return Subject(found.journal, f"{self.where} of {self.name}", notes)

    @property
    def journal(self) -> Journal:
        return self.subject.journal

    def _why(self) -> str:
        return self.failure or f"{self.condition} holds"

    def _said(self) -> str:
        said = [f"{name} {number(value)}" for name, value in self.numbers.items()]
        return ", ".join(said[:6])

    def __str__(self) -> str:
        return f"{self.where}: {self._why()}: {self._said()}"


def talked(stopped: Stopped) -> bool:
    """Steps through it at the terminal; whether the training is to go on."""
    from rich.console import Console

    from tinygraph.stepper.prompt.repl import run

    clear_bars()
    with Console(stderr=True).status(f"{stopped.where}: running the step again"):
        subject = stopped.subject
    session = subject.session()
    session.training = stopped
    with _usual_interrupts():
        run(session)
    return session.goes_on


@contextmanager
def _usual_interrupts() -> Iterator[None]:
    """Inside, Ctrl-C raises `KeyboardInterrupt`: `fit` only notes the first one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
