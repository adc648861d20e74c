"""Locally connected layers: convolutions if all kernels are equal, else window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygraph import nn


@given(st.data())
def test_with_equal_kernels_it_is_a_convolution(data: st.DataObject) -> None:
    rank = data.draw(st.sampled_from([1, 2]))
    window, strides, padding = (
        data.draw(st.integers(1, 3)),
        data.draw(st.integers(1, 3)),
        data.draw(st.sampled_from(["valid", "same"])),
    )
    space = data.draw(st.lists(st.integers(window, 7), min_size=rank, max_size=rank))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = rng.normal(size=(2, *space, 3)).astype(np.float32)
    options: dict[str, Any] = {"strides": strides, "padding": padding, "activation": "tanh"}
    shared = getattr(nn, f"Conv{rank}D")(2, window, **options)
    local = getattr(nn, f"LocallyConnected{rank}D")(2, window, **options)
    expected = shared(x).numpy()
    assert local(x).shape == expected.shape
    shared.bias.assign(rng.normal(size=2).astype(np.float32))
    local.kernel.assign(np.broadcast_to(shared.kernel.numpy(), local.kernel.shape))
    local.bias.assign(np.broadcast_to(shared.bias.numpy(), local.bias.shape))
    np.testing.assert_allclose(local(x).numpy(), shared(x).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_each_position_has_weights_of_its_own(strides: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    layer = nn.LocallyConnected2D(2, (2, 3), strides, dtype="float64")
    x = rng.normal(size=(2, 5, 7, 3))
    layer(x)
    layer.bias.assign(rng.normal(size=layer.bias.shape))
    y, kernel, bias = layer(x).numpy(), layer.kernel.numpy(), layer.bias.numpy()
    for i, j in np.ndindex(y.shape[1:3]):
        top, left = i * strides[0], j * strides[1]
        seen = x[:, top : top + 2, left : left + 3]
        expected = np.einsum("nuvc,uvco->no", seen, kernel[i, j]) + bias[i, j]
        np.testing.assert_allclose(y[:, i, j], expected, rtol=1e-12)


def test_kernels_are_drawn_as_those_of_a_convolution() -> None:
    shared, local = nn.Conv2D(32, 3), nn.LocallyConnected2D(32, 3)
    for layer in (shared, local):
        layer(np.zeros((1, 12, 12, 8), np.float32))
    first, second = (layer.kernel.numpy() for layer in (shared, local))
    assert second.std() == pytest.approx(first.std(), rel=0.05)
    assert (second[0, 0] != second[0, 1]).any()
    before = local.kernel.numpy()
    local.initialize(3)
    assert (local.kernel.numpy() != before).any()
