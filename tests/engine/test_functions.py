"""Values of functions, beside NumPy or by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygraph as tg

RNG = np.random.default_rng(1)


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_constants_and_counting() -> None:
    assert tg.zeros((2, 3)).numpy().tolist() == [[0] * 3] * 2
    assert tg.ones(2, dtype="int32").numpy().tolist() == [1, 1]
    assert tg.ones(2, dtype=bool).numpy().tolist() == [True, True]
    assert tg.full((), 2.5).item() == 2.5
    assert tg.full(2, 7).dtype == "int32"
    assert tg.zeros_like(tg.tensor([1, 2])).dtype == "int32"
    with pytest.raises(tg.ShapeError, match="no negative extents"):
        tg.zeros((2, -1))


@pytest.mark.parametrize("span", [(5,), (2, 7), (7, 2, -2), (0, 1, 0.25), (1.5, 0, -0.5), (3, 3)])
def test_arange_counts_as_numpy(span: tuple[float, ...]) -> None:
    want = np.arange(*span)
    got = tg.arange(*span)
    np.testing.assert_allclose(got.numpy(), want)
    assert got.dtype == ("int32" if want.dtype.kind == "i" else "float32")


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1, -1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_are_numpys(axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
    x = array(2, 3, 4)
    for name in ("sum", "mean", "var", "max", "min"):
        want = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        got = getattr(tg, name)(x, axis, keepdims)
        assert got.shape == want.shape, name
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-6, err_msg=name)
        assert getattr(tg.tensor(x), name)(axis, keepdims).shape == want.shape
    if not isinstance(axis, tuple):
        want = np.argmax(x, axis=axis, keepdims=keepdims)
        np.testing.assert_array_equal(tg.argmax(x, axis, keepdims).numpy(), want)
        want = np.argmin(x, axis=axis, keepdims=keepdims)
        np.testing.assert_array_equal(tg.argmin(x, axis, keepdims).numpy(), want)


def test_reduction_arguments_are_checked() -> None:
    x = tg.tensor(array(2, 3))
    with pytest.raises(tg.ShapeError, match=r"sum along axis 2 of float32\[2,3\]"):
        x.sum(2)
    with pytest.raises(tg.ShapeError, match="names an axis twice"):
        x.mean((0, -2))
    with pytest.raises(tg.ShapeError, match="no element to choose"):
        tg.zeros((0, 3)).max(0)
    assert tg.zeros((0, 3)).sum(0).numpy().tolist() == [0, 0, 0]
    assert (x > 0).sum().dtype == "int32"


def test_moving_elements_is_numpys() -> None:
    x, y = array(2, 3, 4), array(2, 3, 4)
    pairs = [
        (tg.reshape(x, (4, -1)), x.reshape(4, -1)),
        (tg.tensor(x).reshape(6, 4), x.reshape(6, 4)),
        (tg.tensor(x).flatten(), x.reshape(-1)),
        (tg.flatten(x, 1), x.reshape(2, -1)),
        (tg.transpose(x), x.T),
        (tg.tensor(x).transpose(1, 0, 2), x.transpose(1, 0, 2)),
        (tg.permute(x, (-1, 0, 1)), x.transpose(2, 0, 1)),
        (tg.tensor(x).T, x.T),
        (
            tg.pad(x, [(0, 1), (2, 0), (0, 0)], 5),
            np.pad(x, [(0, 1), (2, 0), (0, 0)], constant_values=5),
        ),
        (tg.pad(x, 1), np.pad(x, 1)),
        (tg.concatenate([x, y], -1), np.concatenate([x, y], -1)),
        (tg.stack([x, y], 1), np.stack([x, y], 1)),
        (tg.stack([x, y], -1), np.stack([x, y], -1)),
        (tg.flip(x), np.flip(x)),
        (tg.flip(x, (0, -1)), np.flip(x, (0, -1))),
        (tg.expand_dims(x, -1), x[..., None]),
        (tg.squeeze(x[:1]), x[:1].squeeze()),
        (tg.squeeze(x[:, :1], 1), x[:, 0]),
        (tg.broadcast_to(x[:, :1], (5, 2, 3, 4)), np.broadcast_to(x[:, :1], (5, 2, 3, 4))),
    ]
    for got, want in pairs:
        np.testing.assert_array_equal(got.numpy(), want)
    with pytest.raises(tg.ShapeError, match="no extent fits for -1"):
        tg.reshape(x, (5, -1))
    with pytest.raises(tg.ShapeError, match="stack needs tensors of one shape"):
        tg.stack([x, x[0]])
    with pytest.raises(tg.ShapeError, match="broadcast_to"):
        tg.broadcast_to(x, (2, 3, 5))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((7, 1, 2, 3), (5, 3, 4)),
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3,)),
        ((0, 3), (3, 2)),
    ],
)
def test_matmul_is_numpys(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    x, y = array(*left), array(*right)
    got = tg.tensor(x) @ y
    assert got.shape == (x @ y).shape
    np.testing.assert_allclose(got.numpy(), x @ y, rtol=1e-5, atol=1e-5)


def test_softmax_and_its_relatives_do_not_overflow() -> None:
    x = np.array([[1e4, 0, -1e4], [1, 2, 3]], np.float32)
    want = np.exp(x - x.max(1, keepdims=True))
    want /= want.sum(1, keepdims=True)
    np.testing.assert_allclose(tg.softmax(x).numpy(), want, rtol=1e-6)
    assert tg.log_softmax(x).numpy()[0].tolist() == [0, -1e4, -2e4]
    assert tg.logsumexp(x, 1).numpy()[0] == 1e4
    assert tg.sigmoid(x).numpy()[0].tolist() == [1, 0.5, 0]
    assert tg.elu(tg.tensor(x)).numpy()[0].tolist() == [1e4, 0, -1]
    assert tg.leaky_relu(x, 0.5).numpy()[0].tolist() == [1e4, 0, -5e3]


def test_cross_entropy() -> None:
    scores, labels = array(2, 3, 4), RNG.integers(0, 4, (2, 3))
    log = np.log(np.exp(scores) / np.exp(scores).sum(-1, keepdims=True))
    each = -np.take_along_axis(log, labels[..., None], -1)[..., 0]
    np.testing.assert_allclose(
        tg.cross_entropy(scores, labels, reduction="none").numpy(), each, rtol=1e-5
    )
    assert float(tg.cross_entropy(scores, labels)) == pytest.approx(each.mean(), rel=1e-6)
    assert float(tg.cross_entropy(scores, labels, reduction="sum")) == pytest.approx(each.sum())
    shares = tg.one_hot(labels, 4)
    assert float(tg.cross_entropy(scores, shares)) == pytest.approx(each.mean(), rel=1e-6)
    moved = tg.cross_entropy(np.moveaxis(scores, -1, 1).copy(), labels, axis=1)
    assert float(moved) == pytest.approx(each.mean(), rel=1e-6)


def test_cross_entropy_arguments_are_checked() -> None:
    scores = tg.tensor(array(2, 3))
    with pytest.raises(tg.DataError, match="labels go from 0 to 2, got 0 to 3"):
        tg.cross_entropy(scores, [0, 3])
    with pytest.raises(tg.ShapeError, match=r"integer labels \[2\] or probabilities \[2, 3\]"):
        tg.cross_entropy(scores, [0, 1, 2])
    with pytest.raises(tg.DtypeError, match="needs integer labels"):
        tg.cross_entropy(scores, [0.0, 1.0])
    with pytest.raises(tg.ShapeError, match='"mean", "sum" or "none"'):
        tg.cross_entropy(scores, [0, 1], reduction="median")


def test_batch_norm_has_explicit_state() -> None:
    x = array(8, 5, 3) * 3 + 1
    gamma, beta = array(3), array(3)
    mean, variance = np.zeros(3, np.float32), np.ones(3, np.float32)
    y, new_mean, new_variance = tg.batch_norm(x, gamma, beta, mean, variance, training=True)
    mu, var = x.mean((0, 1)), x.var((0, 1))
    np.testing.assert_allclose(
        y.numpy(), (x - mu) / np.sqrt(var + 1e-3) * gamma + beta, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(new_mean.numpy(), 0.01 * mu, rtol=1e-4)
    np.testing.assert_allclose(new_variance.numpy(), 0.99 + 0.01 * var, rtol=1e-4)
    y, same_mean, _ = tg.batch_norm(x, gamma, beta, mean, variance, training=False)
    np.testing.assert_allclose(
        y.numpy(), x / np.sqrt(1 + 1e-3) * gamma + beta, rtol=1e-4, atol=1e-5
    )
    assert same_mean.numpy().tolist() == [0, 0, 0]
    with pytest.raises(tg.ShapeError, match="batch_norm needs x"):
        tg.batch_norm(x, gamma[:2], beta, mean, variance, training=True)


def test_running_statistics_carry_no_gradient() -> None:
    x = tg.tensor(array(8, 3))
    _, mean, _ = tg.batch_norm(
        x, np.ones(3, "f"), np.zeros(3, "f"), np.zeros(3, "f"), np.ones(3, "f"), True
    )
    assert not tg.grad(mean.sum(), x).numpy().any()


def test_maxout_and_one_hot_and_clip() -> None:
    x = tg.tensor([[1.0, 5.0, 2.0, -1.0]])
    assert tg.maxout(x, 2).numpy().tolist() == [[5, 2]]
    assert tg.one_hot([1, 0], 2).numpy().tolist() == [[0, 1], [1, 0]]
    assert tg.clip(x, 0, 2).numpy().tolist() == [[1, 2, 2, 0]]
    assert tg.where(x > 1, x, 0).numpy().tolist() == [[0, 5, 2, 0]]
    assert tg.where([True, False], 1.0, 2.0).numpy().tolist() == [1, 2]
    with pytest.raises(tg.ShapeError, match="maxout"):
        tg.maxout(x, 3)


def test_elementary_functions_are_numpys() -> None:
    x = np.abs(array(50)) + 0.1
    for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "floor", "square", "abs"):
        want = getattr(np, name)(x)
        np.testing.assert_allclose(getattr(tg, name)(x).numpy(), want, rtol=1e-5, err_msg=name)
    assert math.isclose(float(tg.pow(2.0, 0.5)), 2**0.5, rel_tol=1e-6)
