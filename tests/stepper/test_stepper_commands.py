"""Any sequence of lines, valid and garbage: nothing raises, nothing ends, the state stays sound."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stepper_talk import answer_to, circuit, session_of, small_net, talk

import tinygraph as tg
from tinygraph.errors import TinygraphError
from tinygraph.stepper.commands import COMMANDS, CommandError, find_command
from tinygraph.stepper.commands.table import command
from tinygraph.stepper.kept import kept
from tinygraph.stepper.prompt.interpreter import Interpreter
from tinygraph.stepper.prompt.repl import Repl
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import Subject, subject_of

ENDS = {"quit", "train"}
SLOW = {"stages"}  # compiles
WRITES = {"save", "graph"}


def not_a_number() -> tg.Tensor:
    """A graph with NaN and infinity in it."""
    x = tg.tensor([-1.0, 0.0, 2.0], name="x")
    return (tg.log(x) * x).sum()


def modules() -> tg.Tensor:
    """More gates than are seen one by one, in modules and modules of modules."""
    x = tg.tensor([0.5, -1.0, 2.0], name="x")
    y = x
    for k in range(4):
        with tg.scope(f"block_{k}"):
            with tg.scope("block"):
                for _ in range(6):
                    y = tg.tanh(y * x)
            y = tg.relu(y) + x
    return y.sum()


@lru_cache
def _subject(make: Callable[[], tg.Tensor]) -> Subject:
    return subject_of(make())


def _session(make: Callable[[], tg.Tensor]) -> Session:
    subject = _subject(make)
    return subject.session()


CIRCUITS = [circuit, small_net, not_a_number, modules]
NAMES = [
    "block_1",
    "relu_2",
    "x",
    "y",
    "w",
    "add_1",
    "mul_1",
    "conv_1",
    "block",
    "kernel",
    ".",
    "dx",
    "nowhere",
]
ARGUMENTS = st.one_of(
    st.just(""),
    st.integers(-2, 12).map(str),
    st.sampled_from(NAMES),
    st.builds("{}[{}]".format, st.sampled_from(NAMES), st.text("0123,-:. ", max_size=7)),
    st.sampled_from(
        [
            "isnan(value)",
            "abs(grad) > 1",
            "step > 3",
            "max(abs(w))",
            "x = 3",
            "x 3",
            "x",
            "1e9",
            "[]",
        ]
    ),
    st.text(max_size=12),
)
WORDS = sorted(
    word
    for known in COMMANDS.values()
    if known.name not in ENDS | SLOW | WRITES
    for word in (known.name, known.short)
    if word
)
LINES = st.one_of(
    st.builds("{} {}".format, st.sampled_from(WORDS), ARGUMENTS),
    st.sampled_from(["n", "n 3", "p", "end", "home", "i", "o", "quiz", "-4", "skip", "", "n; n"]),
    st.text(max_size=15),
).filter(lambda line: not _leaves(line))


def _leaves(line: str) -> bool:
    """Whether a line ends the session, compiles, writes a file or is Python."""
    for part in line.split(";"):
        word = part.strip().split(" ")[0].split("\t")[0]
        try:
            if "!" in part or (word and find_command(word).name in ENDS | SLOW | WRITES):
                return True
        except TinygraphError:
            pass
    return False


def _check(session: Session) -> None:
    """What is true of every session."""
    assert session.levels[0].kind == "graph"
    for level in session.levels:
        assert 0 <= level.time.cursor <= len(level.journal)
        assert level.units
    assert session.level.shows(session.focus)
    assert session.unit in session.level.units
    assert (session.record is None) == (session.cursor == 0)
    for node, index in session.chosen.items():
        assert all(0 <= k < n for k, n in zip(index, node.shape, strict=True))


@given(
    st.sampled_from(CIRCUITS),
    st.lists(LINES, min_size=1, max_size=8),
)
def test_no_sequence_of_lines_raises_or_ends(
    make: Callable[[], tg.Tensor], lines: list[str]
) -> None:
    session = _session(make)
    out = io.StringIO()
    repl = Repl(session, out, strict=True, plain=len(lines) % 2 == 0)
    for line in lines:
        assert repl.take(line) is False, line
        _check(session)
    assert "a bug in tinygraph" not in out.getvalue()


SEEN = ["n", "n 2", "i", "o", "end", "goto 4", "goto 9", "into block", "b relu", "quiz", "skip"]
SEEN += ["show conv_1[0,1,2,1]", "show w[2,0,1,0]", "w sum(relu_1)", "w grad(w)[0,0,0,1]"]
SEEN += ["set x[0,1,1,0] 3", "nudge w", "why w", "into conv_1[0,1,2,1]"]


@given(st.lists(st.sampled_from(SEEN), max_size=7), st.integers(0, 9))
def test_back_after_next_restores_the_screen(lines: list[str], further: int) -> None:
    """And all else that a session keeps."""
    session = _session(small_net)
    talk(lines, session)
    session.next(further)
    if session.level.after(session.cursor) is None:
        session.home()
    before, kept_before = talk([], session), _kept(session)
    talk(["n", "p"], session)
    assert talk([], session) == before
    assert _kept(session) == kept_before


def _kept(session: Session) -> dict[str, Any]:
    return {name: part for name, part in kept(session).items() if name not in ("history", "quiz")}


@pytest.mark.parametrize("make", CIRCUITS)
def test_every_command_without_arguments_or_with_nonsense(make: Callable[[], tg.Tensor]) -> None:
    for name in set(COMMANDS) - ENDS - SLOW - WRITES:
        for text in ("", " ", "nonsense", "1 2 3", "\x00", "[", "é" * 1000):
            session = _session(make)
            answers = list(Interpreter(session, strict=True).run(f"{name} {text}"))
            assert not any(answer.ends for answer in answers)
            _check(session)


def test_a_name_may_be_cut_short_where_it_is_clear() -> None:
    assert find_command("reverse").name == "reverse-continue"
    assert find_command("n").name == "next"
    with pytest.raises(CommandError, match=r"'st' may be .* or "):
        find_command("st")


def test_no_two_commands_have_a_name_in_common() -> None:
    words = [w for known in COMMANDS.values() for w in (known.name, known.short) if w]
    assert len(words) == len(set(words))
    with pytest.raises(TinygraphError, match="has a command 'n' already"):
        command("another", "n", "", "says nothing")(lambda session, text: None)  # type: ignore
    assert "another" not in COMMANDS


# ---- looking ----


def test_show_an_element_says_how_it_comes_about() -> None:
    session = session_of(small_net())
    gate = next(name for name in session.names.values() if name.startswith("conv"))
    at = f"{gate}[0,0,0,0]"
    assert " terms) = " not in answer_to(f"show {at}", session)
    talk(["end"], session)
    said = [line for line in answer_to(f"show {at}", session).split("\n") if "terms)" in line]
    assert len(said) == 1
    assert said[0].startswith(f"{at} = ")


def test_show_an_element_a_slice_and_all() -> None:
    session = session_of(small_net())
    talk(["end"], session)
    w = session.journal.value(next(n for n, name in session.names.items() if name == "w"))
    assert "(" + str(w[0, 1, 1, 0]) + ")" in talk(["show w[0,1,1,0]"], session)
    assert "w[0,:,1,0]: [3]\n" in answer_to("show w[0,:,1,0]", session)
    assert "w[...,0]: [3, 3, 2]\n" in answer_to("show w[...,0]", session)
    said = answer_to("show w", session)
    assert "w, " in said
    assert said.index("w: ") < said.index("dL/dw: ")


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("w[0,:,9,0]", "[0,:,9,0] is outside of float32[3,3,2,2]"),
        ("w[:,:,:,:,:]", "[:,:,:,:,:] is too much for float32[3,3,2,2]"),
        ("w[...,...]", "[...,...] is too much for float32[3,3,2,2]"),
        ("w[a:]", "'a:' is no position; as in x[0,:,2:4]"),
        ("w[::0]", "'::0' is no position; as in x[0,:,2:4]"),
        ("w[0:,,1]", "'' is no position; as in x[0,:,2:4]"),
        ("w[:,-4]", "[:,-4] is outside of float32[3,3,2,2]"),
    ],
)
def test_a_wrong_slice_is_said_in_a_line(at: str, says: str) -> None:
    assert answer_to(f"show {at}", session_of(small_net())) == says


def test_what_is_not_computed_is_a_dot() -> None:
    session = session_of(circuit())
    assert "add_1 = ·, not computed yet" in answer_to("show add_1", session)
    assert "dL/dx = ·, not computed yet" in answer_to("show x", session)
    talk(["end"], session)
    assert answer_to("show x", session).splitlines()[1:] == ["x = -2.0", "dL/dx = -4.0"]


def test_ls_lists_inputs_and_gates_of_the_level() -> None:
    session = session_of(circuit())
    talk(["n"], session)
    rows = [line.split() for line in answer_to("ls", session).splitlines()]
    assert [row[0] for row in rows] == ["x", "y", "add_1", "z", "mul_1"]
    assert rows[2] == ["add_1", "+", "float32[]", "3.0", "·"]
    assert "1.0" not in answer_to("ls", session_of(tg.exp(tg.tensor(2.0, name="x")) + 1.0))
    assert answer_to("ls +", session).split()[0] == "add_1"
    assert answer_to("ls foo", session) == "nothing here has 'foo' in its name"


def test_ls_of_much_is_cut() -> None:
    x = tg.tensor(1.0, name="x")
    y = x
    for _ in range(39):
        y = y * x
    assert "more" not in answer_to("ls", session_of(y))
    assert answer_to("ls", session_of(y * x)).endswith("and 1 more; ls WORD shows some")


def test_graph_draws_what_is_known_now(tmp_path: Path) -> None:
    session = session_of(circuit())
    start = answer_to("graph", session)
    assert start.startswith("digraph")
    assert start.count("·") == 7  # two values and five gradients
    talk(["end"], session)
    assert "·" not in answer_to("graph", session)
    file = tmp_path / "now.svg"
    assert answer_to(f"graph {file}", session) == f"written: {file}"
    assert file.read_text().lstrip().startswith("<?xml")
    assert "a picture is written as .svg" in answer_to("graph now.foo", session)


def test_graph_of_a_part(tmp_path: Path) -> None:
    session = session_of(small_net())
    talk(["end", "i kernel relu_1"], session)
    names = {session.names[node] for node in session.level.order}
    said = answer_to("graph", session)
    assert all(f"{name} [label=" in said for name in names)
    assert "sum_2" not in names or len(names) > 1
    talk(["out", "i conv_1[0,1,1,0]", "n 3"], session)
    assert answer_to("graph", session).count('label="*"') >= 2


def test_stages_of_one_gate() -> None:
    session = session_of(circuit())
    assert "y[0] + x[0]" in answer_to("stages add_1 loops", session).replace(
        "x[0] + y[0]", "y[0] + x[0]"
    )
    assert "there is no stage 'foo'" in answer_to("stages add_1 foo", session)
    assert answer_to("stages x", session) == "x is no gate: nothing computes it"


# ---- conditions ----


def test_continue_stops_where_a_condition_holds() -> None:
    session = session_of(circuit())
    talk(["b value < -10", "c"], session)
    assert session.cursor == 2
    assert math.isclose(float(session.journal.value(session.focus)), -12.0)
