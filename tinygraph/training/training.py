"""Training: what `model.compile` settles, and the compiled steps that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.compile import Jitted, jit, trace_function
from tinygraph.errors import DataError, TinygraphError
from tinygraph.grad import grad
from tinygraph.losses import find_loss
from tinygraph.metrics import find_metric
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Symbol
from tinygraph.optimizers import find_optimizer
from tinygraph.tensor import Parameter, Tensor
from tinygraph.training.batch import Batch, input_array, target_array
from tinygraph.training.nesting import for_each
from tinygraph.training.objective import Measured, Objective
from tinygraph.types import DType

if TYPE_CHECKING:
    from tinygraph.nn.model import Model


class Training:
    """Optimizer, losses and metrics of a model, and its steps: train, test, predict.

    Each step is one jitted function, compiled once for each shape of batch.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = (),
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        backend: Any = "llvm",
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.optimizer = None if optimizer is None else find_optimizer(optimizer)
        self.loss = loss
        self.backend = backend
        self.threads = threads
        self.said = (loss, metrics, loss_weights, weighted_metrics)
        """What `compile` was told, as it was."""
        _require_known(loss, find_loss)
        _require_known(metrics, find_metric)
        _require_known(weighted_metrics, find_metric)
        self._objective: Objective | None = None
        self._example: Any = None
        self._types: list[DType] = []
        """Of the outputs, where only a run of the model shows them."""
        self._frozen: list[bool] | None = None
        self._train = self._jitted(self.train_step, backend, threads)
        self._test = self._jitted(self.test_step, backend, threads)
        self._predict = self._jitted(self.predict_step, backend, threads)

    def anew(self) -> Training:
        """The same for the model as it is now, nothing compiled yet."""
        said = (self.optimizer, *self.said)
        return Training(self.model, *said, backend=self.backend, threads=self.threads)

    @property
    def objective(self) -> Objective:
        """Losses and metrics of each output. Made when the outputs are known."""
        if self._objective is None:
            self._objective = Objective(self.model, self._example, *self.said)
        return self._objective

    @property
    def is_complete(self) -> bool:
        """Whether it says more than how to predict."""
        return self.optimizer is not None or self.loss is not None

    @property
    def needs_example(self) -> bool:
        """Whether an input must be seen before the model's weights and outputs are known."""
        return self.model.outputs is None and self._example is None

    def prepare(self, x: Any, trains: bool) -> None:
        """Builds the model for inputs like x, and the optimizer for what is trained.

        x may be None unless `needs_example`.
        """
        if self.needs_example:
            arrays = self.inputs(x)
            said = {"training": True} if trains else {}
            traced = trace_function(lambda x: self.model(x, **said), (arrays,), {}, "build")
            self._example = traced.result
            self._types = [node.dtype for node in traced.graph.outputs]
        if not trains:
            return
        parameters = self.model.parameters
        optimizer = self.optimizer
        if optimizer is None:
            raise TinygraphError(
                f"model {self.model.name} has no optimizer: compile(optimizer=...)"
            )
        if not parameters:
            raise TinygraphError(f"model {self.model.name} has nothing to train: all is frozen")
        if not optimizer.parameters:
            optimizer.build(parameters)
        frozen = [not layer.trainable for _, layer in self.model.all_layers()]
        self._frozen = self._frozen or frozen
        same = [*map(id, optimizer.parameters)] == [*map(id, parameters)]
        if not same or frozen != self._frozen:  # a frozen BatchNormalization may have no weights
            raise TinygraphError(
                f"what is trained of model {self.model.name} has changed since compile (or the "
                "optimizer trains another model): call compile again, with a new optimizer"
            )

    def train(self, batch: Batch) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """One step of the optimizer: losses and metrics' statistics, from before the step."""
        return _numbers(self._train(*self.arguments(batch)))

    def read_by_step(self, batch: Batch) -> list[Parameter]:
        """All that a step of training with such a batch reads or changes: weights, statistics,
        counters, what the optimizer keeps."""
        traced = self._train.compiled(*self.arguments(batch)).traced
        return [*dict.fromkeys([*traced.parameters, *traced.updated])]

    def test(self, batch: Batch) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The same without training."""
        return _numbers(self._test(*self.arguments(batch)))

    def predict(self, x: Any) -> Any:
        """The outputs, as arrays, nested as the model's."""
        return mapped(self._predict(self.inputs(x)), lambda tensor: tensor.numpy())

    def inputs(self, x: Any) -> Any:
        """x nested as the model's inputs, each array of the input's dtype."""
        model = self.model
        symbols = model.inputs
        if symbols is None:
            return mapped(x, lambda array: input_array(array, None, model.dtype))
        if isinstance(x, Mapping) and not isinstance(symbols, Mapping):
            x = _by_name(model, x)
        if isinstance(symbols, Mapping) and isinstance(x, Mapping):
            missing = [key for key in symbols if key not in x]
            if missing:
                raise DataError(f"x has nothing for the input {missing[0]!r}; it has {[*x]}")
            return {key: input_array(x[key], symbols[key].dtype, model.dtype) for key in symbols}
        wanted, given = [*leaves(symbols)], [*leaves(x)]
        if len(wanted) != len(given):
            raise DataError(
                f"model {model.name} takes {len(wanted)} inputs, x has {len(given)} arrays"
            )
        arrays = [input_array(a, s.dtype, model.dtype) for s, a in zip(wanted, given)]
        return arrays[0] if isinstance(symbols, Symbol) else arrays

    def arguments(self, batch: Batch) -> tuple[Any, list[Any], list[Any]]:
        """What the steps are called with for a batch."""
        names = self.objective.names
        y = for_each(batch.y, names, "y")
        w = for_each(batch.weight, names, "sample_weight", shared=True)
        floats = self._floats()
        targets = [None if a is None else target_array(a, f) for a, f in zip(y, floats)]
        weights = [None if a is None else input_array(a, f, f) for a, f in zip(w, floats)]
        return self.inputs(batch.x), targets, weights

    def _floats(self) -> list[DType]:
        """What floats become beside each output: its own dtype."""
        model = self.model
        types = (
            [s.dtype for s in leaves(model.outputs)] if model.outputs is not None else self._types
        )
        return [each if each.is_float else model.dtype for each in types]

    def train_step(self, x: Any, y: Any, w: Any) -> Measured:
        assert self.optimizer is not None
        prediction = self.model(x, training=True)
        penalties = self.model.losses
        if not penalties:
            self.objective.require_loss()
        measured = self.objective.measured(y, prediction, w, penalties)
        self.optimizer.apply(grad(measured.losses[0], self.optimizer.parameters))
        return measured

    def test_step(self, x: Any, y: Any, w: Any) -> Measured:
        prediction = self.model(x, training=False)
        return self.objective.measured(y, prediction, w, self.model.losses)

    def predict_step(self, x: Any) -> Any:
        return self.model(x, training=False)

    def _jitted(self, fn: Any, backend: Any, threads: int | None) -> Jitted:
        step = jit(fn, backend=backend, threads=threads)
        step.announces = False  # a shorter last batch is no surprise
        return step


def _require_known(said: Any, find: Callable[[Any], Any]) -> None:
    """Finds wrong names early."""
    for each in leaves(said):
        if each is not None:
            find(each)


def _numbers(measured: Measured) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [_array(t) for t in measured.losses], [_array(t) for t in measured.statistics]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.numpy()


def _by_name(model: Model, x: Mapping[str, Any]) -> list[Any]:
    """Arrays given by the names of inputs, in the order of the inputs."""
    names = [symbol.name for symbol in leaves(model.inputs)]
    if None in names:
        raise DataError(
            f"x is given by name, {[*x]}, but input {names.index(None)} of model {model.name} has "
            "no name: give a list of arrays, or name it, as in Input(shape, name='image')"
        )
    missing = [name for name in names if name not in x]
    if missing:
        raise DataError(f"x has nothing for the input {missing[0]!r}; it has {[*x]}")
    return [x[name] for name in names if name is not None]
