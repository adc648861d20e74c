"""examples/edge_detectors.py: the lecture's numbers, a real image, a figure, clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_it_prints_the_lectures_numbers(backend: str, capsys: Capture) -> None:
    import edge_detectors

    assert edge_detectors.main(["--out", "", "--backend", backend]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    at = lines.index(["672", "510", "705"])
    assert lines[at + 1 : at + 3] == [["267", "314", "376"], ["446", "307", "439"]]
    assert ["153", "57", "-342"] in lines
    assert ["322", "141", "-22"] in lines
    assert "nuclei 0 (fluorescence): 256 x 256" in out


def test_it_saves_a_figure_of_an_image_of_ones_own(tmp_path: Path, capsys: Capture) -> None:
    import edge_detectors

    half = np.zeros((20, 30), np.uint8)
    half[:, 15:] = 200
    Image.fromarray(half).save(tmp_path / "half.png")
    figure = tmp_path / "figure.png"
    assert edge_detectors.main(["--image", str(tmp_path / "half.png"), "--out", str(figure)]) == 0
    with Image.open(figure) as picture:
        assert min(picture.size) > 300
    rows = {line[:18].strip(): line.split() for line in capsys.readouterr().out.splitlines()}
    assert rows["vertical edges"][2:4] == ["-600", "0"]  # dark on the left, bright on the right
    assert rows["horizontal edges"][2:4] == ["0", "0"]


def test_errors_are_sentences(tmp_path: Path, capsys: Capture) -> None:
    import edge_detectors

    assert edge_detectors.main(["--number", "99"]) == 1
    assert "there are 30 test images" in capsys.readouterr().err
    assert edge_detectors.main(["--image", str(tmp_path / "none.png")]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert edge_detectors.main(["--out", str(tmp_path / "no" / "figure.png")]) == 1
    assert "cannot write" in capsys.readouterr().err
