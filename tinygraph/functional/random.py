"""Random numbers from a counter: the same bits on every backend and for any number of threads.

A key (uint32[2]) chooses a stream; what an element gets depends on the key and its position alone.
A `Generator` hands out keys and keeps count in a parameter, so a jitted step advances it with
everything else, and a saved and resumed run draws what it would have drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, shape_of
from tinygraph.graph import scope
from tinygraph.tensor import Parameter, Tensor, node_of, wrap


class Generator:
    """Keys for random numbers, one after the other. `state` (uint32[2]) is the next key."""

    def __init__(self, seed: int = 0, name: str | None = None) -> None:
        """Generators with different seeds, which are whole numbers >= 0 or tuples of them, are
        independent.
        """
        words = np.random.SeedSequence(seed).generate_state(2)
        self.state = Parameter(None, words.astype(np.uint32), name, trainable=False)

    def key(self) -> Tensor:
        """The next key. In a jitted function the count goes on when the step has run."""
        key = wrap(self.state.node)
        self.state.assign(key + np.array([1, 0], np.uint32))
        return key

    def bits(self, shape: Any = ()) -> Tensor:
        """uint32 numbers, every bit of them random."""
        return bits(self.key(), shape)

    def uniform(self, shape: Any = (), low: float = 0.0, high: float = 1.0) -> Tensor:
        """float32 in low <= x < high, evenly spread."""
        return uniform(self.key(), shape, low, high)

    def normal(self, shape: Any = (), mean: float = 0.0, std: float = 1.0) -> Tensor:
        """float32 from the normal distribution."""
        return normal(self.key(), shape, mean, std)


def bits(key: Any, shape: Any = ()) -> Tensor:
    """uint32 numbers, every bit of them random, for a key uint32[2]."""
    return wrap(ops.random_bits(node_of(key), shape_of(shape)))


def uniform(key: Any, shape: Any = (), low: float = 0.0, high: float = 1.0) -> Tensor:
    """float32 in low <= x < high, in steps of (high - low) / 2**24."""
    with scope("uniform"):
        unit = ops.uniform_from_bits(ops.random_bits(node_of(key), shape_of(shape)))
        scaled = unit if high - low == 1 else unit * (high - low)
        return wrap(scaled + low if low else scaled)


def normal(key: Any, shape: Any = (), mean: float = 0.0, std: float = 1.0) -> Tensor:
    """float32 from the normal distribution, two uniform numbers for each.

    z = sqrt(-2 ln u) cos(2 pi v). Source: Box and Muller, "A note on the generation of random
    normal deviates" (1958).
    """
    wanted = shape_of(shape)
    with scope("normal"):
        both = ops.uniform_from_bits(ops.random_bits(node_of(key), (2, *wanted)))
        u = ops.reshape(ops.cut(both, slice(0, 1)), wanted)
        v = ops.reshape(ops.cut(both, slice(1, 2)), wanted)
        radius = ops.sqrt(
            ops.log(1 - u) * -2
        )  # 1 - u is in 0 < ... <= 1, so the logarithm is finite
        z = radius * ops.cos(v * (2 * math.pi))
        scaled = z if std == 1 else z * std
        return wrap(scaled + mean if mean else scaled)


def dropout(
    x: Any, rate: float, generator: Generator | Any = None, training: bool = False
) -> Tensor:
    """x with each element set to 0 with probability `rate`, the others divided by 1 - rate.

    `generator` is a `Generator` or a key. Not `training`: x as it is, and nothing is drawn.
    """
    node = node_of(x)
    if not 0 <= rate < 1:
        raise ShapeError(f"dropout needs a rate of at least 0 and below 1, got {rate}{here()}")
    if not training or not rate:
        return wrap(node)
    if generator is None:
        raise ShapeError(
            f"dropout in training needs a generator: tg.random.Generator(seed){here()}"
        )
    key = generator.key() if isinstance(generator, Generator) else generator
    with scope("dropout"):
        drawn = ops.random_bits(node_of(key), node.shape)
        kept = ops.ge(drawn, min(round(rate * 2**32), 2**32 - 1))
        return wrap(ops.where(kept, node * (1 / (1 - rate)), 0))
