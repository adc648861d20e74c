"""Going through data without training: losses and metrics, or predictions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygraph.callbacks.callback_list import CallbackList
from tinygraph.errors import DataError
from tinygraph.nn.structure import leaves, mapped
from tinygraph.training.averages import Averages
from tinygraph.training.batch import require_numbers
from tinygraph.training.feed import Feed
from tinygraph.training.places import located
from tinygraph.training.training import Training


def evaluated(
    training: Training,
    feed: Feed,
    callbacks: CallbackList,
    after_batch: Callable[[], None] | None = None,
    what: str = "evaluate",
) -> dict[str, float]:
    """The means of loss and metrics over all batches, by name. `what` is for messages."""
    averages: Averages | None = None
    callbacks.tell("on_test_begin")
    for number, batch in enumerate(feed.batches(0)):
        callbacks.tell("on_test_batch_begin", number)
        where = f"{what}, batch {number}"
        require_numbers(batch, where, partial(feed.examples, 0, number))
        training.prepare(batch.x, trains=False)
        averages = averages or Averages(training.objective)
        with located(where):
            averages.add(*training.test(batch), batch.examples())
        callbacks.tell("on_test_batch_end", number, logs=averages.logs)
        if after_batch is not None:
            after_batch()
    if averages is None:
        raise DataError(f"{what}: the data set is empty, it gave no batch")
    logs = averages.logs()
    callbacks.tell("on_test_end", logs=logs)
    return logs


def predicted(training: Training, feed: Feed, callbacks: CallbackList) -> Any:
    """The outputs for all batches one after the other, as arrays nested as the model's outputs."""
    found: list[Any] = []
    callbacks.tell("on_predict_begin")
    for number, batch in enumerate(feed.batches(0)):
        callbacks.tell("on_predict_batch_begin", number)
        where = f"predict, batch {number}"
        require_numbers(batch, where, partial(feed.examples, 0, number))
        training.prepare(batch.x, trains=False)
        with located(where):
            found.append(training.predict(batch.x))
        callbacks.tell("on_predict_batch_end", number)
    if not found:
        raise DataError("predict: the data set is empty, it gave no batch")
    callbacks.tell("on_predict_end")
    return _joined(found)


def _joined(found: list[Any]) -> Any:
    """The batches' results end to end."""
    columns = [np.concatenate(parts) for parts in zip(*([*leaves(each)] for each in found))]
    rest = iter(columns)
    return mapped(found[0], lambda _: next(rest))
