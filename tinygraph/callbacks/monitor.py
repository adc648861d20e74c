"""Watching one number of the logs, and knowing when it got better."""

from __future__ import annotations

from typing import Any

from tinygraph.callbacks.callback import Callback, Logs
from tinygraph.errors import TinygraphError

LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "iou", "dice", "f1", "top_k")
"""What is in the names of numbers that should grow; all others should shrink."""


class Monitor(Callback):
    """A callback that watches `monitor`. `mode` is "min", "max", or "auto": by the name."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise TinygraphError(
                f'{type(self).__name__} needs mode "auto", "min" or "max", got {mode!r}'
            )
        self.monitor = monitor
        self.grows = mode == "max" or (
            mode == "auto"
            and not monitor.endswith("loss")  # of an output that is called accuracy, say
            and any(w in monitor for w in LARGER_IS_BETTER)
        )
        self.min_delta = abs(min_delta)
        self.best: float | None = None

    def value(self, logs: Logs | None) -> float | None:
        """The number now; None in an epoch without validation. An error if there never is one."""
        logs = logs or {}
        if self.monitor in logs:
            return float(logs[self.monitor])
        if self.monitor.startswith("val_") and self.params.get("validation_freq", 1) > 1:
            return None
        validates = any(name.startswith("val_") for name in logs)
        wanted = self.monitor.startswith("val_") and not validates
        needs = ": fit needs validation_data" if wanted else ""
        raise TinygraphError(
            f"{type(self).__name__} watches {self.monitor!r}{needs}; the logs have "
            f"{', '.join(logs) or 'nothing'}"
        )

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether `value` is better by more than `min_delta`; anything is better than None, and
        NaN than nothing."""
        if value != value:
            return False
        if than is None:
            return True
        if self.grows:
            return value - self.min_delta > than
        return value + self.min_delta < than

    def say(self, text: str) -> None:
        """A line for a user who asked for it with `verbose`."""
        print(text)

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best = state["best"]
