"""Callback: what is to happen at certain moments of training.

One of one's own writes the hooks it needs:

    class Shout(tg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print(f"epoch {epoch}: {logs['loss']:.3f}!")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygraph.nn.model import Model

Logs = Mapping[str, float]
"""Loss and metrics by name, those of the validation data under `val_...`."""


class Callback:
    """Does nothing, at every moment there is. Epochs and batches are counted from 0.

    `self.model` is the model that is trained; `self.model.stop_training = True` ends the training
    after the batch at hand. `self.params` says `epochs`, `steps` (batches an epoch, None if not
    known) and `verbose`.
    """

    model: Model
    params: dict[str, Any]

    def set_model(self, model: Model) -> None:
        """Tells it which model is trained, before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells it what is known of the run."""
        self.params = params

    def state(self) -> dict[str, Any]:
        """What it must remember if training is resumed: arrays, and what JSON can say, by name."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what `state` gave, after `on_train_begin` of the resumed run."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """`fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """`fit` ends, also by an error or Ctrl-C; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch has ended; `logs` has the means over it, and the validation's."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A training step begins."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A training step is done; `logs` has the means over the epoch so far."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """`evaluate`, or the validation in `fit`, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """It has ended."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it is done; `logs` has the means so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """`predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """It has ended."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it is done."""
