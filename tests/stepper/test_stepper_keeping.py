"""Saving and loading sessions."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stepper_talk import answer_to, circuit, session_of, small_net, talk

import tinygraph as tg
from tinygraph.errors import DataError, TinygraphError
from tinygraph.stepper.kept import digest_of, kept, restore
from tinygraph.stepper.kept_arrays import read, written
from tinygraph.stepper.session import Session
from tinygraph.types import DType, TensorType

CONDITIONS = ["b abs(grad) > 1e9", "w norm(grad(w)) / norm(w)"]
CHANGES = ["set w[0,0,0,0] 2.5", "nudge x 0.01", "set conv_1[0,0,0,0] nan"]
LINES = [*CONDITIONS, *CHANGES, "n 2", "show x[0,1,1,0]", "quiz", "skip", "p", "show w[0,0,0,1]"]


def _somewhere() -> Session:
    session = session_of(small_net())
    talk(LINES, session)
    return session


def _state(session: Session) -> Any:
    journal = session.levels[0].journal
    names = journal.names
    return (
        [(names[c.node], c.index, c.nudged) for c in session.changes],
        {name: journal.values[node].array.tobytes() for node, name in names.items()},
        [(level.kind, level.title, level.time.cursor) for level in session.levels],
        list(map(str, session.breaks)),
        list(map(str, session.watches)),
        {names[node]: at for node, at in session.chosen.items()},
        session.quiz,
        session.history,
    )


def test_a_session_goes_on_where_it_was(tmp_path: Path) -> None:
    session = _somewhere()
    file = tmp_path / "a b.json"
    assert f"written: {file}" in answer_to(f"save {file}", session)
    expected = _state(session)
    again = session_of(small_net())
    talk([f"load {file}"], again)
    again.history.pop()
    expected[-1].pop()
    assert _state(again) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["i conv_1[0,2,3,1]", "n 3"],
        ["n 3", "i", "end"],
        ["end", "i"],
        ["end", "i", "p 2"],
        ["n", "i kernel", "n"],
        ["n 5", "i kernel", "i", "n"],
    ],
)
def test_what_is_opened_is_opened_again(lines: list[str], tmp_path: Path) -> None:
    session = session_of(small_net())
    talk([*lines, f"save {tmp_path / 's'}"], session)
    assert len(session.levels) > 1
    again = session_of(small_net())
    talk([f"load {tmp_path / 's'}"], again)
    assert _state(again)[:-1] == _state(session)[:-1]


def test_a_change_is_undone_after_loading(tmp_path: Path) -> None:
    first = session_of(small_net())
    before = _state(first)[1]
    talk([*CHANGES, f"save {tmp_path / 's'}"], first)
    second = session_of(small_net())
    talk(["set x 1", f"load {tmp_path / 's'}"], second)
    assert _state(second)[1] == _state(first)[1] != before
    talk(["undo"] * 3, second)
    assert _state(second)[1] == before
    assert answer_to("undo", second) == "nothing was set or nudged"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["x", "w", "conv_1", "block", "isnan(value)", "max(abs(w))"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["module", "kernel", "element", "sent", "gradient", "index", "right"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
ARRAYS = st.sampled_from(["float32", "float64", "int32", "uint32", "bool"]).flatmap(
    lambda dtype: arrays(dtype, st.sampled_from([(), (0,), (3,), (2, 2), (5, 20)]))
)


@given(ARRAYS)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    kind = TensorType(array.shape, DType(str(array.dtype)))
    again = read(json.loads(json.dumps(written(array))), kind)
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    nan = np.isnan(array)
    assert np.array_equal(np.isnan(again), nan)
    assert again[~nan].tobytes() == array[~nan].tobytes()


@given(ARRAYS, st.sampled_from(["dtype", "shape", "data"]), st.data())
def test_a_damaged_array_is_refused_or_fits(
    array: np.ndarray, field: str, data: st.DataObject
) -> None:
    kind = TensorType(array.shape, DType(str(array.dtype)))
    damaged = written(array) | {field: data.draw(JSON)}
    try:
        again = read(damaged, kind)
    except DataError:
        return
    assert TensorType(again.shape, DType(str(again.dtype))) == kind


def test_another_graph_is_refused_and_nothing_changed(tmp_path: Path) -> None:
    file = tmp_path / "s"
    talk(["n 3", f"save {file}"], session_of(small_net()))
    session = session_of(circuit())
    talk(["n"], session)
    said = answer_to(f"load {file}", session)
    assert said.startswith("this session belongs to another graph (")
    assert "\n" not in said
    assert session.cursor == 1


def test_the_digest_is_of_the_graph_and_not_of_its_numbers() -> None:
    def digest(x: float, y: float) -> str:
        a, b = tg.tensor(x, name="a"), tg.tensor(y, name="b")
        return digest_of(tg.journal(a * b))

    assert digest(1.0, 2.0) == digest(3.0, 4.0)
    a = tg.tensor(1.0, name="a")
    assert digest(1.0, 2.0) != digest_of(tg.journal(a * a))


def test_a_file_that_cannot_be_written_or_read_is_a_line(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "s"
    assert answer_to(f"save {missing}").startswith("cannot write ")
    assert answer_to(f"load {missing}").startswith("cannot read ")
    assert answer_to(f"load {tmp_path}").startswith("cannot read ")
    (tmp_path / "deep").write_text("[" * 100_000)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name in ("deep", "bytes"):
        assert "is no session: " in answer_to(f"load {tmp_path / name}")
    assert answer_to("save") == "save takes the name of a file, as in save a.json"
    assert answer_to("load") == "load takes the name of a file, as in load a.json"


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s"
    talk([f"save {file}"])
    before = file.read_text()
    monkeypatch.setattr("os.replace", _full)
    assert "cannot write" in answer_to(f"save {file}")
    assert file.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def _full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


SAVED = json.loads(json.dumps(kept(_somewhere())))


@given(JSON)
def test_any_json_is_refused_in_a_sentence(data: Any) -> None:
    with pytest.raises(DataError):
        restore(session_of(circuit()), data)


@given(st.sampled_from(sorted(SAVED)), JSON)
def test_a_damaged_session_is_refused_or_valid(field: str, value: Any) -> None:
    data = copy.deepcopy(SAVED)
    data[field] = value
    session = session_of(small_net())
    try:
        restore(session, data)
    except TinygraphError:
        return
    assert session.cursor in session.level.stops
    talk(["n", "p", "show", "ls", "q"], session)


@given(JSON, st.lists(st.integers(-1, 30), max_size=3))
def test_damaged_openings_are_refused_or_valid(entry: Any, steps: list[int]) -> None:
    data = copy.deepcopy(SAVED) | {"opened": [entry], "steps": steps}
    session = session_of(small_net())
    try:
        restore(session, data)
    except TinygraphError:
        return
    assert session.cursor in session.level.stops


@pytest.mark.parametrize("field", sorted(SAVED))
def test_a_missing_field_is_named(field: str) -> None:
    data = {name: value for name, value in SAVED.items() if name != field}
    with pytest.raises(DataError, match="session" if field == "what" else field):
        restore(session_of(small_net()), data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", [10**9]),
        ("steps", [-1]),
        ("steps", [1.0]),
        ("steps", [True]),
        ("steps", [1, 2]),
        ("chosen", [["x", [0, 0, 0, -1]]]),
        ("chosen", [["x", [0, 0, 0, 2]]]),
        ("chosen", [["x", [0, 0]]]),
        ("chosen", [["nothing", []]]),
        ("opened", [{"element": "conv_1", "index": [0, 0, 0, -1]}]),
        ("opened", [{"element": "x", "index": [0, 0, 0, 0]}]),
        ("opened", [{"gradient": "w", "index": [0, 0, 9, 0]}]),
        ("opened", [{"sent": 0, "index": []}]),
        ("opened", [{"sent": 10**9, "index": []}]),
        ("opened", [{"module": "nothing"}]),
        ("opened", [{"module": "block", "which": -1}]),
        ("opened", [{"module": "block", "which": 1}]),
        ("breaks", ["__import__('os').system('true')"]),
        ("watches", ["x.__class__"]),
        ("changes", [{"at": "x", "index": [0, 0, 0, -1], "value": {}, "nudged": None}]),
        ("quiz", {"right": -1, "wrong": 0, "skipped": 0}),
    ],
)
def test_what_does_not_fit_the_graph_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    """And by `load` the session stays as it was."""
    data = copy.deepcopy(SAVED) | {field: value}
    with pytest.raises(TinygraphError):
        restore(session_of(small_net()), data)
    file = tmp_path / "s"
    file.write_text(json.dumps(data))
    session = _somewhere()
    before = _state(session)
    assert "bug" not in answer_to(f"load {file}", session)
    assert _state(session)[:-1] == before[:-1]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_of_modules_with_one_name_the_opened_one_comes_back(which: int) -> None:
    def session() -> Session:
        x = tg.tensor(0.5, name="x")
        for _ in range(3):
            with tg.scope("block"):
                for _ in range(15):
                    x = tg.tanh(x) * x
            x = x + 1.0
        return session_of(x)

    inside = session()
    inside.into_module("block", which)
    inside.end()
    again = session()
    restore(again, json.loads(json.dumps(kept(inside))))
    names = [[*map(s.names.get, s.level.order)] for s in (inside, again)]
    assert names[0] == names[1]
    assert again.cursor == inside.cursor
