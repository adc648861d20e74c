"""Every network of `tg.models` can be written down and made again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tinygraph import models, nn
from tinygraph.nn.seeds import undrawn
from tinygraph.saving.architecture import read_model, write_model

LARGE = ("resnet34", "resnet50", "resnet1", "xception", "googlenet")


def named(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.slow) if name.startswith(LARGE) else name


def kinds(model: nn.Model) -> list[tuple[Any, ...]]:
    parameters = model.named_parameters().items()
    return [(name, p.shape, p.dtype, p.trainable) for name, p in parameters]


@pytest.mark.parametrize("name", [*map(named, models.MODELS)])
def test_it_is_made_again(name: str) -> None:
    with undrawn():
        model = models.MODELS[name]()
    said = json.loads(json.dumps(write_model(model)))
    again = read_model(said, None, "the notes", draw=False)
    assert kinds(again) == kinds(model)
    assert write_model(again) == write_model(model)
    assert [str(s) for s in nn.structure.leaves(again.outputs)] == [
        str(s) for s in nn.structure.leaves(model.outputs)
    ]
