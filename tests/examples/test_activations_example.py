"""examples/activations.py: the slopes that it prints, and its figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

Capture = pytest.CaptureFixture[str]

TABLE = """\
slope at                -6.0    -2.0    -0.5     0.5     2.0     6.0
sigmoid                0.002   0.105   0.235   0.235   0.105   0.002
tanh                   0.000   0.071   0.786   0.786   0.071   0.000
ReLU                   0.000   0.000   0.000   1.000   1.000   1.000
leaky ReLU, .1         0.100   0.100   0.100   1.000   1.000   1.000
ELU                    0.002   0.135   0.607   1.000   1.000   1.000
maxout of two lines   -0.500  -0.500  -0.500   1.000   1.000   1.000
"""


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_the_slopes(backend: str, capsys: Capture) -> None:
    import activations

    assert activations.main(["--out", "", "--backend", backend]) == 0
    assert capsys.readouterr().out == TABLE


def test_the_figure_and_the_errors(tmp_path: Path, capsys: Capture) -> None:
    import activations

    figure = tmp_path / "figure.png"
    assert activations.main(["--out", str(figure)]) == 0
    with Image.open(figure) as picture:
        assert min(picture.size) > 300
    assert activations.main(["--out", str(tmp_path / "figure.xyz")]) == 1
    assert "error: " in capsys.readouterr().err
    assert activations.main(["--backend", "nothing"]) == 1
    assert "nothing" in capsys.readouterr().err
