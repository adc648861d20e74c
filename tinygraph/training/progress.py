"""What `fit`, `evaluate` and `predict` show: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tinygraph.callbacks.callback import Callback, Logs
from tinygraph.compile.waiting import is_told, tell, untell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

QUIET = 10.0
"""Seconds without a line after which a plain output gets one in the middle of an epoch."""
REDRAW = 0.1
"""Seconds between two changes of the bar."""

_bars: list[Progress] = []


def clear_bars() -> None:
    """Takes the bars off the terminal, for something else; the next change shows them again."""
    for bar in _bars:
        bar.stop()


class Display(Callback):
    """Shows loss, metrics and the time left of the whole training.

    On a terminal a bar for the epoch at hand; a line for each epoch stays.
    """

    def __init__(self, bar: bool = True, console: Console | None = None) -> None:
        self._wants_bar = bar
        self._given = console
        self._bar: Progress | None = None
        self._validating = False
        self._trains = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._trains = True
        self._timed: tuple[float, float] | None = None
        self._done = 0.0
        self._open()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._epoch_begun = self._spoken = time.perf_counter()
        self._show(f"epoch {epoch + 1}/{self._epochs}", 0, "")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        now = time.perf_counter()
        steps = self.params.get("steps")
        self._done = self._epoch + ((batch + 1) / steps if steps else 0)
        if self._timed is None:  # what the first step took says nothing of the others
            self._timed = (now, self._done)
        name = f"epoch {self._epoch + 1}/{self._epochs}"
        if self._bar is not None:
            self._show(name, batch + 1, f"{_said(logs)}{self._left(now)}", now)
        elif now - self._spoken >= QUIET:
            self._spoken = now
            of = f"/{steps}" if steps else ""
            self._print(f"{name}, batch {batch + 1}{of}: {_said(logs)}{self._left(now)}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        took = time.perf_counter() - self._epoch_begun
        self._print(f"epoch {epoch + 1}/{self._epochs}: {_said(logs)}, {_time(took)}")

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._validating = True
        if not self._trains:
            self._open()
        self._show("validating" if self._trains else "evaluating", 0, "")

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._trains:
            self._show("validating", None, "", time.perf_counter())
        else:
            self._show("evaluating", batch + 1, _said(logs), time.perf_counter())

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._trains:
            self._close()
            self._print(_said(logs))

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._open()
        self._show("predicting", 0, "")

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._show("predicting", batch + 1, "", time.perf_counter())

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._close()

    def close(self) -> None:
        """Takes the bar away, also after an error."""
        self._close()

    @property
    def _epochs(self) -> int:
        return self.params.get("epochs", 1)

    def _open(self) -> None:
        from rich.console import Console

        self._console = self._given or Console()
        self._shown = 0.0
        if is_told() or not (self._wants_bar and self._console.is_terminal):
            return  # a callback that evaluates, under the bar of `fit`, has no second one
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
        )
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("", total=self.params.get("steps"), said="")
        self._token = tell(self._compiling)
        _bars.append(self._bar)

    def _close(self) -> None:
        if self._bar is not None:
            untell(self._token)
            self._bar.stop()
            _bars.remove(self._bar)
            self._bar = None

    def _compiling(self, name: str, ready: int, total: int) -> None:
        """A step is being compiled."""
        if self._bar is not None:
            done = f" {ready} of {total} kernels" if total else ""
            self._bar.update(self._task, said=f"compiling{done}")

    def _show(self, name: str, done: int | None, said: str, now: float | None = None) -> None:
        """Changes the bar; where `now` is given, not too often."""
        if self._bar is None or (now is not None and now - self._shown < REDRAW):
            return
        self._shown = now or 0.0
        changes: dict[str, Any] = {"description": name, "said": said}
        if done is not None:
            changes["completed"] = done
        self._bar.update(self._task, **changes)
        self._bar.start()

    def _left(self, now: float) -> str:
        """How long it will still take, from what the steps after the first took."""
        if self._timed is None or self._done <= self._timed[1] or not self.params.get("steps"):
            return ""
        began, at = self._timed
        seconds = (now - began) / (self._done - at) * (self._epochs - self._done)
        return f", {_time(seconds)} left"

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)


def _said(logs: Logs | None) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in (logs or {}).items())


def _number(value: float) -> str:
    """Four digits after the point, or four that count where that would be nothing."""
    return f"{value:.4f}" if abs(value) >= 1e-3 or not value else f"{value:.3e}"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"
