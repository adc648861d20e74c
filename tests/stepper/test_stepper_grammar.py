"""The language of break, watch and until=: what it means, and how it answers to slips."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_scope import MappingScope

from tinygraph.errors import GrammarError, TinygraphError
from tinygraph.stepper.grammar import (
    FACTS,
    FUNCTIONS,
    NOT_YET,
    Condition,
    Expression,
    complete,
    parse,
)
from tinygraph.stepper.grammar import tree as t
from tinygraph.stepper.grammar.parser import DEEP
from tinygraph.stepper.grammar.tokens import LONG, MANY

A = np.array([[1.5, -2.0, 0.0], [3.0, 0.25, -0.5]])
B = np.array([[0.5, 2.0, -1.0], [np.inf, 1.0, 4.0]])
C = np.array([[np.nan, 1.0, 2.0], [0.0, -0.0, -3.0]])
ARRAYS = {"a": A, "b/c": B, "odd name": C, "s": np.array(2.5)}
SCOPE = MappingScope({**ARRAYS, "step": 7, "new": A}, {"a": B})

LIMITS = (
    f"this is nested deeper than {DEEP}",
    f"these are more than {MANY}",
    f"this is longer than {LONG:,}",
)

# ---- random trees: round trip, and what NumPy says ----

NUMBERS = st.floats(0, allow_nan=False, allow_infinity=False).map(t.Number)
LEAVES = st.one_of(
    NUMBERS,
    st.integers(0, 20).map(lambda k: t.Number(float(k))),
    st.sampled_from([t.Constant("inf"), t.Constant("nan")]),
    st.sampled_from([t.Name(name) for name in ARRAYS]),
    st.sampled_from([t.Of("grad", "a"), t.Of("value", "odd name"), t.Word("step"), t.Word("new")]),
)
ELEMENTS = st.builds(
    t.At,
    st.sampled_from([t.Name("a"), t.Name("odd name"), t.Of("grad", "a")]),
    st.tuples(st.integers(-2, 1), st.integers(-3, 2)),
)
EACH = [name for name, f in FUNCTIONS.items() if f.each and f.gives == "number"]
WHOLE = [name for name, f in FUNCTIONS.items() if not f.each and f.gives == "number"]


def grown(inner: st.SearchStrategy[t.Part]) -> st.SearchStrategy[t.Part]:
    compared = st.builds(t.Compare, st.sampled_from(t.COMPARISONS), inner, inner)
    asked = st.one_of(compared, st.builds(t.Call, st.sampled_from(["isnan", "isinf"]), inner))
    return st.one_of(
        st.builds(t.Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(t.Minus, inner),
        st.builds(t.Call, st.sampled_from(EACH + WHOLE), inner),
        st.builds(t.Call, st.sampled_from(["count", "sum", "mean"]), asked),
    )


TREES = st.recursive(LEAVES | ELEMENTS, grown, max_leaves=8)
QUESTIONS = st.one_of(
    st.builds(t.Compare, st.sampled_from(t.COMPARISONS), TREES, TREES),
    st.builds(t.Call, st.sampled_from(["isnan", "isinf", "any", "all"]), TREES),
)
NAMES = st.one_of(
    st.text(min_size=1, max_size=6), st.sampled_from(["a/b.c", "value", "and", "isnan", "0", "abs"])
).map(t.Name)
TRUTHS = st.recursive(
    QUESTIONS
    | NAMES
    | st.sampled_from([t.Word("dead"), t.Word("backward")])
    | st.builds(
        t.Compare, st.sampled_from(["==", "!="]), st.just(t.Word("op")), st.text().map(t.Text)
    ),
    lambda inner: st.one_of(
        st.builds(t.Not, inner), st.builds(t.Join, st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=5,
)
INDEX = st.one_of(
    st.integers(-9, 9),
    st.builds(t.Span, st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9)),
)
INDEXED = st.builds(t.At, TREES, st.lists(INDEX, min_size=1, max_size=3).map(tuple))


def by_numpy(part: t.Part) -> Any:
    """The meaning of numbers, functions and signs, said once more in NumPy's own words."""
    match part:
        case t.Number(value):
            return np.float64(value)
        case t.Constant(name):
            return np.float64(name)
        case t.Name(name) | t.Of("value", name):
            return ARRAYS[name]
        case t.Of():
            return B
        case t.Word(word):
            return np.float64(7) if word == "step" else A
        case t.At(array, index):
            return by_numpy(array)[index]
        case t.Minus(inner):
            return -by_numpy(inner)
        case t.Arithmetic(sign, left, right) | t.Compare(sign, left, right):
            named = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power"}
            named |= {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
            named |= {"==": "equal", "!=": "not_equal"}
            return getattr(np, named[sign])(by_numpy(left), by_numpy(right))
        case t.Call("count", inner):
            return np.float64(np.count_nonzero(by_numpy(inner)))
        case t.Call("size", inner):
            return np.float64(np.size(by_numpy(inner)))
        case t.Call("norm", inner):
            return np.sqrt((by_numpy(inner) ** 2).sum())
        case t.Call(function, inner):
            return getattr(np, function)(by_numpy(inner))
    raise AssertionError(part)


def read_or_refused(text: str) -> Expression | GrammarError:
    try:
        return parse(text)
    except GrammarError as error:
        return error


@given(TREES | TRUTHS | INDEXED)
def test_a_tree_printed_and_read_is_the_same(tree: t.Part) -> None:
    again = read_or_refused(str(tree))
    if isinstance(again, GrammarError):
        assert str(again).startswith(LIMITS), str(again)
        return
    assert again == Expression(tree)
    assert str(again) == str(tree)


@given(TREES | QUESTIONS)
def test_the_value_is_what_numpy_says(tree: t.Part) -> None:
    with np.errstate(all="ignore"):
        expected = by_numpy(tree)
    found = Expression(tree).evaluate(SCOPE)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(
        np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=1e-12
    )


@given(TREES)
def test_a_condition_holds_where_a_comparison_does_for_any_element(tree: t.Part) -> None:
    question = f"{tree} > 0.5" if tree.power > 4 else f"({tree}) > 0.5"
    with np.errstate(all="ignore"):
        expected = bool(np.any(by_numpy(tree) > 0.5))
    assert Condition(question).holds(SCOPE) is expected
    assert Condition(f"not {question}").holds(SCOPE) is not expected


WORDS = [*FACTS, *FUNCTIONS, "and", "or", "not", "inf", "nan", "a", "b/c", "`odd name`", "grad"]
SIGNS = ["+", "-", "*", "/", "**", "<", ">=", "==", "(", ")", "[", "]", ",", ":", '"x"', "1", "2.5"]


@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from(WORDS + SIGNS), max_size=14).map(" ".join),
        st.lists(st.sampled_from(WORDS + SIGNS), max_size=14).map("".join),
        st.text("(-[`\"'a*. ", max_size=400),
    )
)
def test_random_text_is_read_or_refused_with_a_caret(text: str) -> None:
    expression = read_or_refused(text)
    if isinstance(expression, GrammarError):
        assert str(expression).splitlines()[-1].strip() == "^"
        assert 0 <= expression.place <= len(text)
        return
    assert parse(str(expression)) == expression
    with suppress(GrammarError):
        Condition(text).holds(SCOPE)
    with suppress(GrammarError):
        expression.check(SCOPE)
        expression.evaluate(SCOPE)


