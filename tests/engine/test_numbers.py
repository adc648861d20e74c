"""Which dtype data gets, and what numbers may stand beside each other."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (0.5, "float32"),
        (np.float64(0.5), "float32"),
        ([[1.0, 2.0]], "float32"),
        ([1, 2], "int32"),
        (True, "bool"),
        ([True, False], "bool"),
        (np.zeros(2), "float64"),
        ([np.zeros(2), np.zeros(2)], "float64"),
        (np.zeros(2, np.float16), "float32"),
        (np.zeros(2, ">f4"), "float32"),
        (np.zeros(2, np.int64), "int32"),
        (np.zeros(2, np.uint8), "int32"),
        (np.zeros(2, np.uint32), "uint32"),
        (np.zeros((0, 3), np.float32), "float32"),
    ],
)
def test_data_gets_the_usual_dtype(data: object, dtype: str) -> None:
    x = tg.tensor(data)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.numpy(), np.asarray(data))


def test_a_given_dtype_decides() -> None:
    pixels = np.array([0, 255], np.uint8)
    assert tg.tensor(pixels, dtype="float32").numpy().tolist() == [0.0, 255.0]
    assert tg.tensor([1.7, -1.7], dtype="int32").numpy().tolist() == [1, -1]
    assert tg.tensor([0, 2], dtype=bool).numpy().tolist() == [False, True]


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40])
def test_integers_that_do_not_fit_are_refused(value: int) -> None:
    with pytest.raises(tg.DtypeError, match="does not fit into int32"):
        tg.tensor(np.array([0, value]))


def test_integers_at_the_ends_fit() -> None:
    ends = np.array([-(2**31), 2**31 - 1])
    np.testing.assert_array_equal(tg.tensor(ends).numpy(), ends)


@pytest.mark.parametrize("data", [[float("nan")], [1e10], [-1.0]])
def test_floats_that_are_no_integers_are_refused(data: list[float]) -> None:
    with pytest.raises(tg.DtypeError, match="does not fit into uint32"):
        tg.tensor(data, dtype="uint32")


@pytest.mark.parametrize("data", ["text", [1j], [object()], {"a": 1}])
def test_what_is_no_number_is_refused(data: object) -> None:
    with pytest.raises(tg.DtypeError, match="numbers or truth values"):
        tg.tensor(data)


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(tg.ShapeError, match="makes no array"):
        tg.tensor([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_python_number_takes_the_dtype_beside_it(dtype: str) -> None:
    x = tg.tensor([1.0, 2.0], dtype=dtype)
    results = [x + 1, 1.5 * x, x / 3, 2**x, x**2, x**0.5, np.float64(2) * x, x - np.float32(1)]
    assert {r.dtype for r in results} == {dtype}
    assert tg.maximum(x, 0).dtype == dtype
    assert tg.where(x > 1, x, 0.0).dtype == dtype


def test_integers_stay_integers() -> None:
    n = tg.tensor([1, 2])
    assert (n + 1).dtype == "int32"
    assert (n * 2 - 1).numpy().tolist() == [1, 3]
    assert (n**2).numpy().tolist() == [1, 4]
    with pytest.raises(tg.DtypeError, match=r"0\.5 is no int32; cast the tensor"):
        n * 0.5
    with pytest.raises(tg.DtypeError, match="does not fit into int32"):
        n + 2**31


def test_two_float_types_do_not_mix_and_the_error_names_the_cast() -> None:
    x, y = tg.tensor([1.0]), tg.tensor(np.array([1.0]))
    with pytest.raises(
        tg.DtypeError, match=r"mul .*float32\[1\], float64\[1\].*\.astype\('float32'\)"
    ):
        x * y
    with pytest.raises(tg.DtypeError, match=r"\.astype\('float32'\)"):
        x * np.array([1.0])
    assert (x * y.astype("float32")).item() == 1.0


def test_floats_and_integers_do_not_mix() -> None:
    with pytest.raises(
        tg.DtypeError, match=r"int32\[1\], float32\[\]; cast with .astype\('float32'\)"
    ):
        tg.tensor([1]) + tg.tensor(0.5)


def test_nan_goes_through_max_and_relu() -> None:
    x = tg.tensor([1.0, float("nan"), -1.0])
    assert np.isnan(tg.relu(x).numpy()).tolist() == [False, True, False]
    assert np.isnan(tg.maximum(x, 0).numpy()[1])
    assert np.isnan(tg.minimum(0, x).numpy()[1])
    assert np.isnan(x.max().item())
    assert np.isnan(tg.max_pool1d(x.reshape(1, 3, 1), 3).item())


@pytest.mark.filterwarnings("error")
def test_nan_and_infinity_are_values_without_warnings() -> None:
    x = tg.tensor([0.0, -1.0, 1e38])
    assert (1 / x).numpy()[0] == np.inf
    assert np.isnan(tg.log(x).numpy()[1])
    assert (x * 1e38).numpy()[2] == np.inf
    assert np.isnan(tg.sqrt(x).numpy()[1])


def test_unknown_dtype_is_named() -> None:
    with pytest.raises(tg.DtypeError, match=r"'float16' is no dtype of tinygraph; it has float32"):
        tg.tensor(1.0).astype("float16")
