"""Ctrl-C: the step at hand is finished, then the training ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False

    def check(self) -> None:
        """Raises `KeyboardInterrupt` if it was."""
        if self.pressed:
            raise KeyboardInterrupt


@contextmanager
def noticed_interrupts() -> Iterator[Interrupt]:
    """Inside, the first Ctrl-C is only noted; the second one interrupts as usual.

    Where somebody else handles the signal, or in another thread than the main one, nothing is
    changed: `KeyboardInterrupt` comes as it would. A compiled step swaps its results in when it has
    run, so also then the weights are those of a whole number of steps.
    """
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return

    def notice(number: int, frame: FrameType | None) -> None:
        interrupt.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, notice)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
