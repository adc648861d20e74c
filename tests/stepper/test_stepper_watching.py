"""break and watch, typed."""

from __future__ import annotations

import pytest
from stepper_talk import answer_to, session_of, small_net

from tinygraph.journal import Backward, Forward
from tinygraph.stepper.commands import COMMANDS
from tinygraph.stepper.session import Session


@pytest.fixture
def session() -> Session:
    return session_of(small_net())


def test_conditions_are_listed_and_taken_off(session: Session) -> None:
    assert answer_to("break", session) == "no conditions; `break CONDITION` adds one"
    assert answer_to("b relu", session) == "`continue` stops where relu (number 1)"
    answer_to("b dead relu", session)
    answer_to("b abs(grad)>10", session)
    assert answer_to("b", session) == "1  relu\n2  dead and relu\n3  abs(grad) > 10"
    assert answer_to("b delete 2", session) == "1  relu\n2  abs(grad) > 10"
    assert answer_to("break clear", session) == "no conditions are left"
    assert session.breaks == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("b relu", "relu is number 1 already"),
        ("b  (relu)", "relu is number 1 already"),
        ("b delete 7", "there is no number 7; `break` lists 1"),
        ("b delete", "break delete takes the number that `break` lists"),
        ("w delete x", "watch delete takes the number that `watch` lists"),
        ("w delete 1", "there is no number 1: the list is empty"),
        ("w w +", "expected a number, a name or (, found the end"),
        ("w w[9]", "w is [3,3,2,2]: 9 is outside"),
        ("b w + 1", "w + 1 is a number; a condition compares it, as in w + 1 > 10"),
        ("b relo", "no gate, op or module here is called relo; close are relu"),
    ],
)
def test_what_is_wrong_changes_nothing(session: Session, line: str, says: str) -> None:
    answer_to("b relu", session)
    assert answer_to(line, session).startswith(says)
    assert [str(b) for b in session.breaks] == ["relu"]
    assert session.watches == []


def test_continue_stops_forward_backward_and_going_back(session: Session) -> None:
    answer_to("b relu", session)
    assert "stopped: relu" in answer_to("c", session)
    assert isinstance(session.record, Forward)
    forward = session.cursor
    assert "stopped: relu" in answer_to("c", session)
    assert isinstance(session.record, Backward)
    assert "stopped: relu" in answer_to("rc", session)
    assert session.cursor == forward


def test_continue_stops_where_a_gradient_is_large(session: Session) -> None:
    answer_to("b abs(grad) > 10", session)
    answer_to("c", session)
    record = session.record
    assert isinstance(record, Backward)
    assert abs(record.contribution.array).max() > 10
    earlier = session.journal.records[: record.number]
    assert all(abs(r.contribution.array).max() <= 10 for r in earlier if isinstance(r, Backward))


def test_what_is_watched_changes_with_the_steps(session: Session) -> None:
    assert answer_to("w", session) == "nothing is watched; `watch EXPR` begins"
    assert "watch norm(grad(w)) = ·" in answer_to("w norm(grad(w))", session)
    assert answer_to("watch", session) == "1  norm(grad(w)) = ·"
    session.end()
    said = answer_to("watch", session)
    assert said.startswith("1  norm(grad(w)) = ")
    assert float(said.rpartition(" ")[2]) > 0
    assert "nothing is watched now" in answer_to("w delete 1", session)


def test_words_are_completed(session: Session) -> None:
    for name in ("break", "watch"):
        complete = COMMANDS[name].complete
        assert complete is not None
        assert complete(session, "relu") == ["relu", "relu_1"]
        assert "delete" in complete(session, "de")
        assert list(complete(session, "isnan(rel")) == ["relu", "relu_1"]
        assert "delete" not in complete(session, "step > 3 and de")
