"""AdaDelta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygraph import functional as F
from tinygraph.optimizers.arguments import at_least_0, below_1
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class Adadelta(Optimizer):
    """Steps as large as earlier steps were, in the units of x.

    s <- rho * s + (1 - rho) * g * g
    d = sqrt(t + epsilon) / sqrt(s + epsilon) * g
    t <- rho * t + (1 - rho) * d * d
    x <- x - rate * d

    The paper has no rate, that is a rate of 1; the default is Keras's.
    Source: Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
    """

    slots = ("squares", "steps")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        below_1("Adadelta", rho=rho)
        at_least_0("Adadelta", epsilon=epsilon)
        self.rho = rho
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        squares = self.rho * slots["squares"] + (1 - self.rho) * F.square(g)
        scale = F.sqrt(slots["steps"] + self.epsilon) / F.sqrt(squares + self.epsilon)
        step = scale * g
        steps = self.rho * slots["steps"] + (1 - self.rho) * F.square(step)
        return x - rate * step, {"squares": squares, "steps": steps}
