"""Inside a gate: the window of the opened element is marked on the image."""

from __future__ import annotations

import numpy as np
import pytest
from stepper_talk import session_of, talk

import tinygraph as tg
from tinygraph.graph import Node
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session
from tinygraph.tensor import node_of

X = np.random.default_rng(0).normal(size=(1, 6, 7, 2))
W = np.random.default_rng(1).normal(size=(3, 3, 2, 1))


def opened(index: tuple[int, ...]) -> Session:
    y = tg.conv2d(tg.tensor(X, name="x"), tg.tensor(W, name="w"), padding="same")
    session = Session(tg.journal(tg.sum(y * y)))
    session.open_element(node_of(y), index)
    return session


def pictures(session: Session, width: int, height: int) -> list[str]:
    lines = screen(session, width, height).plain.split("\n")
    return [line for line in lines if "▚▚" in line[:14] or "[]" in line[:14]]


def position(node: Node) -> tuple[int, ...]:
    assert node.name is not None
    return tuple(int(k) for k in node.name[2:-1].split(","))


@pytest.mark.parametrize("size", [(80, 24), (80, 30), (120, 40), (200, 50)])
def test_the_window_is_marked(size: tuple[int, int]) -> None:
    session = opened((0, 2, 4, 0))
    session.next()
    marked = pictures(session, *size)
    assert [line[:14].count("▚▚") + line[:14].count("[]") for line in marked] == [3, 3, 3]
    assert [line.index("▚▚") if "[]" not in line[:14] else -1 for line in marked] == [-1, 6, 6]


def test_the_element_of_the_step_is_in_brackets() -> None:
    session = opened((0, 2, 4, 0))
    for k in range(len(session.journal)):
        session.goto(k + 1)
        assert session.record is not None
        found = [x for x in session.record.gate.inputs if (x.name or "").startswith("x[")]
        if not found:
            continue
        _, row, column, _ = position(found[0])
        lines = pictures(session, 80, 24)
        rows = [r for r, line in enumerate(lines) if "[]" in line[:14]]
        assert rows == [row - 1]
        assert lines[rows[0]].index("[]") == 2 * column


def test_sentences_name_the_window() -> None:
    session = opened((0, 0, 0, 0))
    session.next()
    text = screen(session, 80, 24, plain=True).plain
    assert "x, window [0,0:2,0:2,0:2]" in text
    assert "w, float64[3,3,2,1]" in text


def test_a_window_that_covers_the_image_does_not_hide_it() -> None:
    x, w = tg.tensor(X, name="x"), tg.tensor(W, name="w")
    session = Session(tg.journal(tg.sum(tg.conv2d(x, w, padding="same") ** 2)))
    session.open_gradient(node_of(w), (0, 0, 0, 0))
    shown = screen(session, 80, 30).plain
    assert "x, window [0,0:5,0:6,0]" in shown
    assert "▚" not in shown
    assert "█" in shown


def test_what_a_gradient_reads_of_the_one_above_is_marked() -> None:
    x = tg.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], name="x")
    w = tg.tensor([[1.0, 1.0]] * 3, name="w")
    said = talk(["goto dw"], session_of(tg.sum(tg.relu(x @ w))))
    assert "dL/dw[2,0] = x[0,2] * dL/dmatmul_1[0,0] + x[1,2] * dL/dmatmul_1[1,0]" in said
    assert "dL/dmatmul_1, window [0:2,0] " in said
