"""Batch normalisation with explicit state."""

from __future__ import annotations

from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.reduce import mean_node
from tinygraph.graph import Node, scope
from tinygraph.tensor import Tensor, node_of, wrap


def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    variance: Any,
    training: bool,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tuple[Tensor, Tensor, Tensor]:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel (the last axis).

    In training with the mean and variance of the batch x, else with those given. Returns y and the
    new mean and variance, momentum * old + (1 - momentum) * that of the batch: assign them to what
    keeps them. The defaults are Keras's; so is the variance, which divides by the count.
    """
    node = node_of(x)
    vectors = [node_of(v) for v in (gamma, beta, mean, variance)]
    if node.ndim < 1 or any(v.shape != node.shape[-1:] for v in vectors):
        listed = ", ".join(str(v.type) for v in vectors)
        raise ShapeError(
            f"batch_norm needs x [...,C] and gamma, beta, mean, variance [C], "
            f"got {node.type} and {listed}{here()}"
        )
    scale, shift, old_mean, old_variance = vectors
    axes = tuple(range(node.ndim - 1))
    with scope("batch_norm"):
        if not training:
            distance = node - ops.broadcast(old_mean, node.shape, axes)
            y = _scaled(distance, old_variance, scale, shift, epsilon)
            return wrap(y), wrap(old_mean), wrap(old_variance)
        center = mean_node(node, axes)
        distance = node - ops.broadcast(center, node.shape, axes)
        spread = mean_node(distance**2, axes)
        y = _scaled(distance, spread, scale, shift, epsilon)
        kept = [
            old * momentum + ops.detach(new) * (1 - momentum)
            for old, new in ((old_mean, center), (old_variance, spread))
        ]
        return wrap(y), wrap(kept[0]), wrap(kept[1])


def _scaled(distance: Node, spread: Node, gamma: Node, beta: Node, epsilon: float) -> Node:
    """distance / sqrt(spread + epsilon) * gamma + beta, with what is a number a channel first."""
    axes = tuple(range(distance.ndim - 1))
    scale = gamma / ops.sqrt(spread + epsilon)
    scaled = distance * ops.broadcast(scale, distance.shape, axes)
    return scaled + ops.broadcast(beta, distance.shape, axes)
