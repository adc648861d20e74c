"""Where the random numbers for new weights come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np


class _Seeds:
    """A seed, and how many generators were made from it."""

    def __init__(self) -> None:
        self.seed = 0
        self.count = 0


_seeds = _Seeds()


def set_random_seed(seed: int) -> None:
    """Layers built from now on draw their weights from this seed, in the order they are built.

    It is 0 when Python starts. `model.initialize(seed)` draws again at any time, and does not
    depend on what was built before.
    """
    _seeds.seed, _seeds.count = seed, 0


def next_rng() -> np.random.Generator:
    """A generator for the next weight."""
    _seeds.count += 1
    return rng_for(_seeds.seed, _seeds.count)


def rng_for(seed: int, number: int) -> np.random.Generator:
    """The generator for weight `number`; those of different numbers are independent."""
    return np.random.default_rng((seed, number))


_undrawn: ContextVar[bool] = ContextVar("undrawn", default=False)


@contextmanager
def undrawn() -> Iterator[None]:
    """Weights made inside are zeros that take up no memory until they are read or written.

    That is quick also for large models: to print or draw one, or to `initialize` it, which draws
    its weights, or to load them.
    """
    token = _undrawn.set(True)
    try:
        yield
    finally:
        _undrawn.reset(token)


def draws_weights() -> bool:
    """Whether weights are drawn when they are made."""
    return not _undrawn.get()
