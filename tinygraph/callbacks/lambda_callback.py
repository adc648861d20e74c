"""A callback from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph.callbacks.callback import Callback
from tinygraph.errors import TinygraphError

MOMENTS = tuple(name for name in vars(Callback) if name.startswith("on_"))
OLD_NAMES = {"on_batch_begin": "on_train_batch_begin", "on_batch_end": "on_train_batch_end"}


class LambdaCallback(Callback):
    """Calls the given functions at the moments they are given for, as in
    `LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))`.

    Those of epochs and batches get (number, logs), the others (logs).
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        for moment, function in functions.items():
            name = OLD_NAMES.get(moment, moment)
            if name not in MOMENTS:
                raise TinygraphError(
                    f"LambdaCallback knows no moment {moment!r}; there are {', '.join(MOMENTS)}"
                )
            if function is not None:
                setattr(self, name, function)
