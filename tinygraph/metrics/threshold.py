"""Metrics that ask whether an output is above a threshold."""

from __future__ import annotations

import copy
from typing import TypeVar

from tinygraph.losses.base import Loss
from tinygraph.metrics.base import Metric

M = TypeVar("M", bound="Thresholded")


class Thresholded(Metric):
    """The base: `threshold` is 0.5 unless given; beside a loss of logits it is 0."""

    def __init__(self, threshold: float | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.threshold = threshold
        self.logits = False

    @property
    def at(self) -> float:
        """The threshold that is used."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.logits else 0.5

    def for_loss(self: M, loss: Loss | None) -> M:
        own = copy.copy(self)
        own.logits = bool(getattr(loss, "from_logits", False))
        return own
