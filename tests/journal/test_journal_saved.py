"""Journals in files: what comes back is what was there, and a damaged file is said to be one."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from circuits import conv_net, neuron, tangle
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from random_losses import random_loss

import tinygraph as tg
from tinygraph.graph import OPS, topological
from tinygraph.journal import Journal, SavedJournal, diff, readings_of
from tinygraph.journal.json_numbers import read_numbers, write_numbers
from tinygraph.journal.stored import axes_of, digest_of, read_reading, write_reading
from tinygraph.types import DType, TensorType

DTYPES = ["float32", "float64", "int32", "uint32", "bool"]
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))
BITS = st.lists(st.integers(0, 2**32 - 1), max_size=8)


def kind_of(array: np.ndarray) -> TensorType:
    return TensorType(array.shape, DType(str(array.dtype)))


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@given(ARRAYS)
def test_numbers_come_back_bit_for_bit(array: np.ndarray) -> None:
    back = read_numbers(through_json(write_numbers(array)), kind_of(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(BITS)
def test_any_bits_of_float32_come_back(bits: list[int]) -> None:
    array = np.array(bits, np.uint32).view(np.float32)
    back = read_numbers(through_json(write_numbers(array)), kind_of(array))
    assert back.view(np.uint32).tolist() == bits


def test_what_json_has_no_number_for_is_a_text() -> None:
    odd = np.array([0x7FC00000, 0x7FC00001, 0xFFC00000, 0x7F800000, 0xFF800000, 0x80000000])
    array = odd.astype(np.uint32).view(np.float32)
    texts = write_numbers(array)
    assert texts[:-1] == ["nan", "nan:7fc00001", "nan:ffc00000", "inf", "-inf"]
    assert math.copysign(1, texts[-1]) == -1


@pytest.mark.parametrize(
    ("said", "dtype", "wrong"),
    [
        ([1e39], "float32", "1e+39 is no float32"),
        ([0.1], "float32", "0.1 is no float32"),
        ([10**400], "float64", "is no float64"),
        ([2**53 + 1], "float64", "is no float64"),
        ([True], "float32", "True is no float32"),
        (["nan:00000000"], "float32", "is no NaN of float32"),
        (["nan:7fc00000"], "float64", "is no float64"),
        (["inf:7fc00000"], "float32", "is no float32"),
        (["one"], "float32", "'one' is no float32"),
        ([None], "float32", "None is no float32"),
        ([math.inf], "float32", "inf is no float32"),
        ([2**31], "int32", "2147483648 is no int32"),
        ([-1], "uint32", "-1 is no uint32"),
        ([1.0], "int32", "1.0 is no int32"),
        ([True], "int32", "True is no int32"),
        ([1], "bool", "1 is no bool"),
        ([1.0, 2.0], "float32", r"float32\[1\] has 1 numbers, here are 2 numbers"),
        ("1.0", "float32", "here are '1.0'"),
    ],
)
def test_numbers_that_are_none(said: Any, dtype: str, wrong: str) -> None:
    with pytest.raises(tg.DataError, match=wrong.replace("+", r"\+")):
        read_numbers(said, TensorType((1,), DType(dtype)))


# ---- whole journals ----


def back(journal: Journal, path: Path, **options: Any) -> SavedJournal:
    journal.save(path, **options)
    return tg.load_journal(path)


def assert_equal(mine: Journal, other: Journal) -> None:
    """Bit for bit; where a summary is left, it is that of the numbers."""
    assert str(mine) == str(other)
    assert [mine.names[x] for x in mine.order] == [other.names[x] for x in other.order]
    for a, b in zip(mine, other, strict=True):
        assert (type(a), a.number, mine.names[a.gate]) == (type(b), b.number, other.names[b.gate])
        for name, numbers in readings_of(a).items():
            read: Any = readings_of(b)[name]
            assert (numbers is None) == (read is None)
            if numbers is None:
                continue
            assert (numbers.type, str(numbers.summary)) == (read.type, str(read.summary))
            if read.array is None:
                assert read.digest == digest_of(numbers.array)
            else:
                assert read.array.tobytes() == numbers.array.tobytes()


@given(seed=st.integers(0, 10**6))
def test_a_journal_comes_back(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    journal = tg.journal(tangle(seed, 20))
    loaded = back(journal, path)
    assert_equal(journal, loaded)
    text = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == text


@given(seed=st.integers(0, 10**6), order=st.sampled_from([1, 2]))
def test_journals_of_any_ops_come_back(seed: int, order: int, tmp_path_factory) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    loss, _ = random_loss(seed, 5, order, special=0.3)
    journal = tg.journal(loss)
    loaded = back(journal, path)
    assert_equal(journal, loaded)
    assert diff(journal, loaded).same


def test_large_numbers_are_left_as_summaries(tmp_path: Path) -> None:
    journal = tg.journal(conv_net(), keep=0)
    loaded = back(journal, tmp_path / "j", what="two blocks")
    assert_equal(journal, loaded)
    assert loaded.what == "two blocks"
    assert loaded.values[loaded.node("conv_1")].array is None
    with pytest.raises(tg.TinygraphError, match=r"has a summary: float32\[1,8,8,2\]"):
        loaded.value(loaded.node("conv_1"))
    with pytest.raises(tg.TinygraphError, match=r"has no numbers: float32\[1,8,8,2\]"):
        loaded.memory.array(loaded.node("conv_1"))
    label = loaded.value(loaded.node("label"))
    assert (label.tolist(), str(label.dtype)) == ([1], "int32")


def test_slices_that_were_asked_for_are_there(tmp_path: Path) -> None:
    journal = tg.journal(conv_net())
    asked = {"conv_1": [(0, slice(0, 3), ...), (..., -1, slice(None, None, -2), 1)]}
    loaded = back(journal, tmp_path / "j", slices=asked)
    again = back(loaded, tmp_path / "k")
    conv = next(node for node, name in journal.names.items() if name == "conv_1")
    for kept in (loaded, again):
        mine = kept.node("conv_1")
        pairs = [
            (journal.values[conv], kept.values[mine]),
            (journal.gradients[conv], kept.gradients[mine]),
        ]
        for whole, part in pairs:
            assert whole.array is not None
            there = np.zeros(whole.type.shape, bool)
            there[0, :3] = True
            there[:, -1, ::-2, 1] = True
            for index in itertools.product(*map(range, whole.type.shape)):
                if there[index]:
                    assert part.at(index) == whole.array[index]
                    assert part.at(tuple(k - n for k, n in zip(index, there.shape))) == part.at(
                        index
                    )
                else:
                    with pytest.raises(tg.TinygraphError, match="only a summary is left"):
                        part.at(index)


@given(data=st.data())
def test_a_slice_has_the_elements_that_numpy_gives(data: st.DataObject) -> None:
    array = np.arange(105.0).reshape(3, 5, 7)
    parts = st.integers(-3, 2) | st.slices(3)
    slices = tuple(data.draw(st.lists(parts, max_size=3)))
    stored = read_reading(through_json(write_reading(array, [slices])), kind_of(array))
    assert sorted(stored.parts[0].array.ravel()) == sorted(array[slices].ravel())
    for index in itertools.product(range(3), range(5), range(7)):
        place = stored.parts[0].place(index)
        assert (place is not None) == (array[index] in np.ravel(array[slices]))
        assert place is None or stored.at(index) == array[index]


@pytest.mark.parametrize("slices", [(0, 0, 0), (3,), (..., ...), ("a",), slice("a"), True])
def test_slices_that_do_not_fit(slices: Any) -> None:
    with pytest.raises(tg.TinygraphError, match=r"is no part of"):
        axes_of(slices, (3, 5))


def test_slices_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(tg.TinygraphError, match="no gate 'conv_9'"):
        tg.journal(neuron()).save(tmp_path / "j", slices={"conv_9": [0]})
    assert not (tmp_path / "j").exists()


def test_nothing_is_left_of_what_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("mine")
    journal = tg.journal(neuron())
    journal.names.clear()
    with pytest.raises(KeyError):
        journal.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["j"]
    assert path.read_text() == "mine"
    with pytest.raises(tg.DataError, match="cannot write"):
        tg.journal(neuron()).save(tmp_path / "no" / "j")


def test_a_loaded_journal_looks_up_and_runs_no_op(tmp_path: Path, monkeypatch) -> None:
    tg.journal(conv_net()).save(tmp_path / "j")
    for name in list(OPS):
        monkeypatch.delitem(OPS, name)
    loaded = tg.load_journal(tmp_path / "j")
    gate = loaded[0].gate
    assert (gate.op.name, gate.op.label, str(gate.op)) == ("conv", "conv", "conv(padding=1)")
    assert str(gate.origin).startswith("circuits.py:")
    assert {*topological(loaded.outputs)} == {*loaded.order}
    for call in (gate.op.evaluate, gate.op.equation, gate.op.result_type):
        with pytest.raises(tg.TinygraphError, match="comes from a file"):
            call(())
    with pytest.raises(tg.TinygraphError, match="numbers only"):
        _ = loaded[-1].gate and loaded.gradients[loaded.node("image")].node  # type: ignore
    with pytest.raises(tg.TinygraphError, match="has no 'conv_7'; there is conv_"):
        loaded.node("conv_7")


def test_what_is_known_grows_step_by_step_in_a_loaded_journal_too(tmp_path: Path) -> None:
    x = tg.tensor(3.0, name="x")
    loaded = back(tg.journal(x * x), tmp_path / "j")
    node = loaded.node("x")
    so_far = [loaded.until(k).gradients.get(node) for k in range(len(loaded) + 1)]
    assert [r and r.at(()) for r in so_far] == [None, None, None, 3.0, 6.0]
    assert loaded.until(0).values[node].at(()) == 3.0


# ---- files that are none ----


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A small journal with whole numbers, a summary, a slice, odd numbers."""
    x = tg.tensor([[math.nan, -0.0, math.inf] * 40, [1.0, 2.0, 3.0] * 40], name="x")
    mask = tg.tensor([[True, False, True] * 40] * 2, name="mask")
    y = tg.where(mask, x * 2.0, x).sum()
    path = tmp_path_factory.mktemp("lines") / "j"
    tg.journal(y).save(path, slices={"x": [(0, slice(0, 4))]})
    return path.read_bytes().splitlines(keepends=True)


