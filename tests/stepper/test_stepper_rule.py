"""The rule of a step: the lecture's word, and formulas whose numbers are those of the journal."""

from __future__ import annotations

import re

import numpy as np
import pytest
from circuits import neuron, tangle
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.graph import OPS, make
from tinygraph.journal import Backward, Forward, Wire, number
from tinygraph.stepper.rules.formulas import backward_formula, forward_formula
from tinygraph.stepper.rules.rule import ROLES, Rule, rule_of
from tinygraph.stepper.session import Session
from tinygraph.tensor import node_of


def rules(y: tg.Tensor, width: int = 200) -> dict[str, list[str]]:
    """The lines of each step, by what they are about."""
    session = Session(tg.journal(y), "test")
    found: dict[str, list[str]] = {}
    for step in range(len(session.journal) + 1):
        session.cursor = step
        first, *rest = rule_of(session).lines(width)
        found[first] = rest
    return found


def test_the_neuron(golden) -> None:
    told = rules(neuron())
    golden.check(
        "stepper_rules_neuron.txt",
        "\n".join("\n".join([title, *(f"  {x}" for x in lines)]) for title, lines in told.items()),
    )


def test_the_lecture_example() -> None:
    x, y, z = (tg.tensor(v, name=n) for n, v in (("x", -2.0), ("y", 5.0), ("z", -4.0)))
    told = rules((x + y) * z)
    assert told["add_1 (+): gradient distributor"][-1] == "add_1 = x + y = -2.0 + 5.0 = 3.0"
    assert told["mul_1 (*) back to z: swap multiplier"][-1] == (
        "dL/dz = dL/dmul_1 * add_1 = 1.0 * 3.0 = 3.0"
    )
    assert told["add_1 (+) back to x: gradient distributor"][-1] == "dL/dx = dL/dadd_1 = -4.0"


def test_a_gradient_is_shown_where_most_comes_back() -> None:
    x = tg.tensor([9.0, 1.0, 1.0], name="x")
    told = rules((x * tg.tensor([0.0, -5.0, 2.0], name="w")).sum())
    assert told["mul_1 (*) back to x: swap multiplier"][-1] == (
        "dL/dx[1] = dL/dmul_1[1] * w[1] = 1.0 * (-5.0) = -5.0"
    )


def test_every_nickname_is_explained() -> None:
    words = {op.nickname for op in OPS.values() if op.nickname}
    assert words <= set(ROLES)
    assert "gradient adder" in ROLES


def test_the_sum_at_a_copy_gate() -> None:
    x, a = tg.tensor(3.0, name="x"), tg.tensor(-4.0, name="a")
    session = Session(tg.journal(x * a + x * 2 + x), "test")
    told: list[str] = []
    for step in range(len(session.journal) + 1):
        session.cursor = step
        told += [line for line in rule_of(session).lines(200) if "copy gate" in line]
    begin = "copy gate, gradient adder: dL/dx = "
    assert told == [
        begin + "1.0 (1 of 3 wires)",
        begin + "1.0 + 2.0 = 3.0 (2 of 3 wires)",
        begin + "1.0 + 2.0 + (-4.0) = -1.0 (3 of 3 wires)",
    ]


def test_a_router_and_a_relu() -> None:
    x, y = tg.tensor(2.0, name="x"), tg.tensor(3.0, name="y")
    told = rules(tg.relu(tg.maximum(x, y)))
    assert told["relu_1 back to maximum_1"] == [
        "dL/dmaximum_1 = where(relu_1 > 0, dL/drelu_1, 0) = where(3.0 > 0, 1.0, 0) = 1.0"
    ]
    assert told["maximum_1 back to x: gradient router"][-1] == (
        "dL/dx = where(x >= y, dL/dmaximum_1, 0) = where(2.0 >= 3.0, 1.0, 0) = 0.0"
    )