# ---- by hand ----


@pytest.mark.parametrize(
    "name",
    [
        "eval",
        "exec",
        "open",
        "getattr",
        "compile",
        "__import__",
        "load",
        "fromfile",
        "save",
        "sin",
        "system",
        "print",
    ],
)
def test_only_functions_of_the_table_are_known(name: str) -> None:
    """Neither Python's nor NumPy's."""
    for text in (f"{name}(x)", f'{name}("x")', f"any({name}(x) > 0)", f"x.{name}(x)"):
        with pytest.raises(GrammarError):
            parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("2 ** -1", 0.5),
        ("1 - 2 - 3", -4.0),
        ("8 / 4 / 2", 1.0),
        ("1e-3", 0.001),
        (".5 + 1.", 1.5),
        ("9 ** 9 ** 9 ** 9", np.inf),
        ("1 / 0", np.inf),
        ("log(-1) == log(-1)", False),
        ("a[1, -1]", -0.5),
        ("sum(a[:, 0])", 4.5),
        ("grad(a)[0, 1]", 2.0),
        ("grad(a[0, 1])", 2.0),
        ("count(a > 0)", 3.0),
        ("count(a > 0 and a < 2)", 2.0),
        ("any(a > 0 and a < 0)", False),
        ("a > 0 and a < 0", True),
        ("mean(a > 0)", 0.5),
        ("size(a)", 6.0),
        ("max(`odd name`)", np.nan),
        ("grad(s)", NOT_YET),
        ("abs(grad(s)) > 1", NOT_YET),
        ("grad(s) > 1 or step == 7", True),
        ("grad(s) > 1 and step == 8", False),
        ("not grad(s) > 1", NOT_YET),
        ("b/c == b/c", None),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = parse(text).evaluate(SCOPE)
    if value is None:
        assert isinstance(found, np.ndarray)
        return
    assert type(found) is type(value)
    assert found is value or found == value or (np.isnan(found) and np.isnan(value))


