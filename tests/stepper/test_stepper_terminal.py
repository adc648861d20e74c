"""The stepper in a real terminal: completion, resizing, Ctrl-C, Ctrl-D."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pexpect = pytest.importorskip("pexpect")

SIZES = [(24, 80), (50, 200)]
LONG = 60  # seconds, for a machine that does much else

CIRCUIT = """
import tinygraph as tg
x, y, z = tg.tensor(-2.0, name="x"), tg.tensor(5.0, name="y"), tg.tensor(-4.0, name="z")
f = (x + y) * z
"""
CHAIN = """
import tinygraph as tg
f = tg.tensor(1.0, name="x")
for _ in range(8_000):
    f = f * 1.0001
"""


class Terminal:
    """A stepper in a terminal, or with no `file` a Python prompt."""

    def __init__(
        self, folder: Path, file: Path | None, size: tuple[int, int], *options: str, **more: str
    ) -> None:
        state = {"XDG_STATE_HOME": str(folder / "state"), "TERM": "xterm-256color"}
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.child: Any = pexpect.spawn(
            sys.executable,
            ["-m", "tinygraph", "step", str(file), *options] if file else ["-q"],
            dimensions=size,
            encoding="utf-8",
            timeout=LONG,
            env=kept | state | more,
        )

    def wait(self, text: str) -> str:
        """What comes before `text`."""
        self.child.expect_exact(text)
        return self.child.before

    def type(self, line: str) -> None:
        self.child.send(f"{line}\r")

    def ends(self) -> int:
        """The exit code, once it has ended by itself."""
        self.child.expect(pexpect.EOF)
        return self.child.wait()


@pytest.fixture
def circuit(tmp_path: Path) -> Path:
    file = tmp_path / "circuit.py"
    file.write_text(CIRCUIT)
    return file


@pytest.fixture(params=SIZES, ids=["80x24", "200x50"])
def terminal(request: pytest.FixtureRequest, circuit: Path) -> Iterator[Terminal]:
    found = Terminal(circuit.parent, circuit, request.param)
    yield found
    found.child.close(force=True)


def _drawn(text: str) -> list[str]:
    """The lines of the last screen in what was written, without colours."""
    last = text.rpartition("\x1b[H")[2]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last).replace("\r", "").split("\n")


def test_moving_redraws_in_place_and_fits(terminal: Terminal) -> None:
    rows, columns = terminal.child.getwinsize()
    first = terminal.wait("0/7> ")
    assert "\n" * 2 in first.replace("\r", "").split("\x1b[H")[0]  # what was there scrolled away
    terminal.type("n")
    drawn = _drawn(terminal.wait("1/7> "))
    assert len(drawn) < rows
    assert max(map(len, drawn)) <= columns
    assert any("3.0" in line for line in drawn)
    terminal.type("")
    terminal.wait("2/7> ")
    terminal.type("q")
    assert terminal.ends() == 0


def test_tab_completes_commands_and_names(terminal: Terminal) -> None:
    terminal.wait("0/7> ")
    terminal.child.send("nex\t")
    terminal.wait("next ")
    terminal.type("")
    terminal.wait("1/7> ")
    terminal.child.send("show ad\t")
    terminal.wait("add_1")
    terminal.type("")
    terminal.wait("add_1 = 3.0")
    terminal.wait("1/7> ")


def test_a_new_size_is_drawn_at_once(terminal: Terminal) -> None:
    terminal.wait("0/7> ")
    terminal.type("n")
    terminal.wait("1/7> ")
    terminal.child.send("wh")
    terminal.wait("wh")
    terminal.child.setwinsize(30, 60)
    drawn = _drawn(terminal.wait("1/7> wh"))
    assert max(map(len, drawn)) <= 60
    assert any("3.0" in line for line in drawn)
    terminal.child.sendintr()
    terminal.wait("1/7> ")
    terminal.type("n")
    assert max(map(len, _drawn(terminal.wait("2/7> ")))) <= 60


def test_ctrl_c_clears_the_line_and_ctrl_d_ends(terminal: Terminal) -> None:
    terminal.wait("0/7> ")
    terminal.child.send("garbage")
    terminal.wait("garbage")
    terminal.child.sendintr()
    terminal.wait("0/7> ")
    terminal.child.sendeof()
    assert terminal.ends() == 0


def test_the_quiz_has_a_prompt_of_its_own(terminal: Terminal) -> None:
    terminal.wait("0/7> ")
    terminal.type("quiz")
    terminal.wait("dL/dadd_1 = ? ")
    terminal.type("-4")
    terminal.wait("right: dL/dadd_1 = -4.0")
    terminal.wait("dL/dz = ? ")
    terminal.child.sendeof()
    terminal.wait("quiz: 1 of 1 right")
    assert terminal.ends() == 0


def test_history_is_there_in_the_next_session(circuit: Path) -> None:
    first = Terminal(circuit.parent, circuit, SIZES[0])
    first.wait("0/7> ")
    first.type("show x")
    first.wait("x = -2.0")
    first.wait("0/7> ")
    first.type("q")
    assert first.ends() == 0
    second = Terminal(circuit.parent, circuit, SIZES[0])
    second.wait("0/7> ")
    second.child.send("\x1b[A\x1b[A")
    second.wait("show x")
    second.child.close(force=True)


def test_a_python_prompt_keeps_its_own_history(tmp_path: Path) -> None:
    basic = {"PYTHON_BASIC_REPL": "1", "PYTHON_HISTORY": str(tmp_path / "python")}
    found = Terminal(tmp_path, None, SIZES[0], HOME=str(tmp_path), **basic)
    found.wait(">>> ")
    found.type("import tinygraph as tg")
    found.wait(">>> ")
    found.type("tg.step(tg.tensor(2.0, name='x') * 3.0)")
    found.wait("0/3> ")
    found.type("n")
    found.wait("1/3> ")
    found.type("q")
    found.wait(">>> ")
    found.child.send("\x1b[A")
    found.wait("tg.step(tg.tensor(")
    found.child.close(force=True)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "200x50"])
def test_ctrl_c_in_a_long_continue_keeps_the_session(tmp_path: Path, size: tuple[int, int]) -> None:
    file = tmp_path / "chain.py"
    file.write_text(CHAIN)
    found = Terminal(tmp_path, file, size)
    steps = int(re.findall(r"step 0 of (\d+)", found.wait("> "))[-1])
    found.type("break value < 0")
    found.wait(f"0/{steps}> ")
    found.type("c")
    found.wait("c\r\n")
    found.child.sendintr()
    found.child.expect(r"\D(\d+)/" + f"{steps}> ")
    stopped = int(found.child.match[1])
    assert stopped < steps
    found.type("n")
    found.wait(f"{stopped + 1}/{steps}> ")
    found.type("q")
    assert found.ends() == 0


@pytest.mark.parametrize(
    ("options", "more", "escapes"),
    [((), {"NO_COLOR": "1"}, "HJK"), (("--plain",), {}, ""), ((), {"TERM": "dumb"}, "")],
)
def test_without_colours(
    circuit: Path, options: tuple[str, ...], more: dict[str, str], escapes: str
) -> None:
    found = Terminal(circuit.parent, circuit, SIZES[0], *options, **more)
    said = found.wait("0/7> ")
    found.type("n")
    said += found.wait("1/7> ")
    found.type("q")
    assert found.ends() == 0
    colours = re.findall(r"\x1b\[([0-9;]*)m", said)
    assert not any(re.search(r"(^|;)[34]\d|[34]8;", colour) for colour in colours)
    if not escapes:
        assert not re.search(r"\x1b\[[0-9;]*[HJm]", said)
    if options:
        assert not set(said) & set("┌┏─━│┃╌")
