"""examples/smiley.py and smiley_ring.py: what they write, say and claim."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import conftest  # noqa: F401  puts the examples on the path
import numpy as np
import pytest
import smiley
import smiley_ring
from PIL import Image

from tinygraph.callbacks import History
from tinygraph.data.synthetic import face

Capture = pytest.CaptureFixture[str]


def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "numbers.json").read_text())


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(
    ("example", "pictures"), [(smiley, ["filter", "examples"]), (smiley_ring, ["examples", "loss"])]
)
def test_a_small_run(
    example: Any, pictures: list[str], backend: str, tmp_path: Path, capsys: Capture
) -> None:
    args = ["--train", "40", "--epochs", "1", "--backend", backend, "--seed", "3"]
    assert example.main([*args, "--output", str(tmp_path)]) == 0
    found = numbers(tmp_path)
    assert (found["backend"], found["seed"]) == (backend, 3)
    for name in pictures:
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert min(picture.size) > 200
    said = capsys.readouterr().out
    assert said.isascii()
    assert "\x1b" not in said
    assert said.splitlines()[-1].startswith(
        f"written to {tmp_path}: numbers.json, {pictures[0]}.png"
    )


def test_both_backends_learn_the_same(tmp_path: Path) -> None:
    for backend in ("numpy", "llvm"):
        args = ["--train", "200", "--epochs", "3", "--backend", backend]
        assert smiley.main([*args, "--output", str(tmp_path / backend)]) == 0
    one, other = (numbers(tmp_path / backend)["nets"] for backend in ("numpy", "llvm"))
    for name, said in one.items():
        assert other[name] == pytest.approx(said, abs=0.011)  # two of 200 images
    assert one["large dense net"]["train"] > 0.9


def test_the_nets_to_compare_with() -> None:
    assert smiley.NETS["convolution"][0]().count_params() == 124
    assert smiley.small_dense().count_params() == 100 + 3
    assert smiley.large_dense().count_params() == 1024 * 32 + 32 + 33


@pytest.mark.parametrize("moved", [(0, 0), (-1, 2)])
def test_the_place_of_the_face_in_the_kernel(moved: tuple[int, int]) -> None:
    down, right = moved
    kernel = np.roll(np.pad(face(11), 4), moved, (0, 1))[4:15, 4:15]
    found, alike = smiley.likeness(kernel)
    assert found == (down, right)
    assert alike == pytest.approx(1)
    assert smiley.likeness(-kernel)[1] < 0.5


def test_ctrl_c_keeps_what_was_done(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(2, monkeypatch)
    args = ["--train", "40", "--epochs", "5", "--output", str(tmp_path)]
    assert smiley.main(args) == 130
    assert "stopped after 2 epochs" in capsys.readouterr().out
    assert [*numbers(tmp_path)["nets"]] == ["convolution"]
    assert (tmp_path / "examples.png").exists()


def interrupt_after(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C when an epoch is done: the history is told of it last."""
    told = History.on_epoch_end

    def on_epoch_end(self: History, epoch: int, logs: Any = None) -> None:
        told(self, epoch, logs)
        if epoch + 1 == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(History, "on_epoch_end", on_epoch_end)


@pytest.mark.parametrize("example", [smiley, smiley_ring])
def test_ctrl_c_in_the_first_epoch(
    example: Any, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_epoch_begin(self: History, epoch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(History, "on_epoch_begin", on_epoch_begin)
    assert example.main(["--train", "40", "--output", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "stopped before there was anything to show\n"
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("args", [["--epochs", "0"], ["--seed", "-1"], ["--backend", "gpu"]])
def test_wrong_options(args: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stop:
        smiley.main(args)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_errors_are_said_in_a_line(tmp_path: Path, capsys: Capture) -> None:
    assert smiley.main(["--noise", "-1", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: noise must not be less than 0, got -1.0\n"
    (tmp_path / "file").touch()
    assert smiley.main(["--output", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 5])
def test_the_convolution_finds_faces_where_none_was_and_dense_nets_do_not(
    seed: int, tmp_path: Path
) -> None:
    assert smiley.main(["--seed", str(seed), "--output", str(tmp_path)]) == 0
    convolution, same, more = numbers(tmp_path)["nets"].values()
    assert convolution["test"] >= 0.99
    assert same["weights"] <= convolution["weights"] < more["weights"]
    for dense in (same, more):
        assert dense["validation"] > 0.85
        assert dense["test"] < 0.6


@pytest.mark.slow
def test_the_ring_is_ten_times_nearer_than_the_input(tmp_path: Path) -> None:
    assert smiley_ring.main(["--output", str(tmp_path)]) == 0
    found = numbers(tmp_path)
    assert found["times_better"] >= 10
    assert found["mse"] < found["mse_of_nothing"] / 10
