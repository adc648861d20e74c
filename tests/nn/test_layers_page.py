"""docs/layers.md lists every layer."""

from __future__ import annotations

import re
from pathlib import Path

from layer_samples import all_layers

PAGE = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")


def test_every_layer_is_listed() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    listed = re.findall(r"`(\w+)`", " ".join(rows))
    assert sorted(listed) == sorted(all_layers())
