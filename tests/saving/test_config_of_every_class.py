"""Every layer, loss, metric, optimizer ... comes back from JSON with the arguments it had."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from typing import Any

import pytest

import tinygraph as tg
from tinygraph import losses
from tinygraph.saving.remembered import CLASSES
from tinygraph.saving.values import Reader, Writer

PARTS = ("losses", "metrics", "nn", "optimizers", "regularizers")
for part in PARTS:
    import_module(f"tinygraph.{part}")

ARGUMENTS: dict[str, Any] = {
    "activation": "relu",
    "axes": 1,
    "boundaries": [3],
    "decay_rate": 0.9,
    "decay_steps": 10,
    "dims": (2, 1),
    "filters": 4,
    "function": tg.exp,
    "initial_learning_rate": 0.25,
    "kernel_size": 3,
    "loss": losses.MeanSquaredError(),
    "n": 2,
    "num_classes": 3,
    "parts": [(0.5, losses.Huber(delta=2.0)), (1.0, losses.MeanSquaredError())],
    "pieces": 2,
    "rate": 0.25,
    "scale": 2.0,
    "stddev": 0.125,
    "target_shape": (2, 2),
    "units": 3,
    "values": [0.5, 0.25],
    "window": 2,
}
"""What is given where a class has no default."""

ABSTRACT = {"Windowed"}


def made(cls: Any) -> Any:
    parameters = [*inspect.signature(cls.__init__).parameters.values()][1:]
    needed = [p.name for p in parameters if p.default is p.empty and p.kind < 2]
    return cls(**{name: ARGUMENTS[name] for name in needed})


def plain(value: Any) -> dict[str, Any]:
    """The attributes that can be compared."""
    kept = (bool, int, float, str, tuple, type(None))
    return {name: v for name, v in vars(value).items() if isinstance(v, kept)}


OURS = sorted(
    name
    for name, cls in CLASSES.items()
    if name.startswith(tuple(f"tinygraph.{part}." for part in PARTS))
    and not cls.__name__.startswith("_")
    and cls.__name__ not in ABSTRACT
)


def test_there_are_many() -> None:
    assert len(OURS) > 120
    assert {"tinygraph.nn.Conv2D", "tinygraph.losses.Huber", "tinygraph.optimizers.Adam"} <= {*OURS}


@pytest.mark.parametrize("name", OURS)
def test_it_comes_back(name: str) -> None:
    one = made(CLASSES[name])
    said = json.loads(json.dumps(Writer().write(one, name), allow_nan=False))
    other = Reader().read(said)
    assert type(other) is type(one)
    assert plain(other) == plain(one)
    assert Writer().write(other, name) == said
