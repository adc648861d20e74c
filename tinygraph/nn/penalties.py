"""What layers add to the loss while they are called: penalties on what they put out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.structure import leaves
from tinygraph.regularizers import penalty_of
from tinygraph.tensor import Tensor
from tinygraph.trace import Trace, current_trace


class Penalties:
    """Those of one outermost call of a layer: who said them, how much, in which trace."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, Tensor, Trace | None]] = []

    def of(self, layers: set[int]) -> list[Tensor]:
        """What the layers of these ids said, if it was in the trace of now."""
        trace = current_trace()
        return [loss for who, loss, where in self.said if id(who) in layers and where is trace]


_current: ContextVar[Penalties | None] = ContextVar("penalties", default=None)


@contextmanager
def one_call() -> Iterator[Penalties]:
    """The penalties of the call that is going on; new ones for an outermost call."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    fresh = Penalties()
    token = _current.set(fresh)
    try:
        yield fresh
    finally:
        _current.reset(token)


def say(layer: Any, loss: Tensor) -> None:
    """Adds `loss` to what is said in the call that is going on."""
    current = _current.get()
    if current is None:
        raise TinygraphError(
            f"layer {layer.name}: add_loss belongs into call{place_of(origin_here())}"
        )
    current.said.append((layer, loss, current_trace()))


def say_activity(layer: Any, regularizer: Any, result: Any) -> None:
    """The penalty for each tensor of a layer's result, divided by the size of the batch."""
    for y in leaves(result):
        loss = penalty_of(regularizer, y, f"layer {layer.name}'s output")
        say(layer, loss / y.shape[0] if y.shape and y.shape[0] else loss)
