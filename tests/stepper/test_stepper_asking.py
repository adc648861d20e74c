"""The commands why, origin, check, set, nudge and undo, as they are typed."""

from __future__ import annotations

import numpy as np
import pytest
from stepper_talk import answer_to, circuit, session_of, small_net, talk

import tinygraph as tg
from tinygraph.stepper.session import Session


def said(line: str, session: Session) -> list[str]:
    """The lines that are printed, without the screen above them."""
    return answer_to(line, session, plain=True).splitlines()


def test_why_level_by_level(golden) -> None:
    session = session_of(circuit())
    lines = ["end", "why x", "why 1", "why 1", "why up", "why up", "why y[]", "why dL/dx", "why dz"]
    text = []
    for line in lines:
        text += [
            f"> {line}",
            *(part.partition(", stepper_talk")[0] for part in said(line, session)),
        ]
    golden.check("stepper_asking.txt", "\n".join(text[text.index("> why x") :]))


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("why 1", "`why X` comes first"),
        ("why up", "`why X` comes first"),
        ("why nothing", "nothing here is called 'nothing'"),
        ("why x[0]", "x is one number, float32[]: it takes no index"),
        ("why x paths 0", "why lists 1 to 100, got 0"),
        ("origin dnothing", "nothing here is called"),
        ("check q r s", "nothing here is called"),
        ("set x", "set takes a place and a value"),
        ("set 3", "set takes a place and a value"),
        ("set x three", "a value is a number or a list"),
        ("set x [1, 2]", "x takes one number"),
        ("nudge", "nudge takes a place"),
        ("nudge x inf", "a finite number"),
        ("undo", "nothing was set or nudged"),
        ("undo it", "undo takes nothing"),
    ],
)
def test_hints(line: str, hint: str) -> None:
    session = session_of(circuit())
    assert hint in " ".join(said(line, session))
    assert session.changes == []


def test_why_after_the_last_term() -> None:
    session = session_of(circuit())
    said("why x", session)
    assert "numbered its terms up to 1" in said("why 2", session)[0]
    said("why 1", session)
    said("why 1", session)
    assert "the gradient starts there" in said("why 1", session)[0]
    for _ in range(2):
        said("why up", session)
    assert "this was the first" in said("why up", session)[0]


def test_why_without_a_name_is_the_gate_looked_at() -> None:
    session = session_of(circuit())
    assert said("why", session)[0].startswith("dL/dadd_1 = -4.0")


def test_what_is_not_computed_yet_is_marked() -> None:
    session = session_of(circuit())
    note = "(at this step it is not computed yet)"
    assert said("why x", session)[-1] == note
    assert said("check x", session)[-1] == note
    session.end()
    assert note not in said("why x", session)


def test_paths_and_routes() -> None:
    session = session_of(small_net())
    lines = said("why w[0,0,1,1] paths 2", session)
    assert lines[0] == "dL/dw[0,0,1,1] = 6.263, the sum over 11 paths"
    assert lines[3].strip() == "all others (9): 3.395"
    assert "by conv_1, mul_1, relu_1, sum_2" in said("why w routes", session)[2]


def test_names_that_look_like_words() -> None:
    x = tg.tensor(2.0, name="up")
    session = session_of(x * tg.tensor(3.0, name="x paths"))
    assert said("why up", session)[0].startswith("dL/dup = 3.0")
    assert said("why x paths", session)[0].startswith("dL/dx paths = 2.0")


def test_origin_leads_there() -> None:
    x = tg.tensor([1.0, -1.0], name="x")
    session = session_of((tg.log(x) * 2.0).sum())
    lines = said("origin sum_1", session)
    assert "ln(-1.0) = NaN" in lines[1]
    assert lines[2] == "(`goto log_1` leads there)"
    log = next(n for n in session.journal.order if n.op.name == "log")
    assert session.chosen[log] == (1,)
    assert "goto log_1" in " ".join(lines)
    said("goto log_1", session)
    assert session.focus is log


