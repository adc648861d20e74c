"""Adam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygraph import functional as F
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class Adam(Optimizer):
    """Steps of about the learning rate, whatever the gradient's size.

    m <- beta_1 * m + (1 - beta_1) * g        the running mean of the gradient
    v <- beta_2 * v + (1 - beta_2) * g * g    and of its square
    x <- x - rate * sqrt(c_2) / c_1 * m / (sqrt(v) + epsilon)

    c_1 and c_2 are the same running means of ones instead of gradients, that is 1 - beta**t after
    t steps; so they undo that m and v began at 0. Kept as running means they lose no digits.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), in the form at the
    end of its section 2, as in Keras.
    """

    slots = ("mean", "square")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        parameters: Sequence[Parameter] | None = None,
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        super().__init__(learning_rate, parameters)

    def build(self, parameters: Sequence[Parameter]) -> None:
        super().build(parameters)
        zeros = np.zeros(2, self.learning_rate.dtype.numpy)
        self.of_ones = Parameter(None, zeros, "of_ones", trainable=False)

    def named_state(self) -> dict[str, Parameter]:
        return {**super().named_state(), "of_ones": self.of_ones}

    def prepare(self, new: dict[Parameter, Any]) -> dict[str, Any]:
        betas = np.array([self.beta_1, self.beta_2], self.learning_rate.dtype.numpy)
        of_ones = self.of_ones * betas + (1 - betas)
        new[self.of_ones] = of_ones
        return {"correction": F.sqrt(of_ones[1]) / of_ones[0]}

    def update(
        self, x: Parameter, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        mean = self.beta_1 * slots["mean"] + (1 - self.beta_1) * g
        square = self.beta_2 * slots["square"] + (1 - self.beta_2) * F.square(g)
        correction = shared["correction"].astype(x.dtype)
        step = rate * correction * mean / (F.sqrt(square) + self.epsilon)
        return x - step, {"mean": mean, "square": square}
