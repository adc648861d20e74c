"""Sessions: steps, levels and places; a session is where it is and nothing else."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.journal import Backward, Forward, journal
from tinygraph.stepper.commands import CommandError, find_command
from tinygraph.stepper.elements import role_of
from tinygraph.stepper.levels import Level
from tinygraph.stepper.picture import picture_of
from tinygraph.stepper.places import PlaceError, find_place
from tinygraph.stepper.rules.rule import rule_of
from tinygraph.stepper.session import Session, SessionError

MOVES = st.lists(
    st.sampled_from(["next", "next", "next 3", "back", "into", "out", "home", "end", "continue"])
    | st.integers(0, 400).map("goto {}".format),
    max_size=25,
)


def neuron() -> tg.Tensor:
    x0, x1 = tg.tensor(-1.0, name="x0"), tg.tensor(-2.0, name="x1")
    w0, w1 = tg.tensor(2.0, name="w0"), tg.tensor(-3.0, name="w1")
    b = tg.tensor(-3.0, name="b")
    return tg.sigmoid(w0 * x0 + w1 * x1 + b)


def modules(seed: int, gates: int) -> tg.Tensor:
    """A random circuit of scalars in modules within modules."""
    rng = np.random.default_rng(seed)
    pool = [tg.tensor(float(v), name=f"x{k}") for k, v in enumerate(rng.normal(size=4))]
    while len(pool) < gates + 4:
        with tg.scope(f"block{rng.integers(3)}"), tg.scope(f"layer{rng.integers(3)}"):
            for _ in range(rng.integers(1, 9)):
                a, b = (pool[k] for k in rng.integers(max(0, len(pool) - 9), len(pool), 2))
                pool.append(a * b if rng.random() < 0.5 else tg.tanh(a + b))
    return pool[-1]


def state(session: Session) -> tuple[list[Level], int]:
    return [*session.levels], session.cursor


def do(session: Session, line: str) -> None:
    name, _, text = line.partition(" ")
    with suppress(CommandError, SessionError, PlaceError):
        find_command(name).run(session, text)


def test_a_small_graph_is_walked_gate_by_gate() -> None:
    session = Session(journal(neuron()))
    assert session.level.stops == list(range(16))
    assert session.record is None
    assert session.names[session.focus] == "mul_1"
    assert [session.next() for _ in range(16)] == [1] * 15 + [0]
    assert isinstance(session.record, Backward)
    assert session.back(5) == 5
    assert session.cursor == 10


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 120), moves=MOVES)
def test_back_after_next_is_where_we_were(seed: int, gates: int, moves: list[str]) -> None:
    session = Session(journal(modules(seed, gates)))
    for line in ["", *moves]:
        if line:
            do(session, line)
        assert session.cursor in session.level.stops
        here, focus = state(session), session.focus
        if session.next():
            assert session.cursor > here[1]
            assert session.back() == 1
        assert (state(session), session.focus) == (here, focus)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 120))
def test_every_step_is_a_step_of_one_gate_somewhere(seed: int, gates: int) -> None:
    session = Session(journal(modules(seed, gates)))
    for record in session.journal:
        session.goto(record.number + 1)
        assert session.record is record
        assert session.focus is record.gate
        assert session.unit.gates == [record.gate]


@given(seed=st.integers(0, 10**6))
def test_steps_at_a_level_do_everything_once(seed: int) -> None:
    session = Session(journal(modules(seed, 100)))
    while session.next():
        pass
    assert session.cursor == len(session.journal)
    assert any(unit.module for unit in session.level.units)
    assert sorted(map(id, session.level.order)) == sorted(
        id(gate) for unit in session.level.units for gate in unit.gates
    )


def test_into_a_module_is_its_beginning_and_out_its_end() -> None:
    session = Session(journal(modules(3, 100)))
    session.next()
    folded, end = session.unit, session.cursor
    assert folded.module is not None
    session.into()
    assert session.level.kind == "module"
    assert session.cursor < end
    session.next()
    assert session.record is not None
    assert session.record.gate in folded.gates
    session.out()
    assert (session.unit, session.cursor) == (folded, end)


def test_into_a_module_whose_gates_are_seen_one_by_one() -> None:
    """A small model is not folded, but its layers can be looked at alone."""
    model = tg.nn.Sequential([tg.nn.Input((3,)), tg.nn.Dense(2, "relu"), tg.nn.Dense(1)])
    model.initialize(seed=0)
    session = Session(journal(model(tg.ones((1, 3))).sum()))
    assert not any(unit.module for unit in session.level.units)
    assert [unit.title for unit in session.level.modules] == ["sequential", "dense", "dense_1"]
    do(session, "into dense_1")
    assert (session.level.kind, session.level.title) == ("module", "dense_1")
    assert [node.op.name for node in session.level.order] == ["matmul", "broadcast", "add"]
    session.out()
    do(session, "into sequential")
    do(session, "into dense")
    assert [node.op.name for node in session.level.order][-1] == "relu"


def test_a_module_is_left_alone_by_what_runs_beside_it() -> None:
    """Its backward pass follows long after its forward pass; what is between is one step."""
    session = Session(journal(modules(3, 100)))
    session.next()
    session.into()
    inside = set(session.level.order)
    seen = []
    while session.next():
        assert session.record is not None
        seen.append((session.record.gate in inside, isinstance(session.record, Forward)))
    assert {True, False} == {forward for here, forward in seen if here}
    assert any(not here for here, _ in seen)


def test_goto_by_name() -> None:
    session = Session(journal(neuron()))
    do(session, "goto add_1")
    assert session.cursor == 3
    do(session, "goto dadd_1")
    assert session.cursor == 8
    with pytest.raises(CommandError, match="from the start"):
        find_command("goto").run(session, "w0")
    x, label = tg.tensor([[1.0, 2.0]], name="x"), tg.tensor([1], name="label")
    session = Session(journal(tg.cross_entropy(x, label)))
    with pytest.raises(CommandError, match="no gradient comes to label"):
        find_command("goto").run(session, "dlabel")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x[2, 0]", r"x\[2, 0\] is outside: x is float64\[2,3\]"),
        ("x[1]", "2 numbers say which element, not 1"),
        ("x[a, 1]", "whole numbers"),
        ("x[0.5, 1]", "whole numbers"),
        ("tahn_1", "close are tanh_1"),
        ("`x` 3", "after the name stands"),
        ("zzzzzz", "`ls` lists"),
    ],
)
def test_places_that_are_none(text: str, says: str) -> None:
    session = Session(journal(tg.tanh(tg.tensor(np.ones((2, 3)), name="x")).sum()))
    with pytest.raises(PlaceError, match=says):
        find_place(session, text)


def test_places() -> None:
    x = tg.tensor(np.ones((2, 3)), name="x")
    odd = tg.tensor(np.ones(()), name="odd name [0]/w.1")
    session = Session(journal((tg.tanh(x) * odd).sum()))
    assert find_place(session, "x").index is None
    assert find_place(session, " x [ -1 , 2]").index == (1, 2)
    assert find_place(session, "`x`[0,0]").index == (0, 0)
    for text in ("odd name [0]/w.1", "`odd name [0]/w.1`", "odd name [0]/w.1[]"):
        assert find_place(session, text).node is odd.node
    assert find_place(session, ".").node is session.focus


def test_a_gate_by_the_name_of_its_function() -> None:
    x = tg.tensor(np.ones((1, 4, 4, 1)), name="x")
    session = Session(journal(tg.max_pool2d(x, 2).sum()))
    assert find_place(session, "max_pool2d_1[0, 1, 1, 0]").node.op.name == "max_pool"
    with pytest.raises(PlaceError, match="nothing here is called 'max_pool2d_2'"):
        find_place(session, "max_pool2d_2")


def test_kernels_share_gates() -> None:
    x = tg.tensor(np.ones((4, 8, 8, 3)), name="x", dtype="float32")
    w = tg.parameter(np.ones((3, 3, 3, 8)), name="w", dtype="float32")
    b = tg.parameter(np.ones(8), name="b", dtype="float32")
    session = Session(journal(tg.relu(tg.conv2d(x, w) + b).sum()))
    do(session, "goto conv2d_1")
    do(session, "goto conv_1")
    do(session, "into kernel")
    assert session.level.kind == "region"
    assert {"conv_1", "relu_1"} <= {session.names[gate] for gate in session.level.order}
    session.out()
    assert session.level.kind == "graph"


def test_what_cannot_be_entered() -> None:
    session = Session(journal(neuron()))
    with pytest.raises(SessionError, match="whole graph"):
        session.out()
    with pytest.raises(SessionError, match="from 0 to 15, got 99"):
        session.goto(99)
    with pytest.raises(SessionError, match="no gate"):
        session.open_element(find_place(session, "w0").node, ())


def test_no_module_of_the_core_needs_the_stepper() -> None:
    """It stands above; only what opens it imports it, when it is opened."""
    code = "import sys, tinygraph; print([m for m in sys.modules if 'stepper' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def opened(session: Session, line: str) -> list[str]:
    do(session, line)
    assert session.level.kind == "scalars", line
    return [session.names[node] for node in session.journal.order if not node.inputs]


def test_into_an_element_and_into_its_gradient() -> None:
    x = tg.tensor(np.arange(16.0).reshape(1, 4, 4, 1), name="x")
    w = tg.parameter(np.arange(1.0, 5).reshape(2, 2, 1, 1), name="w")
    y = tg.conv2d(x, w)
    top = (y * y).sum()
    session = Session(journal(top))
    do(session, "goto conv_1")
    leaves = opened(session, "into conv_1[0,1,2,0]")
    assert {"x[0,1,2,0]", "x[0,2,3,0]", "w[1,1,0,0]"} <= set(leaves)
    assert session.journal.value(session.journal.outputs[0]) == y.numpy()[0, 1, 2, 0]
    (dy,) = tg.grad(top, [y])
    leaf = find_place(session, "w[1,1,0,0]").node
    assert session.journal.gradient(leaf) == dy.numpy()[0, 1, 2, 0] * x.numpy()[0, 2, 3, 0]
    session.out()
    leaves = opened(session, "into dw[0,1,0,0]")
    assert sum(name.startswith("x[") for name in leaves) == 9
    assert sum(name.startswith("dconv_1[") for name in leaves) == 9
    (dw,) = tg.grad(top, [w])
    assert session.journal.value(session.journal.outputs[0]) == dw.numpy()[0, 1, 0, 0]
    session.out()
    do(session, "goto dw")
    assert "dconv_1[0,0,0,0]" in opened(session, "into")


def test_into_opens_the_element_of_a_gradient_that_is_shown() -> None:
    """Where most came back, which is not where the value is largest."""
    x = tg.tensor([[9.0, 1.0]], name="x")
    w = tg.tensor([[1.0, 2.0], [3.0, -7.0]], name="w")
    session = Session(journal(tg.sum(x @ w)))
    do(session, "goto dw")
    assert rule_of(session).chains[0][0].startswith("dL/dw[0,0]")
    session.into()
    assert session.level.title == "dw[0,0] over matmul_1"
    session.out()
    do(session, "into dw")
    assert session.level.title == "dw[0,0]"


def test_what_is_empty_cannot_be_opened() -> None:
    x = tg.tensor(np.zeros((0, 2), np.float32), name="x")
    session = Session(journal(tg.sum(x * 2)))
    with pytest.raises(SessionError, match="mul_1 is float32\\[0,2\\]: it has no elements"):
        session.into()
    with pytest.raises(SessionError, match="dx is float32\\[0,2\\]: it has no elements"):
        session.open_gradient(x.node)


def test_what_comes_from_above_cannot_be_opened() -> None:
    session = Session(journal(neuron()))
    do(session, "goto dmul_1")
    with pytest.raises(SessionError, match="comes in from above"):
        session.into()
    x = tg.tensor(1.0, name="x")
    session = Session(journal(tg.detach(x) * tg.tensor(2.0, name="y")))
    with pytest.raises(SessionError, match="no gradient comes to x"):
        session.open_gradient(x.node, ())


def test_a_leaf_has_no_steps() -> None:
    with pytest.raises(SessionError, match="no gate computes x"):
        Session(journal(tg.tensor(1.0, name="x")), "x")


def test_a_role_is_told_where_a_gradient_comes() -> None:
    x, k = tg.tensor(2.0, name="x"), tg.tensor(3, name="k")
    whole = tg.journal(x * (k + k).astype("float32"))
    names = {name: node for node, name in whole.names.items()}
    assert role_of(whole, names["mul_1"]) == "swap multiplier"
    assert role_of(whole, names["add_1"]) == ""


def test_what_is_around_an_opened_element_is_outside() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    session = Session(journal((tg.exp(x) * x).sum()))
    do(session, "into sum_1")
    with pytest.raises(PlaceError, match="exp_1 is outside of what was opened; `out`"):
        find_place(session, "exp_1")


def test_a_figure_calls_the_output_as_the_screen_does() -> None:
    session = Session(journal(neuron()))
    assert "label=L " in picture_of(session).source
    x = tg.tensor(np.ones((1, 4, 4, 1)), name="x")
    session = Session(journal(tg.sum_pool2d(x, 2).sum()))
    session.open_element(session.level.order[0], (0, 1, 0, 0))
    assert f'label="{session.level.title}"' in picture_of(session).source


def test_into_the_second_module_of_a_name() -> None:
    x = tg.tensor(0.5, name="x")
    for _ in range(60):
        with tg.scope("one"):
            y = tg.tanh(x) * x
        with tg.scope("other"):
            x = tg.exp(-y) + y
    session = Session(journal(x))
    several = [unit for unit in session.level.modules if unit.title == "other"]
    for which in (1, 2, 60):
        do(session, f"into other {which}")
        assert session.level.gates == frozenset(several[which - 1].gates)
        session.out()
    for text in ("other 61", "other 0"):
        with pytest.raises(SessionError, match="no module other"):
            find_command("into").run(session, text)
