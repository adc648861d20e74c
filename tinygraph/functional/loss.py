"""Losses that are more than a formula of others."""

from __future__ import annotations

from typing import Any

from tinygraph import ops
from tinygraph.errors import DtypeError, ShapeError
from tinygraph.functional.activation import from_top
from tinygraph.functional.arguments import here
from tinygraph.functional.reduce import mean, one_axis, sum
from tinygraph.graph import Leaf, Node, scope
from tinygraph.ops.shape import Reshape
from tinygraph.tensor import Tensor, node_of, wrap
from tinygraph.trace import current_trace, require_range
from tinygraph.types import int32


def one_hot(labels: Any, classes: int, dtype: Any = "float32") -> Tensor:
    """1 at the class of each label along a new last axis, 0 elsewhere.

    All 0 for a label that is no class.
    """
    node = _integers("one_hot", node_of(labels))
    with scope("one_hot"):
        here_it_is = is_class(node, (*node.shape, classes), node.ndim)
        return wrap(here_it_is).astype(dtype)


def cross_entropy(logits: Any, labels: Any, axis: int = -1, reduction: str = "mean") -> Tensor:
    """-log softmax(logits) at the right class; the mean over all examples (or pixels).

    `logits` has the classes along `axis`. `labels` are whole numbers from 0 on, of that shape
    without the axis; or probabilities of the full shape. `reduction` may be "mean", "sum" or
    "none".
    """
    scores, right = node_of(logits), node_of(labels)
    axes = one_axis("cross_entropy", axis, scores)
    with scope("cross_entropy"):
        low = from_top(scores, axes)
        total = ops.log(ops.reduce_sum(ops.exp(low), axes))
        each = wrap(total - ops.reduce_sum(_at_class(low, right, axes), axes))
        return _reduced(each, reduction)


def _at_class(scores: Node, labels: Node, axes: tuple[int, ...]) -> Node:
    """The scores, but 0 for all other classes; or each times its probability."""
    if labels.type == scores.type:
        return scores * labels
    shape = tuple(n for a, n in enumerate(scores.shape) if a not in axes)
    if labels.shape != shape:
        raise ShapeError(
            f"cross_entropy of logits {scores.type} needs integer labels {list(shape)} or "
            f"probabilities {list(scores.shape)}, got {labels.type}{here()}"
        )
    check_range(
        _integers("cross_entropy", labels), 0, scores.shape[axes[0]] - 1, "cross_entropy: labels"
    )
    return ops.where(is_class(labels, scores.shape, axes[0]), scores, 0)


def check_range(values: Node, least: int, most: int, what: str, also: int | None = None) -> None:
    """Refuses labels that are no class, and the like, where the values are at hand: now, or at a
    jitted call. `also` is a further value that is allowed.
    """
    while isinstance(values.op, Reshape):
        (values,) = values.inputs
    if isinstance(values.op, Leaf):
        require_range(values.op.storage.array, least, most, what, here(), also)
    elif (trace := current_trace()) is not None:
        trace.require_range(values, least, most, what, also)


def is_class(labels: Node, shape: tuple[int, ...], axis: int) -> Node:
    """Whether the position along `axis` of `shape` is the label: compared, not gathered."""
    position = ops.iota(labels.type.with_shape(shape).with_dtype(int32), (axis,))
    return ops.eq(position, ops.broadcast(ops.cast(labels, int32), shape, (axis,)))


def _integers(name: str, labels: Node) -> Node:
    if not labels.dtype.is_integer:
        raise DtypeError(f"{name} needs integer labels, got {labels.type}{here()}")
    return labels


def _reduced(each: Tensor, reduction: str) -> Tensor:
    match reduction:
        case "mean":
            return mean(each)
        case "sum":
            return sum(each)
        case "none":
            return each
    raise ShapeError(f'reduction is "mean", "sum" or "none", got {reduction!r}{here()}')
