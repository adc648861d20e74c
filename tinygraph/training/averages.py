"""Loss and metrics over many batches, added up in float64 on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tinygraph.training.objective import Objective


class Averages:
    """Adds up what the steps return.

    The mean of the loss weighs a batch by its number of examples, so that a shorter last batch
    counts for what it is.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._examples = 0
        self._losses: np.ndarray | None = None
        self._totals: list[np.ndarray] = []

    def add(
        self, losses: Sequence[np.ndarray], statistics: Sequence[np.ndarray], examples: int
    ) -> None:
        """One batch: its losses (the whole, then one an output), its metrics' statistics."""
        weighted = np.array([float(x) for x in losses]) * examples
        added = [np.asarray(s, np.float64) for s in statistics]
        if self._losses is None:
            self._losses, self._totals = weighted, added
        else:
            self._losses = self._losses + weighted
            self._totals = [a + b for a, b in zip(self._totals, added)]
        self._examples += examples

    def logs(self, prefix: str = "") -> dict[str, float]:
        """The means so far, by name."""
        if self._losses is None:
            return {}
        means = self._losses / max(1, self._examples)
        found = dict(zip(self._objective.loss_names, means.tolist()))
        for (name, metric), total in zip(self._objective.named_metrics(), self._totals):
            found[name] = float(metric.result(total))
        return {prefix + name: value for name, value in found.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, to be saved."""
        if self._losses is None:
            return {}
        counts = {"examples": np.array(self._examples, np.int64), "losses": self._losses}
        return counts | {f"totals/{k}": total for k, total in enumerate(self._totals)}

    def set_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what `arrays` gave."""
        if not arrays:
            return
        self._examples = int(arrays["examples"])
        self._losses = arrays["losses"]
        self._totals = [arrays[f"totals/{k}"] for k in range(len(arrays) - 2)]
