"""Activations by name, as layers take them, and as functions: `activations.relu`."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.functional import elu as elu
from tinygraph.functional import exp
from tinygraph.functional import gelu as gelu
from tinygraph.functional import hard_sigmoid as hard_sigmoid
from tinygraph.functional import hard_silu as hard_silu
from tinygraph.functional import leaky_relu as leaky_relu
from tinygraph.functional import log_softmax as log_softmax
from tinygraph.functional import mish as mish
from tinygraph.functional import relu as relu
from tinygraph.functional import relu6 as relu6
from tinygraph.functional import selu as selu
from tinygraph.functional import sigmoid as sigmoid
from tinygraph.functional import silu as silu
from tinygraph.functional import softmax as softmax
from tinygraph.functional import softplus as softplus
from tinygraph.functional import softsign as softsign
from tinygraph.functional import tanh as tanh
from tinygraph.graph import origin_here, place_of
from tinygraph.losses.names import plain
from tinygraph.tensor import Tensor

Function = Callable[[Any], Tensor]


def linear(x: Any) -> Any:
    """x"""
    return x


exponential = exp
swish = silu
hard_swish = hard_silu

ACTIVATIONS: dict[str, Function] = {
    "linear": linear,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "relu6": relu6,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "swish": silu,
    "mish": mish,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_swish": hard_silu,
    "tanh": tanh,
    "softplus": softplus,
    "softsign": softsign,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "exponential": exp,
}


def find_activation(activation: str | Function | None) -> Function:
    """The function for a name in any case and spelling: relu, ReLU, leaky_relu, LeakyReLU.

    `linear` for None; a function, or a layer, stays what it is.
    """
    if activation is None:
        return linear
    if not isinstance(activation, str):
        if not callable(activation) or isinstance(activation, type):
            raise TinygraphError(
                f"an activation is a name, a function or a layer, got {activation!r}"
                f"{place_of(origin_here())}"
            )
        return activation
    found = {plain(name): function for name, function in ACTIVATIONS.items()}
    if plain(activation) not in found:
        close = get_close_matches(activation.lower(), ACTIVATIONS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise TinygraphError(
            f"there is no activation {activation!r}; {hint}there are {', '.join(ACTIVATIONS)}, "
            f"or give a function{place_of(origin_here())}"
        )
    return found[plain(activation)]


get = find_activation
