"""AdaGrad, and proximal AdaGrad, which solves for L1 and L2 penalties exactly in each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygraph import functional as F
from tinygraph.optimizers.arguments import above_0, at_least_0
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class Adagrad(Optimizer):
    """The gradient divided by the root of the sum of all its squares so far.

    s <- s + g * g, and x <- x - rate * g / sqrt(s + epsilon)

    s begins at `initial_accumulator_value`. Rates only fall: numbers that move seldom keep a high
    one. Source: Duchi et al., "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011), with epsilon under the root as in Keras.
    """

    slots = ("squares",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        at_least_0("Adagrad", initial_accumulator_value=initial_accumulator_value, epsilon=epsilon)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def start(self, slot: str) -> float:
        return self.initial_accumulator_value

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        squares = slots["squares"] + F.square(g)
        return x - rate * g / F.sqrt(squares + self.epsilon), {"squares": squares}


class ProximalAdagrad(Optimizer):
    """AdaGrad's step, and then the best compromise between staying there and small penalties.

    s <- s + g * g, r = rate / sqrt(s), and z = x - r * g. The new x minimises
    (x - z)**2 / 2 + r * (l1 * |x| + l2 * x**2 / 2), which is

    x <- sign(z) * max(|z| - r * l1, 0) / (1 + r * l2)

    So with l1 weights become 0 and not only small. s begins at `initial_accumulator_value`.
    Sources: Duchi et al., "Adaptive subgradient methods" (2011); Duchi and Singer, "Efficient
    learning using forward-backward splitting" (2009); names as in TensorFlow's
    ProximalAdagradOptimizer.
    """

    slots = ("squares",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        **options: Any,
    ) -> None:
        above_0("ProximalAdagrad", initial_accumulator_value=initial_accumulator_value)
        at_least_0(
            "ProximalAdagrad",
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
        )
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        super().__init__(learning_rate, **options)

    def start(self, slot: str) -> float:
        return self.initial_accumulator_value

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        squares = slots["squares"] + F.square(g)
        own_rate = rate / F.sqrt(squares)
        z = x - own_rate * g
        if self.l1_regularization_strength:
            limit = own_rate * self.l1_regularization_strength
            z = z - F.clip(z, -limit, limit)
        if self.l2_regularization_strength:
            z = z / (1 + own_rate * self.l2_regularization_strength)
        return z, {"squares": squares}
