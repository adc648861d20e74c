"""Several transformations one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from tinygraph.augment.base import Array, Pair, Transformation, probability
from tinygraph.augment.geometry import Geometric, moved
from tinygraph.errors import DataError

Step = Callable[[Array, "Array | None", np.random.Generator], "tuple[Array, Array | None]"]


@dataclass(frozen=True, init=False)
class Compose(Transformation):
    """One after the other: transformations, or functions (image, mask, rng) -> (image, mask).

    Neighbours that move pixels, and say the same of the border, are joined: the image is read
    once.
    """

    steps: tuple[Step, ...]

    def __init__(self, steps: Sequence[Step]) -> None:
        wrong = [step for step in steps if not callable(step)]
        if wrong:
            raise DataError(f"Compose needs transformations or functions, got {wrong[0]!r}")
        object.__setattr__(self, "steps", tuple(steps))

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        for beyond, group in groupby(self.steps, _beyond):
            if beyond is None:
                for step in group:
                    image, mask = step(image, mask, rng)
            else:
                movers = [step for step in group if isinstance(step, Geometric)]
                image, mask = moved(movers, image, mask, rng)
        return image, mask


@dataclass(frozen=True)
class Sometimes(Transformation):
    """A transformation that happens with some probability only."""

    step: Step
    probability: float = 0.5

    def __post_init__(self) -> None:
        probability(self.probability, "probability")

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        return self.step(image, mask, rng) if rng.random() < self.probability else (image, mask)


def _beyond(step: Any) -> tuple[Any, ...] | None:
    return step.beyond if isinstance(step, Geometric) else None
