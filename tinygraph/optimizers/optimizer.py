"""Optimizer: from gradients to new values of parameters.

One of one's own says in `update` how a parameter moves:

    class SignSGD(tg.optimizers.Optimizer):
        def update(self, x, g, slots, rate):
            return x - rate * tg.where(g > 0, 1.0, -1.0), {}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygraph.errors import ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.tensor import Parameter, Tensor, assign
from tinygraph.types import DType, float32, float64, int32


class Optimizer:
    """Moves parameters against their gradients.

    Everything that changes is a parameter, so that a jitted step keeps it and a file can hold it:
    `learning_rate`, `iterations` (the steps done) and the slots of each trained parameter.
    """

    slots: tuple[str, ...] = ()
    """What is kept for each trained parameter, of its shape; 0 at first."""

    def __init__(self, learning_rate: float, parameters: Sequence[Parameter] | None = None) -> None:
        self.parameters: list[Parameter] = []
        """What is trained."""
        self.learning_rate = _scalar(learning_rate, float64, "learning_rate")  # until it is built
        self.iterations = _scalar(0, int32, "iterations")
        self._slots: list[dict[str, Parameter]] = []
        if parameters is not None:
            self.build(parameters)

    def build(self, parameters: Sequence[Parameter]) -> None:
        """Settles what is trained, and makes the slots."""
        if self.parameters:
            raise TinygraphError("this optimizer trains other parameters already; make a new one")
        if not parameters or not all(isinstance(p, Parameter) for p in parameters):
            raise TinygraphError(
                "an optimizer trains parameters, as in parameters=model.parameters; "
                f"got {parameters!r}{place_of(origin_here())}"
            )
        self.parameters = list(parameters)
        wide = next((p.dtype for p in parameters if p.dtype is not float32), float32)
        self.learning_rate = _scalar(float(self.learning_rate), wide, "learning_rate")
        self._slots = [
            {slot: _zeros_like(p, f"{p.name or k}/{slot}") for slot in self.slots}
            for k, p in enumerate(self.parameters)
        ]

    def apply(self, gradients: Sequence[Any] | Mapping[Parameter, Any]) -> None:
        """One step: new values for parameters, slots and counters, all together.

        `gradients` come in the order of `parameters`, or by parameter in a dict. In a jitted
        function the new values come when the step has run.
        """
        if not self.parameters:
            raise TinygraphError(
                "this optimizer trains nothing yet: "
                f"give it parameters=model.parameters{place_of(origin_here())}"
            )
        new: dict[Parameter, Any] = {self.iterations: self.iterations + 1}
        with scope(type(self).__name__.lower()):
            shared = self.prepare(new)
            for x, g, slots in zip(self.parameters, self._ordered(gradients), self._slots):
                rate = self.learning_rate
                rate = rate if rate.dtype is x.dtype else rate.astype(x.dtype)
                value, kept = self.update(x, g, slots, rate, **shared)
                new[x] = value
                new.update((slots[name], value) for name, value in kept.items())
        assign([*new], [*new.values()])

    def named_state(self) -> dict[str, Parameter]:
        """All that a resumed run needs, by name."""
        own = {"learning_rate": self.learning_rate, "iterations": self.iterations}
        slots = {
            f"{k}/{name}": slot for k, each in enumerate(self._slots) for name, slot in each.items()
        }
        return own | slots

    def prepare(self, new: dict[Parameter, Any]) -> dict[str, Any]:
        """What is computed once a step and given to every `update`; new state goes into `new`."""
        return {}

    def update(
        self, x: Parameter, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The new value of x for the gradient g, and the new values of slots that change."""
        raise NotImplementedError

    def _ordered(self, gradients: Sequence[Any] | Mapping[Parameter, Any]) -> Sequence[Any]:
        if isinstance(gradients, Mapping):
            missing = [p.name or "a parameter" for p in self.parameters if p not in gradients]
            if missing:
                raise TinygraphError(f"there is no gradient for {', '.join(missing[:3])}")
            return [gradients[p] for p in self.parameters]
        if len(gradients) != len(self.parameters):
            raise ShapeError(
                f"the optimizer trains {len(self.parameters)} parameters, "
                f"got {len(gradients)} gradients{place_of(origin_here())}"
            )
        return gradients


def _scalar(value: float, dtype: DType, name: str) -> Parameter:
    return Parameter(None, np.array(value, dtype.numpy), name, trainable=False)


def _zeros_like(x: Parameter, name: str) -> Parameter:
    return Parameter(None, np.zeros(x.shape, x.dtype.numpy), name, trainable=False)
