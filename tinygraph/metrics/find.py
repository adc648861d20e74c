"""A metric by whatever stands for it: a name, a class, an object, a loss, a function."""

from __future__ import annotations

import copy
from typing import Any

from tinygraph.errors import DtypeError
from tinygraph.functional.arguments import here
from tinygraph.losses.base import LOSSES, Loss
from tinygraph.losses.find import ALIASES as LOSS_ALIASES
from tinygraph.losses.find import find_loss
from tinygraph.losses.names import no_such, plain
from tinygraph.metrics.base import METRICS, FunctionMetric, LossMetric, Metric

ALIASES = {
    "acc": "accuracy",
    "rmse": "rootmeansquarederror",
    "f1": "f1score",
    "topk": "topkcategoricalaccuracy",
    "iouscore": "iou",
}
"""Short names, as they stand after `plain`."""


def find_metric(metric: Any, loss: Any = None) -> Metric:
    """The `Metric` that `metric` stands for, beside the loss a model is trained with.

    It may be a name in any case and spelling ("accuracy", "MeanIoU", "mse", also of a loss), a
    class, a `Metric`, a `Loss`, or a function of (target, prediction), whose mean it then is.
    "accuracy" is binary, categorical or sparse as the loss and the shapes say. A short name stays
    the metric's name, as in Keras: "acc", "mse".
    """
    beside = find_loss(loss) if loss is not None else None
    return _found(metric).for_loss(beside)


def _found(metric: Any) -> Metric:
    match metric:
        case Metric():
            return metric
        case Loss():
            return LossMetric(metric)
        case type() if issubclass(metric, Metric):
            return metric()
        case type() if issubclass(metric, Loss):
            return LossMetric(metric())
        case str():
            return _named(metric)
    if not callable(metric):
        raise DtypeError(
            f"a metric is a name, a Metric, a Loss or a function of target and prediction, got a "
            f"{type(metric).__name__}{here()}"
        )
    found = find_loss(metric)
    if getattr(found, "function", None) is metric:
        return FunctionMetric(metric)
    return LossMetric(found)


def _named(name: str) -> Metric:
    key = plain(name)
    short = key in ALIASES or key in LOSS_ALIASES
    key = ALIASES.get(key, key)
    key = LOSS_ALIASES.get(key, key) if key not in METRICS else key
    if key in METRICS:
        found = METRICS[key]()
    elif key in LOSSES:
        found = LossMetric(LOSSES[key]())
    else:
        known = {kind.name for kind in (*METRICS.values(), *LOSSES.values())}
        raise DtypeError(f"{no_such('metric', name, known)}{here()}")
    if short:
        found = copy.copy(found)
        found.name = name
    return found
