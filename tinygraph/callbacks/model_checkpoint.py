"""Saving the model again and again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tinygraph.callbacks.callback import Logs
from tinygraph.callbacks.monitor import Monitor
from tinygraph.errors import DataError, TinygraphError
from tinygraph.weights.archive import require_our_suffix


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch, or after each `save_freq` batches.

    `filepath` may name the epoch (from 1 on) and the logs: "net-{epoch:02d}-{val_loss:.2f}". With
    `save_best_only` only when `monitor` is better than ever (and than `initial_value_threshold`).
    With `save_weights_only` by `model.save_weights`, else by `model.save`. A file is replaced as a
    whole or not at all, and never by a model whose loss is no finite number.
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise TinygraphError(
                f'ModelCheckpoint needs save_freq "epoch" or a number of batches, got {save_freq!r}'
            )
        require_our_suffix(filepath)
        self.filepath = str(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._batches = 0
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save(self._epoch, {**(logs or {}), "batch": batch + 1})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def state(self) -> dict[str, Any]:
        return {**super().state(), "batches": self._batches}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._batches = state["batches"]

    def _save(self, epoch: int, logs: Logs) -> None:
        if not math.isfinite(logs.get("loss", 0.0)):
            return
        if self.save_best_only:
            value = self.value(logs)
            if value is None or not self.is_better(value, self.best):
                return
            self.best = value
        path = self._path(epoch, logs)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror or error}") from None
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            self.say(f"epoch {epoch + 1}: saved {path}")

    def _path(self, epoch: int, logs: Logs) -> Path:
        try:
            return Path(self.filepath.format(**{**logs, "epoch": epoch + 1}))
        except (KeyError, IndexError, ValueError) as error:
            raise TinygraphError(
                f"ModelCheckpoint cannot make a name of {self.filepath!r}: {error}; there are "
                f"epoch, {', '.join(logs)}"
            ) from None
