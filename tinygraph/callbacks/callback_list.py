"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tinygraph.callbacks.callback import Callback
from tinygraph.errors import TinygraphError

if TYPE_CHECKING:
    from tinygraph.nn.model import Model


class CallbackList(Callback):
    """Tells each callback of each moment, in order.

    `logs` may be a function that gives them: it is called only where some callback listens.
    """

    def __init__(self, callbacks: Sequence[Callback], model: Model, params: dict[str, Any]) -> None:
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TinygraphError(
                    f"callbacks= takes objects of tg.callbacks, got {callback!r}; a function is "
                    "called by LambdaCallback(on_epoch_end=function)"
                )
        self.callbacks = tuple(callbacks)
        self._listeners: dict[str, list[Callable[..., None]]] = {}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def tell(self, moment: str, *position: int, logs: Any = None) -> None:
        """Calls the hook `moment` of all that have written it."""
        if moment not in self._listeners:
            self._listeners[moment] = [
                getattr(callback, moment)
                for callback in self.callbacks
                if _listens(callback, moment)
            ]
        listeners = self._listeners[moment]
        if not listeners:
            return
        found: Any = logs() if callable(logs) else logs
        for listener in listeners:
            listener(*position, found)


def _listens(callback: Callback, moment: str) -> bool:
    own = getattr(type(callback), moment) is not getattr(Callback, moment)
    return own or moment in vars(callback)
