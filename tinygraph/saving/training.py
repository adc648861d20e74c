"""How a model is being trained, as JSON and back: arguments of `compile`, the optimizer's state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_training(model: Any, custom_objects: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What JSON can say, and under "state" the optimizer's parameters; None if not compiled."""
    return None


def read_training(
    model: Any,
    said: Mapping[str, Any],
    arrays: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None,
    path: str | Path,
) -> None:
    """Compiles the model as it was, and gives the optimizer its state."""
