"""How well two sets agree: IoU, Dice, precision, recall, F1, over all pixels of all batches.

All are formulas of three numbers for each class: in both sets, in the target, in the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.loss import one_hot
from tinygraph.graph import scope
from tinygraph.losses.base import weight_like
from tinygraph.losses.binary import BinaryCrossentropy
from tinygraph.losses.categorical import CategoricalCrossentropy
from tinygraph.losses.labels import check_labels
from tinygraph.losses.shapes import one_shape, pair
from tinygraph.metrics.base import Thresholded, widened
from tinygraph.tensor import Tensor, as_tensor


class _Overlap(Thresholded):
    """Statistics: for each class how much is in both, in the target, in the prediction."""

    def sets(self, target: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
        """0 and 1 for target and prediction, of one shape, the classes along the last axis."""
        raise NotImplementedError

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """[both of class 0, 1, ..., target of class 0, 1, ..., prediction of class 0, 1, ...]"""
        with scope(self.name):
            t, p = self.sets(as_tensor(target), as_tensor(prediction))
            axes = tuple(range(t.ndim - 1))
            both = t * p
            if sample_weight is not None:
                one = F.zeros(t.shape[:-1], t.dtype)
                weight = weight_like(one, sample_weight, self.name)
                assert weight is not None
                weight = F.broadcast_to(F.expand_dims(weight, -1), t.shape)
                both, t, p = both * weight, t * weight, p * weight
            return F.concatenate([F.sum(widened(x), axes) for x in (both, t, p)])


class IoU(_Overlap):
    """Intersection over union of sets of pixels, the mean over `target_class_ids`.

    Predictions with several outputs along the last axis are scores: the largest one is the class.
    One output is compared with `threshold` and gives the classes 0 and 1. Integers are classes.
    The target holds classes (integers, or 0 and 1 as floats), or is one-hot like the prediction.
    `num_classes` is needed where both hold integers, and where both are floats of one shape, such
    as [N,H,W], beside no cross-entropy: they could be one-hot. Without `target_class_ids` all
    classes but 0, the background, count. A class that neither set has is left out of the mean.
    """

    name = "iou"

    def __init__(
        self,
        num_classes: int | None = None,
        target_class_ids: Sequence[int] | None = None,
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(threshold, name)
        self.num_classes = num_classes
        self.target_class_ids = None if target_class_ids is None else tuple(target_class_ids)

    def sets(self, target: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
        scores = prediction.dtype.is_float and prediction.shape[-1:] not in ((), (1,))
        wanted = self._classes(target, prediction) if scores else self.num_classes
        if scores and wanted in (None, prediction.shape[-1]):
            classes = prediction.shape[-1]
            if target.shape == prediction.shape:
                target = F.argmax(target, -1)
            chosen = F.argmax(prediction, -1)
        else:
            classes = wanted or 2
            if prediction.dtype.is_float and classes != 2:
                raise ShapeError(
                    f"{self.name} of {classes} classes needs a score for each along the last "
                    f"axis, or integers; got predictions {prediction.type}{here()}"
                )
            chosen = prediction
            if prediction.dtype.is_float:
                chosen = prediction > self.at
        if not one_shape(target.type, chosen.type):
            raise ShapeError(
                f"{self.name} needs a class for each of {list(chosen.shape)}, got target "
                f"{target.type} and prediction {prediction.type}{here()}"
            )
        return (
            one_hot(target.astype("int32").reshape(chosen.shape), classes),
            one_hot(chosen.astype("int32"), classes),
        )

    def _classes(self, target: Tensor, prediction: Tensor) -> int | None:
        """How many classes floats of one shape speak of: the last axis could be of them or not."""
        if self.num_classes is not None or target.shape != prediction.shape:
            return self.num_classes
        match self.loss:
            case BinaryCrossentropy():
                return 2
            case CategoricalCrossentropy():
                return prediction.shape[-1]
        raise ShapeError(
            f"{self.name} of target {target.type} and prediction {prediction.type}: say "
            f"num_classes={prediction.shape[-1]} if the last axis has a score for each class, or "
            f"num_classes=2 if each number is a yes or no{here()}"
        )

    def result(self, totals: np.ndarray) -> float:
        both, target, prediction = np.split(totals, 3)
        return self.mean(both, target + prediction - both)

    def usual_ids(self, classes: int) -> Sequence[int]:
        """Which classes count where none were named."""
        return range(1, classes)

    def mean(self, part: np.ndarray, whole: np.ndarray) -> float:
        """The mean of part / whole over the classes asked for; NaN where all are empty."""
        named = self.target_class_ids
        ids = list(self.usual_ids(len(part)) if named is None else named)
        if any(not 0 <= i < len(part) for i in ids):
            raise ShapeError(
                f"{self.name}: target_class_ids {ids} of the classes 0 to {len(part) - 1}{here()}"
            )
        part, whole = part[ids], whole[ids]
        there = whole > 0
        return float(np.mean(part[there] / whole[there])) if there.any() else float("nan")


class MeanIoU(IoU):
    """Intersection over union, the mean over all classes, the background too; see `IoU`."""

    name = "mean_iou"

    def __init__(self, num_classes: int | None = None, name: str | None = None) -> None:
        super().__init__(num_classes, None, None, name)

    def usual_ids(self, classes: int) -> Sequence[int]:
        return range(classes)


class BinaryIoU(IoU):
    """Intersection over union of the classes 0 and 1 of a mask, the mean of both; see `IoU`."""

    name = "binary_iou"

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, threshold, name)


class Dice(IoU):
    """2 * |both| / (|target| + |prediction|), pooled over all pixels of all batches.

    What target and prediction may be, and which classes count, is as for `IoU`: of a mask, the
    Dice of class 1. With both sets empty it is NaN.
    """

    name = "dice"

    def result(self, totals: np.ndarray) -> float:
        both, target, prediction = np.split(totals, 3)
        return self.mean(2 * both, target + prediction)


class _Decisions(_Overlap):
    """Yes or no for each output: above the threshold; or, for integer labels, the largest."""

    def __init__(
        self,
        threshold: float | None = None,
        class_id: int | None = None,
        average: str = "micro",
        name: str | None = None,
    ) -> None:
        super().__init__(threshold, name)
        if average not in ("micro", "macro"):
            raise ShapeError(f'{self.name}: average is "micro" or "macro", got {average!r}{here()}')
        self.class_id = class_id
        self.average = average

    def sets(self, target: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
        if one_shape(target.type, prediction.type):
            t, p = pair(self.name, target, prediction)
            return t, (p > self.at).astype(p.dtype)
        check_labels(self.name, target.type, prediction.type, None, False)
        classes = prediction.shape[-1]
        labels = target.reshape(prediction.shape[:-1])
        return one_hot(labels, classes), one_hot(F.argmax(prediction, -1), classes)

    def result(self, totals: np.ndarray) -> float:
        both, target, prediction = np.split(totals, 3)
        if self.class_id is not None:
            if not 0 <= self.class_id < len(both):
                raise ShapeError(
                    f"{self.name}: class_id {self.class_id} of {len(both)} classes{here()}"
                )
            part, whole = self.ratio(both, target, prediction)
            part, whole = part[[self.class_id]], whole[[self.class_id]]
        elif self.average == "macro":
            part, whole = self.ratio(both, target, prediction)
        else:
            part, whole = self.ratio(*(x.sum(keepdims=True) for x in (both, target, prediction)))
        return float(np.mean(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)))

    def ratio(
        self, both: np.ndarray, target: np.ndarray, prediction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is divided by what."""
        raise NotImplementedError


class Precision(_Decisions):
    """The share of what was called positive that is; 0 where nothing was.

    Targets of the prediction's shape (0 and 1) are compared with the outputs above `threshold`;
    integer labels with the largest output. `class_id` picks one class; average="macro" is the
    mean over the classes, "micro" pools them.
    """

    def ratio(
        self, both: np.ndarray, target: np.ndarray, prediction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return both, prediction


class Recall(_Decisions):
    """The share of what is positive that was found; 0 where nothing is. See `Precision`."""

    def ratio(
        self, both: np.ndarray, target: np.ndarray, prediction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return both, target


class F1Score(_Decisions):
    """The harmonic mean of precision and recall, 2 * both / (target + prediction)."""

    name = "f1_score"

    def ratio(
        self, both: np.ndarray, target: np.ndarray, prediction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return 2 * both, target + prediction
