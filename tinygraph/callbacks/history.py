"""What happened in training, epoch by epoch."""

from __future__ import annotations

from typing import Any

from tinygraph.callbacks.callback import Callback, Logs


class History(Callback):
    """Loss and metrics of each epoch: `history.history["loss"]` is a list; `fit` returns one.

    `history.epoch` holds the numbers of the epochs, from 0 on.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def state(self) -> dict[str, Any]:
        return {"epoch": list(self.epoch), "history": {k: list(v) for k, v in self.history.items()}}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epoch, self.history = state["epoch"], state["history"]

    def __repr__(self) -> str:
        return f"<history of {len(self.epoch)} epochs: {', '.join(self.history)}>"
