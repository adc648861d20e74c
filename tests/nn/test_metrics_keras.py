"""Metrics against Keras on random input: values over several batches, weights, defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygraph import metrics

pytestmark = pytest.mark.reference
Data = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def labels(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 7, n).astype(np.int32), rng.random((n, 7)).astype(np.float32)


def one_hot(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    target, prediction = labels(rng, n)
    return np.eye(7, dtype=np.float32)[target], prediction


def binary(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 2, (n, 3)).astype(np.float32), rng.random((n, 3)).astype(np.float32)


def column(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 2, n).astype(np.int32), rng.random((n, 1)).astype(np.float32)


def classes(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 4, n).astype(np.int32), rng.integers(0, 4, n).astype(np.int32)


def numbers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(rng.normal(size=(2, n, 3)).astype(np.float32))  # type: ignore[return-value]


# ours, Keras's class and its arguments, the data
PAIRS: list[tuple[metrics.Metric, str, dict[str, Any], Data]] = [
    (metrics.BinaryAccuracy(), "BinaryAccuracy", {}, binary),
    (metrics.BinaryAccuracy(), "BinaryAccuracy", {}, column),
    (metrics.BinaryAccuracy(0.2), "BinaryAccuracy", {"threshold": 0.2}, binary),
    (metrics.CategoricalAccuracy(), "CategoricalAccuracy", {}, one_hot),
    (metrics.SparseCategoricalAccuracy(), "SparseCategoricalAccuracy", {}, labels),
    (metrics.Accuracy(), "Accuracy", {}, classes),
    (metrics.TopKCategoricalAccuracy(), "TopKCategoricalAccuracy", {}, one_hot),
    (metrics.TopKCategoricalAccuracy(2), "TopKCategoricalAccuracy", {"k": 2}, one_hot),
    (metrics.SparseTopKCategoricalAccuracy(), "SparseTopKCategoricalAccuracy", {}, labels),
    (metrics.MeanIoU(4), "MeanIoU", {"num_classes": 4}, classes),
    (metrics.MeanIoU(), "MeanIoU", {"num_classes": 7, "sparse_y_pred": False}, labels),
    (metrics.MeanIoU(7), "OneHotMeanIoU", {"num_classes": 7}, one_hot),
    (metrics.IoU(4, [1, 3]), "IoU", {"num_classes": 4, "target_class_ids": [1, 3]}, classes),
    (
        metrics.IoU(7, [0, 2]),
        "OneHotIoU",
        {"num_classes": 7, "target_class_ids": [0, 2]},
        one_hot,
    ),
    (metrics.BinaryIoU(), "BinaryIoU", {}, binary),
    (metrics.BinaryIoU([1], 0.3), "BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, binary),
    (metrics.Precision(), "Precision", {}, binary),
    (metrics.Precision(0.8, 1), "Precision", {"thresholds": 0.8, "class_id": 1}, binary),
    (metrics.Recall(), "Recall", {}, binary),
    (metrics.Recall(), "Recall", {}, column),
    (metrics.F1Score(), "F1Score", {"average": "micro", "threshold": 0.5}, binary),
    (
        metrics.F1Score(average="macro"),
        "F1Score",
        {"average": "macro", "threshold": 0.5},
        binary,
    ),
    (metrics.AUC(), "AUC", {}, column),
    (metrics.AUC(20), "AUC", {"num_thresholds": 20}, binary),
    (metrics.MeanSquaredError(), "MeanSquaredError", {}, numbers),
    (metrics.RootMeanSquaredError(), "RootMeanSquaredError", {}, numbers),
    (metrics.MeanAbsoluteError(), "MeanAbsoluteError", {}, numbers),
]


@pytest.mark.parametrize(
    ("ours", "name", "arguments", "data"),
    PAIRS,
    ids=[f"{name}-{data.__name__}-{len(arguments)}" for _, name, arguments, data in PAIRS],
)
@settings(max_examples=5)
@given(sizes=st.lists(st.integers(2, 12), min_size=1, max_size=3), seed=st.integers(0, 99))
@pytest.mark.parametrize("weighted", [False, True])
def test_metric(
    keras: Any,
    ours: metrics.Metric,
    name: str,
    arguments: dict[str, Any],
    data: Data,
    weighted: bool,
    sizes: list[int],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    theirs = getattr(keras.metrics, name)(**arguments)
    ours.reset()
    for n in sizes:
        target, prediction = data(rng, n)
        weight = rng.random(n).astype(np.float32) + 0.1 if weighted else None
        if weighted and "IoU" in name:  # Keras cuts fractions off there, and wants all of them
            weight = rng.integers(1, 4, target.shape[: 2 if name == "BinaryIoU" else 1])
        ours.update(target, prediction, weight)
        if name == "AUC" and target.ndim < prediction.ndim:
            target = target[:, None]
        theirs.update_state(target, prediction, sample_weight=weight)
    # where there is nothing to divide by, ours may be NaN and Keras's is 0
    assert np.nan_to_num(ours.value) == pytest.approx(float(theirs.result()), abs=2e-6)


@pytest.mark.parametrize("kind", sorted({name for _, name, _, _ in PAIRS}))
def test_names_and_arguments_are_those_of_keras(keras: Any, kind: str) -> None:
    if kind.startswith("OneHot"):
        return
    ours, theirs = getattr(metrics, kind), getattr(keras.metrics, kind)
    own = inspect.signature(ours).parameters
    known = inspect.signature(theirs).parameters
    if (default := known["name"].default) is not None:
        assert ours.name == default
    for parameter, argument in own.items():
        if parameter in known and parameter not in ("name", "threshold", "num_classes"):
            if parameter == "target_class_ids" and kind == "IoU":
                continue
            if parameter == "average":  # Keras gives one number for each class
                continue
            assert argument.default == known[parameter].default, parameter