def load(path: Path, content: bytes, **options: Any) -> SavedJournal:
    path.write_bytes(content)
    return tg.load_journal(path, **options)


def test_a_file_that_is_cut_off_says_what_is_the_last_good_record(tmp_path: Path, lines) -> None:
    first = next(k for k, line in enumerate(lines) if line.startswith(b'{"record"'))
    cut = b"".join(lines[: first + 2]) + lines[first + 2][:20]
    with pytest.raises(
        tg.DataError, match=r"j, line 10: .* cut off here; the last good record is 1"
    ):
        load(tmp_path / "j", cut)
    part = load(tmp_path / "j", cut, partial=True)
    assert (len(part), part.lacks) == (2, len(lines) - first - 2)
    with pytest.raises(tg.DataError, match="the file ends; the last good record is 1 of"):
        load(tmp_path / "j", b"".join(lines[: first + 2]))
    with pytest.raises(tg.DataError, match=r"the file ends after 2 of \d+ gates"):
        load(tmp_path / "j", b"".join(lines[:3]), partial=True)
    with pytest.raises(tg.DataError, match="there are more than the"):
        load(tmp_path / "j", b"".join([*lines, lines[-1]]))


@given(st.binary(max_size=200))
def test_garbage_is_no_journal(tmp_path_factory, garbage: bytes) -> None:
    with pytest.raises(tg.DataError, match="no journal that tinygraph saved"):
        load(tmp_path_factory.getbasetemp() / "garbage", garbage)


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b"1" * 10_000, b'{"record": 1e999}', b'{"record": NaN}', b"\xff\xfe", b"null"],
)
def test_lines_that_are_no_rows(tmp_path: Path, lines, line: bytes) -> None:
    with pytest.raises(tg.DataError, match=r"j, line \d+: "):
        load(tmp_path / "j", b"".join([*lines[:-1], line + b"\n"]))
    with pytest.raises(tg.DataError, match="no journal that tinygraph saved"):
        load(tmp_path / "j", b"".join([line, b"\n", *lines[1:]]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
ODD = st.sampled_from(
    [-1, 10**30, True, "float32[999999999999999999,9]", "nan", [], [[]], {}, -0.5]
)


def places(value: Any) -> list[tuple]:
    """Where in a JSON value something else can be put."""
    found: list[tuple] = [()]
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value[:4]) if isinstance(value, list) else inner
    for key, item in inner:
        found += [(key, *rest) for rest in places(item)]
    return found


def read_or_refused(path: Path, content: bytes, **options: Any) -> SavedJournal | None:
    """The journal, which prints; None where the file is said to be wrong."""
    loaded, said = None, ""
    try:
        loaded = load(path, content, **options)
    except tg.DataError as error:
        said = str(error)
    assert said.startswith(str(path)) if loaded is None else len(str(loaded)) > 0 or not len(loaded)
    return loaded


@given(data=st.data())
def test_a_changed_file_is_read_or_said_to_be_wrong(tmp_path_factory, lines, data) -> None:
    number = data.draw(st.integers(0, len(lines) - 1))
    row = json.loads(lines[number])
    place = data.draw(st.sampled_from(places(row)))
    changed = data.draw(ODD | JSON)
    if not place:
        row = changed
    else:
        holder = row
        for key in place[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[place[-1]] = changed
        else:
            del holder[place[-1]]
    written = [*lines[:number], json.dumps(row).encode() + b"\n", *lines[number + 1 :]]
    path = tmp_path_factory.getbasetemp() / "changed"
    loaded = read_or_refused(path, b"".join(written), partial=data.draw(st.booleans()))
    if loaded is None:
        return
    for reading in loaded.values.values():
        assert str(reading)
    loaded.save(path)
    assert str(tg.load_journal(path)) == str(loaded)


@given(data=st.data())
def test_changed_bytes_are_read_or_said_to_be_wrong(tmp_path_factory, lines, data) -> None:
    content = bytearray(b"".join(lines))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(tmp_path_factory.getbasetemp() / "bytes", bytes(content))


def test_a_newer_file_is_refused(tmp_path: Path, lines) -> None:
    header = json.loads(lines[0])
    header["version"] = 99
    with pytest.raises(tg.DataError, match="version 99, this tinygraph reads up to 1"):
        load(tmp_path / "j", json.dumps(header).encode() + b"\n")


def test_names_and_files_of_any_characters(tmp_path: Path) -> None:
    x = tg.tensor(1.0, name='a "b"\n\u2028σ\udcff')
    assert back(tg.journal(x * x), tmp_path / "j").order[0].name == x.name
