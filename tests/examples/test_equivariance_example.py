"""examples/equivariance.py: nothing but the move after convolution, less change after pooling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_the_table(backend: str, capsys: Capture) -> None:
    import equivariance

    assert equivariance.main(["--out", "", "--backend", backend, "--shift", "3"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[4:]]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 8]
    assert all(float(row[1]) == 0 for row in rows)  # equivariant, exactly
    for row in rows:
        changes = [float(cell.rstrip("%")) for cell in row[2:]]
        assert changes == sorted(changes, reverse=True)  # wider windows, less change
    assert rows[0][-1] == "0.0%"


def test_a_wrong_shift_would_be_seen() -> None:
    import equivariance

    _, photograph = equivariance.chosen_photograph(0, 1)
    layer = equivariance.convolved("numpy")
    y, z = (layer(equivariance.window(photograph, k, k)) for k in (0, 2))
    assert equivariance.largest_difference(y, z, 2) == 0
    assert equivariance.largest_difference(y, z, 3) > 10
    assert equivariance.change(y, y) == 0
    assert equivariance.change(y, np.zeros_like(y)) == 1


def test_the_figure_and_the_errors(tmp_path: Path, capsys: Capture) -> None:
    import equivariance

    figure = tmp_path / "figure.png"
    assert equivariance.main(["--out", str(figure), "--number", "7"]) == 0
    with Image.open(figure) as picture:
        assert min(picture.size) > 300
    assert equivariance.main(["--shift", "40"]) == 1
    assert "the shift is 1 to 16 pixels, got 40" in capsys.readouterr().err
    assert equivariance.main(["--out", str(tmp_path / "figure.xyz")]) == 1
    assert "cannot write" in capsys.readouterr().err
