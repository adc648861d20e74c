"""From the arguments of `fit`, `evaluate` and `predict` to the loops that do it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.callbacks.callback import Callback
from tinygraph.callbacks.callback_list import CallbackList
from tinygraph.callbacks.history import History
from tinygraph.errors import DataError, TinygraphError
from tinygraph.tensor import Tensor
from tinygraph.training.averages import Averages
from tinygraph.training.batch import Batch, as_batch, require_numbers
from tinygraph.training.class_weight import with_class_weight
from tinygraph.training.evaluate import evaluated, predicted
from tinygraph.training.feed import Feed, at_most, feed_of
from tinygraph.training.fit import Fit
from tinygraph.training.progress import Display
from tinygraph.training.resume import Resume, Resuming
from tinygraph.training.split import split_off
from tinygraph.training.training import Training
from tinygraph.training.watching import watched_step

if TYPE_CHECKING:
    from tinygraph.nn.model import Model

Callbacks = Sequence[Callback] | Callback | None


def begin_fit(
    model: Model,
    training: Training,
    data: tuple[Any, Any, Any],
    batch_size: int | None,
    epochs: int,
    verbose: Any,
    callbacks: Callbacks,
    validation_split: float,
    validation_data: Any,
    shuffle: bool,
    class_weight: Any,
    initial_epoch: int,
    steps: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: int,
    seed: int,
    resume: Any,
) -> History:
    """`Model.fit`."""
    _require_count("epochs", epochs, 0)
    _require_count("initial_epoch", initial_epoch, 0)
    _require_count("validation_freq", validation_freq, 1)
    given, held = Batch(*data), None
    if validation_data is not None:
        held = _validation(validation_data)
    elif validation_split:
        given, held = split_off(given, validation_split)
    feed = feed_of(given, batch_size, shuffle, seed, steps)
    validation = None
    if held is not None:
        size = at_most(validation_batch_size or batch_size, held)
        validation = feed_of(held, size, False, 0, validation_steps)
    training.prepare(feed.first().x if training.needs_example else None, trains=True)
    display, level = _display(verbose)
    listeners = [*_listed(callbacks), *([display] if display else [])]
    resuming = None
    if resume is not None:
        wanted = resume if isinstance(resume, Resume) else Resume(Path(resume))
        resuming = Resuming(wanted, _facts(training, feed))
    history = model.history = History()
    fit = Fit(
        model,
        training,
        feed,
        validation,
        validation_freq,
        epochs,
        initial_epoch,
        class_weight,
        resuming,
    )
    with closing(display or Display()):
        try:
            fit.run(listeners, history, level)
        finally:
            if resuming is not None:
                resuming.close()
    return history


def begin_evaluate(
    model: Model,
    training: Training,
    data: tuple[Any, Any, Any],
    batch_size: int | None,
    verbose: Any,
    steps: int | None,
    callbacks: Callbacks,
) -> dict[str, float]:
    """`Model.evaluate`."""
    feed = feed_of(Batch(*data), at_most(batch_size, Batch(*data)), False, 0, steps)
    display, level = _display(verbose)
    listeners = [*_listed(callbacks), *([display] if display else [])]
    known = {"steps": feed.steps, "verbose": level}
    with closing(display or Display()):
        return evaluated(training, feed, CallbackList(listeners, model, known))


def begin_predict(
    model: Model,
    training: Training,
    x: Any,
    batch_size: int | None,
    verbose: Any,
    steps: int | None,
    callbacks: Callbacks,
) -> Any:
    """`Model.predict`."""
    feed = feed_of(Batch(x), at_most(batch_size, Batch(x)), False, 0, steps)
    display, level = _display(verbose)
    listeners = [*_listed(callbacks), *([display] if display else [])]
    known = {"steps": feed.steps, "verbose": level}
    with closing(display or Display()):
        return predicted(training, feed, CallbackList(listeners, model, known))


def one_batch(
    training: Training, data: tuple[Any, Any, Any], class_weight: Any, trains: bool
) -> dict[str, float]:
    """`Model.train_on_batch` and `Model.test_on_batch`."""
    batch = as_batch(*data)
    require_numbers(batch, "the batch")
    training.prepare(batch.x, trains)
    averages = Averages(training.objective)
    batch = with_class_weight(batch, class_weight)
    found = watched_step(training.model, training, batch)[0] if trains else training.test(batch)
    averages.add(*found, batch.examples())
    return averages.logs()


def predict_one_batch(training: Training, x: Any) -> Any:
    """`Model.predict_on_batch`."""
    batch = as_batch(x, None, None)
    require_numbers(batch, "the batch")
    training.prepare(batch.x, trains=False)
    return training.predict(batch.x)


def _require_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise TinygraphError(f"{name} is a whole number of at least {least}, got {value!r}")


def _validation(data: Any) -> Batch:
    """(x, y), (x, y, sample_weight), or something that gives batches."""
    arrays = isinstance(data, list) and all(isinstance(a, np.ndarray | Tensor) for a in data)
    if isinstance(data, tuple) or arrays:
        if len(data) not in (2, 3):
            raise DataError(
                f"validation_data is (x, y) or (x, y, sample_weight), got {len(data)} parts"
            )
        return Batch(*data)
    if isinstance(data, np.ndarray | Tensor):
        raise DataError(
            "validation_data is (x, y) or (x, y, sample_weight), or gives batches; got one array"
        )
    return Batch(data)


def _facts(training: Training, feed: Feed) -> dict[str, Any]:
    """What decides how a run ends, besides what the checkpoint holds."""
    backend = training.backend
    goals = training.objective.goals
    return {
        **feed.facts(),
        "loss": [None if goal.loss is None else goal.loss.name for goal in goals],
        "metrics": [name for name, _ in training.objective.named_metrics()],
        "optimizer": type(training.optimizer).__name__,
        "backend": backend if isinstance(backend, str) else backend.name,
    }


def _display(verbose: Any) -> tuple[Display | None, int]:
    """What shows the progress, and Keras's number for it."""
    level = 1 if verbose in ("auto", True) else int(verbose) if verbose in (0, 1, 2) else None
    if level is None:
        raise TinygraphError(f'verbose is 0, 1, 2 or "auto", got {verbose!r}')
    return (Display(bar=level == 1) if level else None), level


def _listed(callbacks: Callbacks) -> list[Callback]:
    if callbacks is None:
        return []
    return [callbacks] if isinstance(callbacks, Callback) else [*callbacks]
