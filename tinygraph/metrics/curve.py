"""The area under the ROC curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.graph import scope
from tinygraph.losses.base import weight_like
from tinygraph.losses.shapes import pair
from tinygraph.metrics.base import Metric, widened
from tinygraph.tensor import Tensor, as_tensor


class AUC(Metric):
    """The area under the curve of true against false positives, over all outputs pooled.

    As in Keras: both rates at `num_thresholds` thresholds between 0 and 1, joined by straight
    lines. The targets are 0 and 1, the predictions probabilities. NaN where all targets are equal.
    """

    name = "auc"

    def __init__(self, num_thresholds: int = 200, name: str | None = None) -> None:
        super().__init__(name)
        if num_thresholds < 2:
            raise ShapeError(
                f"{self.name} needs 2 thresholds or more, got {num_thresholds}{here()}"
            )
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1)
        self.thresholds = np.array([-1e-7, *inner, 1 + 1e-7])

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """[positives above each threshold, negatives above each threshold], by weight"""
        with scope(self.name):
            t, p = pair(self.name, as_tensor(target), as_tensor(prediction))
            one = F.ones(t.shape, t.dtype)
            if sample_weight is not None:
                weight = weight_like(one[..., 0], sample_weight, self.name)
                assert weight is not None
                one = F.broadcast_to(F.expand_dims(weight, -1), t.shape)
            levels = F.tensor(self.thresholds, dtype=p.dtype)
            shape = (p.size, len(self.thresholds))
            above = F.broadcast_to(p.reshape(-1, 1), shape) > F.broadcast_to(levels, shape)
            yes, no = (x.reshape(-1, 1) for x in (one * t, one * (1 - t)))
            each = [F.where(above, F.broadcast_to(x, shape), 0) for x in (yes, no)]
            return F.concatenate([F.sum(widened(x), 0) for x in each])

    def result(self, totals: np.ndarray) -> float:
        found, wrong = np.split(totals, 2)
        if not (found[0] and wrong[0]):
            return float("nan")
        x, y = wrong / wrong[0], found / found[0]
        return float(np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2))
