"""A loss by whatever stands for it: a name, a class, an object, a function."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import DtypeError
from tinygraph.functional.arguments import here
from tinygraph.losses.base import LOSSES, FunctionLoss, Loss
from tinygraph.losses.names import no_such, plain

ALIASES = {
    "mse": "meansquarederror",
    "l2": "meansquarederror",
    "mae": "meanabsoluteerror",
    "l1": "meanabsoluteerror",
    "kld": "kldivergence",
    "bce": "binarycrossentropy",
}
"""Short names, as they stand after `plain`."""


def find_loss(loss: Any) -> Loss:
    """The `Loss` that `loss` stands for.

    It may be a name in any case and spelling ("mse", "MeanSquaredError",
    "sparse_categorical_crossentropy"), a class, a `Loss`, or a function of (target, prediction).
    """
    match loss:
        case Loss():
            return loss
        case type() if issubclass(loss, Loss):
            return loss()
        case str():
            return _named(loss)()
    if not callable(loss):
        raise DtypeError(
            f"a loss is a name, a Loss or a function of target and prediction, got a "
            f"{type(loss).__name__}{here()}"
        )
    name = getattr(loss, "__name__", "")
    ours = getattr(loss, "__module__", "").startswith(f"{__package__}.")
    return LOSSES[plain(name)]() if ours and plain(name) in LOSSES else FunctionLoss(loss)


def _named(name: str) -> type[Loss]:
    key = plain(name)
    key = ALIASES.get(key, key)
    if key in LOSSES:
        return LOSSES[key]
    known = (kind.name for kind in LOSSES.values())
    raise DtypeError(f"{no_such('loss', name, known)}{here()}")
