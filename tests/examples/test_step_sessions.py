"""The pictures of docs/stepping.md can be written anew, and say what they are there for."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SAYS = {
    "first": "nothing computed",
    "forward": "step 4 of 15, forward",
    "backward": "dL/dw1 = dL/dmul_2 * x1 = 0.1966 * (-2.0) = -0.3932",
    "why": "dL/dK[1,1,0,0] =",
    "pixel": "conv_1[0,1,1,0]",
    "nudge": "the gradient promised",
    "nan": "0.0 * -∞ = NaN",
}


def words(path: Path) -> str:
    """The text of a picture, line after line."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", path.read_text(encoding="utf-8"))
    return "\n".join(unescape(text).replace("\xa0", " ") for text in found)


def record(folder: Path) -> None:
    script = ROOT / "examples" / "step_sessions.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_example_writes_the_pictures(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    record(tmp_path)
    if request.config.getoption("--update-golden"):
        record(IMAGES)
    assert {path.name for path in tmp_path.iterdir()} == {f"stepper_{name}.svg" for name in SAYS}
    page = (ROOT / "docs" / "stepping.md").read_text(encoding="utf-8")
    for name, says in SAYS.items():
        assert says in words(tmp_path / f"stepper_{name}.svg"), name
        assert words(IMAGES / f"stepper_{name}.svg") == words(tmp_path / f"stepper_{name}.svg"), (
            "pytest --update-golden writes the pictures anew"
        )
        assert f"images/stepper_{name}.svg" in page
