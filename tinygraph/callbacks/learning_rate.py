"""Callbacks that change the learning rate: by the epoch, and where nothing gets better."""

from __future__ import annotations

import inspect
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np

from tinygraph.callbacks.callback import Callback, Logs
from tinygraph.callbacks.monitor import Monitor
from tinygraph.errors import TinygraphError

RATE = "learning_rate"


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch to `schedule(epoch, rate)`, or
    `schedule(epoch)`. Epochs count from 0, `rate` is that of now."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TinygraphError(f"LearningRateScheduler needs a function, got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _count(schedule) >= 2

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        given = (epoch, _rate(self)) if self._takes_rate else (epoch,)
        rate = self.schedule(*given)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise TinygraphError(
                f"the schedule of LearningRateScheduler must give a number, got {rate!r}"
            ) from None
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"epoch {epoch + 1}: the learning rate is {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note(self, logs)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when `monitor` has not become better, by more than
    `min_delta`, for `patience` epochs; then waits `cooldown` epochs. Never below `min_lr`."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise TinygraphError(f"ReduceLROnPlateau needs a factor between 0 and 1, got {factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note(self, logs)
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self.wait, self.cooldown_counter = state["wait"], state["cooldown_counter"]

    def _reduce(self, epoch: int) -> None:
        rate = _rate(self)
        if rate <= max(self.min_lr, float(np.float32(self.min_lr))):  # as the parameter holds it
            return
        rate = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = rate
        self.wait, self.cooldown_counter = 0, self.cooldown
        if self.verbose:
            self.say(f"epoch {epoch + 1}: the learning rate is now {rate:g}")


def _rate(callback: Callback) -> float:
    return float(callback.model.optimizer.learning_rate)


def _note(callback: Callback, logs: Logs | None) -> None:
    """Puts the learning rate among the logs, and so into the history."""
    if isinstance(logs, MutableMapping):
        logs[RATE] = _rate(callback)


def _count(function: Callable[..., Any]) -> int:
    """How many arguments a function takes by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return 2
    return sum(p.kind in kinds for p in parameters)
