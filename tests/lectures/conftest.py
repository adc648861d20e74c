"""Handwritten digits in the form of MNIST, for code that loads it."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.data import Examples, TrainTest


def enlarged(part: Examples, count: int) -> Examples:
    """The 8x8 digits as uint8 [count,28,28] from 0 to 255."""
    x = np.asarray(part.x[:count], np.float64).reshape(-1, 8, 8)
    larger = np.kron(x * (255 / x.max()), np.ones((1, 3, 3)))
    padded = np.pad(larger, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    return Examples(padded, np.asarray(part.y[:count]).astype(np.uint8), part.classes)


@pytest.fixture
def mnist(monkeypatch: pytest.MonkeyPatch) -> TrainTest:
    """What `tg.data.mnist` gives in this test: 1,200 digits to train, 200 to test."""
    train, test = tg.data.digits()
    data = TrainTest(enlarged(train, 1200), enlarged(test, 200))
    monkeypatch.setattr(tg.data, "mnist", lambda path=None, verify=True: data)
    return data
