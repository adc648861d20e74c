"""Adam, and AdamW, which lets the weights decay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygraph import functional as F
from tinygraph.optimizers.arguments import at_least_0, below_1
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class Adam(Optimizer):
    """Steps of about the learning rate, whatever the gradient's size.

    m <- beta_1 * m + (1 - beta_1) * g        the running mean of the gradient
    v <- beta_2 * v + (1 - beta_2) * g * g    and of its square
    x <- x - rate * sqrt(c_2) / c_1 * m / (sqrt(v) + epsilon)

    c_1 and c_2 are the same running means of ones instead of gradients, that is 1 - beta**t after
    t steps; so they undo that m and v began at 0. Kept as running means they lose no digits. With
    `amsgrad` the largest v so far stands in the place of v.
    Sources: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), in the form at the
    end of its section 2, as in Keras; Reddi et al., "On the convergence of Adam and beyond" (2018).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        below_1(type(self).__name__, beta_1=beta_1, beta_2=beta_2)
        at_least_0(type(self).__name__, epsilon=epsilon)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.slots = ("mean", "square", "largest") if amsgrad else ("mean", "square")
        super().__init__(learning_rate, **options)

    def build(self, parameters: Sequence[Parameter]) -> None:
        first = not self.parameters
        super().build(parameters)
        if first:
            wide = np.result_type(*(p.dtype.numpy for p in parameters))
            self.of_ones = Parameter(None, np.zeros(2, wide), "of_ones", trainable=False)

    def named_state(self) -> dict[str, Parameter]:
        own = {"of_ones": self.of_ones} if self.parameters else {}
        return {**super().named_state(), **own}

    def prepare(self, new: dict[Parameter, Any]) -> dict[str, Any]:
        betas = np.array([self.beta_1, self.beta_2])
        kept, added = (each.astype(self.of_ones.dtype.numpy) for each in (betas, 1 - betas))
        of_ones = self.of_ones * kept + added  # rounded as in `update`, so that they undo it
        new[self.of_ones] = of_ones
        return {"correction": F.sqrt(of_ones[1]) / of_ones[0]}

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        mean = self.beta_1 * slots["mean"] + (1 - self.beta_1) * g
        square = self.beta_2 * slots["square"] + (1 - self.beta_2) * F.square(g)
        kept = {"mean": mean, "square": square}
        if self.amsgrad:
            square = kept["largest"] = F.maximum(slots["largest"], square)
        correction = shared["correction"].astype(x.dtype)
        step = rate * correction * mean / (F.sqrt(square) + self.epsilon)
        return x - step, kept


class AdamW(Adam):
    """Adam with decoupled weight decay: x <- x - rate * weight_decay * x, and then Adam's step.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options
        )
