"""Ending the training when the loss is no number."""

from __future__ import annotations

import math

from tinygraph.callbacks.callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Ends the training, without an error, when the loss became NaN or infinite.

    Without this callback `fit` raises a `NumericError` then.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            print(f"batch {batch}: the loss is {loss}, training ends")
            self.model.stop_training = True
