"""The screen: it fits, it is a function of the session, it says the same in sentences."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest
from circuits import chain, conv_net, neuron, tangle
from hypothesis import given, settings
from hypothesis import strategies as st
from random_journals import of_random_graph
from rich.text import Text

import tinygraph as tg
from tinygraph.stepper.grammar import parse
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session, SessionError


def seen(session: Session, width: int, height: int, plain: bool = False) -> str:
    """The screen as text, without the numbers of lines in the test files."""
    return re.sub(r"\.py:\d+:", ".py:", screen(session, width, height, plain).plain)


GRAPHS = {
    "neuron": (neuron, (0, 3, 5, 12, 15)),
    "conv_net": (conv_net, (0, 1, 12, 60)),
    "chain": (lambda: chain(300), (700,)),
}


@pytest.mark.parametrize("size", [(80, 23), (200, 49)], ids=["80x24", "200x50"])
@pytest.mark.parametrize("name", GRAPHS)
def test_screens(golden, name: str, size: tuple[int, int]) -> None:
    make, where = GRAPHS[name]
    session = Session(tg.journal(make()), name)
    shown: list[str] = []
    for step in where:
        session.cursor = min(step, len(session.journal))
        shown.append(seen(session, *size))
    golden.check(f"stepper_screen_{name}_{size[0]}x{size[1] + 1}.txt", "\n\n".join(shown))


def test_the_neuron_in_sentences(golden) -> None:
    session = Session(tg.journal(neuron()), "neuron")
    shown: list[str] = []
    for step in (0, 1, 12):
        session.cursor = step
        shown.append(seen(session, 80, 24, plain=True))
    golden.check("stepper_screen_neuron_plain.txt", "\n\n".join(shown))


@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 220),
    height=st.integers(1, 60),
    step=st.integers(0, 100),
)
def test_it_fits(seed: int, width: int, height: int, step: int) -> None:
    session = Session(tg.journal(tangle(seed, 12)), "a" * (seed % 90))
    session.cursor = min(step, len(session.journal))
    lines = screen(session, width, height).split("\n")
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)
    for line in screen(session, width, height, plain=True).split("\n"):
        assert line.cell_len <= max(width, 10)


@settings(max_examples=8)
@given(seed=st.integers(0, 10**6), order=st.integers(1, 2), data=st.data())
def test_any_op_can_be_seen(seed: int, order: int, data: st.DataObject) -> None:
    journal = of_random_graph(seed, 8, order)
    if not journal.outputs[0].inputs:
        return
    session = Session(journal, "random")
    for _ in range(6):
        session.cursor = data.draw(st.integers(0, len(session.journal)))
        if data.draw(st.booleans()):
            with suppress(SessionError):
                session.into()
        for width, height, plain in ((80, 23, False), (130, 45, False), (80, 23, True)):
            lines = screen(session, width, height, plain).split("\n")
            assert all(line.cell_len <= width for line in lines)
            assert plain or len(lines) <= height


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_going_back_shows_the_very_same(seed: int) -> None:
    session = Session(tg.journal(tangle(seed, 6)), "tangle")
    before: list[Text] = []
    while True:
        before.append(screen(session, 100, 30))
        if not session.next():
            break
    while before:
        assert screen(session, 100, 30) == before.pop()
        session.back()


def test_odd_names_do_no_harm() -> None:
    x = tg.tensor(2.0, name="a\x1b[31m\n日本語\u200d" * 4)
    session = Session(tg.journal(x * x), "x\x1b[2J")
    for plain in (False, True):
        for step in range(len(session.journal) + 1):
            session.cursor = step
            text = screen(session, 60, 20, plain)
            assert all(c.isprintable() or c == "\n" for c in text.plain)
            assert all(line.cell_len <= 60 for line in text.split("\n"))


def test_the_rows_of_a_whole_circuit_do_not_move() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    rows: set[tuple[int, ...]] = set()
    for step in range(len(session.journal) + 1):
        session.cursor = step
        lines = seen(session, 80, 23).split("\n")
        rows.add((len(lines), *(k for k, line in enumerate(lines[:16]) if "_" in line)))
    assert len(rows) == 1


def test_it_says_where_and_how_far() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    assert "step 0 of 15, nothing computed" in seen(session, 80, 23)
    session.next(3)
    first, bar, *_ = seen(session, 80, 23).split("\n")
    assert first.startswith("neuron ")
    assert first.endswith("step 3 of 15, forward")
    assert bar.count("━") == 16
    session.end()
    assert seen(session, 80, 23).split("\n")[0].endswith("at the end")


def test_a_module_is_in_the_path() -> None:
    session = Session(tg.journal(tangle(1, 80)), "net")
    unit = next(u for u in session.level.units if u.module)
    while session.unit is not unit:
        session.next()
    assert "╔" in seen(session, 80, 23)
    session.into_module(unit.title)
    assert seen(session, 80, 23).startswith(f"net › {unit.title} ")


def test_watches_stand_below() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    session.watches = [parse("add_1 * 2"), parse("grad(w0)")]
    assert "watch add_1 * 2 = ·" in seen(session, 80, 23)
    session.end()
    text = seen(session, 80, 23)
    assert "watch add_1 * 2 = 8.0" in text
    assert "watch grad(w0) = -0.1966" in text


def test_sentences_have_the_facts_of_the_picture() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    session.goto(12)
    text = " ".join(seen(session, 80, 23, plain=True).split())
    for fact in (
        "Step 12 of 15, backward, in neuron.",
        "mul_2 (*), swap multiplier.",
        "w1, value -3.0, gradient -0.3932",
        "x1, value -2.0, gradient not computed yet",
        "value 6.0, gradient 0.1966. Goes to: add_1",
        "dL/dw1 = dL/dmul_2 * x1 = 0.1966 * (-2.0) = -0.3932",
        "circuits.py:",
    ):
        assert fact in text


def test_tensors_are_seen() -> None:
    x = tg.tensor(np.linspace(-1, 1, 64).reshape(1, 8, 8, 1), name="x", dtype="float32")
    session = Session(tg.journal(tg.relu(x).sum()), "relu")
    session.next()
    text = seen(session, 120, 40)
    assert "x  float32[1,8,8,1] -1.0 … 1.0" in text
    assert "relu_1  float32[1,8,8,1] 0.0 … 1.0, mean 0.254, 50 % zeros" in text
    assert "██" in text
    assert "█" not in seen(session, 80, 16)


def test_without_colour_nothing_is_lost() -> None:
    """The current gate is heavy, the wire of the step too; values are above and gradients below."""
    session = Session(tg.journal(neuron()), "neuron")
    session.goto(12)
    text = seen(session, 80, 23)
    assert text.count("┏") == 1
    assert "w1 ━" in text
