"""Losses by their formulas, by the lectures' numbers and on both backends; what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import pseudo_huber

import tinygraph as tg
from tinygraph import losses
from tinygraph.losses import find_loss

RNG = np.random.default_rng(4)
SCORES = RNG.normal(size=(6, 4)) * 2
LABELS = np.array([0, 3, 1, 1, 2, 0], np.int32)
ONE_HOT = np.eye(4)[LABELS]
SIGNS = np.sign(RNG.normal(size=(6, 4)))
NUMBERS = RNG.normal(size=(6, 4))


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


P = softmax(SCORES)
SIGMOIDS = 1 / (1 + np.exp(-SCORES))

# name: target, prediction, and one number for each example by NumPy
FORMULAS: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {
    "mean_squared_error": (NUMBERS, SCORES, ((SCORES - NUMBERS) ** 2).mean(-1)),
    "mean_absolute_error": (NUMBERS, SCORES, abs(SCORES - NUMBERS).mean(-1)),
    "huber": (
        NUMBERS,
        SCORES,
        np.where(
            abs(SCORES - NUMBERS) <= 1,
            (SCORES - NUMBERS) ** 2 / 2,
            abs(SCORES - NUMBERS) - 0.5,
        ).mean(-1),
    ),
    "pseudo_huber": (NUMBERS, SCORES, pseudo_huber(1, SCORES - NUMBERS).mean(-1)),
    "categorical_crossentropy": (ONE_HOT, P, -np.log(P[np.arange(6), LABELS])),
    "sparse_categorical_crossentropy": (LABELS, P, -np.log(P[np.arange(6), LABELS])),
    "binary_crossentropy": (
        ONE_HOT,
        SIGMOIDS,
        -(ONE_HOT * np.log(SIGMOIDS) + (1 - ONE_HOT) * np.log(1 - SIGMOIDS)).mean(-1),
    ),
    "kl_divergence": (P, P[::-1], (P * np.log(P / P[::-1])).sum(-1)),
    "hinge": (SIGNS, SCORES, np.maximum(1 - SIGNS * SCORES, 0).mean(-1)),
    "squared_hinge": (SIGNS, SCORES, (np.maximum(1 - SIGNS * SCORES, 0) ** 2).mean(-1)),
    "logistic": (SIGNS, SCORES, np.log(1 + np.exp(-SIGNS * SCORES)).mean(-1)),
    "dice": (ONE_HOT, SIGMOIDS, 1 - 2 * (ONE_HOT * SIGMOIDS).sum() / (6 + SIGMOIDS.sum() + 1e-7)),
}


def test_every_loss_has_a_formula_here() -> None:
    ours = {kind.name for kind in losses.base.LOSSES.values() if "tinygraph" in kind.__module__}
    assert ours == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name: str) -> None:
    target, prediction, each = FORMULAS[name]
    function: Callable[..., tg.Tensor] = getattr(losses, name)
    np.testing.assert_allclose(function(target, prediction).numpy(), each, rtol=1e-12)
    loss = find_loss(name)
    np.testing.assert_allclose(loss(target, prediction).item(), np.mean(each), rtol=1e-12)
    np.testing.assert_allclose(loss.values(target, prediction).numpy(), each, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(set(FORMULAS) - {"dice"}))
@given(shape=st.lists(st.integers(1, 4), max_size=3).map(tuple), seed=st.integers(0, 99))
def test_leading_axes_are_examples(name: str, shape: tuple[int, ...], seed: int) -> None:
    """Whatever axes come first, each example has its own number; the last axis is reduced."""
    target, prediction, each = FORMULAS[name]
    chosen = np.random.default_rng(seed).integers(0, 6, shape)
    found = getattr(losses, name)(target[chosen], prediction[chosen])
    assert found.shape == shape
    np.testing.assert_allclose(found.numpy(), each[chosen], rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_backends_agree(name: str) -> None:
    """The value and its gradient, as one jitted function, weights included."""
    target, prediction, _ = FORMULAS[name]
    loss, weight = find_loss(name), None if name == "dice" else np.arange(1.0, 7.0)

    def step(t: tg.Tensor, p: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor]:
        value = loss(t, p, weight)
        return value, tg.grad(value, p)

    eager = [x.numpy() for x in step(tg.tensor(target), tg.tensor(prediction))]
    for backend in ("numpy", "llvm"):
        for ours, expected in zip(tg.jit(step, backend=backend)(target, prediction), eager):
            np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients(name: str) -> None:
    target, prediction, _ = FORMULAS[name]
    if prediction.min() > 0:  # probabilities: away from 0, where finite differences are too coarse
        prediction = 0.1 + 0.5 * prediction
    tg.check_grads(lambda p: find_loss(name)(target, p), [prediction])


@pytest.mark.parametrize("from_logits", [False, True])
def test_gradients_of_logits(from_logits: bool) -> None:
    def through(activation: Any, loss: losses.Loss, target: np.ndarray) -> None:
        prepare = (lambda z: z) if from_logits else activation
        tg.check_grads(lambda z: loss(target, prepare(z)), [SCORES])

    through(tg.softmax, losses.CategoricalCrossentropy(from_logits, 0.1), ONE_HOT)
    through(tg.softmax, losses.SparseCategoricalCrossentropy(from_logits, 3), LABELS)
    through(tg.sigmoid, losses.BinaryCrossentropy(from_logits, 0.1, pos_weight=3.0), ONE_HOT)
    through(tg.softmax, losses.KLDivergence() if not from_logits else losses.Hinge(), P)


# The lectures' numbers


def test_batch_cross_entropy_of_lecture_5() -> None:
    """The probabilities of the right class of ten images."""
    right = np.array([0.2, 1, 0.7, 0.9, 0.9, 1, 1, 1, 0.9, 1])
    prediction = np.full((10, 10), 0.0)
    labels = np.arange(10, dtype=np.int32)
    prediction[labels, labels] = right
    prediction[labels, (labels + 1) % 10] += 1 - right
    each = losses.sparse_categorical_crossentropy(labels, prediction)
    says = [1.609, 0, 0.357, 0.105, 0.105, 0, 0, 0, 0.105, 0]
    np.testing.assert_allclose(each.numpy(), says, atol=5e-4)
    for loss, target in [
        (losses.SparseCategoricalCrossentropy(), labels),
        (losses.CategoricalCrossentropy(), np.eye(10)),
    ]:
        assert loss(target, prediction).item() == pytest.approx(0.2282, abs=5e-5)


def test_softmax_of_lecture_5() -> None:
    p = tg.softmax([3.2, 5.1, -1.7])
    np.testing.assert_allclose(p.numpy(), [0.13, 0.87, 0.00], atol=0.005)
    loss = losses.sparse_categorical_crossentropy(np.int32(0), p)
    assert loss.item() == pytest.approx(-np.log(np.exp(3.2) / np.exp([3.2, 5.1, -1.7]).sum()))


def test_logistic_loss_is_binary_crossentropy_of_logits() -> None:
    ours = losses.logistic(SIGNS, SCORES).numpy()
    other = losses.binary_crossentropy((SIGNS + 1) / 2, SCORES, from_logits=True)
    np.testing.assert_allclose(ours, other.numpy(), rtol=1e-12)
    np.testing.assert_allclose(losses.logistic((SIGNS + 1) / 2, SCORES).numpy(), ours, rtol=1e-12)


# Exact where probabilities are too small


def test_softmax_in_the_graph_is_exact_where_a_probability_vanishes() -> None:
    z = np.array([[0.0, 200.0], [0.0, -200.0]], np.float32)
    labels, one_hot = np.array([0, 1]), np.eye(2, dtype=np.float32)
    for make in (lambda z: tg.softmax(z), lambda z: z):
        sparse = losses.SparseCategoricalCrossentropy(from_logits=make(z) is z)
        categorical = losses.CategoricalCrossentropy(from_logits=make(z) is z)
        for loss, target in ((sparse, labels), (categorical, one_hot)):
            x = tg.parameter(z)
            value = loss(target, make(x))
            assert value.item() == 200
            slope = tg.grad(value, x).numpy()
            np.testing.assert_allclose(slope, [[-0.5, 0.5], [0.5, -0.5]], atol=1e-6)


def test_probabilities_from_elsewhere_are_clipped_as_in_keras() -> None:
    p = np.array([[0.0, 1.0]])
    assert losses.sparse_categorical_crossentropy([0], p).item() == pytest.approx(-np.log(1e-7))
    assert losses.binary_crossentropy([[1.0, 1.0]], p).item() == pytest.approx(
        -np.log(1e-7) / 2, rel=1e-6
    )


def test_sigmoid_in_the_graph_does_not_overflow() -> None:
    z = np.array([[-1000.0], [-1.0], [0.0], [2.0], [1000.0]])
    t = np.array([[0.0], [1.0], [0.5], [0.0], [1.0]])
    each = [0, np.log1p(np.e), np.log(2), np.log1p(np.exp(2)), 0]
    for loss, make in [
        (losses.BinaryCrossentropy(), tg.sigmoid),
        (losses.BinaryCrossentropy(), lambda z: tg.sigmoid(z.reshape(5)).reshape(5, 1)),
        (losses.BinaryCrossentropy(from_logits=True), lambda z: z),
    ]:
        x = tg.parameter(z)
        value = loss(t, make(x))
        assert value.item() == pytest.approx(np.mean(each), rel=1e-12)
        slope = tg.grad(value, x).numpy()
        expected = (1 / (1 + np.exp(-np.clip(z, -700, 700))) - t) / 5
        np.testing.assert_allclose(slope, expected, atol=1e-12)


# Shapes, dtypes, weights, reductions


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "pseudo_huber", "hinge", "bce"])
def test_a_last_extent_of_1_is_not_broadcast(name: str) -> None:
    t, p = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.9, 0.4])
    loss = find_loss(name)
    expected = loss(t, p).item()
    for target, prediction in [(t, p[:, None]), (t[:, None], p), (t[:, None], p[:, None])]:
        assert loss(target, prediction).item() == pytest.approx(expected)
        assert loss.values(target, prediction).shape == (3,)


def test_any_number_type_is_a_target() -> None:
    p = tg.tensor([[0.2], [0.9]])
    expected = losses.binary_crossentropy([[0.0], [1.0]], p).numpy()
    for dtype in (np.uint8, np.int64, np.float64, np.bool_):
        found = losses.binary_crossentropy(np.array([[0], [1]], dtype), p)
        assert found.dtype is tg.float32
        np.testing.assert_array_equal(found.numpy(), expected)
    labels = losses.sparse_categorical_crossentropy(
        np.array([0, 1], np.uint8), tg.softmax(SCORES[:2])
    )
    assert labels.shape == (2,)


def test_reductions() -> None:
    t, p = NUMBERS, SCORES
    each = ((t - p) ** 2).mean(-1)
    w = np.arange(6.0)
    assert losses.MeanSquaredError("sum")(t, p).item() == pytest.approx(each.sum())
    assert losses.MeanSquaredError("sum_over_batch_size")(t, p).item() == pytest.approx(each.mean())
    np.testing.assert_allclose(losses.MeanSquaredError("none")(t, p, w).numpy(), each * w)
    np.testing.assert_allclose(losses.MeanSquaredError(None)(t, p).numpy(), each)
    assert losses.MeanSquaredError()(t, p, w).item() == pytest.approx((each * w).mean())
    weighted = losses.MeanSquaredError("mean_with_sample_weight")(t, p, w)
    assert weighted.item() == pytest.approx(np.average(each, weights=w))
    with pytest.raises(tg.ShapeError, match=r"one of .mean., .sum., .* got 'average'"):
        losses.MeanSquaredError("average")


def test_sample_weights_of_images() -> None:
    t, p = RNG.normal(size=(2, 3, 4, 1)), RNG.normal(size=(2, 3, 4, 1))
    each = ((t - p) ** 2)[..., 0]
    for weight in (np.array([2.0, 3.0]), np.array([[2.0], [3.0]]), RNG.uniform(size=(2, 3, 4))):
        spread = weight.reshape(weight.shape + (1,) * (3 - weight.ndim))
        found = losses.MeanSquaredError()(t, p, weight)
        assert found.item() == pytest.approx((each * spread).mean())
    for weight in (np.ones(3), np.ones((2, 4)), np.ones((1, 3, 4)), np.ones(1)):
        with pytest.raises(tg.ShapeError, match=r"do not fit its numbers float64\[2,3,4\]"):
            losses.MeanSquaredError()(t, p, weight)
    with pytest.raises(tg.ShapeError, match="it is one number"):
        losses.Dice()(t, p, np.ones(2))


def test_ignored_class_counts_nothing() -> None:
    labels = LABELS.copy()
    labels[[1, 4]] = 255
    kept = [0, 2, 3, 5]
    expected = -np.log(P[kept, LABELS[kept]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    assert loss(labels, P).item() == pytest.approx(expected.mean())
    x = tg.parameter(SCORES)
    slope = tg.grad(loss(labels, tg.softmax(x)), x).numpy()
    assert not slope[[1, 4]].any()
    assert slope[kept].all()
    assert loss(np.full(6, 255), P).item() == 0
    with pytest.raises(tg.DataError, match="labels of 4 classes go from 0 to 3, got 0 to 7"):
        loss(np.array([0, 1, 2, 7, 255, 255]), P)


def test_weighted_cross_entropy() -> None:
    factor = np.array([1.0, 2.0, 0.5, 4.0])
    expected = -np.log(P[np.arange(6), LABELS]) * factor[LABELS]
    for loss, target in [
        (losses.CategoricalCrossentropy(class_weight=factor.tolist()), ONE_HOT),
        (losses.SparseCategoricalCrossentropy(class_weight=factor.tolist()), LABELS),
    ]:
        np.testing.assert_allclose(loss.values(target, P).numpy(), expected, rtol=1e-12)
    with pytest.raises(tg.ShapeError, match=r"each of the 4 classes, got \[2\]"):
        losses.CategoricalCrossentropy(class_weight=[1, 2])(ONE_HOT, P)
    by_label: Any = {0: 5.0, 1: 1.0}
    with pytest.raises(tg.ShapeError, match=r"each of the 4 classes, got \{0: 5.0, 1: 1.0\}"):
        losses.CategoricalCrossentropy(class_weight=by_label)(ONE_HOT, P)


# Mixtures, and losses of one's own


def test_mixtures() -> None:
    t, p = NUMBERS, SCORES
    mse, mae = losses.MeanSquaredError(), losses.MeanAbsoluteError()
    mixed = 0.3 * mae + mse * 2 + 0.5 * (mse + mae)
    expected = 0.8 * mae(t, p).item() + 2.5 * mse(t, p).item()
    assert mixed(t, p).item() == pytest.approx(expected)
    assert mixed.values(t, p).numpy().mean() == pytest.approx(expected)
    assert mixed.name.startswith("0.3 * mean_absolute_error + 2 * mean_squared_error + 0.5")
    assert sum([mse, mae])(t, p).item() == pytest.approx(mse(t, p).item() + mae(t, p).item())
    w = np.arange(6.0)
    assert (mse + mae)(t, p, w).item() == pytest.approx(mse(t, p, w).item() + mae(t, p, w).item())
    tg.check_grads(lambda x: (losses.BinaryCrossentropy() + losses.Dice())(ONE_HOT, x), [SIGMOIDS])
    with pytest.raises(tg.ShapeError, match="adds numbers of one shape"):
        (losses.BinaryCrossentropy() + losses.Dice()).values(ONE_HOT, SIGMOIDS)
    with pytest.raises(TypeError):
        mse + 3  # type: ignore[operator]


def test_a_mixture_checks_each_part() -> None:
    p = tg.sigmoid(SCORES[:, :1])
    with pytest.raises(tg.ShapeError, match="binary_crossentropy"):
        (losses.MeanSquaredError() + losses.CategoricalCrossentropy())(np.ones((6, 1)), p)


def test_a_loss_of_ones_own() -> None:
    class FourthPower(losses.Loss):
        def call(self, target: tg.Tensor, prediction: tg.Tensor) -> tg.Tensor:
            return tg.mean((target - prediction) ** 4, -1)

    try:
        expected = ((NUMBERS - SCORES) ** 4).mean()
        for loss in (find_loss("FourthPower"), find_loss(FourthPower), find_loss("fourth_power")):
            assert loss.name == "fourth_power"
            assert loss(NUMBERS, SCORES).item() == pytest.approx(expected)
        column = np.ones((3, 1))
        assert FourthPower().values(np.ones(3), column).shape == (3,)
    finally:
        del losses.base.LOSSES["fourthpower"]

    def third(target: tg.Tensor, prediction: tg.Tensor) -> tg.Tensor:
        return tg.abs(target - prediction) ** 3

    loss = find_loss(third)
    assert loss.name == "third"
    assert loss(NUMBERS, SCORES).item() == pytest.approx((abs(NUMBERS - SCORES) ** 3).mean())
    with pytest.raises(NotImplementedError, match="Loss needs a method call"):
        losses.Loss()(NUMBERS, SCORES)


# Finding one


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ("mse", losses.MeanSquaredError),
        ("MeanSquaredError", losses.MeanSquaredError),
        ("MAE", losses.MeanAbsoluteError),
        ("kld", losses.KLDivergence),
        ("KLDivergence", losses.KLDivergence),
        ("kl_divergence", losses.KLDivergence),
        ("SparseCategoricalCrossentropy", losses.SparseCategoricalCrossentropy),
        ("Binary-CrossEntropy", losses.BinaryCrossentropy),
        (losses.Huber, losses.Huber),
        (losses.mse, losses.MeanSquaredError),
        (losses.categorical_crossentropy, losses.CategoricalCrossentropy),
    ],
)
def test_find_loss(wanted: Any, kind: type[losses.Loss]) -> None:
    assert type(find_loss(wanted)) is kind


def test_find_loss_refuses() -> None:
    loss = losses.Huber()
    assert find_loss(loss) is loss
    with pytest.raises(tg.DtypeError, match=r"no loss is named 'huberr'. Did you mean 'huber'\?"):
        find_loss("huberr")
    with pytest.raises(tg.DtypeError, match="a loss is a name, a Loss or a function"):
        find_loss(3)


# What is refused


def refuses(what: str, loss: Any, target: Any, prediction: Any) -> None:
    with pytest.raises(tg.TinygraphError, match=rf"(?s){what}.*\(test_losses.py:\d+\)") as caught:
        loss(target, prediction)
    assert isinstance(caught.value, ValueError | TypeError)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "hinge", "kld", "dice", "bce"])
def test_shapes_must_agree(name: str) -> None:
    p = np.full((4, 3), 0.5)
    for shape in [(4, 1), (1, 3), (3,), (4, 3, 3), (3, 4), ()]:
        refuses("target and prediction of one shape", find_loss(name), np.ones(shape), p)
        refuses("target and prediction of one shape", getattr(losses, name), np.ones(shape), p)


def test_a_categorical_loss_on_one_sigmoid_names_binary_crossentropy() -> None:
    """Lecture 2's slip."""
    p = tg.sigmoid(SCORES[:, :1])
    says = "one sigmoid output is a yes or no, so use binary_crossentropy"
    for loss in (losses.categorical_crossentropy, losses.CategoricalCrossentropy()):
        refuses(says, loss, np.ones((6, 1)), p)
        refuses(says, loss, np.ones(6, np.int32), p)
    refuses(says, losses.sparse_categorical_crossentropy, np.ones(6, np.int32), p)
    refuses("one output is a yes or no", find_loss("categorical_crossentropy"), ONE_HOT, P[:, :1])


