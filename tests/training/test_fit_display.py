"""What fit shows: a bar on a terminal, plain lines elsewhere, nothing for 0."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import pytest
from rich.console import Console
from small_training import blobs, compiled

from tinygraph.callbacks import LambdaCallback
from tinygraph.compile.waiting import is_told, waiting
from tinygraph.training import progress
from tinygraph.training.progress import Display

X, Y = blobs(40)
LINE = r"epoch {}/2: loss \d\.\d{{4}}, accuracy \d\.\d{{4}}, val_loss \d\.\d{{4}}, .*\d\.\d s\n"


@pytest.mark.parametrize("verbose", ["auto", 1, 2, True])
def test_plain_lines(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(metrics=["accuracy"]).fit(X, Y, epochs=2, validation_split=0.2, verbose=verbose)
    assert re.fullmatch(LINE.format(1) + LINE.format(2), capsys.readouterr().out)


def test_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    model.predict(X)  # on a terminal a bar, elsewhere nothing
    assert capsys.readouterr().out == ""


def test_evaluate(capsys: pytest.CaptureFixture[str]) -> None:
    compiled(metrics=["accuracy"]).evaluate(X, Y)
    assert re.fullmatch(r"loss \d\.\d{4}, accuracy \d\.\d{4}\n", capsys.readouterr().out)


def test_long_epochs_say_something_in_between(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.0)
    compiled().fit(X, Y, batch_size=8, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"epoch 1/2, batch 1/5: loss \d\.\d{4}", lines[0])
    assert re.fullmatch(r"epoch 1/2, batch 3/5: loss \d\.\d{4}, \d\.\d s left", lines[2])
    assert len(lines) == 12


def test_a_terminal_has_a_bar_and_keeps_a_line_an_epoch() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    display = Display(console=console)
    model = compiled(metrics=["accuracy"])

    class Slow(Display):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            time.sleep(0.02)

    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[display, Slow()])
    text = out.getvalue()
    assert "━" in text
    assert "epoch 2/2" in text
    assert "left" in text
    assert re.search(r"epoch 2/2: loss \d\.\d{4}, accuracy \d\.\d{4}, \d\.\d s", text)


def test_the_bar_says_that_a_step_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else draws on the terminal meanwhile."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    display, said = Display(console=console), []

    def update(self: Any, task: Any, **changes: Any) -> None:
        said.append(changes.get("said", ""))

    monkeypatch.setattr("rich.progress.Progress.update", update)

    def kernels(batch: int, logs: Any) -> None:  # those of the step may be in the cache
        with waiting("something else", 1000) as tell:
            assert tell is not None
            tell(3, 5)

    listener = LambdaCallback(on_train_batch_begin=kernels)
    compiled("llvm").fit(X, Y, verbose=0, callbacks=[display, listener])
    assert said.count("compiling") >= 2
    assert "compiling 3 of 5 kernels" in said
    assert not is_told()


def test_an_evaluation_under_the_bar_of_fit_has_none_of_its_own() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    model, inner = compiled(), Display(console=console)

    def look(epoch: int, logs: Any) -> None:
        model.evaluate(X, Y, verbose=0, callbacks=[inner])
        assert inner._bar is None

    callbacks = [Display(console=console), LambdaCallback(on_epoch_end=look)]
    model.fit(X, Y, verbose=0, callbacks=callbacks)
    assert "evaluating" not in out.getvalue()
    model.evaluate(X, Y, verbose=0, callbacks=[inner])
    assert "evaluating" in out.getvalue()


def test_an_error_takes_the_bar_away() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    display = Display(console=console)

    class Trouble(Display):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise ValueError

    with pytest.raises(ValueError):
        compiled().fit(X, Y, verbose=0, callbacks=[display, Trouble()])
    assert display._bar is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1:01 min"), (3725, "1:02:05 h")]
)
def test_times(seconds: float, text: str) -> None:
    assert progress._time(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5000"), (0.0, "0.0000"), (2e-5, "2.000e-05"), (float("nan"), "nan")],
)
def test_numbers(value: float, text: str) -> None:
    assert progress._number(value) == text
