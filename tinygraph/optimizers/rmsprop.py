"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygraph import functional as F
from tinygraph.optimizers.arguments import at_least_0, below_1
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class RMSprop(Optimizer):
    """The gradient divided by the root of the running mean of its square.

    s <- rho * s + (1 - rho) * g * g
    x <- x - rate * g / sqrt(s + epsilon)

    With `centered` the square of the gradient's running mean is taken off s under the root. With
    momentum v <- momentum * v + rate * g / sqrt(...), and x <- x - v.
    Source: Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning" (2012), with
    epsilon under the root as in Keras.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Any,
    ) -> None:
        below_1("RMSprop", rho=rho, momentum=momentum)
        at_least_0("RMSprop", epsilon=epsilon)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        extra = [("mean", centered), ("velocity", momentum > 0)]
        self.slots = ("square", *(name for name, wanted in extra if wanted))
        super().__init__(learning_rate, **options)

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        square = self.rho * slots["square"] + (1 - self.rho) * F.square(g)
        kept = {"square": square}
        if self.centered:
            mean = kept["mean"] = self.rho * slots["mean"] + (1 - self.rho) * g
            square = square - F.square(mean)
        step = rate * g / F.sqrt(square + self.epsilon)
        if self.momentum:
            step = kept["velocity"] = self.momentum * slots["velocity"] + step
        return x - step, kept
