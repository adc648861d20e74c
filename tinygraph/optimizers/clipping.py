"""Clipping: gradients made smaller where they are too large, in Keras's three ways."""

from __future__ import annotations

from collections.abc import Sequence

from tinygraph import functional as F
from tinygraph.graph import scope
from tinygraph.tensor import Tensor
from tinygraph.types import DType


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every element between -limit and limit."""
    with scope("clip_by_value"):
        return [F.clip(g, -limit, limit) for g in gradients]


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Each gradient shortened to the norm `limit` where it is longer; its direction is kept."""
    with scope("clip_by_norm"):
        return [g * (limit / F.maximum(F.sqrt(F.sum(F.square(g))), limit)) for g in gradients]


def clip_by_global_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """All gradients shortened by one factor, so that the norm of all numbers in them is `limit` at
    most.

    Source: Pascanu et al., "On the difficulty of training recurrent neural networks" (2013).
    """
    with scope("clip_by_global_norm"):
        norm = global_norm(gradients)
        factor = limit / F.maximum(norm, limit)
        return [
            g * (factor if g.dtype is norm.dtype else factor.astype(g.dtype)) for g in gradients
        ]


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """sqrt(sum of the squares of all numbers in all gradients), of their widest dtype."""
    wide = DType.float64 if any(g.dtype is DType.float64 for g in gradients) else DType.float32
    squares = [F.sum(F.square(g)) for g in gradients]
    total = F.zeros((), wide)
    for square in squares:
        total = total + (square if square.dtype is wide else square.astype(wide))
    return F.sqrt(total)
