"""Layers, optimizers and whole training steps made of parts that no file of the package knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.tensor import Parameter, Tensor


class Scale(tg.nn.Layer):
    """x * factor + drift, and how often it was called in training."""

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape[-1:], "ones", name="factor")
        self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

    def call(self, x: Tensor, training: bool) -> Tensor:
        if training:
            self.calls.assign(self.calls + 1)
        return x * self.factor


class SignSGD(tg.optimizers.Optimizer):
    """Steps of the learning rate, whatever the gradient's size."""

    def update(
        self, x: Parameter, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        return x - rate * tg.where(g > 0, 1.0, -1.0), {}


def model() -> tg.nn.Model:
    x = tg.nn.Input((3,))
    y = tg.nn.Dense(2)(Scale(name="scale")(x))
    return tg.nn.Model(x, y)


X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
LABELS = np.array([0, 1, 0, 1])


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_they_train_in_one_step(backend: str) -> None:
    net = model()
    net.initialize(0)
    optimizer = SignSGD(0.125, parameters=net.parameters)

    @tg.jit(backend=backend)
    def step(x: Tensor, labels: Tensor) -> Tensor:
        loss = tg.cross_entropy(net(x, training=True), labels)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    first, second = (float(step(X, LABELS)) for _ in range(2))
    assert second < first
    named = net.named_parameters()
    assert set(np.abs(named["scale/factor"].numpy() - 1)) <= {0, 0.25}
    assert named["scale/calls"].numpy() == 2
    assert int(optimizer.iterations) == 2


def test_they_are_counted_saved_and_loaded(tmp_path: Any) -> None:
    net, other = model(), model()
    net.initialize(1)
    other.initialize(2)
    assert net.count_params() == 3 + 1 + 3 * 2 + 2
    net.save_weights(tmp_path / "net.safetensors")
    other.load_weights(tmp_path / "net.safetensors")
    for name, parameter in net.named_parameters().items():
        np.testing.assert_array_equal(parameter.numpy(), other.named_parameters()[name].numpy())


def test_their_names_are_in_stages_and_on_drawings() -> None:
    y = model()(tg.tensor(X, name="x"))
    assert "scale" in str(tg.draw(y))
    assert "scale" in tg.stages(y, only="scale")["graph"].text


class NumpyTanh(tg.nn.Layer):
    def call(self, x: Any) -> Any:
        return np.tanh(x)


def test_numpys_functions_are_named_where_tinygraphs_belong() -> None:
    x, y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
    with pytest.raises(tg.TraceError, match=r"^NumpyTanh numpy_tanh: .* such as tg.mean"):
        NumpyTanh()(tg.nn.Input((3,)))

    def error(target: Any, prediction: Any) -> Any:
        return np.mean((target - prediction) ** 2, axis=-1)

    model = tg.nn.Sequential([tg.nn.Input((3,)), tg.nn.Dense(1)])
    for said in ({"loss": error}, {"loss": "mse", "metrics": [error]}):
        model.compile("sgd", backend="numpy", **said)
        with pytest.raises(tg.TraceError, match=r"error: a function of NumPy.* was called on"):
            model.fit(x, y, verbose=0)