def test_products_are_named_after_what_they_multiply() -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], name="x")
    w = tg.tensor([[0.5], [-1.0]], name="w")
    told = rules((x @ w).sum())
    assert told["matmul_1 (@)"] == [
        "matmul_1[1,0] = x[1,0] * w[0,0] + x[1,1] * w[1,0] = 3.0 * 0.5 + 4.0 * (-1.0) = -2.5"
    ]
    assert told["matmul_1 (@) back to w"] == [
        "dL/dw[1,0] = x[0,1] * dL/dmatmul_1[0,0] + x[1,1] * dL/dmatmul_1[1,0]"
        " = 2.0 * 1.0 + 4.0 * 1.0 = 6.0"
    ]


def test_large_sums_name_their_largest_term() -> None:
    x = tg.tensor(np.arange(1.0, 25.0).reshape(4, 6), name="x")
    w = tg.tensor(np.ones((6, 1)), name="w")
    told = rules((x @ w).sum())
    assert told["matmul_1 (@)"] == [
        "matmul_1[3,0] = sum of 6 products (largest: x[3,5] * w[5,0] = 24.0 * 1.0 = 24.0) = 129.0"
    ]
    assert told["matmul_1 (@) back to w"] == [
        "dL/dw[5,0] = sum of 4 products"
        " (largest: x[3,5] * dL/dmatmul_1[3,0] = 24.0 * 1.0 = 24.0) = 60.0"
    ]


def test_what_is_said_in_passing_gets_a_line_of_its_own() -> None:
    chain = ("x", "sum of 9 products (largest: a * b = 1.0 * 2.0 = 2.0)", "3.0")
    assert Rule("x", "", (chain,)).lines(40) == [
        "x",
        "x = sum of 9 products = 3.0",
        "    largest: a * b = 1.0 * 2.0 = 2.0",
    ]


@given(seed=st.integers(0, 10**6), width=st.integers(1, 100), rows=st.integers(1, 6))
def test_rules_fit(seed: int, width: int, rows: int) -> None:
    session = Session(tg.journal(tangle(seed, 8)), "tangle")
    for step in range(len(session.journal) + 1):
        session.cursor = step
        lines = rule_of(session).lines(width, rows)
        assert len(lines) <= rows
        assert all(len(line) <= width for line in lines)


@given(seed=st.integers(0, 10**6))
def test_chains_end_with_the_number_of_the_record(seed: int) -> None:
    session = Session(tg.journal(tangle(seed, 8)), "tangle")
    for record in session.journal:
        session.cursor = record.number + 1
        if session.level.unit_of[record.gate].module is not None:
            continue
        chain = rule_of(session).chains[0]
        match record:
            case Forward():
                assert chain[-1] == number(record.value.at(()))
            case Backward():
                assert chain[-1] == number(record.contribution.at(()))


SCALARS = [
    op
    for op in OPS.values()
    if op.elementwise and op.examples() and op.examples()[0].inputs[0].dtype.is_float
]


@pytest.mark.parametrize("kind", SCALARS, ids=lambda op: op.name)
def test_every_elementwise_op_has_formulas(kind) -> None:
    """With names, and of the derivative too where there is one: the vjp on stand-ins."""
    example = kind.examples()[0]
    leaves = [node_of(tg.tensor(a, name=f"x{k}")) for k, a in enumerate(example.arrays())]
    gate = make(example.op, *leaves)
    text = forward_formula(gate, lambda node: node.name or "y")
    assert any(leaf.name in text for leaf in leaves if leaf.name)
    for k, leaf in enumerate(leaves):
        if kind.differentiable and gate.dtype.is_float and leaf.dtype.is_float:
            slope = backward_formula(Wire(gate, k), "g", lambda node: node.name or "y")
            assert slope == "0" or re.search(r"\bg\b", slope), slope


