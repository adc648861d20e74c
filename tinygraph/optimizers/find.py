"""Optimizers by name."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.losses.names import plain
from tinygraph.optimizers.adadelta import Adadelta
from tinygraph.optimizers.adagrad import Adagrad, ProximalAdagrad
from tinygraph.optimizers.adam import Adam, AdamW
from tinygraph.optimizers.ftrl import Ftrl
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.optimizers.rmsprop import RMSprop
from tinygraph.optimizers.sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in (SGD, Adam, AdamW, RMSprop, Adagrad, ProximalAdagrad, Adadelta, Ftrl)
}


def find_optimizer(optimizer: Any) -> Optimizer:
    """The optimizer for a name in any case ("sgd", "proximal_adagrad") or a class, with its
    defaults; an optimizer stays what it is.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        return optimizer()
    key = plain(optimizer) if isinstance(optimizer, str) else ""
    if key not in OPTIMIZERS:
        known = ", ".join(OPTIMIZERS)
        raise TinygraphError(
            f"there is no optimizer {optimizer!r}; there are {known}, "
            f"or give one such as SGD(0.01){place_of(origin_here())}"
        )
    return OPTIMIZERS[key]()
