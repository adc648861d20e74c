"""Metrics by their formulas, over several batches, on both backends; what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import losses, metrics
from tinygraph.metrics import find_metric
from tinygraph.metrics.base import METRICS

RNG = np.random.default_rng(6)
N, C = 60, 10
LABELS = RNG.integers(0, C, N).astype(np.int32)
ONE_HOT = np.eye(C, dtype=np.float32)[LABELS]
BETTER = np.linspace(0, 0.5, N, dtype=np.float32)  # so the results of the first ones differ
SCORES = RNG.random((N, C)).astype(np.float32) + BETTER[:, None] * ONE_HOT
MASKS = (RNG.random((N, 4, 5, 1)) < 0.4).astype(np.float32)
_NOISE = RNG.random((N, 4, 5, 1)).astype(np.float32)
PREDICTED = _NOISE + BETTER[:, None, None, None] * (MASKS - _NOISE)
CHOSEN = SCORES.argmax(-1)
OWN = SCORES[np.arange(N), LABELS][:, None]
BEST_5 = (OWN < SCORES).sum(-1) < 5
T, P = MASKS == 1, PREDICTED > 0.5
IOU_1, IOU_0 = (T & P).sum() / (T | P).sum(), (~T & ~P).sum() / (~T | ~P).sum()
OF_CLASS, CALLED = np.eye(C, dtype=bool)[LABELS], np.eye(C, dtype=bool)[CHOSEN]
RIGHT = (OF_CLASS & CALLED).sum(0)
IOUS = RIGHT / (OF_CLASS | CALLED).sum(0)
PRECISION, RECALL = (T & P).sum() / P.sum(), (T & P).sum() / T.sum()
PAIRS = np.subtract.outer(PREDICTED[T], PREDICTED[~T])

# name: target, prediction, value
FORMULAS: dict[str, tuple[np.ndarray, np.ndarray, float]] = {
    "binary_accuracy": (MASKS, PREDICTED, (T == P).mean()),
    "categorical_accuracy": (ONE_HOT, SCORES, (CHOSEN == LABELS).mean()),
    "sparse_categorical_accuracy": (LABELS, SCORES, (CHOSEN == LABELS).mean()),
    "top_k_categorical_accuracy": (ONE_HOT, SCORES, BEST_5.mean()),
    "sparse_top_k_categorical_accuracy": (LABELS, SCORES, BEST_5.mean()),
    "accuracy": (LABELS, SCORES, (CHOSEN == LABELS).mean()),
    "iou": (MASKS, PREDICTED, IOU_1),
    "binary_iou": (MASKS, PREDICTED, (IOU_0 + IOU_1) / 2),
    "mean_iou": (LABELS, SCORES, float(np.mean(IOUS))),
    "dice": (MASKS, PREDICTED, 2 * (T & P).sum() / (T.sum() + P.sum())),
    "precision": (MASKS, PREDICTED, PRECISION),
    "recall": (MASKS, PREDICTED, RECALL),
    "f1_score": (MASKS, PREDICTED, 2 / (1 / PRECISION + 1 / RECALL)),
    "auc": (MASKS, PREDICTED, ((PAIRS > 0) + 0.5 * (PAIRS == 0)).mean()),
    "mean_squared_error": (MASKS, PREDICTED, ((MASKS - PREDICTED) ** 2).mean()),
    "mean_absolute_error": (MASKS, PREDICTED, abs(MASKS - PREDICTED).mean()),
    "root_mean_squared_error": (MASKS, PREDICTED, np.sqrt(((MASKS - PREDICTED) ** 2).mean())),
}


def tolerance(name: str) -> float:
    return 2e-3 if name == "auc" else 1e-6  # of a curve at 200 points


def test_every_metric_has_a_formula_here() -> None:
    ours = {kind.name for kind in METRICS.values() if "tinygraph" in kind.__module__}
    assert ours == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=4)
@given(cuts=st.lists(st.integers(1, N - 1), max_size=3, unique=True))
def test_value_does_not_depend_on_the_batches(name: str, cuts: list[int]) -> None:
    target, prediction, value = FORMULAS[name]
    metric = find_metric(name)
    for batch in np.split(np.arange(N), sorted(cuts)):
        metric.update(target[batch], prediction[batch])
    assert metric.value == pytest.approx(value, abs=tolerance(name))


@pytest.mark.parametrize("name", FORMULAS)
def test_weights_are_repetitions(name: str) -> None:
    """An example of weight 2 counts as two, one of weight 0 not at all."""
    target, prediction, _ = FORMULAS[name]
    weight = np.arange(N) // 20
    again = np.repeat(np.arange(N), weight)
    weighted, repeated = find_metric(name), find_metric(name)
    weighted.update(target, prediction, weight)
    repeated.update(target[again], prediction[again])
    assert weighted.value == pytest.approx(repeated.value, rel=1e-6)
    whole = find_metric(name)
    whole.update(target, prediction)
    assert whole.value != pytest.approx(weighted.value, rel=1e-3)


@pytest.mark.parametrize("name", FORMULAS)
def test_backends_agree(name: str) -> None:
    target, prediction, value = FORMULAS[name]
    metric, weight = find_metric(name), np.linspace(0, 2, N, dtype=np.float32)

    def statistics(t: tg.Tensor, p: tg.Tensor, w: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor]:
        return metric.statistics(t, p), metric.statistics(t, p, w)

    expected = metric.statistics(target, prediction, weight).numpy()
    for backend in ("numpy", "llvm"):
        plain, weighted = tg.jit(statistics, backend=backend)(target, prediction, weight)
        assert metric.result(plain.numpy()) == pytest.approx(value, abs=tolerance(name))
        np.testing.assert_allclose(weighted.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", ["BinaryAccuracy", "mse", "BinaryIoU", "Precision", "AUC"])
def test_more_is_counted_than_a_float32_can(name: str, backend: str) -> None:
    """2**24 + 1 is no float32; so many pixels are 64 images of 512x512."""
    metric = find_metric(name)
    ones, weight = np.ones((3, 1), np.float32), np.array([2.0**24, 1, 1], np.float32)
    found = tg.jit(metric.statistics, backend=backend)(ones, ones, weight).numpy()
    assert found.max() == 2**24 + 2


def test_by_hand() -> None:
    metric = metrics.BinaryAccuracy()
    with pytest.raises(tg.TinygraphError, match="binary_accuracy has no value before"):
        _ = metric.value
    metric.update([1.0, 0.0], [0.9, 0.8])
    metric.update([1.0], [0.7])
    assert metric.value == pytest.approx(2 / 3)
    metric.reset()
    metric.update_state([[1.0]], [[0.1]])
    assert metric.value == 0


# Accuracy chooses


@pytest.mark.parametrize(
    ("loss", "target", "prediction", "kind"),
    [
        (None, LABELS, SCORES, metrics.SparseCategoricalAccuracy),
        (None, LABELS[:, None], SCORES, metrics.SparseCategoricalAccuracy),
        (None, ONE_HOT, SCORES, metrics.CategoricalAccuracy),
        (None, LABELS % 2, SCORES[:, :1], metrics.BinaryAccuracy),
        ("mse", ONE_HOT, SCORES, metrics.CategoricalAccuracy),
        ("binary_crossentropy", ONE_HOT, SCORES, metrics.BinaryAccuracy),
        ("sparse_categorical_crossentropy", LABELS, SCORES, metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_chooses(
    loss: Any, target: np.ndarray, prediction: np.ndarray, kind: type[metrics.Metric]
) -> None:
    metric, chosen = find_metric("acc", loss), kind()
    metric.update(target, prediction)
    chosen.update(target, prediction)
    assert metric.name == "acc"
    assert metric.value == chosen.value


def test_accuracy_of_class_numbers() -> None:
    metric = find_metric("accuracy")
    metric.update([1, 2, 3, 3], np.array([1, 2, 0, 3]))
    assert metric.value == 0.75


@pytest.mark.parametrize("name", ["accuracy", "dice", "precision", "binary_iou"])
def test_beside_a_loss_of_logits_the_threshold_is_0(name: str) -> None:
    logits = np.log(PREDICTED / (1 - PREDICTED))
    of_logits = find_metric(name, losses.BinaryCrossentropy(from_logits=True))
    of_logits.update(MASKS, logits)
    plain = find_metric(name, "binary_crossentropy")
    plain.update(MASKS, PREDICTED)
    assert of_logits.value == plain.value
    own = find_metric(metrics.BinaryAccuracy(0.3), losses.BinaryCrossentropy(from_logits=True))
    own.update(MASKS, PREDICTED)
    assert own.value == pytest.approx(((PREDICTED > 0.3) == T).mean())


# Sets


def test_iou_and_dice_take_scores_one_hot_and_classes() -> None:
    expected = np.mean(IOUS[1:])
    for target in (LABELS, LABELS[:, None], ONE_HOT):
        for prediction, classes in ((SCORES, None), (SCORES, C), (CHOSEN, C)):
            if target is ONE_HOT and (prediction is CHOSEN or classes is None):
                continue
            metric = metrics.IoU(classes)
            metric.update(target, prediction)
            assert metric.value == pytest.approx(expected)
    chosen = metrics.IoU(target_class_ids=[0, 2])
    chosen.update(LABELS, SCORES)
    assert chosen.value == pytest.approx((IOUS[0] + IOUS[2]) / 2)
    mask = metrics.Dice()
    mask.update(MASKS[..., 0] == 1, PREDICTED)
    assert mask.value == pytest.approx(FORMULAS["dice"][2])


def test_a_mask_without_channels_is_not_taken_for_scores() -> None:
    """Floats [N,H,W] of one shape could be one-hot along W: the loss says, or num_classes."""
    target, prediction = MASKS[..., 0], PREDICTED[..., 0]
    with pytest.raises(tg.ShapeError, match=r"num_classes=5 if the last axis .* num_classes=2 if"):
        metrics.Dice().update(target, prediction)
    beside = find_metric("dice", losses.BinaryCrossentropy() + losses.Dice())
    for metric in (metrics.Dice(2), beside):
        metric.update(target, prediction)
        assert metric.value == pytest.approx(FORMULAS["dice"][2])
    scores = find_metric("mean_iou", "categorical_crossentropy")
    scores.update(ONE_HOT, SCORES)
    assert scores.value == pytest.approx(FORMULAS["mean_iou"][2])


def test_a_class_that_is_nowhere_is_left_out() -> None:
    metric = metrics.MeanIoU(4)
    metric.update([0, 0, 1, 1], np.array([0, 1, 1, 1]))
    assert metric.value == pytest.approx((1 / 2 + 2 / 3) / 2)
    empty = metrics.Dice(2)
    empty.update(np.zeros((2, 3)), np.zeros((2, 3)))
    assert np.isnan(empty.value)


def test_precision_of_classes() -> None:
    called = CALLED.sum(0)
    for metric, expected in [
        (metrics.Precision(class_id=2), RIGHT[2] / called[2]),
        (metrics.Precision(average="macro"), (RIGHT / called).mean()),
        (metrics.Precision(), (CHOSEN == LABELS).mean()),
    ]:
        metric.update(LABELS, SCORES)
        assert metric.value == pytest.approx(expected)
    nothing = metrics.Precision()
    nothing.update([1.0, 0.0], [0.1, 0.2])
    assert nothing.value == 0


# Finding one


def test_find_metric() -> None:
    assert find_metric("MeanIoU").name == "mean_iou"
    assert find_metric("F1").name == "F1"
    assert find_metric("mse").name == "mse"
    assert find_metric("bce").name == "bce"
    assert find_metric("kl_divergence").name == "kl_divergence"
    assert isinstance(find_metric(metrics.AUC), metrics.AUC)
    metric = metrics.AUC()
    assert find_metric(metric) is metric
    with pytest.raises(
        tg.DtypeError, match=r"no metric is named 'acuracy'. Did you mean 'accuracy'"
    ):
        find_metric("acuracy")
    with pytest.raises(tg.DtypeError, match="a metric is a name"):
        find_metric(3)


def test_losses_and_functions_are_metrics() -> None:
    target, prediction = MASKS[..., 0], PREDICTED[..., 0]

    def largest_error(t: tg.Tensor, p: tg.Tensor) -> tg.Tensor:
        return tg.max(tg.abs(t - p), -1)

    expected = abs(target - prediction).max(-1).mean()
    mixture = losses.MeanSquaredError() + 0.5 * losses.MeanAbsoluteError()
    mixed = ((target - prediction) ** 2).mean() + 0.5 * abs(target - prediction).mean()
    for metric, value in [
        (largest_error, expected),
        (losses.mean_squared_error, ((target - prediction) ** 2).mean()),
        (losses.MeanAbsoluteError(), abs(target - prediction).mean()),
        (losses.MeanAbsoluteError, abs(target - prediction).mean()),
        (mixture, mixed),
    ]:
        found = find_metric(metric)
        found.update(target[:11], prediction[:11])
        found.update(target[11:], prediction[11:])
        assert found.value == pytest.approx(value, rel=1e-5), found
    ignoring = find_metric(losses.SparseCategoricalCrossentropy(ignore_class=0))
    kept = LABELS != 0
    p = SCORES / SCORES.sum(-1, keepdims=True)
    ignoring.update(LABELS[:20], p[:20])
    ignoring.update(LABELS[20:], p[20:])
    assert ignoring.value == pytest.approx(-np.log(p[kept, LABELS[kept]]).mean(), rel=1e-5)


def test_a_metric_of_ones_own() -> None:
    class LargestError(metrics.Metric):
        def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> tg.Tensor:
            error = tg.abs(target - prediction)
            return tg.stack([tg.sum(error > 0.5).astype("float32"), tg.sum(error)])

        def result(self, totals: np.ndarray) -> float:
            return float(totals[1] / totals[0])

    try:
        metric = find_metric("largest_error")
        metric.update([1.0, 0.0], [0.0, 0.25])
        assert metric.value == 1.25
    finally:
        del METRICS["largesterror"]


# What is refused


@pytest.mark.parametrize(
    ("name", "target", "prediction", "says"),
    [
        ("binary_accuracy", LABELS, SCORES, "sparse_categorical"),
        ("categorical_accuracy", LABELS, SCORES, "needs one-hot targets"),
        ("categorical_accuracy", LABELS, SCORES, "; use sparse_categorical_accuracy, or"),
        ("sparse_categorical_accuracy", ONE_HOT, SCORES, "one-hot targets"),
        ("sparse_categorical_accuracy", ONE_HOT, SCORES, "; use categorical_accuracy, or"),
        (
            "top_k_categorical_accuracy",
            LABELS,
            SCORES,
            "; use sparse_top_k_categorical_accuracy, or",
        ),
        (
            "sparse_top_k_categorical_accuracy",
            ONE_HOT,
            SCORES,
            "; use top_k_categorical_accuracy, or",
        ),
        ("categorical_accuracy", ONE_HOT[:, :1], SCORES[:, :1], "binary"),
        ("mse", ONE_HOT, SCORES[:, :2], "one shape"),
        ("dice", np.ones((3, 4)), np.ones((3, 5)), "needs a class for each of"),
        ("mean_iou", np.ones((3, 4)), np.ones((3, 5)), "needs a class for each of"),
        ("precision", LABELS[:4], SCORES, "needs integer labels"),
        ("auc", LABELS, SCORES, "one shape"),
        ("accuracy", LABELS[:4], CHOSEN, "one shape"),
    ],
)
def test_refuses(name: str, target: np.ndarray, prediction: np.ndarray, says: str) -> None:
    with pytest.raises(tg.TinygraphError, match=says):
        find_metric(name).update(target, prediction)


def test_arguments_are_checked() -> None:
    with pytest.raises(tg.ShapeError, match="k of at least 1"):
        metrics.TopKCategoricalAccuracy(0)
    with pytest.raises(tg.ShapeError, match="2 thresholds or more"):
        metrics.AUC(1)
    with pytest.raises(tg.ShapeError, match='average is "micro" or "macro"'):
        metrics.Precision(average="weighted")
    outside = metrics.IoU(target_class_ids=[C])
    outside.update(LABELS, SCORES)
    with pytest.raises(tg.ShapeError, match=r"target_class_ids \[10\] of the classes 0 to 9"):
        _ = outside.value
    with pytest.raises(tg.ShapeError, match="needs a score for each"):
        metrics.MeanIoU(3).update(MASKS, PREDICTED)