@pytest.mark.parametrize("kind", SCALARS, ids=lambda op: op.name)
def test_formulas_with_numbers_say_what_is_computed(kind) -> None:
    """Where all is + - * / of numbers, the text can be computed again by hand: here it is."""
    example = kind.examples()[0]
    arrays = [a.reshape(-1)[:1].reshape(()) for a in example.arrays()]
    leaves = [node_of(tg.tensor(a, name=f"x{k}")) for k, a in enumerate(arrays)]
    gate = make(example.op, *leaves)
    values = dict(zip(leaves, (number(a.item()) for a in arrays)))
    text = forward_formula(gate, lambda node: values[node])
    shown = text.replace("(", "").replace(")", "")
    for value in values.values():
        assert value in shown
    if kind.name in ("add", "sub", "mul", "div", "neg"):
        total = _computed(text)
        assert total == pytest.approx(example.op.evaluate(*arrays).item(), rel=1e-3)


def _computed(text: str) -> float:
    """A formula of one sign between two numbers."""
    first, sign, second = (re.fullmatch(r"(\S+) (\S) (\S+)", text) or _negated(text)).groups()
    a, b = (float(part.strip("()")) for part in (first, second))
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[sign]


def _negated(text: str) -> re.Match[str]:
    found = re.fullmatch(r"(\S+) (\S) (\S+)", f"0 - {text.removeprefix('-')}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("make", "step", "says"),
    [
        (tg.sum, "sum_1 (Σ) back to x", "dL/dx[0] = dL/dsum_1 = 1.0"),
        (tg.max, "max_1 back to x: gradient router", "dL/dx[1] = dL/dmax_1 = 1.0"),
        (tg.min, "min_1 back to x: gradient router", "dL/dx[2] = dL/dmin_1 = 1.0"),
        (lambda x: x[1], "reshape_1 back to slice_1", "dL/dslice_1[0] = dL/dreshape_1 = 1.0"),
    ],
)
def test_the_first_gradient_is_named_where_it_is_sent_on(make, step: str, says: str) -> None:
    assert rules(make(tg.tensor([2.0, 3.0, 1.0], name="x")))[step][-1] == says


def test_a_router_says_which_gradient_came_and_not_how_it_chose() -> None:
    told = rules(tg.sum(tg.max(tg.tensor([[2.0, 3.0], [5.0, 4.0]], name="x"), axis=1)))
    assert told["max_1 back to x: gradient router"][-1] == "dL/dx[0,1] = dL/dmax_1[0] = 1.0"


def test_a_polynomial_is_not_written_out() -> None:
    told = rules(tg.erf(tg.tensor(0.7, name="x")))
    assert told["erf_1"] == ["erf_1 = erf(x) = erf(0.7) = 0.6778"]


def test_a_matrix_product_ahead_is_written_with_its_sign() -> None:
    A, B = tg.tensor([[1.0, 2.0]], name="A"), tg.tensor([[3.0], [4.0]], name="B")
    assert rules(A @ B)["next: matmul_1"] == ["matmul_1 = A @ B"]


def test_what_is_empty_has_no_element_to_show() -> None:
    x, b = (tg.tensor(np.zeros(s, np.float32), name=n) for n, s in (("x", (0, 3)), ("b", 3)))
    told = rules(tg.sum(x * 2 + b))
    assert told["mul_1 (*): swap multiplier"][-1] == "mul_1 is float32[0,3]: it has no elements"
    assert told["mul_1 (*) back to x: swap multiplier"][-1] == (
        "dL/dx is float32[0,3]: it has no elements"
    )


def test_a_gate_that_changes_nothing_says_so() -> None:
    x = tg.tensor(2.0, name="x")
    assert rules(x * 1)["mul_1 (*): swap multiplier"][-1] == "mul_1 = x * 1 = 2.0 * 1 = 2.0"
    assert rules(x + 0)["add_1 (+): gradient distributor"][-1] == "add_1 = x + 0 = 2.0 + 0 = 2.0"


def test_of_many_wires_at_a_copy_gate_the_last_are_shown() -> None:
    x = tg.tensor(2.0, name="x")
    said = rules(x * 3 - x - x - x)
    assert any(
        "dL/dx = … + (-1.0) + 3.0 = 0.0 (4 of 4 wires)" in " ".join(v) for v in said.values()
    )
