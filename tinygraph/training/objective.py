"""What training makes small, and what it counts besides: losses and metrics for each output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tinygraph.errors import TinygraphError
from tinygraph.functional.create import zeros
from tinygraph.graph import scope
from tinygraph.losses import Loss, find_loss
from tinygraph.metrics import Metric, find_metric
from tinygraph.nn.structure import leaves
from tinygraph.tensor import Tensor
from tinygraph.training.nesting import for_each
from tinygraph.training.outputs import output_names

if TYPE_CHECKING:
    from tinygraph.nn.model import Model


@dataclass(frozen=True)
class Goal:
    """What is asked of one output."""

    name: str
    loss: Loss | None
    weight: float
    metrics: tuple[tuple[str, Metric], ...]
    """With the names they have in the logs."""
    weighted: tuple[tuple[str, Metric], ...]
    """Those that heed the sample weights."""


class Measured(NamedTuple):
    """What one batch gave."""

    losses: list[Tensor]
    """The whole loss first; then, if there are several outputs, the loss of each."""
    statistics: list[Tensor]
    """Of each metric, in the order of `named_metrics`."""


class Objective:
    """Losses, their weights and metrics, settled for the outputs that a model has."""

    def __init__(
        self,
        model: Model,
        example: Any,
        loss: Any,
        metrics: Any,
        loss_weights: Any,
        weighted_metrics: Any,
    ) -> None:
        self.names = output_names(model, example)
        several = len(self.names) > 1
        losses = [_loss(x) for x in for_each(_unnested(loss, several), self.names, "loss", True)]
        weights = for_each(_unnested(loss_weights, several), self.names, "loss_weights", True)
        plain = _metrics(metrics, self.names, losses, "metrics")
        heeding = _metrics(weighted_metrics, self.names, losses, "weighted_metrics")
        taken: set[str] = {"loss"}
        self.goals = [
            Goal(
                name,
                losses[k],
                1.0 if weights[k] is None else float(weights[k]),
                _called(plain[k], name if several else "", taken),
                _called(heeding[k], name if several else "", taken, "weighted_"),
            )
            for k, name in enumerate(self.names)
        ]
        self.loss_names = ["loss"]
        if several:
            self.loss_names += [f"{goal.name}_loss" for goal in self.goals if goal.loss is not None]

    def named_metrics(self) -> list[tuple[str, Metric]]:
        """Every metric with its name in the logs, in the order of the statistics."""
        return [pair for goal in self.goals for pair in (*goal.metrics, *goal.weighted)]

    def require_loss(self) -> None:
        """A `TinygraphError` if no output has a loss."""
        if all(goal.loss is None for goal in self.goals):
            raise TinygraphError(
                'there is nothing to make small: compile(loss=...) takes a loss, such as "mse"'
            )

    def measured(
        self,
        targets: Sequence[Any],
        predictions: Any,
        weights: Sequence[Any],
        penalties: Sequence[Tensor],
    ) -> Measured:
        """The loss with penalties, and the metrics' statistics, of one batch (graph)."""
        each, total, statistics = [], None, []
        found = list(leaves(predictions))
        for goal, y, p, w in zip(self.goals, targets, found, weights, strict=True):
            if goal.loss is not None:
                _require_target(goal, y)
                value = goal.loss(y, p, w)
                each.append(value)
                part = value if goal.weight == 1 else value * goal.weight
                total = part if total is None else total + part
            for _, metric in goal.metrics:
                _require_target(goal, y)
                statistics.append(metric.statistics(y, p))
            for _, metric in goal.weighted:
                _require_target(goal, y)
                statistics.append(metric.statistics(y, p, w))
        for penalty in penalties:
            with scope("penalty"):
                total = penalty if total is None else total + penalty
        whole = zeros(()) if total is None else total
        return Measured([whole, *(each if len(self.goals) > 1 else [])], statistics)


def _require_target(goal: Goal, target: Any) -> None:
    if target is None:
        raise TinygraphError(
            f"the output {goal.name} has a loss or metric, but y has nothing for it"
        )


def _loss(loss: Any) -> Loss | None:
    return None if loss is None else find_loss(loss)


def _unnested(value: Any, several: bool) -> Any:
    """One output's loss may stand in a list."""
    if not several and isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _metrics(
    value: Any, names: Sequence[str], losses: Sequence[Loss | None], what: str
) -> list[list[Metric]]:
    """The metrics of each output.

    One output: any number of them. Several: a list of lists, or a dict by name; a list without
    lists in it belongs to each output.
    """
    if value is None:
        value = []
    if not isinstance(value, list | tuple | dict):
        value = [value]
    inner = not isinstance(value, dict) and any(isinstance(v, list | tuple) for v in value)
    if not isinstance(value, dict) and not inner:
        groups: list[Any] = [value] * len(names)
    else:
        groups = for_each(value, names, what)
    return [
        [find_metric(m, loss) for m in _listed(group)]
        for group, loss in zip(groups, losses, strict=True)
    ]


def _listed(group: Any) -> list[Any]:
    if group is None:
        return []
    return list(group) if isinstance(group, list | tuple) else [group]


def _called(
    metrics: Sequence[Metric], output: str, taken: set[str], otherwise: str = ""
) -> tuple[tuple[str, Metric], ...]:
    """The metrics with names that nothing else has: accuracy, accuracy_1 ...

    One that is taken gets `otherwise` in front.
    """
    named = []
    for metric in metrics:
        own = f"{output}_" if output else ""
        stem = own + metric.name
        stem = own + otherwise + metric.name if stem in taken else stem
        name, number = stem, 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        named.append((name, metric))
    return tuple(named)
