"""Logs for TensorBoard."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from tinygraph.callbacks.callback import Callback, Logs
from tinygraph.callbacks.event_file import EventFile, Histogram
from tinygraph.errors import TinygraphError


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir LOG_DIR` shows.

    After each epoch loss and metrics as `epoch_loss` ..., in `train` and `validation` below
    `log_dir`, and the learning rate. `update_freq="batch"`, or a number of batches, also writes
    `batch_loss` ...; `histogram_freq` is the number of epochs between two histograms of each weight
    (0: none). A run that is resumed goes on in the same files, without what it does again.
    The graph is not written: `tg.draw` draws it.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        update_freq: str | int = "epoch",
        write_graph: bool = False,
    ) -> None:
        freq = {"epoch": 0, "batch": 1}.get(update_freq) if isinstance(update_freq, str) else None
        freq = update_freq if isinstance(update_freq, int) else freq
        if freq is None or freq < 0:
            raise TinygraphError(
                f'TensorBoard needs update_freq "epoch", "batch" or a number, got {update_freq!r}'
            )
        self.log_dir = Path(log_dir)
        self.histogram_freq = histogram_freq
        self.update_freq = freq
        self._files: dict[str, EventFile] = {}
        self._step = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._files = {}
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step += 1
        if self.update_freq and self._step % self.update_freq == 0:
            values = [(f"batch_{name}", value) for name, value in (logs or {}).items()]
            self._file("train").scalars(self._step, values)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        parts: dict[str, list[tuple[str, float]]] = {"train": [], "validation": []}
        for name, value in (logs or {}).items():
            if name == "learning_rate":
                continue
            part = "validation" if name.startswith("val_") else "train"
            parts[part].append((f"epoch_{name.removeprefix('val_')}", float(value)))
        rate = float(self.model.optimizer.learning_rate)
        if math.isfinite(rate):
            parts["train"].append(("epoch_learning_rate", rate))
        for part, values in parts.items():
            if values:
                self._file(part).scalars(epoch, values)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._weights(epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def state(self) -> dict[str, Any]:
        files = {part: [file.path.name, file.size] for part, file in self._files.items()}
        return {"step": self._step, "files": files}

    def set_state(self, state: dict[str, Any]) -> None:
        self._step = state["step"]
        for part, (name, size) in state["files"].items():
            path = self.log_dir / part / name
            if path.exists() and path.stat().st_size >= size:
                self._files[part] = EventFile(path.parent, name, size)

    def _weights(self, epoch: int) -> None:
        named = self.model.named_parameters().items()
        values = [(name, Histogram(p.numpy())) for name, p in named if p.dtype.is_float]
        self._file("train").histograms(epoch, values)

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(self.log_dir / part)
        return self._files[part]
