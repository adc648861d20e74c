"""Arrays at a glance, and numbers in few characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygraph.journal import Held, number
from tinygraph.stepper.screen.numbers_view import (
    SHADES,
    View,
    around,
    heat_map,
    plane_axes,
    statistics,
    tensor_view,
)
from tinygraph.stepper.writing.numbers_short import in_digits, short

FLOATS = st.floats(width=32)


@given(FLOATS, st.integers(8, 20))
def test_a_number_is_close_to_itself_in_few_characters(value: float, width: int) -> None:
    text = in_digits(value, width)
    assert len(text) <= width
    if np.isfinite(value):
        assert float(text) == pytest.approx(value, rel=0.06)
    else:
        assert text == number(value)


def test_digits_go_one_by_one() -> None:
    value = -1.23456e-05
    assert [in_digits(value, k) for k in (10, 8, 7, 6)] == [
        "-1.235e-05",
        "-1.23e-5",
        "-1.2e-5",
        "-1e-5",
    ]


@given(arrays(np.float32, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=FLOATS))
def test_ranges_fit(array: np.ndarray) -> None:
    assert len(short(Held(array), 15)) <= 15


def test_ranges() -> None:
    def of(*values: float) -> str:
        return short(Held(np.array([*values, 0.0, 0.0, 0.0])), 12)

    assert of(-0.123456, 0.5) == "-0.123 … 0.5"
    assert of(0, 0) == "all 0.0"
    assert of(float("nan"), 1) == "1 NaN"
    assert short(Held(np.array([1.0, -2.0])), 12) == "[1.0, -2.0]"
    assert short(Held(np.array(3.0)), 12) == "3.0"


def test_statistics() -> None:
    assert statistics(Held(np.array([1.0, np.nan, 0.0, 0.0, 2.5]))) == (
        "float64[5] 0.0 … 2.5, 1 NaN, mean 0.875, 40 % zeros"
    )
    assert statistics(Held(np.zeros(3, np.float32))) == "float32[3] all 0.0, mean 0.0, all zeros"
    assert statistics(Held(np.float32(0.5).reshape(()))) == "float32[] = 0.5"
    one_in_a_thousand = np.ones(1000)
    one_in_a_thousand[3] = 0
    assert statistics(Held(one_in_a_thousand)).endswith("1 % zeros")


def test_the_axes_of_pictures() -> None:
    shapes = {(1, 28, 28, 3): (1, 2), (3, 3, 16, 8): (0, 1), (5, 4): (0, 1), (28, 28, 3): (0, 1)}
    assert {shape: plane_axes(shape) for shape in shapes} == shapes


def plain(lines: list) -> list[str]:
    return [line.plain for line in lines]


def test_shades_rise_with_the_numbers() -> None:
    array = np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0, 0.0]])
    assert plain(heat_map(array, (1, 0), 20, 5)) == ["  ░░▒▒▓▓██", "[]▓▓▒▒░░  "]
    assert plain(heat_map(np.full((2, 2), np.nan), (0, 0), 20, 5)) == ["[]??", "????"]


def test_marks() -> None:
    array = np.arange(16.0).reshape(1, 4, 4, 1)
    marked = [(0, i, j, 0) for i in (1, 2) for j in (1, 2)]
    assert plain(heat_map(array, (0, 0, 0, 0), 20, 9, marked)) == [
        "[]    ░░",
        "░░▚▚▚▚▒▒",
        "▒▒▚▚▚▚▓▓",
        "████████",
    ]


def test_large_pictures_are_means() -> None:
    array = np.zeros((8, 8))
    array[:4, :4] = 1
    array[4:, 4:] = 2
    assert plain(heat_map(array, (7, 7), 4, 2)) == ["▒▒  ", "  []"]


@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    width=st.integers(1, 90),
    height=st.integers(1, 12),
    data=st.data(),
)
def test_everything_fits(shape: list[int], width: int, height: int, data: st.DataObject) -> None:
    index = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    array = data.draw(arrays(np.float32, shape, elements=FLOATS))
    picture = heat_map(array, index, width, height)
    assert len(picture) <= height
    assert all(line.cell_len <= width for line in picture)
    assert sum("[]" in line.plain for line in picture) == (1 if width > 1 else 0)
    assert set("".join(plain(picture))) <= set(SHADES + "[]?∞-")
    view = tensor_view(View("x", Held(array), index), width, height)
    assert len(view) <= height
    assert all(line.cell_len <= width for line in view)


@given(st.integers(0, 5), st.integers(0, 7))
def test_the_element_stands_in_the_middle_of_its_neighbours(i: int, j: int) -> None:
    array = np.arange(48.0).reshape(6, 8)
    lines = plain(around(array, (i, j), 60, 4))
    assert len(lines) == 4
    assert sum(f"[{number(array[i, j].item())}]" in line for line in lines) == 1
    heads = [int(word) for word in lines[0].split()]
    assert j in heads
    for line in lines[1:]:
        row, *values = line.replace("[", " ").replace("]", " ").split()
        assert [float(v) for v in values] == array[int(row), heads].tolist()


def test_what_is_not_computed_is_no_number() -> None:
    assert plain(tensor_view(View("x", None, (0,)), 40, 5)) == ["x  · not computed yet"]
