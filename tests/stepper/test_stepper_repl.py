"""The prompt, without a terminal: lines in, text out."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from stepper_talk import answer_to, circuit, session_of, small_net, talk

import tinygraph as tg
from tinygraph.cli import main
from tinygraph.journal.against import Comparison, Verdict
from tinygraph.stepper.commands import COMMANDS, Answer, Command
from tinygraph.stepper.prompt import repl as repl_module
from tinygraph.stepper.prompt.completion import completions
from tinygraph.stepper.prompt.interpreter import Interpreter, commands_of
from tinygraph.stepper.prompt.repl import Repl
from tinygraph.stepper.screen.whole import screen

FILE = Path(__file__).parents[1] / "cli" / "conv_relu.py"
Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("n", ["n"]),
        (" n ; p 2;;goto 3 ", ["n", "p 2", "goto 3"]),
        ("n # forward; p", ["n"]),
        ("# all of it; n", []),
        ("b a#b", ["b a#b"]),
        ("n; !a = 1; b = 2  # python's own", ["n", "!a = 1; b = 2  # python's own"]),
        ("", []),
        (" ;; ", []),
    ],
)
def test_a_line_is_several_commands_and_a_comment(line: str, parts: list[str]) -> None:
    assert commands_of(line) == parts


def test_a_recorded_session_reads_well() -> None:
    said = talk(["n", "n; n", "p", "q", "n"])
    assert re.findall(r"^\d/7> .*", said, re.MULTILINE) == [
        "0/7> n",
        "1/7> n; n",
        "3/7> p",
        "2/7> q",
    ]
    assert "\x1b" not in said
    assert all(line == line.rstrip() for line in said.splitlines())


def test_an_empty_line_repeats_the_last_move_only() -> None:
    session = session_of(circuit())
    talk(["", "n", "show x", "", "# a comment", "n 2", ""], session)
    assert session.cursor == 0 + 1 + 1 + 2 + 2


def test_several_commands_draw_once() -> None:
    drawn: list[int] = []

    class Counting(Repl):
        def draw(self, lines: object = ()) -> None:
            drawn.append(self.session.cursor)

    Counting(session_of(circuit()), io.StringIO()).follow(["n; n; n", "show x", "foo", "p"])
    assert drawn == [0, 3, 2]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nexxt", "no command 'nexxt'; did you mean next?"),
        ("xyzzy", "no command 'xyzzy'; ? lists the commands"),
        ("exit", "no command 'exit'; did you mean quit?"),
        ("x", "x is no command; `show x` has its numbers"),
        ("help nothere", "no command 'nothere'; ? lists the commands"),
        ("break nan", "nan is a number; `isnan` says whether one came up"),
        ("x" * 5000, "no command 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'; ? lists the commands"),
        ("n one", "next takes a whole number, got 'one'"),
        ("n 0", "next takes a number of at least 1, got 0"),
        ("p", "this is the start; `next` does the first step"),
        ("out", "this is the whole graph: there is nothing around it"),
        ("show nothing", "nothing here is called 'nothing'; `ls` lists what there is"),
        ("quit now", "quit takes nothing, got 'now'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(line: str, says: str) -> None:
    session = session_of(circuit())
    assert answer_to(line, session) == says
    assert (session.cursor, len(session.levels)) == (0, 1)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("!x + y", "np.float32(3.0)"),
        ("!np.arange(3)", "array([0, 1, 2])"),
        ("!a = 2; print(a * 2)", "4"),
        ("![k * x for k in range(2)]", "[np.float32(-0.0), np.float32(-2.0)]"),
        ("!add_1", "TinygraphError: add_1 is not computed yet at this step"),
        ("!nowhere", "NameError: name 'nowhere' is not defined"),
        ("!1 / 0", "ZeroDivisionError: division by zero"),
        ("!x[()] = 3", "ValueError: assignment destination is read-only"),
        ("!1 +", "SyntaxError: invalid syntax"),
        ("!exit()", "q ends the session"),
        ("!raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("!", "!PYTHON, as in !x.shape"),
        ("!session.cursor, len(journal), tg.__name__", "(0, 7, 'tinygraph')"),
    ],
)
def test_python_is_run_and_fails_in_one_line(line: str, says: str) -> None:
    assert answer_to(line) == says


@pytest.mark.parametrize("typed", ["!exit()", "!quit(3)", "!import sys; sys.exit()"])
def test_python_cannot_end_the_session(typed: str) -> None:
    """Nor close what commands are read from."""
    command = [sys.executable, "-m", "tinygraph", "step", str(FILE), "--plain"]
    done = subprocess.run(
        command, input=f"{typed}\nn\n", capture_output=True, text=True, timeout=120, check=True
    )
    assert "q ends the session\n0/14> n\nStep 1 of 14" in done.stdout
    assert done.stderr == ""


def test_python_knows_the_output_as_y_unless_something_is_called_so() -> None:
    assert answer_to("!type(y).__name__", session_of(small_net())) == "'Tensor'"
    assert answer_to("!float(y)") == "5.0"


def test_python_keeps_its_names_and_the_last_result() -> None:
    assert talk(["!a = 5", "!a + 1", "!_ * 2"]).splitlines()[-2:] == ["0/7> !_ * 2", "12"]


def test_python_that_moves_the_session_draws_it_again() -> None:
    said = talk(["!session.next(3)"])
    assert said.count("step 3 of 7") >= 1


def _failing(session: object, text: str) -> Answer:
    session.cursor = 5  # type: ignore[attr-defined]
    session.breaks.append("half done")  # type: ignore[attr-defined]
    raise RuntimeError("oops")


@pytest.fixture
def _with_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "buggy", Command("buggy", "", "", "fails", _failing))


@pytest.mark.usefixtures("_with_a_bug")
def test_a_bug_is_one_line_and_the_session_as_it_was() -> None:
    session = session_of(circuit())
    (answer,) = Interpreter(session).run("buggy")
    (line,) = answer.lines
    assert "a bug in tinygraph, please report it: RuntimeError: oops" in line
    assert (session.cursor, session.breaks) == (0, [])
    with pytest.raises(RuntimeError):
        list(Interpreter(session, strict=True).run("buggy"))


def _interrupted(session: object, text: str) -> Answer:
    session.breaks.append("half done")  # type: ignore[attr-defined]
    session.next(3)  # type: ignore[attr-defined]
    raise KeyboardInterrupt


def test_ctrl_c_keeps_how_far_a_command_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "slow", Command("slow", "", "", "takes long", _interrupted))
    session = session_of(circuit())
    (answer,) = Interpreter(session).run("slow")
    assert answer.redraw
    assert answer.lines == ["stopped: this is step 3"]
    assert (session.cursor, session.breaks) == (3, [])


@pytest.mark.parametrize(("start", "line"), [(1, "continue"), (7, "reverse-continue")])
def test_ctrl_c_stops_a_run_where_it_is(start: int, line: str) -> None:
    class Impatient:
        def holds(self, scope: Any) -> bool:
            if session.cursor == 4:
                raise KeyboardInterrupt
            return False

    session = session_of(circuit())
    session.goto(start)
    session.breaks.append(cast(Any, Impatient()))
    (answer,) = Interpreter(session).run(line)
    assert (answer.lines, answer.redraw) == (["interrupted after step 4"], True)
    assert session.cursor == 4


def test_ctrl_c_at_the_prompt_clears_the_line_and_ctrl_d_ends() -> None:
    typed = iter([KeyboardInterrupt(), "n", EOFError(), "n"])

    def read(prompt: str) -> str:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    session = session_of(circuit())
    Repl(session, io.StringIO()).talk(read)
    assert session.cursor == 1


def test_completion_of_commands_and_arguments() -> None:
    session = session_of(small_net())
    assert completions(session, "nex") == ["next "]
    assert "quit " in completions(session, "n; q")
    assert completions(session, "show co") == ["conv_1"]
    assert completions(session, "nothing co") == []
    assert completions(session, "!re") == ["!relu_1"]
    assert completions(session, "!w + jou") == ["journal"]


def test_every_command_completes_anything() -> None:
    session = session_of(small_net())
    for name in COMMANDS:
        for text in ("", " ", " x", " conv_1[", " a b c ", " `", " 1.e"):
            assert all(isinstance(word, str) for word in completions(session, name + text))


def test_help_names_every_command_and_fits_80_columns() -> None:
    said = answer_to("?")
    assert all(known.usage.split()[0] in said for known in COMMANDS.values())
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_explained(name: str) -> None:
    known = COMMANDS[name]
    assert len(known.long_help) > 20
    assert known.usage in answer_to(f"help {name}")
    assert known.says[0].islower()
    assert not known.says.endswith(".")


def test_plain_is_said_in_words_without_boxes() -> None:
    said = talk(["n", "ls", "show x", "why x", "?", "quiz", "1", "stop"], plain=True)
    assert not set(said) & set("┌┐└┘│─├┤┏┓┗┛┃━╌╭╮╰╯║═·")
    assert "Input 1: x, value -2.0, gradient not computed yet." in said
    assert "dL/dx = not computed yet" in said


def test_piped_commands() -> None:
    command = [sys.executable, "-m", "tinygraph", "step", str(FILE)]
    typed = "n\nn\n\xff\nq\nn\n"
    done = subprocess.run(command, input=typed.encode("latin-1"), capture_output=True, timeout=120)
    said = done.stdout.decode()
    assert done.returncode == 0
    assert done.stderr == b""
    assert "\x1b" not in said
    assert [line[:6] for line in said.splitlines() if "/14> " in line] == [
        "0/14> ",
        "1/14> ",
        "2/14> ",
        "2/14> ",
    ]


def _step(capsys: Captured, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert main(["step", str(FILE), *options]) == 0
    return capsys.readouterr().out


def test_a_script(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script"
    script.write_text("# to the end\nend\nls conv\n")
    said = _step(capsys, monkeypatch, "--script", str(script))
    assert "14/14> ls conv\nconv_1 " in said
    assert "> q" not in said


def test_width_and_height(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    monkeypatch.setattr(Repl, "draw", lambda repl, lines=(): sizes.append(repl.size))
    _step(capsys, monkeypatch, "--width", "132", "--height", "43")
    _step(capsys, monkeypatch)
    assert sizes == [(132, 43), repl_module.SIZE]


def test_the_journal_alone(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["step", str(FILE), "--journal", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 14 steps\n"
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["records"] == 14


def test_a_run_beside_one_that_was_written(tmp_path: Path, capsys: Captured) -> None:
    out, changed = tmp_path / "out.jsonl", tmp_path / "changed.py"
    assert main(["step", str(FILE), "--journal", str(out)]) == 0
    capsys.readouterr()
    assert main(["step", str(FILE), "--diff", str(out)]) == 0
    assert capsys.readouterr().out == "no difference in 14 records\n"
    changed.write_text(f"{FILE.read_text()}\nz = loss * 2.0\n")
    assert main(["step", f"{changed}:z", "--diff", str(out)]) == 1
    assert "only the second" in capsys.readouterr().out


def test_a_backend_beside_numpy(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _step(capsys, monkeypatch, "--backend", "numpy")
    assert "numpy agrees with NumPy in 14 of 14 records" in said
    assert main(["step", str(FILE), "--backend", "cuda"]) == 2
    assert "there is no backend 'cuda'" in capsys.readouterr().err


def test_where_a_backend_disagrees_is_said_at_that_step_only() -> None:
    session = session_of(circuit())
    wrong = Verdict(1, 1, 1, 99.0, (), np.float32(3.5), np.float32(3.0))
    session.comparison = Comparison(session.journal, "slow", {session.journal[0].gate: wrong})
    said = talk(["n", "n"], session)
    assert said.count("slow: 3.5 instead of 3.0") == 1
    assert said.index("slow: 3.5") > said.index("0/7> n")
    assert said.index("slow: 3.5") < said.index("1/7> n")
    before, after, *_ = said.split("0/7> n")
    assert "≠" not in before
    assert "≠" in after
    session.goto(1)
    assert "A backend disagrees here." in screen(session, 80, 24, plain=True).plain


def test_a_model_has_random_inputs_of_a_seed(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        "import tinygraph as tg\n"
        "model = tg.nn.Sequential([tg.nn.Input((3,)), tg.nn.Activation('relu')])\n"
    )
    script = tmp_path / "script"
    script.write_text("ls\n")

    def said(seed: str) -> str:
        assert main(["step", str(file), "--seed", seed, "--script", str(script)]) == 0
        return capsys.readouterr().out

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert said("1") == said("1") != said("2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere.py"], "there is no file nowhere.py"),
        ([str(FILE), "--script", "nowhere"], "cannot read nowhere"),
        ([], "takes FILE[:NAME], what to step, or --tour to learn it"),
        ([str(FILE), "--width", "3"], "--width is at least 20, got 3"),
        ([str(FILE), "--height", "-3"], "--height is at least 6, got -3"),
        ([str(FILE), "--journal", "nowhere/at/all"], "cannot write nowhere/at/all"),
        (["--tour", "--backend", "numpy"], "--backend compares a FILE[:NAME]"),
        (["--tour", "--journal", "out"], "--journal writes the steps of a FILE[:NAME]"),
    ],
)
def test_a_wrong_call_is_one_line(options: list[str], message: str, capsys: Captured) -> None:
    assert main(["step", *options]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("tinygraph step: ")
    assert message in line


def test_the_graph_is_not_touched() -> None:
    y = circuit()
    before = y.numpy()
    talk(["n", "end", "home", "q"], session_of(y))
    assert y.numpy() == before
    assert tg.grad(y, y) is not None


def test_a_network_by_its_name(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("end\n"))
    assert main(["step", "lenet5", "--plain"]) == 0
    assert "in model lenet5" in capsys.readouterr().out
