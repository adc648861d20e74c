"""The quiz: questions, answers, the score."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stepper_talk import answer_to, circuit, session_of, small_net, talk

import tinygraph as tg
from tinygraph.journal import Backward
from tinygraph.stepper.quiz import Quiz, guess_of, is_right, question_of, to_question


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("-0.53", -0.53),
        ("+.5", 0.5),
        ("−4", -4.0),
        ("1e-3", 0.001),
        ("1/3", 1 / 3),
        ("-2 / 7", -2 / 7),
        ("- 4", -4.0),
        ("inf", math.inf),
        ("-∞", -math.inf),
        ("9" * 400, math.inf),
        ("1e999999", math.inf),
        ("1/0", None),
        ("n", None),
        ("", None),
        ("1/", None),
        ("1+1", None),
        ("0x10", None),
        ("1,5", None),
        ("٣", None),
    ],
)
def test_numbers_and_fractions_are_read(text: str, value: float | None) -> None:
    guess = guess_of(text)
    assert (guess and guess.value) == value


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_none(text: str) -> None:
    guess_of(text)


@pytest.mark.parametrize(
    ("typed", "answer", "right"),
    [
        ("-4", -4.0, True),
        ("4", -4.0, False),
        ("-4", -4.3, False),  # one digit is meant exactly
        ("-4.3", -4.32, True),
        ("0.2", 0.1966, True),  # as the slides round
        ("0.20", 0.1966, True),
        ("0.19", 0.1966, False),
        ("0.195", 0.1966, True),  # within 1 %
        ("12", 12.4, True),
        ("1/3", 0.3333333, True),
        ("1/3", 0.35, False),
        ("0", 0.0, True),
        ("0", 1e-9, True),
        ("0.0", 0.04, False),
        ("0", 0.3, False),
        ("1", 0.0, False),
        ("1e-9", 0.0, True),
        ("nan", math.nan, True),
        ("0", math.nan, False),
        ("inf", math.inf, True),
        ("-inf", math.inf, False),
        ("1e300", math.inf, False),
    ],
)
def test_what_is_right(typed: str, answer: float, right: bool) -> None:
    guess = guess_of(typed)
    assert guess is not None
    assert is_right(guess, answer) is right


@given(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3), st.integers(2, 6))
def test_a_rounded_answer_is_right_and_its_negative_is_not(answer: float, digits: int) -> None:
    typed = guess_of(f"{answer:.{digits}g}")
    turned = guess_of(f"{-answer:.{digits}g}")
    assert typed is not None
    assert turned is not None
    assert is_right(typed, answer)
    assert not is_right(turned, answer)


def test_the_quiz_asks_for_every_gradient_once() -> None:
    session = session_of(circuit())
    asked: list[str] = []
    session.quiz = Quiz()
    while (question := to_question(session)) is not None:
        asked.append(question.asks)
        session.next()
    assert asked == ["dL/dadd_1", "dL/dz", "dL/dx", "dL/dy"]


def test_a_quiz_at_the_prompt() -> None:
    session = session_of(circuit())
    said = talk(["quiz", "-4", "2", "skip", "answer -4.0"], session)
    prompts = [line for line in said.splitlines() if "= ? " in line]
    assert [p.split(" = ? ") for p in prompts] == [
        ["dL/dadd_1", "-4"],
        ["dL/dz", "2"],
        ["dL/dx", "skip"],
        ["dL/dy", "answer -4.0"],
    ]
    assert "right: dL/dadd_1 = -4.0" in said
    assert "no: dL/dz = 3.0" in said
    assert said.endswith("quiz: 2 of 4 right, 1 skipped\n")
    assert session.quiz is None
    assert session.cursor == 7


@pytest.mark.parametrize("lines", [["q"], [], ["!1", "stop"]])
def test_the_score_is_told_at_the_end(lines: list[str]) -> None:
    assert talk(["quiz", "-4", *lines]).endswith("quiz: 1 of 1 right\n")


def test_the_screen_has_a_question_mark_for_the_number() -> None:
    assert talk(["quiz"], plain=True).count("gradient ?.") == 1
    said = talk(["quiz"])
    assert len(re.findall(r" \? ", said.replace("? help", "").split("> quiz")[1])) == 1
    assert " ? " not in talk(["n 3"]).replace("? help", "")


def test_a_copy_gate_is_asked_for_part_by_part() -> None:
    x = tg.tensor(3.0, name="x")
    said = talk(["quiz", *["skip"] * 9], session_of(x * x + x))
    asked = re.findall(r"^(.*) = \? ", said, re.MULTILINE)
    assert asked.count("part of dL/dx over mul_1") == 2
    assert asked.count("part of dL/dx over add_1") == 1
    assert asked.count("dL/dmul_1") == 1


def test_what_is_wrong_is_explained_by_the_rule_at_the_element_asked_for() -> None:
    said = talk(["quiz", "5"])
    assert "dL/dadd_1 = dL/dmul_1 * z = 1.0 * (-4.0) = -4.0" in said
    assert "swap multiplier" in said
    session = session_of(small_net())
    talk(["quiz"], session)
    question = question_of(session)
    assert question is not None
    assert f"    {question.asks} = " in answer_to("skip", session)
    assert session.chosen == {}


def test_folded_modules_are_to_be_opened_first() -> None:
    x = tg.tensor(0.5, name="x")
    y = x
    for k in range(6):
        with tg.scope(f"block_{k}"):
            for _ in range(8):
                y = tg.tanh(y)
    session = session_of(y)
    assert answer_to("quiz", session) == (
        "the gradients to come are in folded modules; `into` opens one"
    )
    assert session.quiz is None
    assert "dL/dtanh_47 = ? skip" in talk(["i block_5", "quiz", "skip"], session)


def test_an_element_of_a_large_gradient_is_asked_for() -> None:
    session = session_of(small_net())
    talk(["quiz"], session)
    question = question_of(session)
    assert question is not None
    array = session.journal.contribution(question.record.gate, question.record.wire.position)
    assert question.answer == float(array[question.index])
    assert abs(question.answer) == np.abs(array).max()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["skip"], "there is no question; `quiz` begins one"),
        (["answer 3"], "there is no question; `quiz` begins one"),
        (["stop"], "there is no quiz to stop; `quiz` begins one"),
        (["end", "quiz"], "no gradient comes after this step; `home` leads back to the start"),
        (["quiz", "quiz"], "the quiz is on: type the number, `skip` or `stop`"),
        (["quiz", "answer x"], "answer takes a number, such as -0.53 or 1/3"),
        (
            ["quiz", "1/0"],
            "no command '1/0'; ? lists the commands; the quiz asks for dL/dadd_1: a number, "
            "skip or stop",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line(lines: list[str], says: str) -> None:
    assert says in talk(lines).splitlines()


def test_going_elsewhere_in_a_quiz_is_possible() -> None:
    session = session_of(circuit())
    talk(["quiz", "home", "n", "show x", "quiz", "-4"], session)
    assert session.quiz == Quiz(right=1)
    said = answer_to("p", session)
    assert "dL/dadd_1 = ?" not in said
    assert question_of(session) is not None


@given(st.lists(st.sampled_from(["quiz", "1", "-4", "3", "skip", "stop", "n", "p", "home", "i"])))
def test_any_sequence_keeps_the_score(lines: list[str]) -> None:
    session = session_of(circuit())
    talk(lines, session)
    if session.quiz is not None:
        assert session.quiz.asked == session.quiz.right + session.quiz.wrong + session.quiz.skipped
    question = question_of(session)
    assert question is None or isinstance(question.record, Backward)
