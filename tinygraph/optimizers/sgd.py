"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class SGD(Optimizer):
    """x <- x - rate * g. With momentum: v <- momentum * v - rate * g, and x <- x + v.

    With `nesterov` x <- x + momentum * v - rate * g, with the new v. Given all the data as one
    batch, and no momentum, this is gradient descent.
    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning"
    (2013).
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ) -> None:
        if not 0 <= momentum <= 1:
            raise TinygraphError(f"SGD needs a momentum from 0 to 1, got {momentum}")
        self.momentum = momentum
        self.nesterov = nesterov
        self.slots = ("velocity",) if momentum else ()
        super().__init__(learning_rate, **options)

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        step = rate * g
        if not self.momentum:
            return x - step, {}
        velocity = self.momentum * slots["velocity"] - step
        ahead = self.momentum * velocity - step if self.nesterov else velocity
        return x + ahead, {"velocity": velocity}
