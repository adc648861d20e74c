"""Activations by name, as layers take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph import functional
from tinygraph.errors import TinygraphError
from tinygraph.tensor import Tensor

Function = Callable[[Any], Tensor]


def linear(x: Any) -> Any:
    """x"""
    return x


ACTIVATIONS: dict[str, Function] = {
    "linear": linear,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "sigmoid": functional.sigmoid,
    "tanh": functional.tanh,
    "softmax": functional.softmax,
    "log_softmax": functional.log_softmax,
}


def find_activation(activation: str | Function | None) -> Function:
    """The function for a name in any case; `linear` for None; a function stays what it is."""
    if activation is None:
        return linear
    if not isinstance(activation, str):
        return activation
    if activation.lower() not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise TinygraphError(
            f"there is no activation {activation!r}; there are {known}, or give a function"
        )
    return ACTIVATIONS[activation.lower()]


def activation_name(function: Function) -> str:
    """What `function` is called in a summary."""
    return getattr(function, "__name__", type(function).__name__)
