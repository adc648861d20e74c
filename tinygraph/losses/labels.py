"""The slips that a cross-entropy meets: labels for one-hot targets, one output for many classes."""

from __future__ import annotations

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.functional.arguments import here
from tinygraph.losses.shapes import one_shape
from tinygraph.types import DType, TensorType


def check_one_hot(
    name: str,
    target: TensorType,
    prediction: TensorType,
    made_by: str | None,
    from_logits: bool,
    for_labels: str = "sparse_categorical_crossentropy",
) -> None:
    """Refuses what is no one-hot target of these predictions; `for_labels` is what takes labels."""
    _check_classes(name, target, prediction, made_by)
    _check_activation(name, prediction, made_by, from_logits, "softmax")
    if target.shape == prediction.shape:
        return
    if _without_classes(target, prediction):
        raise ShapeError(
            f"{name} needs one-hot targets of the predictions' shape, got labels {target} and "
            f"predictions {prediction}; use {for_labels}, or "
            f"tg.one_hot(labels, {prediction.shape[-1]}){here()}"
        )
    raise ShapeError(
        f"{name} needs one-hot targets of the predictions' shape, got {target} and predictions "
        f"{prediction}{here()}"
    )


def check_labels(
    name: str,
    target: TensorType,
    prediction: TensorType,
    made_by: str | None,
    from_logits: bool,
    for_one_hot: str = "categorical_crossentropy",
) -> None:
    """Refuses what are no labels for these predictions; `for_one_hot` is what takes one-hot."""
    _check_classes(name, target, prediction, made_by)
    _check_activation(name, prediction, made_by, from_logits, "softmax")
    wanted = list(prediction.shape[:-1])
    if not _without_classes(target, prediction):
        one_hot = target.shape == prediction.shape
        hint = f"; use {for_one_hot}, or tg.argmax(target, -1)" if one_hot else ""
        raise ShapeError(
            f"{name} needs integer labels {wanted} for predictions {prediction}, got "
            f"{'one-hot targets ' if one_hot else ''}{target}{hint}{here()}"
        )
    if not target.dtype.is_integer:
        raise DtypeError(
            f"{name} needs integer labels {wanted}, got {target}; "
            f"make them integers, as in labels.astype('int32'){here()}"
        )


def check_binary(
    name: str, target: TensorType, prediction: TensorType, made_by: str | None, from_logits: bool
) -> None:
    """Refuses what is no yes or no for each output."""
    if made_by == "softmax" and prediction.shape[-1:] == (1,):
        raise ShapeError(
            f"{name}: a softmax over one output is always 1, got predictions {prediction}; "
            f"use a sigmoid{here()}"
        )
    _check_activation(name, prediction, made_by, from_logits, "sigmoid")
    if one_shape(target, prediction):
        return
    hint = ""
    if _without_classes(target, prediction):
        hint = "; for labels of several classes use sparse_categorical_crossentropy"
    raise ShapeError(
        f"{name} needs target and prediction of one shape, got target {target} and prediction "
        f"{prediction}{hint}{here()}"
    )


def check_smoothing(name: str, smoothing: float) -> float:
    """Label smoothing is a share."""
    if not 0 <= smoothing <= 1:
        raise ShapeError(f"{name}: label_smoothing goes from 0 to 1, got {smoothing!r}{here()}")
    return smoothing


def _check_classes(
    name: str, target: TensorType, prediction: TensorType, made_by: str | None
) -> None:
    if prediction.ndim and prediction.shape[-1] > 1:
        return
    if not prediction.ndim:
        raise ShapeError(f"{name} needs an axis of classes, got predictions {prediction}{here()}")
    output = {"sigmoid": "one sigmoid output", "softmax": "a softmax over one output, always 1,"}
    raise ShapeError(
        f"{name} compares several classes, but the last axis of the predictions {prediction} has "
        f"one output: {output.get(made_by or '', 'one output')} is a yes or no, so use "
        f"binary_crossentropy (with a sigmoid), or make an output for each class (with a softmax)"
        f"{here()}"
    )


def _check_activation(
    name: str, prediction: TensorType, made_by: str | None, from_logits: bool, usual: str
) -> None:
    """Logits taken for probabilities, and the other way round."""
    if from_logits and made_by in ("softmax", "sigmoid"):
        raise ShapeError(
            f"{name}(from_logits=True) got predictions {prediction} that a {made_by} made: they "
            f"are probabilities, so leave out from_logits, or the {made_by}{here()}"
        )
    if not from_logits and made_by == "linear":
        raise ShapeError(
            f"{name} needs probabilities, but the predictions {prediction} are what a layer gives "
            f"without activation: logits; use from_logits=True, or a {usual} at the end{here()}"
        )


def _without_classes(target: TensorType, prediction: TensorType) -> bool:
    """Has the target the predictions' shape without the axis of classes, or with 1 there?"""
    rest = prediction.shape[:-1]
    return target.shape in (rest, (*rest, 1)) and target.dtype is not DType.bool
