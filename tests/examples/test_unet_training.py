"""examples/unet.py trains: its numbers, its files, resuming, and what goes wrong clearly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import EXAMPLES, SMALL  # type: ignore[import-not-found]
from PIL import Image
from rich.console import Console

from tinygraph.data import nuclei

FIELDS = {
    "backend": str,
    "steps": int,
    "parameters": int,
    "first_call_s": float,
    "step_ms": float,
    "loss_first": float,
    "loss_last": float,
    "dice": float,
    "iou": float,
    "baseline_dice": float,
    "peak_rss_mb": float,
}


def test_what_a_run_leaves(trained: Path) -> None:
    numbers = json.loads((trained / "run.json").read_text())
    for name, kind in FIELDS.items():
        assert isinstance(numbers[name], kind), name
    assert numbers["backend"] == "llvm"
    assert numbers["steps"] == 3
    assert numbers["baseline_dice"] == pytest.approx(0.783, abs=0.002)
    for name in ("picture.png", "loss.png"):
        with Image.open(trained / name) as image:
            assert min(image.size) > 100
    assert (trained / "weights.safetensors").exists()


def losses(backend: str, folder: Path) -> list[float]:
    """Of five steps with a small net."""
    from _batches import Batches
    from _checkpoint import Settings
    from unet import Run, rate_at

    settings = Settings(steps=5, seed=3, backend=backend, base=4, crop=32, batch=2)
    run = Run(settings, folder, None, Console(quiet=True))
    batches = Batches.of(nuclei().train, settings.batch, settings.crop, settings.seed)
    found = []
    for step in range(settings.steps):
        run.optimizer.learning_rate.assign(rate_at(step, settings))
        found.append(float(run.step(*batches.batch(step))))
    return found


def test_numpy_and_llvm_agree(tmp_path: Path) -> None:
    ours, theirs = losses("llvm", tmp_path), losses("numpy", tmp_path)
    np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=0)
    assert ours[0] != ours[-1]


def test_threads_change_no_bit(main: Any, tmp_path: Path) -> None:
    for threads in (1, 2):
        folder = tmp_path / str(threads)
        options = ("--steps", 12, "--crop", 64, "--base", 8, "--threads", threads)
        assert main(*options, "--out", folder) == 0
    one, two = ((tmp_path / n / "checkpoint.safetensors").read_bytes() for n in "12")
    assert one == two


def test_stopped_and_resumed_is_as_never_stopped(tmp_path: Path) -> None:
    """Ctrl-C in the middle, twice; then the same bits as a run without."""

    def command(*args: object) -> list[str]:
        return [sys.executable, str(EXAMPLES / "unet.py"), *map(str, args)]

    options = [*SMALL, "--steps", 900, "--seed", 1]
    whole = subprocess.run(
        command(*options, "--out", tmp_path / "whole"), capture_output=True, text=True, check=False
    )
    assert whole.returncode == 0, whole.stderr
    args = [*options, "--out", tmp_path / "parts"]
    for wanted in ("step 90 of", "step 540 of"):
        said = stopped_at(command(*args), wanted)
        assert "stopped; go on with: " in said
        assert "--resume --out" in said
        args = ["--resume", "--out", tmp_path / "parts"]
    assert not (tmp_path / "parts" / "weights.safetensors").exists()
    last = subprocess.run(command(*args), capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        found = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "parts")]
        assert found[0] == found[1], name


def stopped_at(command: list[str], line: str) -> str:
    """Interrupts a run when it prints `line`; returns what it says then."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        for printed in process.stdout:
            if line in printed:
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    return errors


def test_resuming_a_finished_run_reports_again(main: Any, trained: Path, tmp_path: Path) -> None:
    before = (trained / "weights.safetensors").read_bytes()
    assert main("--resume", "--out", trained, "--json", tmp_path / "again.json") == 0
    assert (trained / "weights.safetensors").read_bytes() == before
    first = json.loads((trained / "run.json").read_text())
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["dice"] == first["dice"]


def test_a_new_run_keeps_the_earlier_checkpoint(main: Any, tmp_path: Path) -> None:
    assert main("--steps", 1, "--out", tmp_path) == 0
    earlier = (tmp_path / "checkpoint.safetensors").read_bytes()
    assert main("--steps", 2, "--out", tmp_path) == 0
    assert (tmp_path / "earlier-checkpoint.safetensors").read_bytes() == earlier


def test_output_that_is_no_terminal_is_plain(
    main: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--steps", 2, "--out", tmp_path) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    assert "step 2 of 2  loss " in printed


def test_a_loss_that_is_no_number_stops(
    main: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "weights.safetensors"
    kept.write_bytes((trained / "weights.safetensors").read_bytes())
    assert main("--steps", 40, "--rate", 1e30, "--out", tmp_path) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: the loss of step ")
    assert "a learning rate below 1e+30 may help (--rate)" in said
    assert kept.read_bytes() == (trained / "weights.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--resume"], "nothing to resume: there is no"),
        (["--backend", "numpy", "--resume", "--out", "TRAINED"], "has --backend llvm, not numpy"),
        (["--steps", "7", "--resume", "--out", "TRAINED"], "has --steps 3, not 7"),
    ],
)
def test_errors(
    main: Any,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    message: str,
) -> None:
    given = [str(trained) if arg == "TRAINED" else arg for arg in args]
    given = given if "--out" in given else [*given, "--out", str(tmp_path)]
    assert main(*given) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said


@pytest.mark.parametrize(
    "args", [["--crop", "100"], ["--steps", "0"], ["--backend", "gpu"], ["--threads", "x"]]
)
def test_wrong_options(main: Any, args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(*args)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_damaged_checkpoint(
    main: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (trained / "checkpoint.safetensors").read_bytes()
    (tmp_path / "checkpoint.safetensors").write_bytes(data[: len(data) // 2])
    assert main("--resume", "--out", tmp_path) == 1
    assert "is cut off or damaged" in capsys.readouterr().err
