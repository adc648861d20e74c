"""Tensors as Python objects: comparison, truth, indexing, printing, copying."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygraph as tg


def test_comparison_is_elementwise_and_hashing_by_identity() -> None:
    x, y = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 3.0])
    assert (x == y).numpy().tolist() == [True, False]
    assert (x != 1).numpy().tolist() == [False, True]
    assert (x > 1).numpy().tolist() == [False, True]
    assert len({x, y, x}) == 2
    assert (x == None) is False  # noqa: E711


def test_truth_needs_one_element() -> None:
    assert bool(tg.tensor([2.0]) > 1)
    with pytest.raises(tg.ShapeError, match=r"bool\(\) needs one element, got float32\[2\]"):
        bool(tg.tensor([1.0, 2.0]))
    assert (tg.tensor([1.0, 2.0]) > 0).all()
    assert not (tg.tensor([1.0, 2.0]) > 3).any()


def test_numbers_out_of_one_element() -> None:
    assert float(tg.tensor([[2.5]])) == 2.5
    assert int(tg.tensor(3)) == 3
    assert list(range(tg.tensor(3))) == [0, 1, 2]
    assert tg.tensor(1.5).item() == 1.5
    assert f"{tg.tensor(2 / 3):.3f}" == "0.667"
    with pytest.raises(tg.ShapeError, match=r"float\(\) needs one element"):
        float(tg.tensor([1.0, 2.0]))
    with pytest.raises(tg.DtypeError, match="integer tensor can be an index"):
        range(tg.tensor(1.5))


def test_setting_an_item_shows_the_ways_out() -> None:
    x = tg.tensor([1.0, 2.0])
    with pytest.raises(tg.IndexingError, match=r"tg\.update.*tg\.where.*test_tensor\.py"):
        x[0] = 3.0


def test_numpy_is_a_read_only_snapshot_and_tensor_copies() -> None:
    data = np.ones(3, np.float32)
    x = tg.tensor(data)
    data[:] = 7
    assert x.numpy().tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 2
    assert not (x + 1).numpy().flags.writeable


def test_an_array_on_the_left_asks_the_tensor() -> None:
    x = tg.tensor([[1.0], [2.0]])
    y = np.ones((1, 3), np.float32) * x
    assert isinstance(y, tg.Tensor)
    assert y.shape == (2, 3)
    assert (np.eye(2, dtype=np.float32) @ x).numpy().tolist() == [[1], [2]]
    assert np.asarray(x).shape == (2, 1)


@pytest.mark.parametrize("name", ["mean", "sum", "var", "max", "all"])
def test_numpys_functions_that_take_no_tensor_name_ours(name: str) -> None:
    says = rf"np\.{name} does not take a tensor: take tg\.{name}\(x\), or np\.{name}\(x\.numpy"
    with pytest.raises(tg.DtypeError, match=says):
        getattr(np, name)(tg.tensor([1.0, 2.0]))


def test_numpys_functions_that_take_arrays_take_tensors() -> None:
    x = tg.tensor([1.0, 2.0])
    assert np.concatenate([x, x]).tolist() == [1, 2, 1, 2]
    assert np.stack([x, np.zeros(2)]).tolist() == [[1, 2], [0, 0]]
    assert np.argmax(x) == 1
    assert np.allclose(x, [1, 2])
    with pytest.raises(TypeError, match="as an integer"):
        np.concatenate([x], axis="first")  # type: ignore
    with pytest.raises(tg.DtypeError, match=r"take np\.prod\(x\.numpy\(\)\)"):
        np.prod(x)


def test_small_shapes_broadcast_and_sum_back() -> None:
    x, b = tg.tensor(np.ones((2, 3, 4), np.float32)), tg.tensor(np.arange(4.0, dtype="f"))
    column = tg.tensor(np.ones((3, 1), np.float32))
    y = (x + b) * column
    assert y.shape == (2, 3, 4)
    gb, gc = tg.grad(y.sum(), [b, column])
    assert gb.numpy().tolist() == [6.0] * 4
    assert gc.numpy().tolist() == [[20.0]] * 3
    with pytest.raises(tg.ShapeError, match=r"add needs shapes that broadcast.*float32\[2,3,4\]"):
        x + tg.tensor([1.0, 2.0])


KEYS: list[Any] = [
    0,
    -1,
    (1, 2),
    slice(1, None),
    slice(None, None, -1),
    slice(3, None, -2),
    (slice(None), slice(0, 0)),
    (Ellipsis, 0),
    (0, Ellipsis, slice(-3, None)),
    None,
    (None, 1, None, slice(None, None, 2)),
    (slice(5, 1, -3), slice(-2, -5, -1), 1),
    (np.int64(1), slice(10, 20)),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_is_numpys(key: Any) -> None:
    x = np.arange(120, dtype=np.float32).reshape(4, 5, 6)
    np.testing.assert_array_equal(tg.tensor(x)[key].numpy(), x[key])


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_update_is_numpys_assignment(key: Any) -> None:
    x = np.arange(120, dtype=np.float32).reshape(4, 5, 6)
    value = np.random.default_rng(0).random(x[key].shape, dtype=np.float32)
    want = x.copy()
    want[key] = value
    np.testing.assert_array_equal(tg.update(tg.tensor(x), key, value).numpy(), want)
    want[key] = np.nan
    np.testing.assert_array_equal(tg.update(tg.tensor(x), key, float("nan")).numpy(), want)


def test_indexing_errors() -> None:
    x = tg.tensor([[1.0, 2.0]])
    with pytest.raises(IndexError, match=r"x\[2\] is outside axis 1 of float32\[1,2\]"):
        x[0, 2]
    with pytest.raises(tg.IndexingError, match="too many positions"):
        x[0, 0, 0]
    for key in (True, [0, 1], x > 0, 1.5, "a"):
        with pytest.raises(tg.IndexingError, match="takes whole numbers, slices, None"):
            x[key]
    with pytest.raises(tg.IndexingError, match="slice step cannot be zero"):
        x[::0]


def test_iteration_and_length() -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    first, second = x
    assert second.numpy().tolist() == [3, 4]
    assert len(x) == 2
    with pytest.raises(tg.ShapeError, match="scalar has no length"):
        len(first.sum())


def test_printing_shows_the_value() -> None:
    assert repr(tg.tensor([1.0, 2.0], name="w")) == "Tensor([1., 2.], float32[2], name='w')"
    assert repr(tg.tensor(3) + 1) == "Tensor(4, int32[])"
    assert str(tg.tensor([1.0, 2.0])) == "[1. 2.]"
    assert repr(tg.parameter(1.0, name="p")) == "Parameter(1., float32[], name='p')"


def test_errors_name_the_users_line() -> None:
    with pytest.raises(tg.ShapeError, match=r"matmul needs .*\(test_tensor\.py:\d+\)"):
        tg.tensor([[1.0]]) @ tg.tensor([[1.0], [2.0]])


def test_values_asked_for_are_computed_once() -> None:
    calls = []

    class Once(type(tg.exp(1.0).node.op)):
        def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
            calls.append(1)
            return super().evaluate(*inputs)

    from tinygraph.graph import OPS, make
    from tinygraph.tensor import wrap

    try:
        y = wrap(make(Once(), tg.tensor(1.0).node))
        z = y + 1
        tg.evaluate(y, z)
        assert float(y) + 1 == pytest.approx(float(z * 2) / 2)
        assert calls == [1]
    finally:
        OPS["exp"] = type(tg.exp(1.0).node.op)


def test_copies_and_pickles_keep_value_and_name() -> None:
    p = tg.parameter([1.0, 2.0], name="w", trainable=False)
    for q in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert isinstance(q, tg.Parameter)
        assert (q.name, q.trainable, q.numpy().tolist()) == ("w", False, [1, 2])
        q.assign([3.0, 4.0])
    assert p.numpy().tolist() == [1, 2]
    assert pickle.loads(pickle.dumps(p * 2)).numpy().tolist() == [2, 4]