def test_labels_and_one_hot_are_not_mixed_up() -> None:
    refuses(
        r"got labels int32\[6\] .* use sparse_categorical_crossentropy, or tg.one_hot\(labels, 4\)",
        losses.CategoricalCrossentropy(),
        LABELS,
        P,
    )
    refuses(
        "one-hot targets .* use categorical_crossentropy",
        losses.SparseCategoricalCrossentropy(),
        ONE_HOT,
        P,
    )
    refuses("for labels .* sparse_categorical", losses.BinaryCrossentropy(), LABELS, P)
    refuses("make them integers", losses.SparseCategoricalCrossentropy(), LABELS / 1.0, P)


@pytest.mark.parametrize("backend", [None, "numpy", "llvm"])
def test_values_out_of_range_are_refused(backend: str | None) -> None:
    """As data and as arguments of a jitted function, whose kernels could not say it."""

    def call(loss: losses.Loss, target: np.ndarray, prediction: np.ndarray) -> Any:
        if backend is None:
            return loss(target, prediction)
        return tg.jit(lambda t, p: loss(t, p), backend=backend)(target, prediction)

    sparse = losses.SparseCategoricalCrossentropy()
    for labels in (LABELS + 1, LABELS - 1, (LABELS + 1)[:, None]):
        with pytest.raises(tg.DataError, match="labels of 4 classes go from 0 to 3, got"):
            call(sparse, labels, P)
    with pytest.raises(
        tg.DataError, match=r"binary_crossentropy: targets go from 0 to 1, got 0.*255"
    ):
        call(losses.BinaryCrossentropy(), ONE_HOT * 255, SIGMOIDS)
    with pytest.raises(tg.DataError, match="targets go from 0 to 1, got 0 to 3"):
        call(losses.BinaryCrossentropy(), LABELS, SIGMOIDS[:, :1])
    with pytest.raises(tg.DataError, match="targets go from 0 to 1, got nan"):
        call(losses.CategoricalCrossentropy(), ONE_HOT * np.nan, P)
    with pytest.raises(tg.DataError, match=r"hinge: targets go from -1 to 1, got 0.* to 2"):
        call(losses.Hinge(), ONE_HOT * 2, SCORES)


