"""examples/gradient_descent.py: the deck's numbers, rates that go wrong, solvers that arrive."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

Capture = pytest.CaptureFixture[str]

DECK = """\
  0 loss = 4            x = 1.2
  1 loss = 1.44         x = 0.72
  2 loss = 0.5184       x = 0.432
  3 loss = 0.186624     x = 0.2592
  4 loss = 0.0671846    x = 0.15552
  5 loss = 0.0241865    x = 0.093312
  6 loss = 0.00870713   x = 0.0559872
  7 loss = 0.00313457   x = 0.0335923
  8 loss = 0.00112844   x = 0.0201554
  9 loss = 0.00040624   x = 0.0120932
"""


@pytest.mark.parametrize("how", [[], ["--jit", "--backend", "numpy"], ["--jit"]])
def test_the_numbers(how: list[str], capsys: Capture) -> None:
    import gradient_descent

    assert gradient_descent.main(["--out", "", "--steps", "80", *how]) == 0
    text = capsys.readouterr().out
    assert DECK in text
    rates = [line for line in text.splitlines() if line.startswith("  rate")]
    assert ["away" in line for line in rates] == [False, False, False, True]
    losses = [float(line.split()[-1]) for line in text.splitlines() if " y = " in line]
    assert len(losses) == 8
    assert max(losses) < 0.01  # from 8.97


def test_the_figure_and_the_errors(tmp_path: Path, capsys: Capture) -> None:
    import gradient_descent

    figure = tmp_path / "figure.png"
    assert gradient_descent.main(["--out", str(figure), "--steps", "5"]) == 0
    with Image.open(figure) as picture:
        assert min(picture.size) > 300
    assert gradient_descent.main(["--steps", "0"]) == 1
    assert "--steps is at least 1, got 0" in capsys.readouterr().err
    assert gradient_descent.main(["--out", str(tmp_path / "figure.xyz")]) == 1
    assert "cannot write" in capsys.readouterr().err
