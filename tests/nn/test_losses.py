"""Losses by their formulas and by the lectures' numbers; what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import losses


def test_values() -> None:
    assert losses.mean_squared_error([0.0, 4.0], [1.0, 2.0]).item() == 2.5
    assert losses.mean_absolute_error([0.0, 4.0], [1.0, 2.0]).item() == 1.5
