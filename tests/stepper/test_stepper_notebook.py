"""The stepper in a notebook, and `tg.step` where there is a terminal and where there is none."""

from __future__ import annotations

import html
import io
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from stepper_talk import circuit

import tinygraph as tg
from tinygraph.nn import Dense, Input, Sequential
from tinygraph.stepper.commands import COMMANDS
from tinygraph.stepper.notebook import Stepping, in_notebook
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.subject import subject_of


def stepping(**options: Any) -> Stepping:
    return Stepping(subject_of(circuit()), **options)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a kernel ran this."""
    module = ModuleType("IPython")
    module.__dict__["get_ipython"] = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", module)


def words(page: str) -> str:
    """The text of a page."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_it_shows_the_screen_of_its_session() -> None:
    s = stepping()
    for line in ("n", "n 2", "why x", "end", "p 3"):
        s.do(line)
        expected = screen(s.session, *s.size).plain
        shown = [line.rstrip() for line in repr(s).splitlines()]
        assert shown[: expected.count("\n") + 1] == [x.rstrip() for x in expected.splitlines()]
        assert words(s._repr_html_()).split() == repr(s).split()


def test_a_page_is_one_piece_and_runs_nothing() -> None:
    x = tg.tensor(2.0, name="<script>alert(1)</script>")
    page = Stepping(subject_of(tg.exp(x)))._repr_html_()
    assert page.startswith("<pre")
    assert page.rstrip().endswith("</pre>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_commands_are_methods() -> None:
    s = stepping()
    assert s.next() is s
    assert s.next(2).session.cursor == 3
    assert s.back().session.cursor == 2
    assert s.goto(5).session.cursor == 5
    assert s.home().session.cursor == 0
    assert s.reverse_continue().session.cursor == 0
    assert set(dir(s)) >= {"next", "continue_", "reverse_continue", "do"}
    for name in dir(s):
        if not name.startswith("_"):
            getattr(s, name)
    assert s.next.__doc__ == COMMANDS["next"].long_help
    with pytest.raises(AttributeError, match="no command 'nxt'"):
        s.nxt  # noqa: B018
    assert not hasattr(s, "_ipython_display_")


def test_a_tensor_stands_for_its_name() -> None:
    x, one = tg.tensor([2.0, 3.0], name="x[0]"), tg.tensor([1.0, 1.0])
    s = Stepping(subject_of((x * one).sum())).show(x)
    assert any(line.startswith("x[0]") and "float32[2]" in line for line in repr(s).splitlines())
    assert "leaf" in repr(s.show(one))
    with pytest.raises(tg.TinygraphError, match="no gate or leaf"):
        s.show(tg.tensor(3.0))


def test_answers_are_those_to_the_last_line() -> None:
    s = stepping()
    assert "no command 'zzz'" in repr(s.do("n", "zzz"))
    assert "zzz" not in repr(s.do("n"))


def test_tg_step_in_a_notebook(notebook: None) -> None:
    assert in_notebook()
    s = tg.step(circuit(), script="n\nn")
    assert isinstance(s, Stepping)
    assert s.session.cursor == 2
    assert set(s._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert tg.step(circuit(), width=60, height=20, plain=True).size == (60, 20)
    assert circuit().step().session.cursor == 0


def test_a_watch_in_a_notebook(notebook: None, capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(optimizer=tg.optimizers.SGD(0.01), loss="mse", backend="numpy")
    x = np.ones((4, 2), np.float32)
    with tg.watch(model, until="step == 3") as watch:
        with pytest.raises(tg.TinygraphError, match="has not held"):
            watch.stepping()
        history = model.fit(x, x[:, :1], batch_size=4, epochs=5, verbose=0)
    assert len(history.history["loss"]) == 2
    said = capsys.readouterr().out
    assert said.startswith("epoch 3, batch 0: step == 3 holds: loss ")
    assert "watch.stepping()" in said
    assert "step == 3 holds here" in watch.stepping().session.notes[0]


def test_without_a_terminal_the_lines_come_from_the_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not in_notebook()
    monkeypatch.setattr("sys.stdin", io.StringIO("n 2\nq\nnot read\n"))
    assert tg.step(circuit()) is None
    said = capsys.readouterr().out
    assert "2/7> q" in said
    assert "not read" not in said


def test_a_script_and_inputs_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    double = tg.jit(lambda x: (x * 2.0).sum(), backend="numpy")
    tg.step(double, np.array([1.0, 2.5], np.float32), script=["end", "q"])
    assert "7.0" in capsys.readouterr().out
    with pytest.raises(tg.TinygraphError, match="what can be stepped is a tensor"):
        tg.step(3)