def test_not_yet_prints_as_a_dot_and_is_never_true() -> None:
    scope = MappingScope({"x": None, "y": 1.0})
    assert str(parse("x + y").evaluate(scope)) == "·"
    for text in ("x > 0", "x <= 0", "not x > 0", "isnan(x)", "not isnan(x)", "x > 0 and y > 0"):
        assert not Condition(text).holds(scope)
    assert Condition("x > 0 or y > 0").holds(scope)


WRONG = [
    ("", "expected a number, a name or (, found the end", 0),
    ("a +", "expected a number, a name or (, found the end", 3),
    ("a * / s", "expected a number, a name or (, found /", 4),
    ("(a + 1", "this ( is never closed", 0),
    ("a + 1)", "expected a sign or the end, found )", 5),
    ("abs(a", "this ( is never closed", 3),
    ("abs()", "expected a number, a name or (, found )", 4),
    ("abs(a, a)", "abs takes one argument", 5),
    ("abbs(a)", "no function is called abbs; do you mean abs?", 0),
    ("grad(1 + a)", "grad(...) takes the name of a gate or tensor", 5),
    ("a[", "an index is a whole number, as in [0, 2:4, -1]; found the end", 2),
    ("a[1.5]", "an index is a whole number, as in [0, 2:4, -1]; found 1.5", 2),
    ("a[0", "this [ is never closed", 1),
    ("a[2, 0]", "a is [2,3]: 2 is outside", 1),
    ("a[0, 0, 0]", "a is [2,3]: it has no 3 axes", 1),
    ("s[0]", "s is a single number: it has no 1 axes", 1),
    ("a[0] + a[:, 0]", "these have two shapes, [3] and [2]; one must be a single number", 5),
    ("a s", "a sign, or and, must stand between a and s", 2),
    ("a // s", "// is written / here", 2),
    ("a && s", "&& is written and here", 2),
    ("a = 1", "= is written == here", 2),
    ("1 < a < 2", "comparisons are not chained; write 1 < a and a < ...", 6),
    ("a $ s", "'$' means nothing here", 2),
    ('gate == "relu', "this quote is never closed", 8),
    ("`a", "this name in backquotes is empty or never closed", 0),
    ("op == relu", 'op is a text; write op == "relu"', 6),
    ('a == "relu"', '"relu" is a text and a a number', 0),
    ('op > "relu"', "texts are equal or not: == or !=, not >", 3),
    ("abs(a > 1)", "a > 1 is true or false, and abs takes numbers", 6),
    ("-dead", "dead is true or false, and - takes numbers", 1),
    ("op + 1", "op is a text, and + takes numbers", 0),
    ("(a > 1) == 1", "a > 1 is true or false already; join it with and, or, not", 3),
    ("a + 1 and dead", "a + 1 is a number; a condition compares it, as in a + 1 > 10", 2),
    ("not op", 'op is a text; compare it, as in op == "..."', 4),
    ("and a", "expected a number, a name or (, found and", 0),
    ("aa + 1", "no value here is called aa; close are a", 0),
    ("zz + 1", "no value here is called zz; there are a, b/c, `odd name`, s, new, step", 0),
    ("zz and step", "step is a number; a condition compares it, as in step > 10", 7),
    ("a/s", "a division has blanks around its sign: a / s", 0),
    ("norm > 1", "norm is a function: norm(...)", 0),
    ("upstream", "there is no `upstream` here; close are step", 0),
    ("(" * 60, "this is nested deeper than 40", 40),
    ("-" * 60 + "1", "this is nested deeper than 40", 40),
    ("2" + " ** 2" * 60, "this is nested deeper than 40", 200),
    ("not " * 60 + "a", "this is nested deeper than 40", 160),
    ("1" + " + 1" * 100, "these are more than 200 words and signs", 400),
    ("a" * 1001, "this is longer than 1,000 characters", 1000),
]


