"""Losses by their formulas."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import losses


def test_values() -> None:
    assert losses.mean_squared_error([1.0, 2.0], [0.0, 4.0]).item() == 2.5
    assert losses.mean_absolute_error([1.0, 2.0], [0.0, 4.0]).item() == 1.5


def test_binary_cross_entropy_does_not_overflow() -> None:
    z = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    t = np.array([0.0, 1.0, 0.5, 0.0, 1.0])
    each = [0, np.log1p(np.e), np.log(2), np.log1p(np.exp(2)), 0]
    assert losses.binary_cross_entropy(z, t).item() == pytest.approx(np.mean(each), rel=1e-12)
    x = tg.parameter(z)
    slope = tg.grad(losses.binary_cross_entropy(x, t), x).numpy()
    np.testing.assert_allclose(
        slope, (1 / (1 + np.exp(-np.clip(z, -700, 700))) - t) / 5, atol=1e-12
    )


def test_cross_entropy_is_the_one_of_tinygraph() -> None:
    assert losses.cross_entropy is tg.cross_entropy


@pytest.mark.parametrize(
    "loss", [losses.mean_squared_error, losses.mean_absolute_error, losses.binary_cross_entropy]
)
def test_shapes_must_agree(loss: object) -> None:
    with pytest.raises(tg.ShapeError, match=r"prediction and target of one shape.*test_losses.py"):
        loss(np.ones((4, 1)), np.ones(4))  # type: ignore[operator]
