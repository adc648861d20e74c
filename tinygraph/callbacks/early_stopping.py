"""Ending the training when nothing gets better."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph.callbacks.callback import Logs
from tinygraph.callbacks.monitor import Monitor
from tinygraph.weights import assign_arrays


class EarlyStopping(Monitor):
    """Ends the training when `monitor` has not become better for `patience` epochs.

    Better is: by more than `min_delta`; with a `baseline` only what is better than that counts.
    Epochs before `start_from_epoch` are not looked at. With `restore_best_weights` the model has
    the weights of the best epoch when training ends, in whatever way it ends.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.best_epoch = 0
        self.wait = 0
        self.stopped_epoch = 0
        self.best_weights: dict[str, np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)  # in case nothing is ever better
        self.wait += 1
        if self.is_better(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.verbose and self.stopped_epoch:
            self.say(f"epoch {self.stopped_epoch + 1}: stopped, {self.monitor} got no better")
        if self.best_weights is not None:
            if self.verbose:
                self.say(f"the weights are those after epoch {self.best_epoch + 1}, the best one")
            assign_arrays(self.model.named_parameters(), self.best_weights, "the best epoch")

    def state(self) -> dict[str, Any]:
        weights = self.best_weights or {}
        return {
            **super().state(),
            "best_epoch": self.best_epoch,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            **{f"weights/{name}": array for name, array in weights.items()},
        }

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self.best_epoch, self.wait = state["best_epoch"], state["wait"]
        self.stopped_epoch = state["stopped_epoch"]
        start = "weights/"
        found = {k[len(start) :]: v for k, v in state.items() if k.startswith(start)}
        self.best_weights = found or None

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            named = self.model.named_parameters()
            self.best_weights = {name: p.numpy() for name, p in named.items()}