@pytest.mark.parametrize(("text", "says", "place"), WRONG)
def test_what_is_wrong_is_said_and_shown(text: str, says: str, place: int) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text).evaluate(SCOPE)
    lines = str(caught.value).splitlines()
    assert lines[0] == says
    assert caught.value.place == place
    if len(text) <= 70:
        assert lines[1:] == [f"    {text}", f"    {' ' * place}^"] or (not text and len(lines) == 3)


def test_the_longest_texts_are_read_and_computed() -> None:
    for text, value in [
        ("1" + " + 1" * 99, 100.0),
        ("(" * 38 + "1" + ")" * 38, 1.0),
        ("-" * 38 + "1", 1.0),
        ("not " * 38 + "1 > 0", True),
        ("1 > 2" + " or 1 > 2" * 48, False),
    ]:
        expression = parse(text)
        assert expression.evaluate(SCOPE) == value
        assert parse(str(expression)) == expression
    with pytest.raises(GrammarError) as caught:
        parse("not " + "1 + " * 90 + "1")
    assert max(map(len, str(caught.value).splitlines())) < 300


def test_the_caret_stays_with_the_place_in_a_long_text() -> None:
    text = "1 + " * 40 + "% + 1"
    with pytest.raises(GrammarError) as caught:
        parse(text)
    _, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^")] == "%"
    assert len(line) < 80
    assert caught.value.place == text.index("%")


@pytest.mark.parametrize("text", ["a", "a + 1", "grad(a)", "step", "op", "3", "isnan(a) and a"])
def test_a_condition_must_be_true_or_false(text: str) -> None:
    with pytest.raises(GrammarError):
        Condition(text).check(SCOPE)


def test_shapes_and_names_are_checked_before_there_are_numbers() -> None:
    for text in ("a[0] + a[:, 0] > 1", "a[7] > 1", "b > 1", "isnan(a) or upstream > 1"):
        with pytest.raises(GrammarError):
            Condition(text).check(SCOPE)
    Condition("a[0] + grad(a)[1] > 1 or any(isnan(`odd name`) and a > 0)").check(SCOPE)


def test_a_number_of_a_wrong_kind_in_a_mapping_is_named() -> None:
    with pytest.raises(TinygraphError, match="x is no number"):
        parse("x").evaluate(MappingScope({"x": "text"}))


@pytest.mark.parametrize(
    ("pattern", "text", "fitting"),
    [
        ("conv_*", "conv_12", True),
        ("conv_?", "conv_12", False),
        ("second", "outer/second/inner", True),
        ("outer/second", "outer/second/inner", True),
        ("outer/inner", "outer/second/inner", False),
        ("out*", "outer/second", True),
        ("ter", "outer", False),
        ("x[0,2]", "x[0,2]", True),
        ("x[0,2]", "x0", False),
        ("", "", True),
        ("*a" * 300, "a" * 200 + "b", False),
    ],
)
def test_patterns(pattern: str, text: str, fitting: bool) -> None:
    assert Condition(f'gate == "{pattern}"').holds(MappingScope({"gate": text})) is fitting
    assert Condition(f'"{pattern}" != gate').holds(MappingScope({"gate": text})) is not fitting


def test_isnan_alone_needs_a_step() -> None:
    with pytest.raises(GrammarError, match="no step is looked at here; name what is meant"):
        Condition("isnan").check(MappingScope({"loss": 1.0}))


def test_names_and_words() -> None:
    expression = parse("grad(a)[0] > `odd name` and relu and op == 'x' or isnan(value)")
    assert expression.names() == {"a", "odd name", "relu"}
    assert expression.words() == {"op", "value"}


def test_nothing_is_asked_for_that_does_not_matter() -> None:
    asked: list[str] = []

    def given(name: str) -> Any:
        return lambda: asked.append(name) or np.ones(3)

    scope = MappingScope({"x": given("x"), "y": given("y"), "step": 3})
    assert not Condition("step > 5 and isnan(x)").holds(scope)
    assert Condition("step == 3 or isnan(x)").holds(scope)
    assert asked == []
    assert Condition("step == 3 and y > 0").holds(scope)
    assert set(asked) == {"y"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is", ["isinf", "isinf(", "isnan", "isnan("]),
        ("abs(con", ["conv/kernel", "conv_1"]),
        ("conv/", ["conv/kernel"]),
        ("step > 3 and my", ["`my gate`"]),
        ("`my", ["`my gate`"]),
        ("x > zzz", []),
        ('gate == "con', []),
        ("gr", ["grad", "grad("]),
    ],
)
def test_completion(text: str, expected: list[str]) -> None:
    assert complete(text, ["conv_1", "conv/kernel", "my gate"]) == expected
