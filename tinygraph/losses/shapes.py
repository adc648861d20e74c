"""Target and prediction brought to one shape, or an error: nothing is broadcast silently."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.functional.arguments import here
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.types import TensorType


def same_rank(target: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """As in Keras: a last extent of 1 that only one of the two has is given to the other.

    So targets [N] fit predictions [N,1], and are not broadcast to [N,N]. Where both then have
    several axes, the extent goes: [N,H,W,1] against [N,H,W] is [N,H,W].
    """
    t, p = target.shape, prediction.shape
    if t == (*p, 1):
        return (target, prediction.reshape(t)) if len(p) == 1 else (target.reshape(p), prediction)
    if p == (*t, 1):
        return (target.reshape(p), prediction) if len(t) == 1 else (target, prediction.reshape(t))
    return target, prediction


def pair(name: str, target: Any, prediction: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of one shape and of the prediction's dtype, or a `ShapeError`."""
    target, prediction = same_rank(as_tensor(target), as_tensor(prediction))
    require_one_shape(name, target.type, prediction.type)
    if not prediction.dtype.is_float:
        raise DtypeError(f"{name} needs a prediction of floats, got {prediction.type}{here()}")
    if not prediction.ndim:  # a number alone is one example with one output
        target, prediction = target.reshape(1), prediction.reshape(1)
    return target.astype(prediction.dtype), prediction


def require_one_shape(name: str, target: TensorType, prediction: TensorType) -> None:
    """Broadcasting here would be a slip, such as [N,1] against [N,3]."""
    if not one_shape(target, prediction):
        raise ShapeError(
            f"{name} needs target and prediction of one shape, got target {target} and "
            f"prediction {prediction}{here()}"
        )


def one_shape(target: TensorType, prediction: TensorType) -> bool:
    """Whether the shapes are equal, but for a last extent of 1."""
    t, p = target.shape, prediction.shape
    return t == p or t == (*p, 1) or p == (*t, 1)
