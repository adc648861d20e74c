"""Conditions and expressions on the run of a graph: what is known at a step, and what is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_scope import MappingScope

import tinygraph as tg
from tinygraph.errors import GrammarError
from tinygraph.graph import scope
from tinygraph.journal import (
    Backward,
    Forward,
    Held,
    Journal,
    Recalled,
    Start,
    journal,
    load_journal,
)
from tinygraph.stepper.grammar import (
    NOT_YET,
    Condition,
    Operand,
    SessionScope,
    parse,
)
from tinygraph.stepper.session import Session

# ---- what is asked of a summary, and of the array ----


class Watched(Held):
    """Says whether its array was read."""

    reads = 0

    @property
    def array(self) -> np.ndarray:
        Watched.reads += 1
        return super().array


class OneTensor(MappingScope):
    """A scope with the one tensor x, which knows its range."""

    def lookup(self, name: str) -> Operand | None:
        return Operand(Watched(self.values["x"])) if name == "x" else None


NUMBERS = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.1, 1.0, -1.0, 3.5, -7.25])
KINDS = st.sampled_from(["float32", "float64", "int32", "uint32", "bool"])
SIGNS = ["<", "<=", ">", ">=", "==", "!="]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    values = draw(st.lists(NUMBERS, min_size=0, max_size=6))
    kind = draw(KINDS)
    floats = np.array(values, np.float64)
    return (
        floats if kind.startswith("float") else np.abs(np.nan_to_num(floats, posinf=9, neginf=-9))
    ).astype(kind)


@st.composite
def questions(draw: st.DrawFn) -> str:
    x = draw(st.sampled_from(["x", "abs(x)"]))
    number = draw(st.sampled_from(["0", "0.1", "1", "-1", "-7.25", "3.5", "inf", "-inf", "nan"]))
    sign = draw(st.sampled_from(SIGNS))
    asked = draw(
        st.sampled_from([f"{x} {sign} {number}", f"{number} {sign} {x}", f"isnan({x})"])
        | st.just(f"isinf({x})")
    )
    return draw(st.sampled_from([asked, f"any({asked})", f"all({asked})", f"not all({asked})"]))


@settings(max_examples=100)
@given(arrays(), questions())
def test_a_summary_answers_as_the_array_does(array: np.ndarray, question: str) -> None:
    whole = re.sub(r"\bx\b", "(x + 0)", question)  # no whole tensor any more: this one is read
    short = Condition(question).holds(OneTensor({"x": array}))
    assert short is Condition(whole).holds(OneTensor({"x": array}))


FEW = [
    np.array(values, np.float32)
    for count in (0, 1, 2, 3)
    for values in combinations_with_replacement([np.nan, -np.inf, -2.0, 0.5, 1.0, np.inf], count)
]
MEANS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
MEANS |= {"==": "equal", "!=": "not_equal"}


@pytest.mark.parametrize("sign", SIGNS)
def test_all_small_arrays_and_comparisons(sign: str) -> None:
    for number, size in product((-2.0, 0.5, 1.0, 3.0, np.inf, np.nan), (False, True)):
        x = "abs(x)" if size else "x"
        asked = f"{x} {sign} {number}"
        conditions = Condition(asked), Condition(f"all({asked})"), Condition(f"all(isinf({x}))")
        for array in FEW:
            scope = OneTensor({"x": array})
            each = getattr(np, MEANS[sign])(np.abs(array) if size else array, number)
            expected = each.any(), each.all(), np.isinf(array).all()
            assert tuple(c.holds(scope) for c in conditions) == expected, (asked, array)


@given(arrays(), st.sampled_from(["min(x)", "max(x)", "size(x)"]))
def test_functions_of_a_whole_tensor_too(array: np.ndarray, text: str) -> None:
    scope = OneTensor({"x": array})
    found, read = parse(text).evaluate(scope), parse(text.replace("x)", "x + 0)")).evaluate(scope)
    assert found == read or (found != found and read != read)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("isnan(x)", True),
        ("all(isnan(x))", False),
        ("isinf(x)", False),
        ("abs(x) > 10", False),
        ("abs(x) >= 4", True),
        ("abs(x) >= 10", False),
        ("x < -4", False),
        ("-4 >= x", True),
        ("x != 2", True),
        ("x == 2.5", True),
        ("x == 9", False),
        ("all(x < 3)", False),
        ("max(x) > 3 or size(x) == 3", True),
    ],
)
def test_whole_tensors_are_not_read(text: str, holds: bool) -> None:
    array = np.array([-4.0, np.nan, 2.5], np.float32)
    Watched.reads = 0
    assert Condition(text).holds(OneTensor({"x": array})) is holds
    assert Watched.reads == 0


def test_where_the_range_does_not_tell_the_array_is_read() -> None:
    array = np.array([-4.0, 1.0, 2.5], np.float32)
    Watched.reads = 0
    assert Condition("x == 1").holds(OneTensor({"x": array}))
    assert Condition("abs(x) < 2").holds(OneTensor({"x": array}))
    assert Watched.reads == 2


# ---- a run ----


@dataclass
class Walk:
    """A journal and how far one has gone."""

    journal: Journal
    cursor: int = 0


def net() -> Any:
    """Two layers; of the second ReLU all inputs are below 0. nothing is NaN."""
    x = tg.tensor(np.array([[1.0, 2.0]], np.float32), name="x")
    w = tg.tensor(np.array([[1.0, -1.0], [0.5, 2.0]], np.float32), name="a w")
    with scope("outer"), scope("first"):
        h = tg.functional.relu(x @ w)
    with scope("outer"), scope("second"):
        d = tg.functional.relu(h - 100.0)
    return (h * h + d).sum()


@pytest.fixture
def walk() -> Walk:
    return Walk(journal(net()))


def every_step(walk: Walk) -> Iterator[int]:
    for steps in range(len(walk.journal) + 1):
        walk.cursor = steps
        yield steps


def stops(walk: Walk, text: str) -> list[int]:
    """All numbers of steps done at which a condition holds."""
    scope, condition = SessionScope(walk), Condition(text)
    return [steps for steps in every_step(walk) if condition.holds(scope)]


def numbers(walk: Walk, fits: Any) -> list[int]:
    return [record.number + 1 for record in walk.journal if fits(record)]


def test_a_bare_name_is_a_step_of_a_gate_an_op_or_a_module(walk: Walk) -> None:
    names = walk.journal.names
    assert stops(walk, "relu") == numbers(walk, lambda r: r.gate.op.name == "relu")
    assert stops(walk, "relu_1") == numbers(walk, lambda r: names[r.gate] == "relu_1")
    second = stops(walk, "second")
    assert second == numbers(walk, lambda r: "second" in (r.gate.origin.scope))
    assert len(second) > 2
    assert stops(walk, "outer/second") == second == stops(walk, 'module == "second"')
    assert stops(walk, 'gate == "relu_*" and backward') == [
        n for n in stops(walk, "relu") if isinstance(walk.journal[n - 1], Backward)
    ]
    assert stops(walk, "not forward and not backward") == []


def test_a_leaf_is_where_a_gradient_was_sent_to_it(walk: Walk) -> None:
    names = walk.journal.names
    sent = numbers(walk, lambda r: isinstance(r, Backward) and names[r.wire.source] == "a w")
    assert stops(walk, "`a w`") == sent
    assert sent


def test_words_for_the_step_just_done(walk: Walk) -> None:
    scope = SessionScope(walk)
    for _ in every_step(walk):
        assert parse("step").evaluate(scope) == walk.cursor
        found = {w: parse(w).evaluate(scope) for w in ("value", "grad", "new", "upstream", "total")}
        there = {word for word, value in found.items() if value is not NOT_YET}
        match walk.journal[walk.cursor - 1] if walk.cursor else None:
            case None:
                assert there == set()
                assert parse("op").evaluate(scope) is NOT_YET
            case Forward() as record:
                assert there == {"value", "new"}
                np.testing.assert_array_equal(found["new"], record.value.array)
                assert parse("op").evaluate(scope) == record.gate.op.name
            case Start():
                assert there == {"grad", "new", "total"}
            case Backward() as record:
                assert there == {"grad", "new", "upstream", "total"}
                np.testing.assert_array_equal(found["grad"], record.contribution.array)
                np.testing.assert_array_equal(found["total"], record.total.array)
                local = parse("local").evaluate(scope)
                assert (local is NOT_YET) is (record.local is None)


def test_what_is_not_computed_yet_is_not_there(walk: Walk) -> None:
    scope = SessionScope(walk)
    walk.cursor = 0
    assert parse("relu_1").evaluate(scope) is NOT_YET
    assert parse("grad(relu_1)[0, 1]").evaluate(scope) is NOT_YET
    assert parse("x[0, 1]").evaluate(scope) == 2.0
    walk.cursor = len(walk.journal)
    relu = {name: node for node, name in walk.journal.names.items()}["relu_1"]
    np.testing.assert_array_equal(parse("relu_1").evaluate(scope), walk.journal.value(relu))
    assert parse("grad(relu_1)[0, 1]").evaluate(scope) == walk.journal.gradient(relu)[0, 1]
    steps = stops(walk, "abs(grad(relu_1)) >= 0")
    assert steps == list(range(min(steps), len(walk.journal) + 1))


def test_what_the_array_of_a_step_does_not_have_is_not_there(walk: Walk) -> None:
    found = stops(walk, "value[0, 1] > 0")
    assert [walk.journal[n - 1].gate.op.name for n in found] == ["matmul", "relu", "mul", "add"]
    shaped = [r.number + 1 for r in walk.journal if r.gate.shape == (1, 2)]
    assert set(stops(walk, "value - x <= 9")) <= set(shaped)
    assert stops(walk, "value - x <= 9")


def test_the_gradient_so_far_grows(walk: Walk) -> None:
    """h is used twice by h * h and once by h - 100: what is known is the running sum."""
    relu = {name: node for node, name in walk.journal.names.items()}["relu_1"]
    scope, seen = SessionScope(walk), []
    for _ in every_step(walk):
        value = parse("sum(grad(relu_1))").evaluate(scope)
        if value is not NOT_YET and (not seen or value != seen[-1]):
            seen.append(value)
    assert len(seen) > 1
    assert seen[-1] == walk.journal.gradient(relu).sum()


def test_a_dead_relu_is_found_in_its_forward_step(walk: Walk) -> None:
    (dead,) = stops(walk, "dead")
    record = walk.journal[dead - 1]
    assert isinstance(record, Forward)
    assert walk.journal.names[record.gate] == "relu_2"
    assert stops(walk, "dead relu") == [dead]
    assert stops(walk, "dead relu_1") == []
    only = Walk(journal(net(), gradients=False))
    assert stops(only, "dead") == [dead]


def test_isnan_alone_asks_about_what_was_just_computed() -> None:
    x = tg.tensor(np.array([-1.0, 4.0], np.float32), name="x")
    walk = Walk(journal(tg.functional.sqrt(x).sum()))
    first, *others = stops(walk, "isnan")
    assert walk.journal[first - 1].gate.op.name == "sqrt"
    assert isinstance(walk.journal[first - 1], Forward)
    assert any(isinstance(walk.journal[n - 1], Backward) for n in others)
    assert stops(walk, "isnan(value)") == [n for n in stops(walk, "isnan") if n <= first + 1]


def test_conditions_on_op_and_gate_read_no_array(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(reading: Recalled) -> Any:
        raise AssertionError("read")

    monkeypatch.setattr(Recalled, "array", property(refused))
    monkeypatch.setattr(Recalled, "summary", property(refused))
    text = 'op == "matmul" or gate == "sum_*" or relu or second or step > 5 or backward'
    assert stops(walk, text)
    assert stops(walk, 'op == "none" and isnan(value)') == []
    with pytest.raises(AssertionError, match="read"):
        stops(walk, "isnan(value)")


def test_isnan_reads_summaries_only(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    for record in walk.journal:
        for reading in vars(record).values():
            if isinstance(reading, Recalled):
                assert reading.summary  # as a walk over a large graph leaves it
    monkeypatch.setattr(Recalled, "array", property(lambda reading: pytest.fail("read")))
    assert stops(walk, "isnan or abs(value) > 1e9 or isinf(grad) or isnan(grad(`a w`))") == []


def test_unknown_names_are_refused_before_any_step(walk: Walk) -> None:
    for text, says in [
        ("relu_3 > 1", "no value here is called relu_3; close are relu_2, relu_1"),
        ("conv", "no gate, op or module here is called conv"),
        ("x[0, 2] > 1", "x is [1,2]: 2 is outside"),
        ("x + relu_1 + `a w` > 1", "these have two shapes"),
    ]:
        with pytest.raises(GrammarError) as caught:
            Condition(text).check(SessionScope(walk))
        assert str(caught.value).startswith(says)


def test_inside_of_an_opened_element_names_around_keep_their_meaning() -> None:
    session = Session(journal(net()))
    session.end()
    names = {name: node for node, name in session.names.items()}
    outside = parse("max(relu_1)").evaluate(SessionScope(session))
    session.open_element(names["matmul_1"], (0, 1))
    scope = SessionScope(session)
    assert "relu_1" not in session.names.values()
    assert parse("max(relu_1)").evaluate(scope) == outside
    assert not Condition("relu").holds(scope)
    assert not Condition("outer/second").holds(scope)
    scalar = next(name for name in session.names.values() if name.startswith("x["))
    assert parse(scalar).evaluate(scope) in (1.0, 2.0)
    session.end()
    assert Condition("add or mul").holds(scope)


def test_a_journal_read_from_a_file_answers_alike(walk: Walk, tmp_path: Path) -> None:
    walk.journal.save(tmp_path / "run.jsonl")
    loaded = Walk(load_journal(tmp_path / "run.jsonl"))
    for text in ("relu", "second", "isnan", "abs(grad) > 1", "grad(relu_1)[0, 1] > 0", "dead"):
        assert stops(loaded, text) == stops(walk, text)


def test_a_scope_follows_the_session_to_other_numbers() -> None:
    session = Session(journal(net()))
    scope = SessionScope(session)
    session.end()
    before = parse("sum(x)").evaluate(scope)
    x = tg.tensor(np.array([[3.0, 3.0]], np.float32), name="x")
    session.replace(journal((x * x).sum()))
    assert before == 3.0
    assert parse("sum(x)").evaluate(scope) == 6.0
