"""examples/mnist_mlp.py and mnist_convnet.py: what they write, say and claim."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import conftest  # noqa: F401  puts the examples on the path
import mnist_convnet
import mnist_mlp
import numpy as np
import pytest
from PIL import Image

from tinygraph.data import Examples, TrainTest

Capture = pytest.CaptureFixture[str]


def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "numbers.json").read_text())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of sixty images."""
    import _classify

    for name, load in [*_classify.SETS.items()][:2]:
        train, test = load()
        small = TrainTest(train[:60], test[:40])
        monkeypatch.setitem(_classify.SETS, name, lambda small=small: small)


@pytest.mark.parametrize(
    ("example", "args", "weights", "backend"),
    [
        (mnist_mlp, ["--data", "fashion"], 13_002, "numpy"),
        (mnist_mlp, ["--data", "fashion"], 13_002, "llvm"),
        (mnist_mlp, ["--data", "digits", "--hidden", "8"], 64 * 8 + 8 + 8 * 10 + 10, "llvm"),
        (mnist_convnet, ["--data", "digits"], 34_826, "numpy"),
        (mnist_convnet, ["--data", "digits"], 34_826, "llvm"),
        (mnist_convnet, ["--net", "mnist_conv_net"], 354_002, "llvm"),
    ],
)
def test_a_small_run(
    few: None,
    example: Any,
    args: list[str],
    weights: int,
    backend: str,
    tmp_path: Path,
    capsys: Capture,
) -> None:
    args = [*args, "--epochs", "2", "--backend", backend, "--output", str(tmp_path)]
    assert example.main(args) == 0
    found = numbers(tmp_path)
    assert found["weights"] == weights
    assert 0 <= found["test_accuracy"] <= 1
    assert found["best_epoch"] in (1, 2)
    for name in ("confusions", "curves"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert min(picture.size) > 300
    said = capsys.readouterr().out
    assert said.isascii()
    assert "\x1b" not in said
    assert "51 images to train, 9 to validate, 40 to test" in said


def test_what_is_taken_for_what() -> None:
    from _classify import confusion

    matrix = confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 2]), 3)
    np.testing.assert_array_equal(matrix, [[1, 1, 0], [0, 1, 0], [1, 0, 1]])
    labels = np.array([255, 254], np.uint8)
    assert confusion(labels, labels, 256)[255, 255] == 1


def test_digits_are_enlarged_and_stay_in_the_middle() -> None:
    x = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    large = mnist_convnet.enlarged(x)
    assert large.shape == (1, 28, 28, 1)
    np.testing.assert_array_equal(large[:, 2:26:3, 4:26:3], x)
    assert large[:, :2].max() == large[:, 26:].max() == 0
    np.testing.assert_array_equal(mnist_convnet.enlarged(large), large)


def test_the_test_images_choose_nothing(
    few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other test images: the same epoch, the same score on the validation images."""
    import _classify

    train, test = _classify.SETS["digits"]()
    others = Examples(test.x[::-1], test.y, test.classes, test.largest)
    found = []
    for part in (test, others):
        pair = TrainTest(train, part)
        monkeypatch.setitem(_classify.SETS, "digits", lambda pair=pair: pair)
        assert mnist_mlp.main(["--data", "digits", "--epochs", "4", "--output", str(tmp_path)]) == 0
        found.append(numbers(tmp_path))
    assert found[0]["validation_accuracy"] == found[1]["validation_accuracy"]
    assert found[0]["best_epoch"] == found[1]["best_epoch"]
    assert found[0]["test_accuracy"] != found[1]["test_accuracy"]


def test_mnist_is_read_where_it_is_or_said_to_be_missing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ["--data", "mnist", "--path", str(tmp_path), "--output", str(tmp_path / "out")]
    assert mnist_mlp.main(args) == 1
    assert capsys.readouterr().err.startswith(f"error: MNIST is not in {tmp_path}")
    for part, count in (("train", 40), ("t10k", 20)):
        images = struct.pack(">4i", 0x803, count, 28, 28) + bytes(count * 28 * 28)
        labels = struct.pack(">2i", 0x801, count) + bytes(k % 10 for k in range(count))
        for name, data in (
            (f"{part}-images-idx3-ubyte", images),
            (f"{part}-labels-idx1-ubyte", labels),
        ):
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    assert mnist_mlp.main(args) == 1
    assert "verify=False" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "args", "least"),
    [
        (mnist_mlp, ["--data", "fashion"], 0.78),
        (mnist_mlp, ["--data", "digits"], 0.94),
        (mnist_convnet, ["--data", "fashion"], 0.82),
        (mnist_convnet, ["--data", "fashion", "--net", "mnist_conv_net"], 0.82),
        (mnist_convnet, ["--data", "digits"], 0.94),
    ],
)
def test_the_lectures_targets(example: Any, args: list[str], least: float, tmp_path: Path) -> None:
    assert example.main([*args, "--output", str(tmp_path)]) == 0
    assert numbers(tmp_path)["test_accuracy"] >= least
