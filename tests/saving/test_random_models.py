"""Functional models drawn by hypothesis: branches, shared layers, inner models, several outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn.models import load_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@st.composite
def graphs(draw: st.DrawFn, depth: int = 1) -> nn.Model:
    """A model of vectors of 3 numbers."""
    inputs = [nn.Input((3,), name=f"in{k}") for k in range(draw(st.integers(1, 2)))]
    symbols, layers = [*inputs], []
    for _ in range(draw(st.integers(1, 6))):
        x = draw(st.sampled_from(symbols))
        y = draw(st.sampled_from(symbols))
        kind = draw(st.integers(0, 7 if depth else 6))
        with tg.scope(draw(st.sampled_from(["a", "b"]))):
            if kind == 0 and layers:
                made = draw(st.sampled_from(layers))(x)
            elif kind <= 2:
                layers.append(nn.Dense(3, draw(st.sampled_from([None, "relu", tg.tanh]))))
                made = layers[-1](x)
            elif kind == 3:
                layers.append(nn.BatchNormalization())
                made = layers[-1](x, training=draw(st.sampled_from([None, False])))
            elif kind == 4:
                made = x * draw(st.sampled_from([2.0, 0.1])) + y
            elif kind == 5:
                made = nn.Dense(3)(nn.Concatenate()([x, y]))
            elif kind == 6:
                made = nn.Add()([x, y])
            else:
                inner = draw(graphs(depth - 1))
                layers += [inner] if len(inner.inputs) == 1 else []
                made = inner([x, y][: len(inner.inputs)])
                made = made[0] if isinstance(made, list) else made
        symbols.append(made)
    outputs = draw(st.lists(st.sampled_from(symbols[len(inputs) :]), min_size=1, max_size=2))
    used = [s for s in inputs if s in _needed(outputs)] or inputs[:1]
    return nn.Model(used, outputs)


def _needed(outputs: list[Any]) -> list[Any]:
    found, stack = [], [*outputs]
    while stack:
        symbol = stack.pop()
        found.append(symbol)
        if symbol.call is not None:
            stack += symbol.call.inputs()
    return found


@settings(max_examples=60)
@given(model=graphs(), seed=st.integers(0, 5))
def test_it_comes_back(folder: Path, model: nn.Model, seed: int) -> None:
    model.initialize(seed)
    model.save(folder / "m")
    again = load_model(folder / "m")
    assert [*again.named_parameters()] == [*model.named_parameters()]
    assert again.to_json() == model.to_json()
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(2, 3)).astype(np.float32) for _ in model.inputs]
    for a, b in zip(model(x), again(x), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
