"""FTRL-proximal: follow the regularized leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygraph import functional as F
from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.optimizers.arguments import at_least_0, is_number
from tinygraph.optimizers.optimizer import Optimizer
from tinygraph.tensor import Parameter, Tensor


class Ftrl(Optimizer):
    """The weights that would have been best for all gradients so far, with penalties.

    With p = -learning_rate_power, l1 and l2 the two strengths:

    m = n + g * g
    z <- z + g - (m**p - n**p) / rate * x
    x <- 0 if |z| <= l1, else (sign(z) * l1 - z) / ((m**p + beta) / rate + 2 * l2)
    n <- m

    n begins at `initial_accumulator_value`, z at 0. `l2_shrinkage_regularization_strength` adds
    2 * strength * x to the g that goes into z, and not to that in n. l1 makes weights 0 and not
    only small; it counts once for all steps together, so it is larger than one in a loss. The
    paper's lambda_2 is 2 * l2, its alpha the learning rate, and its first x is 0. A rate of 0
    changes nothing.
    Source: McMahan et al., "Ad click prediction: a view from the trenches" (2013), algorithm 1, in
    Keras's form.
    """

    slots = ("squares", "linear")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Any,
    ) -> None:
        at_least_0(
            "Ftrl",
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
            beta=beta,
        )
        if not is_number(learning_rate_power) or learning_rate_power > 0:
            raise TinygraphError(
                "Ftrl needs learning_rate_power= a number of at most 0, "
                f"got {learning_rate_power!r}{place_of(origin_here())}"
            )
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        super().__init__(learning_rate, **options)

    def start(self, slot: str) -> float:
        return self.initial_accumulator_value if slot == "squares" else 0.0

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        l1 = self.l1_regularization_strength
        moves = rate > 0
        per_rate = 1 / F.where(moves, rate, 1.0)
        squares = slots["squares"] + F.square(g)
        before, after = self._raised(slots["squares"]), self._raised(squares)
        if self.l2_shrinkage_regularization_strength:
            g = g + 2 * self.l2_shrinkage_regularization_strength * x
        linear = slots["linear"] + g - (after - before) * per_rate * x
        curvature = (after + self.beta) * per_rate + 2 * self.l2_regularization_strength
        best = (F.clip(linear, -l1, l1) - linear) / curvature
        # Where all is 0, so is the curvature, and `best` is not a number.
        value = F.where(F.abs(linear) > l1, best, 0.0)
        kept = {"squares": squares, "linear": linear}
        return F.where(moves, value, x), {
            slot: F.where(moves, new, slots[slot]) for slot, new in kept.items()
        }

    def _raised(self, squares: Tensor) -> Tensor:
        power = -self.learning_rate_power
        return F.sqrt(squares) if power == 0.5 else squares**power