def test_origin_of_a_gradient_only() -> None:
    session = session_of(small_net())
    assert said("origin dw", session)[0].startswith("dL/dw[")
    assert said("origin w", session)[0].startswith("dL/dw[")
    both = said("origin conv_1", session)
    assert both[0].startswith("conv_1[")
    assert any(line.startswith("dL/dconv_1[") for line in both)


def test_set_changes_the_session_and_undo_takes_it_back() -> None:
    session = session_of(circuit())
    session.end()
    start = session.journal
    before = said("show x", session)
    lines = said("set x 3", session)
    assert "x: -2.0 -> 3.0" in lines
    assert "L: -12.0 -> -32.0, by -20.0" in lines
    assert session.journal.value(session.journal.outputs[0]) == -32.0
    said("set y = -1", session)
    assert session.journal.value(session.journal.outputs[0]) == -8.0
    said("undo", session)
    said("undo", session)
    assert session.journal is start
    assert said("show x", session) == before
    assert len(session.journal) == session.cursor


def test_nudge_in_words() -> None:
    session = session_of(circuit())
    lines = said("nudge x 0.5", session)
    assert "x: -2.0 -> -1.5" in lines
    assert "the gradient promised dL/dx * 0.5 = -4.0 * 0.5 = -2.0" in lines
    assert "L: -12.0 -> -14.0, by -2.0" in lines
    assert "x: -1.5 -> -1.498" in said("nudge x", session)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("set x [5, 6]", [5.0, 6.0]),
        ("set x = [5, 6]", [5.0, 6.0]),
        ("set x[1] 7", [1.0, 7.0]),
        ("set x[ 1 ] = 1e2", [1.0, 100.0]),
        ("set x[-1]=-7", [1.0, -7.0]),
        ("set x 4", [4.0, 4.0]),
        ("set x nan", [np.nan, np.nan]),
        ("set x NaN", [np.nan, np.nan]),
        ("set m [[1, 2], [3, 4]]", [1.0, 2.0]),
    ],
)
def test_how_values_are_written(line: str, value: list[float]) -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    m = tg.tensor([[1.0, 0.0], [0.0, 1.0]], name="m")
    session = session_of((m @ x.reshape(2, 1)).sum())
    said(line, session)
    assert len(session.changes) == 1
    node = next(n for n in session.journal.order if n.name == "x")
    np.testing.assert_array_equal(session.journal.value(node), value)


def test_inside_of_an_element_nothing_is_set() -> None:
    session = session_of(small_net())
    said("into conv_1[0,0,0,0]", session)
    assert session.level.kind == "scalars"
    for line in ("set x 1", "nudge x", "undo"):
        assert "`out` leads out" in said(line, session)[0]
    assert said("why", session)[0].startswith("d")
    said("out", session)
    said("set x 1", session)
    assert len(session.changes) == 1


def test_a_change_forgets_what_why_said() -> None:
    session = session_of(circuit())
    said("why x", session)
    said("set x 3", session)
    assert "`why X` comes first" in said("why 1", session)[0]


def test_check_in_words() -> None:
    session = session_of(circuit())
    session.end()
    (line,) = said("check x", session)
    assert line.startswith("dL/dx = -4.0: agrees; finite difference -4, step 2e-05")


def test_the_loss_is_called_l_as_on_the_screen() -> None:
    session = session_of(circuit())
    assert talk(["show L"], session).endswith(
        "mul_1 = ·, not computed yet\ndL/dmul_1 = ·, not computed yet\n"
    )
    assert "stopped: L < 0" in talk(["break L < 0", "c"], session)
    assert session.names[session.focus] == "mul_1"
    assert "the backward pass begins" in talk(["goto dL"], session)
    x = tg.tensor([1.0, 2.0], name="x")
    assert "nothing here is called 'L'" in talk(["show L"], session_of(x * 2))
    L = tg.tensor(3.0, name="L")
    assert "L = 3.0" in talk(["end", "show L"], session_of(L * 2))
