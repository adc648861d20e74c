"""Regularizers: penalties on weights (or on what a layer puts out) that are added to the loss.

    Dense(10, kernel_regularizer="l2")        by name
    Dense(10, kernel_regularizer=L2(1e-4))    with a strength of one's own
    Dense(10, kernel_regularizer=lambda w: 1e-4 * tg.sum(w**4))

`layer.losses` lists the penalties of a layer or model; `fit` adds them to the loss.
Source: lecture 4, "Regularization - the basics": L(W) = data loss + strength * R(W).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from tinygraph import functional as F
from tinygraph.errors import ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.losses.names import plain
from tinygraph.saving.remembered import Remembered
from tinygraph.tensor import Tensor, as_tensor


@dataclass(frozen=True)
class Regularizer(Remembered):
    """A penalty: a tensor goes in, a scalar comes out. Its fields are numbers of at least 0."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            sound = isinstance(value, int | float) and not isinstance(value, bool)
            if not (sound and 0 <= value < math.inf):
                raise TinygraphError(
                    f"{type(self).__name__} needs a number of at least 0 for {field.name}=, "
                    f"got {value!r}{place_of(origin_here())}"
                )

    def __call__(self, w: Any) -> Tensor:
        """The penalty for `w`, a scalar of its dtype."""
        with scope(type(self).__name__.lower()):
            return self.penalty(as_tensor(w))

    def penalty(self, w: Tensor) -> Tensor:
        """What a subclass says: the penalty for `w`."""
        raise NotImplementedError(f"{type(self).__name__} needs a penalty(self, w)")


@dataclass(frozen=True)
class L1(Regularizer):
    """l1 * sum(|w|): indifferent to how a sum is shared out, so small weights become 0."""

    l1: float = 0.01

    def penalty(self, w: Tensor) -> Tensor:
        return self.l1 * F.sum(F.abs(w))


@dataclass(frozen=True)
class L2(Regularizer):
    """l2 * sum(w ** 2): prefers many small weights to one that is large."""

    l2: float = 0.01

    def penalty(self, w: Tensor) -> Tensor:
        return self.l2 * F.sum(F.square(w))


@dataclass(frozen=True)
class L1L2(Regularizer):
    """l1 * sum(|w|) + l2 * sum(w ** 2)

    Without arguments it penalises nothing, as in Keras; `elastic_net` has the lecture's form.
    """

    l1: float = 0.0
    l2: float = 0.0

    def penalty(self, w: Tensor) -> Tensor:
        return self.l1 * F.sum(F.abs(w)) + self.l2 * F.sum(F.square(w))


@dataclass(frozen=True)
class Norm(Regularizer):
    """strength * sqrt(sum(w ** 2)), the norm itself and not its square.

    Its gradient has the same length everywhere and is taken as 0 at w = 0. For a matrix this is the
    Frobenius norm. Source: lecture 4, "A two-layer neural network with regularization".
    """

    strength: float = 0.01

    def penalty(self, w: Tensor) -> Tensor:
        squares = F.sum(F.square(w))
        nonzero = squares > 0
        root = F.sqrt(F.where(nonzero, squares, 1.0))  # the slope of sqrt is infinite at 0
        return self.strength * F.where(nonzero, root, 0.0)


def elastic_net(strength: float = 0.01, beta: float = 1.0) -> L1L2:
    """strength * sum(beta * w ** 2 + |w|), as in lecture 4."""
    return L1L2(strength, strength * beta)


l1, l2, l1_l2 = L1, L2, L1L2  # Keras's names in small letters

REGULARIZERS: dict[str, Callable[[], Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1l2": lambda: L1L2(0.01, 0.01),
    "elasticnet": elastic_net,
    "norm": Norm,
}
"""What a name stands for, written as `plain` does."""


def find_regularizer(regularizer: Any) -> Callable[[Any], Any] | None:
    """The penalty for a name in any case, a class, or a function of a tensor; None for None."""
    if regularizer is None:
        return None
    if isinstance(regularizer, str):
        key = plain(regularizer)
        if key not in REGULARIZERS:
            known = ", ".join(REGULARIZERS)
            raise TinygraphError(
                f"there is no regularizer {regularizer!r}; there are {known}, or give a function"
                f"{place_of(origin_here())}"
            )
        return REGULARIZERS[key]()
    if isinstance(regularizer, type) and issubclass(regularizer, Regularizer):
        return regularizer()
    if callable(regularizer):
        return regularizer
    raise TinygraphError(
        "a regularizer is a name such as 'l2', or a function of a tensor such as L2(0.01), "
        f"got {regularizer!r}{place_of(origin_here())}"
    )


def penalty_of(regularizer: Callable[[Any], Any], w: Any, what: str) -> Tensor:
    """The scalar that `regularizer` says for `w`; `what` names it in an error."""
    result = as_tensor(regularizer(w))
    if result.shape:
        raise ShapeError(
            f"the regularizer of {what} gave {result.type}, a penalty is a scalar; "
            "reduce it with tg.sum"
        )
    return result
