"""The loop of training: epochs, batches, validation, callbacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tinygraph.callbacks.callback import Callback
from tinygraph.callbacks.callback_list import CallbackList
from tinygraph.callbacks.history import History
from tinygraph.callbacks.terminate_on_nan import TerminateOnNaN
from tinygraph.errors import DataError, NumericError
from tinygraph.training.averages import Averages
from tinygraph.training.batch import require_numbers
from tinygraph.training.class_weight import with_class_weight
from tinygraph.training.evaluate import evaluated
from tinygraph.training.feed import Feed
from tinygraph.training.interrupt import noticed_interrupts
from tinygraph.training.places import located
from tinygraph.training.resume import Place, Resuming, Saved
from tinygraph.training.training import Training
from tinygraph.training.watching import watched_step

if TYPE_CHECKING:
    from tinygraph.nn.model import Model

USED_UP = (
    "; an iterator can be gone through once: say steps_per_epoch, or give a tg.data.Batches or a "
    "list of batches"
)


@dataclass
class Fit:
    """One call of `fit`."""

    model: Model
    training: Training
    feed: Feed
    validation: Feed | None
    validation_freq: int
    epochs: int
    initial_epoch: int
    class_weight: Any
    resuming: Resuming | None

    def run(self, callbacks: Sequence[Callback], history: History, verbose: int) -> None:
        """Trains. However it ends, `history` is what happened, and the weights are whole."""
        params = {
            "epochs": self.epochs,
            "steps": self.feed.steps,
            "verbose": verbose,
            "validation_freq": self.validation_freq if self.validation is not None else 1,
        }
        callbacks = [*callbacks, history]  # last, to see what the others add to the logs
        self.callbacks = CallbackList(callbacks, self.model, params)
        self.stops_at_nan = any(isinstance(c, TerminateOnNaN) for c in callbacks)
        self.logs: dict[str, float] = {}
        self.model.stop_training = False
        self.saved: Saved | None = None
        if self.resuming is not None:
            assert self.training.optimizer is not None
            self.saved = self.resuming.open(self.model, self.training.optimizer, callbacks)
        with noticed_interrupts() as interrupt:
            self.interrupt = interrupt
            self.callbacks.tell("on_train_begin")
            try:
                self._epochs(self._first_place())
            finally:
                self.callbacks.tell("on_train_end", logs=self.logs)

    def _first_place(self) -> Place:
        """Where to begin. In the middle of an epoch, its `on_epoch_begin` comes before the state
        is put back, so that nothing is done to it twice."""
        if self.saved is None:
            return Place(self.initial_epoch, 0)
        place = self.saved.place
        if place.batch == 0 or place.epoch >= self.epochs:
            self.saved.restore()
        return place

    def _epochs(self, place: Place) -> None:
        for epoch in range(place.epoch, self.epochs):
            if self.model.stop_training:
                return
            self.callbacks.tell("on_epoch_begin", epoch)
            averages = Averages(self.training.objective)
            first = 0
            if self.saved is not None and place.batch and epoch == place.epoch:
                self.saved.restore()
                averages.set_arrays(self.saved.part("averages"))
                first = place.batch
            self._epoch(epoch, first, averages)

    def _epoch(self, epoch: int, first: int, averages: Averages) -> None:
        finite = self._batches(epoch, first, averages)
        self.logs = averages.logs()
        if not self.logs:
            if self.model.stop_training:  # by an `on_epoch_begin`
                return
            again = "" if epoch == self.initial_epoch else USED_UP
            raise DataError(f"epoch {epoch + 1}: the data set is empty, it gave no batch{again}")
        if finite and self.validation is not None and (epoch + 1) % self.validation_freq == 0:
            where = f"validation after epoch {epoch + 1}"
            found = evaluated(
                self.training, self.validation, self.callbacks, self.interrupt.check, where
            )
            self.logs |= {f"val_{name}": value for name, value in found.items()}
        self.callbacks.tell("on_epoch_end", epoch, logs=self.logs)
        if self.resuming is not None and finite:
            self.resuming.write(Place(epoch + 1, 0), None)
        self.interrupt.check()

    def _batches(self, epoch: int, first: int, averages: Averages) -> bool:
        """Trains with the batches of an epoch; False if the loss became NaN or infinite, or if
        somebody who watches ended the training."""
        if self.model.stop_training:  # a run that was stopped, and is resumed
            return True
        for number, batch in enumerate(self.feed.batches(epoch, first), first):
            where = f"epoch {epoch + 1}, batch {number}"
            self.callbacks.tell("on_train_batch_begin", number)
            require_numbers(batch, where, partial(self.feed.examples, epoch, number))
            with located(where):
                weighted = with_class_weight(batch, self.class_weight)
                (losses, statistics), goes_on = watched_step(
                    self.model, self.training, weighted, (epoch, number), not self.stops_at_nan
                )
            if not goes_on:
                return False
            averages.add(losses, statistics, batch.examples())
            finite = math.isfinite(float(losses[0]))
            if not finite and not self.stops_at_nan:
                raise _no_number(float(losses[0]), where)
            self.callbacks.tell("on_train_batch_end", number, logs=averages.logs)
            if not finite:
                return False
            place = Place(epoch, number + 1)
            if self.resuming is not None and (self.interrupt.pressed or self.resuming.due()):
                self.resuming.write(place, averages)
            if self.model.stop_training:
                break
            self.interrupt.check()
        return True


def _no_number(loss: float, where: str) -> NumericError:
    return NumericError(
        f"{where}: the loss is {loss}, so the weights are no numbers either. A smaller learning "
        "rate may help, or clipnorm=1.0; the callback TerminateOnNaN ends training here without "
        "an error. Files that were saved before are as they were"
    )
