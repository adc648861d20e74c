"""examples/augmentations.py draws its sheet."""

from __future__ import annotations

from pathlib import Path

import augmentations  # type: ignore[import-not-found]
import numpy as np
import pytest
from PIL import Image

from tinygraph.augment import Flip, Noise


def test_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are enough: windows are there, and outlines in orange."""
    monkeypatch.setattr(augmentations, "ROWS", {"flip": Flip(1), "noise": Noise(0.02)})
    path = tmp_path / "new" / "sheet.png"
    augmentations.main(path)
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert picture.shape[1] > 600
    red, green, blue = np.moveaxis(picture, -1, 0)
    orange = (red > 150) & (red > green + 40) & (green > blue + 40)
    assert orange.mean() > 0.01
    assert (picture.max(-1) < 30).mean() > 0.1  # the dark background of fluorescence
