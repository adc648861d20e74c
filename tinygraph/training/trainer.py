"""Trainer: the methods of a model that train it and use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinygraph.errors import TinygraphError

if TYPE_CHECKING:
    from tinygraph.callbacks import Callback, History
    from tinygraph.optimizers import Optimizer
    from tinygraph.training.resume import Resume
    from tinygraph.training.training import Training
    from tinygraph.training.watching import Watcher


class Trainer:
    """What `Model` can do besides being a layer. `compile` comes first.

    x is an array, or a list or dict of arrays for a model with several inputs, with the examples
    along the first axis; y likewise for the outputs. Or x gives batches: a `tg.data.Batches`, or
    anything that can be gone through and gives (x, y) or (x, y, sample_weight).
    """

    optimizer: Optimizer
    history: History
    """What happened in the last `fit`."""
    stop_training: bool = False
    """True, set by a callback, ends the training after the batch at hand."""
    watchers: tuple[Watcher, ...] = ()
    """Who looks at each step of training: see `tg.watch`."""
    _training: Training | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = (),
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        backend: Any = "llvm",
        threads: int | None = None,
    ) -> None:
        """Says how the model is trained. Nothing is computed, and no weight is changed.

        Optimizer, loss and metrics are names or objects. A model with several outputs takes lists
        in their order, or dicts by name. Sample weights count in the losses and in
        `weighted_metrics`, not in `metrics`. Each step of training, forward, backward and update,
        becomes one program of `backend`, on `threads` threads (all there are, for None).
        """
        from tinygraph.training.training import Training

        said = (optimizer, loss, metrics, loss_weights, weighted_metrics)
        self._training = Training(_model(self), *said, backend=backend, threads=threads)
        if self._training.optimizer is not None:
            self.optimizer = self._training.optimizer

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Sequence[Callback] | Callback | None = (),
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        seed: int = 0,
        resume: str | Any | Resume | None = None,
    ) -> History:
        """Trains for `epochs` times through the data, in batches of `batch_size` (32).

        The last batch of an epoch may be shorter, and so are all if there are fewer examples.
        The order of an epoch depends on `seed` and the epoch's number alone. Validation data are
        (x, y) or (x, y, sample_weight), or `validation_split`: the last part of the arrays, before
        shuffling. `class_weight` says what examples of a class count: {class: weight}.
        `initial_epoch` counts from 0, and `epochs` is the number of the last one.

        `verbose` 0 shows nothing, 1 a bar where the output is a terminal and otherwise a line for
        each epoch, 2 that line anywhere; "auto" is 1.

        With `resume=DIR` the run keeps there what it needs to go on (see `Resume`). Killed at any
        moment and started again by the same program, it ends with the same weights, bit for bit,
        as if nothing had happened; a run that was complete is only read.

        Ctrl-C ends the training after the step at hand: the callbacks' `on_train_end` is called,
        `model.history` has all complete epochs, and then, as in Keras, `KeyboardInterrupt` is
        raised. A second Ctrl-C does not wait for the step, which then is lost as a whole.

        Errors: `DataError` for data that are empty, do not match, or have NaN in them (which
        batch), `NumericError` when the loss becomes NaN or infinite.
        """
        from tinygraph.training.begin import begin_fit

        return begin_fit(
            _model(self),
            self._compiled("fit"),
            (x, y, sample_weight),
            batch_size,
            epochs,
            verbose,
            callbacks,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            initial_epoch,
            steps_per_epoch,
            validation_steps,
            validation_batch_size,
            validation_freq,
            seed,
            resume,
        )

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | Callback | None = (),
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data: a number, a list if there are metrics, or a dict."""
        from tinygraph.training.begin import begin_evaluate

        training = self._compiled("evaluate")
        data = (x, y, sample_weight)
        logs = begin_evaluate(_model(self), training, data, batch_size, verbose, steps, callbacks)
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Sequence[Callback] | Callback | None = (),
    ) -> Any:
        """The outputs for all of x as arrays, nested as the model's outputs; `compile` need not
        have come before."""
        from tinygraph.training.begin import begin_predict

        training = self._predicting()
        return begin_predict(_model(self), training, x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One step with one batch; returns its loss and metrics, as `evaluate` does.

        They are those of this batch alone, before the step.
        """
        from tinygraph.training.begin import one_batch

        data = (x, y, sample_weight)
        training = self._compiled("train_on_batch")
        return _returned(one_batch(training, data, class_weight, True), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch, as `evaluate` gives them."""
        from tinygraph.training.begin import one_batch

        training = self._compiled("test_on_batch")
        return _returned(one_batch(training, (x, y, sample_weight), None, False), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as arrays."""
        from tinygraph.training.begin import predict_one_batch

        return predict_one_batch(self._predicting(), x)

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers of `evaluate` are called, once the outputs are known."""
        objective = self._compiled("metrics_names").objective
        return [*objective.loss_names, *(name for name, _ in objective.named_metrics())]

    def _predicting(self) -> Training:
        """What predicts; a model that is not compiled does so too."""
        from tinygraph.training.training import Training

        if self._training is None:
            self._training = Training(_model(self))
        return self._training

    def _forget_steps(self) -> None:
        """For a model whose layers have changed: what was compiled for them is compiled anew."""
        if self._training is not None:
            self._training = self._training.anew()

    def _compiled(self, what: str) -> Training:
        if self._training is None or not self._training.is_complete:
            raise TinygraphError(
                f"{what} needs a model that is compiled: call "
                'model.compile(optimizer="adam", loss="mse") first, with a loss that fits'
            )
        return self._training


def _model(trainer: Trainer) -> Any:
    return trainer


def _returned(logs: dict[str, float], return_dict: bool) -> Any:
    """As Keras returns it: a dict, or a list in order, or the loss alone."""
    if return_dict:
        return logs
    values = [*logs.values()]
    return values[0] if len(values) == 1 else values
