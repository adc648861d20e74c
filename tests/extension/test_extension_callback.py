"""A callback, a loss and a metric from outside the package: trained with, remembered, resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4)).astype(np.float32)
Y = (X @ rng.normal(size=(4, 1))).astype(np.float32)


class Averaged(tg.callbacks.Callback):
    """The mean of the weights over all steps: numbers and an array that a resumed run needs."""

    def __init__(self) -> None:
        self.steps = 0
        self.mean = np.zeros((4, 1), np.float32)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        (kernel,) = self.model.parameters
        self.mean = self.mean + (kernel.numpy() - self.mean) / np.float32(self.steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["mean"] = float(np.abs(self.mean).sum())

    def state(self) -> dict[str, Any]:
        return {"steps": self.steps, "mean": self.mean}

    def set_state(self, state: dict[str, Any]) -> None:
        self.steps, self.mean = state["steps"], state["mean"]


class Trouble(tg.callbacks.Callback):
    """An error at the k-th step."""

    def __init__(self, at: int) -> None:
        self.left = at

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("the power went out")


class FourthPower(tg.losses.Loss):
    """(target - prediction) ** 4, the mean over the last axis."""

    def call(self, target: tg.Tensor, prediction: tg.Tensor) -> tg.Tensor:
        return tg.mean((target - prediction) ** 4, axis=-1)


class Largest(tg.metrics.Metric):
    """The mean of |target - prediction|, weighing nothing else."""

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> tg.Tensor:
        error = tg.abs(prediction - target)
        return tg.stack([tg.sum(error), tg.sum(tg.ones_like(error))])

    def result(self, totals: np.ndarray) -> float:
        return float(totals[0] / totals[1])


def run(backend: str, at: int, **options: Any) -> tuple[nn.Model, Averaged]:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(1, use_bias=False)])
    model.initialize(0)
    model.compile("adam", FourthPower(), [Largest()], backend=backend)
    averaged = Averaged()
    callbacks = [averaged, Trouble(at)]
    model.fit(X, Y, batch_size=16, epochs=4, verbose=0, callbacks=callbacks, **options)
    return model, averaged


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_it_is_resumed_with_the_run(backend: str, tmp_path: Path) -> None:
    whole, expected = run(backend, -1)
    folder = tg.training.Resume(tmp_path, steps=1)
    for at in (6, 4):
        with pytest.raises(RuntimeError, match="power"):
            run(backend, at, resume=folder)
    resumed, found = run(backend, -1, resume=folder)
    assert found.steps == expected.steps == 12
    np.testing.assert_array_equal(found.mean, expected.mean)
    assert resumed.history.history == whole.history.history
    assert [*whole.history.history] == ["loss", "largest", "mean"]
    p = whole.predict(X, verbose=0)
    numbers = whole.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(numbers, [((Y - p) ** 4).mean(), np.abs(Y - p).mean()], rtol=1e-5)
