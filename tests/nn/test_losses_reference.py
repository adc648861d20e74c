"""Losses against Keras and PyTorch on random input: values, gradients, weights, defaults."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import losses
from tinygraph.losses.base import LOSSES

pytestmark = pytest.mark.reference
torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)
"""Without the last axis."""
NOT_IN_KERAS = {"PseudoHuber", "Logistic"}


@contextmanager
def in_float64(keras: Any) -> Iterator[None]:
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def data(kind: str, shape: tuple[int, ...], classes: int, seed: int) -> tuple[Any, Any]:
    """A target and a prediction as the loss `kind` wants them."""
    rng = np.random.default_rng(seed)
    whole = (*shape, classes)
    scores = rng.normal(size=whole) * 3
    labels = rng.integers(0, classes, shape).astype(np.int32)
    match kind:
        case "labels":
            return labels, softmax(scores)
        case "one_hot":
            return np.eye(classes)[labels], softmax(scores)
        case "soft":
            return softmax(rng.normal(size=whole)), softmax(scores)
        case "binary":
            return (rng.random(whole) < 0.5) * 1.0, 1 / (1 + np.exp(-scores))
        case "signs":
            return np.where(rng.random(whole) < 0.5, -1.0, 1.0), scores / 3
        case "numbers":
            return rng.normal(size=whole), scores
    raise AssertionError(kind)


KINDS = {
    "MeanSquaredError": "numbers",
    "MeanAbsoluteError": "numbers",
    "Huber": "numbers",
    "CategoricalCrossentropy": "one_hot",
    "SparseCategoricalCrossentropy": "labels",
    "BinaryCrossentropy": "binary",
    "KLDivergence": "soft",
    "Hinge": "signs",
    "SquaredHinge": "signs",
    "Dice": "binary",
}


def test_every_loss_of_keras_is_compared() -> None:
    ours = {kind.__name__ for kind in LOSSES.values() if "tinygraph" in kind.__module__}
    assert ours == set(KINDS) | NOT_IN_KERAS


def same(ours: Any, theirs: Any, target: Any, prediction: Any, weight: Any = None) -> None:
    """The value and its gradient for the prediction."""
    p, q = tg.parameter(prediction), torch.tensor(prediction, requires_grad=True)
    weights = [] if weight is None else [weight]
    found = ours(target, p, *weights)
    expected = theirs(torch.tensor(target), q, *map(torch.tensor, weights))
    # Keras on torch goes through float32 here and there, whatever the input
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=1e-6, atol=1e-9)
    if target.ndim < prediction.ndim > 2:
        return  # Keras on torch fails in the backward pass of labels of pixels
    expected.sum().backward()
    slope = tg.grad(tg.sum(found), p).numpy()
    np.testing.assert_allclose(slope, q.grad.numpy(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=8)
@given(shape=SHAPES, classes=st.integers(2, 5), seed=st.integers(0, 999))
def test_default_loss(
    keras: Any, name: str, shape: tuple[int, ...], classes: int, seed: int
) -> None:
    """Class and function, sample weights of an example and of a pixel."""
    target, prediction = data(KINDS[name], shape, classes, seed)
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    function = ours.name
    rng = np.random.default_rng(seed)
    with in_float64(keras):
        same(ours(), theirs(), target, prediction)
        same(getattr(losses, function), getattr(keras.losses, function), target, prediction)
        if name == "Dice":
            return
        same(ours(), theirs(), target, prediction, rng.random(shape))
        if len(shape) < 3:  # Keras broadcasts weights [N] of numbers [N,H,W] along W
            column = rng.random((shape[0], *(1,) * (len(shape) - 1)))
            same(ours(), theirs(), target, prediction, column)
            one_each = rng.random(shape[0])
            found = ours()(target, prediction, one_each).item()
            expected = float(theirs()(target, prediction, one_each.reshape(column.shape)))
            assert found == pytest.approx(expected, rel=1e-6)
        for reduction in ("sum", "none", "mean_with_sample_weight"):
            same(
                ours(reduction=reduction),
                theirs(reduction=reduction),
                target,
                prediction,
                rng.random(shape),
            )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("from_logits", [False, True])
def test_arguments_of_crossentropies(keras: Any, smoothing: float, from_logits: bool) -> None:
    arguments = {"from_logits": from_logits, "label_smoothing": smoothing}
    for name in ("CategoricalCrossentropy", "BinaryCrossentropy"):
        target, prediction = data(KINDS[name], (4, 3), 5, 7)
        prediction = np.log(prediction) if from_logits else prediction
        with in_float64(keras):
            ours, theirs = getattr(losses, name)(**arguments), getattr(keras.losses, name)
            same(ours, theirs(**arguments), target, prediction)
            same(ours, theirs(**arguments), target, prediction, np.arange(4.0)[:, None])


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("ignored", [None, 2, -1])
def test_arguments_of_sparse_crossentropy(keras: Any, from_logits: bool, ignored: int) -> None:
    labels, prediction = data("labels", (4, 6), 3, 3)
    if ignored is not None:
        labels[:, ::2] = ignored
    prediction = np.log(prediction) + 1 if from_logits else prediction
    arguments = {"from_logits": from_logits, "ignore_class": ignored}
    with in_float64(keras):
        ours = losses.SparseCategoricalCrossentropy(**arguments)
        theirs = keras.losses.SparseCategoricalCrossentropy(**arguments)
        same(ours, theirs, labels, prediction)
        same(ours, theirs, labels[..., None], prediction)
        p, q = tg.tensor(prediction), torch.tensor(prediction)
        weight = np.arange(24.0).reshape(4, 6)
        assert ours(labels, p).item() == pytest.approx(float(theirs(labels, q)), rel=1e-6)
        summed = losses.SparseCategoricalCrossentropy(**arguments, reduction="sum")
        their_sum = keras.losses.SparseCategoricalCrossentropy(**arguments, reduction="sum")
        same(summed, their_sum, labels, prediction, weight)


def test_extreme_probabilities_are_clipped_as_in_keras(keras: Any) -> None:
    p = np.array([[0.0, 1.0], [1.0, 0.0], [1e-9, 1 - 1e-9], [0.5, 0.5]])
    target = np.array([[1.0, 0.0]] * 4)
    with in_float64(keras):
        for name in ("CategoricalCrossentropy", "BinaryCrossentropy", "KLDivergence"):
            same(getattr(losses, name)(), getattr(keras.losses, name)(), target, p)
        labels = np.zeros(4, np.int32)
        same(
            losses.SparseCategoricalCrossentropy(),
            keras.losses.SparseCategoricalCrossentropy(),
            labels,
            p,
        )


def test_delta_of_huber(keras: Any) -> None:
    target, prediction = data("numbers", (5,), 4, 1)
    with in_float64(keras):
        same(losses.Huber(0.3), keras.losses.Huber(0.3), target, prediction)


def test_softmax_in_the_graph_gives_what_keras_computes_from_it(keras: Any) -> None:
    target, _ = data("one_hot", (6,), 4, 2)
    z = np.random.default_rng(2).normal(size=(6, 4)) * 2
    x, their_z = tg.parameter(z), torch.tensor(z, requires_grad=True)
    with in_float64(keras):
        for name in ("CategoricalCrossentropy", "KLDivergence"):
            found = getattr(losses, name)()(target, tg.softmax(x))
            theirs = getattr(keras.losses, name)()(target, torch.softmax(their_z, -1))
            assert found.item() == pytest.approx(theirs.item(), rel=1e-6)
            (slope,) = torch.autograd.grad(theirs, their_z)
            np.testing.assert_allclose(tg.grad(found, x).numpy(), slope.numpy(), rtol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_those_of_keras(keras: Any, name: str) -> None:
    ours = inspect.signature(getattr(losses, name)).parameters
    theirs = inspect.signature(getattr(keras.losses, name)).parameters
    alias = {"sum_over_batch_size": "mean"}
    common = [p for p in ours if p in theirs and p != "name"]
    assert "reduction" in common
    for parameter in common:
        expected = theirs[parameter].default
        assert ours[parameter].default == alias.get(expected, expected), parameter
    # in Keras's order, so that positional arguments mean the same
    assert [p for p in theirs if p in ours] == [p for p in ours if p in theirs]
    if name != "Huber":  # where Keras says huber_loss
        assert getattr(losses, name)().name == theirs["name"].default


# Against PyTorch


def test_pytorch_regression() -> None:
    t, p = data("numbers", (5,), 3, 0)
    f, a, b = torch.nn.functional, torch.tensor(p), torch.tensor(t)
    for ours, theirs in [
        (losses.MeanSquaredError(), f.mse_loss(a, b)),
        (losses.MeanAbsoluteError(), f.l1_loss(a, b)),
        (losses.Huber(1.7), f.huber_loss(a, b, delta=1.7)),
    ]:
        assert ours(t, p).item() == pytest.approx(float(theirs), rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_pytorch_cross_entropy(smoothing: float) -> None:
    labels, prediction = data("labels", (7,), 4, 5)
    one_hot, z = np.eye(4)[labels], np.log(prediction) * 1.5
    a, b = torch.tensor(z), torch.tensor(labels).long()
    f = torch.nn.functional.cross_entropy
    ours = losses.CategoricalCrossentropy(True, smoothing)
    assert ours(one_hot, z).item() == pytest.approx(float(f(a, b, label_smoothing=smoothing)))
    weight = [0.5, 2.0, 1.0, 3.0]
    their_weight = torch.tensor(weight, dtype=torch.float64)
    summed = float(f(a, b, weight=their_weight, reduction="sum"))
    for loss, target in [
        (losses.CategoricalCrossentropy(True, reduction="sum", class_weight=weight), one_hot),
        (losses.SparseCategoricalCrossentropy(True, reduction="sum", class_weight=weight), labels),
    ]:
        assert loss(target, z).item() == pytest.approx(summed)
    # PyTorch's mean divides by the sum of the weights: as sample weights they do that here too
    sparse = losses.SparseCategoricalCrossentropy(True, reduction="mean_with_sample_weight")
    found = sparse(labels, z, np.array(weight)[labels])
    assert found.item() == pytest.approx(float(f(a, b, weight=their_weight)))
    ignored = losses.SparseCategoricalCrossentropy(True, ignore_class=1)
    assert ignored(labels, z).item() == pytest.approx(float(f(a, b, ignore_index=1)))


def test_pytorch_binary_logistic_and_divergence() -> None:
    t, p = data("binary", (7,), 4, 5)
    z = np.log(p / (1 - p))
    f, a, b = torch.nn.functional, torch.tensor(z), torch.tensor(t)
    for loss, theirs in [
        (losses.BinaryCrossentropy(True), f.binary_cross_entropy_with_logits(a, b)),
        (
            losses.BinaryCrossentropy(True, pos_weight=2.5),
            f.binary_cross_entropy_with_logits(a, b, pos_weight=torch.tensor(2.5)),
        ),
        (losses.Logistic(), f.soft_margin_loss(a, 2 * b - 1)),
    ]:
        assert loss(t, z).item() == pytest.approx(float(theirs), rel=1e-9)
    found = losses.BinaryCrossentropy(pos_weight=2.5)(t, p)
    expected = f.binary_cross_entropy_with_logits(a, b, pos_weight=torch.tensor(2.5))
    assert found.item() == pytest.approx(float(expected), rel=1e-9)
    t, p = data("soft", (6,), 4, 8)
    theirs = f.kl_div(torch.log(torch.tensor(p)), torch.tensor(t), reduction="batchmean")
    assert losses.KLDivergence()(t, p).item() == pytest.approx(float(theirs), rel=1e-9)
