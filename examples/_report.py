"""What a run shows: progress, a table, a picture and the loss curve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from _checkpoint import Look
from _figures import new_figure, save_figure, show_image
from _lesson import print_table as print_rows
from _scores import Mask, Score
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

BOTH, EXTRA, MISSED = (255, 255, 255), (230, 75, 53), (60, 130, 246)
"""Colours of the difference: right, predicted wrongly, not found."""


class Meter:
    """Loss and time per step: a moving bar on a terminal, else a line now and then."""

    def __init__(self, console: Console, steps: int, done: int, first: str) -> None:
        self.console = console
        self._first = first
        self.steps = steps
        self.first_call_s = 0.0
        self.times: list[float] = []
        self._every = max(1, steps // 10)
        self._started = time.perf_counter()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[loss]}  {task.fields[speed]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
            )
            self._task = self._bar.add_task(first, total=steps, completed=done, loss="", speed="")

    def __enter__(self) -> Meter:
        if self._bar is None:
            self._say(f"{self._first} ...")
        else:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self) -> None:
        """A step begins."""
        self._started = time.perf_counter()

    def end(self, step: int, loss: float) -> None:
        """A step has ended: `step` of them are done."""
        took = time.perf_counter() - self._started
        if not self.first_call_s:
            self.first_call_s = took
            self._say(f"{self._first} and the first step took {took:.1f} s")
        else:
            self.times.append(took)
        speed = f"{self.step_ms:.0f} ms/step" if self.times else ""
        if self._bar is not None:
            self._bar.update(
                self._task,
                description="training",
                completed=step,
                loss=f"loss {loss:.4f}",
                speed=speed,
            )
        elif step % self._every == 0 or step == self.steps:
            self._say(f"step {step} of {self.steps}  loss {loss:.4f}  {speed}".rstrip())

    def note(self, text: str) -> None:
        """A line beside the progress."""
        self._say(text)

    @property
    def step_ms(self) -> float:
        """The median time of the steps after the first."""
        return float(np.median(self.times)) * 1000 if self.times else self.first_call_s * 1000

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False)


def print_table(
    console: Console,
    scores: dict[str, Score],
    baseline: dict[str, Score],
    counts: dict[str, int],
    facts: dict[str, str],
) -> None:
    """Dice and IoU by kind beside Otsu's, then other facts."""
    heads = ["test images", "", "Dice", "IoU", "Otsu Dice", "Otsu IoU"]
    rows = [
        [kind, str(counts[kind]), *map(_three, (s.dice, s.iou, o.dice, o.iou))]
        for kind, s, o in ((k, scores[k], baseline[k]) for k in scores)
    ]
    print_rows(console, heads, rows)
    for name, value in facts.items():
        console.print(f"{name:<14}{value}", highlight=False)


def save_picture(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    truth: Sequence[Mask],
    predicted: Sequence[Mask],
    titles: Sequence[str],
) -> None:
    """Rows of image, truth, prediction and difference."""
    figure, axes = new_figure(len(images), 4, 10, 2.6 * len(images))
    for row, (image, t, p, title) in enumerate(zip(images, truth, predicted, titles)):
        shown = (image, t, p, difference(t, p))
        names = (title, "truth", "prediction", "difference")
        for axis, picture, name in zip(axes[row], shown, names):
            show_image(axis, picture, name)
    figure.supxlabel("difference: white right, red predicted wrongly, blue not found", fontsize=9)
    save_figure(figure, path)


def difference(truth: Mask, predicted: Mask) -> NDArray[np.uint8]:
    """RGB: which pixels are right, too many, missed."""
    result = np.zeros((*truth.shape, 3), np.uint8)
    result[truth & predicted] = BOTH
    result[predicted & ~truth] = EXTRA
    result[truth & ~predicted] = MISSED
    return result


def save_curve(path: Path, losses: Sequence[float], looks: Sequence[Look]) -> None:
    """The loss of each step and their running mean, and the Dice on the validation images."""
    figure, axes = new_figure(1, 1, 7, 4)
    axis = axes[0, 0]
    steps = np.arange(1, len(losses) + 1)
    axis.plot(steps, losses, color="0.75", linewidth=0.8, label="loss of a batch")
    window = min(25, len(losses))
    smooth = np.convolve(losses, np.ones(window) / window, "valid")
    axis.plot(steps[window - 1 :], smooth, color="tab:blue", label=f"mean of {window}")
    axis.set(xlabel="step", ylabel="cross-entropy", yscale="log")
    right = axis.twinx()
    right.plot(
        [k.step for k in looks],
        [k.dice for k in looks],
        "o-",
        color="tab:orange",
        label="validation Dice",
    )
    right.set(ylabel="Dice", ylim=(0, 1))
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    save_figure(figure, path)


def _three(value: float) -> str:
    return f"{value:.3f}"