def test_logits_and_probabilities_are_not_mixed_up() -> None:
    x, w = tg.tensor(SCORES), tg.tensor(RNG.normal(size=(4, 3)))
    logits = tg.matmul(x, w) + tg.tensor(np.ones(3))
    labels = LABELS % 3
    refuses(
        "use from_logits=True, or a softmax", losses.SparseCategoricalCrossentropy(), labels, logits
    )
    refuses(
        "a softmax made: they are probabilities",
        losses.SparseCategoricalCrossentropy(from_logits=True),
        labels,
        tg.softmax(logits),
    )
    refuses("or a sigmoid", losses.BinaryCrossentropy(), np.eye(3)[labels], logits)
    refuses(
        "a softmax over one output is always 1",
        losses.BinaryCrossentropy(),
        np.ones((6, 1)),
        tg.softmax(logits[:, :1]),
    )


def test_arguments_are_checked() -> None:
    refuses("needs delta > 0, got 0", lambda t, p: losses.huber(t, p, 0), NUMBERS, SCORES)
    with pytest.raises(tg.ShapeError, match=r"label_smoothing goes from 0 to 1, got 1.5"):
        losses.CategoricalCrossentropy(label_smoothing=1.5)
    with pytest.raises(tg.ShapeError, match="pos_weight > 0, got -1"):
        losses.BinaryCrossentropy(pos_weight=-1)
    refuses("prediction of floats.* the target comes first", losses.MeanSquaredError(), P, LABELS)
