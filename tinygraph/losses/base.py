"""Loss: how far a prediction is from the target, as one number. Also sums of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph import functional as F
from tinygraph.errors import DtypeError, ShapeError
from tinygraph.functional.arguments import here
from tinygraph.graph import scope
from tinygraph.losses.names import plain, snake_case
from tinygraph.losses.outputs import last_activation
from tinygraph.losses.shapes import require_one_shape, same_rank
from tinygraph.saving.remembered import Remembered
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.tensor.numpy_calls import explained_numpy_calls
from tinygraph.types import TensorType

REDUCTIONS = ("mean", "sum", "none", "mean_with_sample_weight")

LOSSES: dict[str, type[Loss]] = {}
"""Every class of loss by its name in small letters; a subclass enters itself where it is made."""


class Loss(Remembered):
    """A function of target and prediction whose mean over a batch is to become small.

    A loss of your own is a subclass with `call(target, prediction)`, which gives one number for
    each example or pixel: it reduces the last axis and no other, as in Keras. Calling the loss
    gives the mean of these numbers, each times its sample weight if there are any. (Like Keras,
    the mean divides by how many numbers there are, not by the sum of the weights;
    `reduction="mean_with_sample_weight"` divides by that sum. "sum_over_batch_size" is "mean".)

    Losses can be mixed: `0.3 * MeanAbsoluteError() + MeanSquaredError()`.
    """

    reduction: str = "mean"
    name: str = "loss"

    def __init__(self, reduction: str | None = "mean", name: str | None = None) -> None:
        self.reduction = _reduction(reduction)
        if name is not None:
            self.name = name

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__:
            cls.name = snake_case(cls.__name__)
        if cls.__module__ != __name__ and not cls.__name__.startswith("_"):
            LOSSES.setdefault(plain(cls.__name__), cls)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        """One number for each example (or pixel): the last axis is reduced. For a subclass."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(target, prediction)")

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        """Raises a clear error where these types cannot be meant.

        `last_activation` is what made the prediction, where that can be seen: "softmax",
        "sigmoid", or "linear" for the plain output of a dense or convolutional layer.
        """

    def counted(self, target: Tensor, prediction: Tensor) -> Tensor | None:
        """1 where a number of `call` counts, 0 where it does not; None if all of them do."""
        return None

    def values(self, target: Any, prediction: Any) -> Tensor:
        """One number for each example (or pixel), checked but not yet averaged."""
        return self._values(*_pair(self.name, target, prediction))

    def __call__(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch: a scalar, unless the reduction is "none".

        `sample_weight` has one number for each example, or one for each number of `values`.
        """
        target, prediction = _pair(self.name, target, prediction)
        with scope(self.name):
            values = self._values(target, prediction)
            counted = self.counted(target, prediction)
            weight = weight_like(values, sample_weight, self.name)
            return _reduced(values, weight, counted, self.reduction)

    def _values(self, target: Tensor, prediction: Tensor) -> Tensor:
        self.check(target.type, prediction.type, last_activation(prediction))
        with explained_numpy_calls(self.name):
            return self.call(*same_rank(target, prediction))

    def __add__(self, other: Any) -> Mixture:
        if not isinstance(other, Loss):
            return NotImplemented
        return Mixture([*_parts(self), *_parts(other)])

    def __radd__(self, other: Any) -> Loss:
        return self if other == 0 else NotImplemented  # so that sum([...]) works

    def __mul__(self, factor: Any) -> Mixture:
        if isinstance(factor, bool) or not isinstance(factor, int | float):
            return NotImplemented
        return Mixture([(factor * weight, loss) for weight, loss in _parts(self)])

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"<loss {self.name}>"


class OneShape(Loss):
    """The base: target and prediction have one shape."""

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        require_one_shape(self.name, target, prediction)


class Mixture(Loss):
    """A weighted sum of losses, each reduced in its own way; made by `+` and `*`."""

    def __init__(self, parts: list[tuple[float, Loss]], name: str | None = None) -> None:
        self.parts = parts
        super().__init__("mean", name or " + ".join(_term(w, loss) for w, loss in parts))

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        for _, loss in self.parts:
            loss.check(target, prediction, last_activation)

    def values(self, target: Any, prediction: Any) -> Tensor:
        """The sum of the parts' numbers, which must be of one shape."""
        return self._sum([loss.values(target, prediction) for _, loss in self.parts])

    def __call__(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        with scope("mixture"):
            return self._sum([loss(target, prediction, sample_weight) for _, loss in self.parts])

    def _sum(self, values: list[Tensor]) -> Tensor:
        shapes = {value.shape for value in values}
        if len(shapes) > 1:
            raise ShapeError(
                f"{self.name} adds numbers of one shape, got "
                f"{' and '.join(str(value.type) for value in values)}{here()}"
            )
        terms = [v if w == 1 else w * v for (w, _), v in zip(self.parts, values)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


class FunctionLoss(Loss):
    """A plain function of target and prediction as a loss: what it gives is averaged."""

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Any],
        reduction: str | None = "mean",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name or getattr(function, "__name__", type(function).__name__))
        self.function = function

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return as_tensor(self.function(target, prediction))


def weight_like(values: Tensor, weight: Any, name: str) -> Tensor | None:
    """`weight` with the shape and dtype of `values`, one number an example being spread.

    A `ShapeError` where it does not fit.
    """
    if weight is None:
        return None
    weight = as_tensor(weight)
    shape = weight.shape
    if len(shape) == values.ndim + 1 and shape[-1] == 1:
        shape = shape[:-1]
    whole = (*shape, *(1,) * (values.ndim - len(shape)))
    fits = len(whole) == values.ndim and all(
        n == m or (n == 1 and axis) for axis, (n, m) in enumerate(zip(whole, values.shape))
    )
    if not values.ndim or not fits:
        wanted = f"{list(values.shape[:1])} or {list(values.shape)}"
        raise ShapeError(
            f"{name}: sample weights {weight.type} do not fit its numbers {values.type}; "
            + (
                f"weights {wanted} would{here()}"
                if values.ndim
                else f"it is one number. Of targets and predictions [N] make [N,1]{here()}"
            )
        )
    return F.broadcast_to(weight.astype(values.dtype).reshape(whole), values.shape)


def _pair(name: str, target: Any, prediction: Any) -> tuple[Tensor, Tensor]:
    target, prediction = as_tensor(target), as_tensor(prediction)
    if not prediction.dtype.is_float:
        raise DtypeError(
            f"{name} needs a prediction of floats, got {prediction.type}; "
            f"the target comes first: loss(target, prediction){here()}"
        )
    return target, prediction


def _reduction(reduction: str | None) -> str:
    name = {None: "none", "sum_over_batch_size": "mean"}.get(reduction, reduction)
    if name not in REDUCTIONS:
        known = ", ".join(f'"{r}"' for r in REDUCTIONS)
        raise ShapeError(f"a loss's reduction is one of {known}, got {reduction!r}{here()}")
    return str(name)


def _reduced(
    values: Tensor, weight: Tensor | None, counted: Tensor | None, reduction: str
) -> Tensor:
    if weight is not None:
        values = values * weight
    if counted is not None:
        counted = counted.astype(values.dtype)
        values = values * counted
    if reduction == "none":
        return values
    if reduction == "sum":
        return F.sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        divisor = weight if counted is None else weight * counted
    elif counted is not None:
        divisor = counted
    else:
        return F.mean(values)
    total = F.sum(divisor)
    return F.sum(values) / F.where(total == 0, 1, total)


def _parts(loss: Loss) -> list[tuple[float, Loss]]:
    return loss.parts if isinstance(loss, Mixture) else [(1.0, loss)]


def _term(weight: float, loss: Loss) -> str:
    return loss.name if weight == 1 else f"{weight:g} * {loss.name}"
