"""Somebody who looks at each step of training: before it, with all that it will read, and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tinygraph.training.averages import Averages
from tinygraph.training.batch import Batch

if TYPE_CHECKING:
    from tinygraph.nn.model import Model
    from tinygraph.training.training import Training

Numbers = tuple[list[np.ndarray], list[np.ndarray]]
"""Losses and metrics' statistics, from before the step."""


@dataclass(frozen=True, eq=False)
class Iteration:
    """One step of training: with which batch, and where in the run. `epoch` and `number` count
    from 0; of a batch by itself they are None."""

    model: Model
    training: Training
    batch: Batch
    epoch: int | None = None
    number: int | None = None
    strict: bool = False
    """Whether a loss that is no number ends the training with an error."""

    def logs(self, numbers: Numbers) -> dict[str, float]:
        """Loss and metrics of this batch alone, by name."""
        averages = Averages(self.training.objective)
        averages.add(*numbers, self.batch.examples())
        return averages.logs()

    def __str__(self) -> str:
        if self.epoch is None or self.number is None:
            return "the batch"
        return f"epoch {self.epoch + 1}, batch {self.number}"


class Watcher(Protocol):
    """What `model.watchers` holds."""

    def before(self, iteration: Iteration) -> None:
        """The step begins."""

    def after(self, iteration: Iteration, numbers: Numbers) -> bool:
        """The step is done; False ends the training here, and the step does not count."""
        ...


def watched_step(
    model: Model, training: Training, batch: Batch, at: Sequence[int] = (), strict: bool = False
) -> tuple[Numbers, bool]:
    """One step of the optimizer, and whether all who watch the model let the training go on."""
    if not model.watchers:
        return training.train(batch), True
    watchers = tuple(model.watchers)
    iteration = Iteration(model, training, batch, *at, strict=strict)
    for watcher in watchers:
        watcher.before(iteration)
    numbers = training.train(batch)
    goes_on = all(watcher.after(iteration, numbers) for watcher in watchers)
    if not goes_on:
        model.stop_training = True
    return numbers, goes_on
