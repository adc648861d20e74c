"""examples/pets_unet.py: a small run, resuming, the pets of a folder, and its Dice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pets_unet
import pytest
from _segments import Task, drawn_often, pets_task
from conftest import EXAMPLES  # type: ignore[import-not-found]
from PIL import Image

import tinygraph as tg
from tinygraph.callbacks import EarlyStopping
from tinygraph.data import Batches

Capture = pytest.CaptureFixture[str]
SMALL = ["--epochs", "4", "--batch", "2"]


def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "numbers.json").read_text())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four images of 16x16 pixels in place of the nuclei."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.repeat(rng.integers(0, 2, (4, 2, 2), np.int32), 8, 1), 8, 2)
    x = rng.normal(size=(4, 16, 16, 3)).astype(np.float32) + 2 * y[..., None]
    pictures = (255 * (x[..., 0] - x.min()) / np.ptp(x)).astype(np.uint8)

    def task(batch: int, crop: int, seed: int) -> Task:
        batches = Batches(x, y, batch_size=batch, shuffle=True, seed=seed)
        classes = ("background", "nucleus")
        return Task(batches, (x, y), (x, y), pictures, ["a", "a", "b", "b"], classes, 1, 2)

    monkeypatch.setattr(pets_unet, "nuclei_task", task)


def test_a_small_run(small: None, tmp_path: Path, capsys: Capture) -> None:
    args = [*SMALL, "--backend", "numpy", "--output", str(tmp_path)]
    assert pets_unet.main(args) == 0
    found = numbers(tmp_path)
    assert found["weights"] == 2_058_690
    assert set(found["by_kind"]) == {"a", "b", "all"}
    assert found["epochs_done"] == 4
    for name in ("predictions", "curves"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert min(picture.size) > 200
    said = capsys.readouterr().out
    assert said.isascii()
    assert "\x1b" not in said
    model = tg.nn.models.load_model(tmp_path / pets_unet.WEIGHTS)
    assert model.count_params() == found["weights"]


def test_stopped_and_resumed_is_as_never_stopped(
    small: None, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = str(tmp_path / "whole"), str(tmp_path / "parts")
    args = [*SMALL, "--backend", "numpy", "--output"]
    assert pets_unet.main([*args, whole]) == 0
    with monkeypatch.context() as context:
        context.setattr(pets_unet, "EarlyStopping", interrupted_at(3))
        assert pets_unet.main([*args, parts]) == 130
    said = capsys.readouterr().err
    assert said.startswith("stopped; go on with: ")
    assert said.rstrip().endswith(f"--resume --output {parts}")
    assert not (tmp_path / "parts" / pets_unet.WEIGHTS).exists()
    assert pets_unet.main(["--resume", "--output", parts, "--seed", "9"]) == 1
    assert "has --seed 0, not 9" in capsys.readouterr().err
    assert pets_unet.main(["--resume", "--output", parts]) == 0
    one, other = ((Path(f) / pets_unet.WEIGHTS).read_bytes() for f in (whole, parts))
    assert one == other


def interrupted_at(epoch: int) -> type[EarlyStopping]:
    """An `EarlyStopping` that presses Ctrl-C when this epoch begins."""

    def on_epoch_begin(self: EarlyStopping, number: int, logs: Any = None) -> None:
        if number == epoch:
            raise KeyboardInterrupt

    return type("EarlyStopping", (EarlyStopping,), {"on_epoch_begin": on_epoch_begin})


@pytest.mark.slow
def test_compiled_it_learns_the_same(small: None, tmp_path: Path) -> None:
    for backend in ("numpy", "llvm"):
        args = [*SMALL, "--epochs", "2", "--backend", backend]
        assert pets_unet.main([*args, "--output", str(tmp_path / backend)]) == 0
    one, other = (numbers(tmp_path / backend) for backend in ("numpy", "llvm"))
    assert one["validation_dice"] == pytest.approx(other["validation_dice"], abs=0.02)


def test_nothing_to_resume(tmp_path: Path, capsys: Capture) -> None:
    assert pets_unet.main(["--resume", "--output", str(tmp_path)]) == 1
    assert "error: nothing to resume" in capsys.readouterr().err


def test_rare_kinds_are_drawn_more_often_and_every_image_once() -> None:
    train = tg.data.nuclei().train
    often = drawn_often(train)
    assert set(often) == set(range(len(train)))
    counts = {kind: (train.kinds[often] == kind).sum() for kind in np.unique(train.kinds)}
    assert counts == {"brightfield": 20, "fluorescence": 48, "stained": 34, "tissue": 22}


def test_windows_of_the_nuclei() -> None:
    from _segments import nuclei_task

    task = nuclei_task(batch=4, crop=32, seed=1)
    x, y = next(iter(task.batches))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((4, 32, 32, 3), "float32", (4, 32, 32), "int32")
    assert {*np.unique(y)} <= {0, 1}
    assert abs(x).max() <= 4
    assert len(task.test[0]) == len(task.kinds) == 30
    assert len(task.validation[0]) == 15


def test_pets_from_a_folder(tmp_path: Path, capsys: Capture) -> None:
    rng = np.random.default_rng(0)
    for k in range(14):
        photograph = Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8))
        trimap = Image.fromarray(rng.integers(1, 4, (20, 30), np.uint8))
        for part, image in (("images", photograph), ("annotations/trimaps", trimap)):
            (tmp_path / part).mkdir(parents=True, exist_ok=True)
            image.save(tmp_path / part / f"pug_{k}.{'jpg' if part == 'images' else 'png'}")
    task = pets_task(batch=4, seed=0, path=tmp_path, limit=14)
    x, y = next(iter(task.batches))
    assert (x.shape, x.dtype, y.shape, y.dtype) == (
        (4, 160, 160, 3),
        "float32",
        (4, 160, 160),
        "int32",
    )
    assert 0 <= x.min() < x.max() <= 1
    assert {*np.unique(y)} == {0, 1, 2}
    counts = task.batches.examples, len(task.validation[0]), len(task.test[0])
    assert counts == (10, 2, 2)
    args = ["--data", "pets", "--path", str(tmp_path / "none"), "--output", str(tmp_path / "out")]
    assert pets_unet.main(args) == 1
    assert "error: Oxford-IIIT pets is not in" in capsys.readouterr().err


@pytest.mark.slow
def test_dice_on_the_test_images(tmp_path: Path) -> None:
    """In a process of its own: it takes minutes, and as much memory as it takes."""
    command = [sys.executable, str(EXAMPLES / "pets_unet.py"), "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=3000)
    found = numbers(tmp_path)
    assert found["dice"] >= 0.82
    assert found["dice"] > found["baseline_dice"]
