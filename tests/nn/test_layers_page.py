"""docs/layers.md lists every layer, and its table of defaults is true."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from layer_samples import all_layers

import tinygraph as tg

PAGE = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")
OURS = (tg.nn.layers, tg.optimizers, tg.losses, tg.metrics)


def rows() -> list[tuple[str, str, str, str, str]]:
    """(class, argument, ours, Keras's, PyTorch's) of the table of defaults."""
    lines = PAGE.split("## Defaults")[1].splitlines()
    found = []
    for line in lines:
        if line.startswith("| `"):
            first, *cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            name, argument = re.findall(r"`(\w+)`", first)[:2]
            found.append((name, argument, *cells))
    return found


def default(places: Any, name: str, argument: str) -> Any:
    """The default of a class's argument, also of one that its bases take."""
    cls = next(getattr(place, name) for place in places if hasattr(place, name))
    for base in cls.__mro__:
        if "__init__" in vars(base) and argument in inspect.signature(base.__init__).parameters:
            return inspect.signature(base.__init__).parameters[argument].default
    raise AssertionError(f"{name} has no argument {argument}")


def test_every_layer_is_listed() -> None:
    listed = set(re.findall(r"`(\w+)`", PAGE.split("## Defaults")[0]))
    assert set(all_layers()) <= listed


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]}-{row[1]}")
def test_our_defaults(row: tuple[str, ...]) -> None:
    name, argument, ours = row[:3]
    assert default(OURS, name, argument) == ast.literal_eval(ours.strip("`"))


@pytest.mark.reference
def test_the_others_defaults(keras: Any) -> None:
    import torch

    theirs = (keras.layers, keras.optimizers, keras.losses, keras.metrics)
    compared = 0
    for name, argument, _, wanted, pytorch in rows():
        if wanted != "-":
            found = default(theirs, name, argument)
            found = found.lower() if isinstance(found, str) else found
            assert found == ast.literal_eval(wanted.strip("`")), name
        if match := re.match(r"`(\w+)\((\w+)=(.+)\)`", pytorch):
            places = (torch.nn, torch.optim)
            value = default(places, match[1], match[2])
            assert value == ast.literal_eval(match[3]), pytorch
            compared += 1
    assert compared > 15
