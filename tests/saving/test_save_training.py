"""A compiled model is saved with its loss, metrics and optimizer: training goes on bit for bit."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.losses import MeanAbsoluteError, MeanSquaredError
from tinygraph.metrics import Precision
from tinygraph.nn.models import load_model
from tinygraph.optimizers import SGD, Adam, AdamW, Ftrl, RMSprop
from tinygraph.optimizers.schedules import CosineDecay

X = np.random.default_rng(0).normal(size=(48, 6)).astype(np.float32)
Y = (X[:, :1] * X[:, 1:2] > 0).astype(np.float32)


def net() -> nn.Model:
    layers = [
        nn.Dense(8, "relu", kernel_regularizer="l2"),
        nn.BatchNormalization(),
        nn.Dropout(0.2),
        nn.Dense(1, "sigmoid"),
    ]
    model = nn.Sequential([nn.Input((6,)), *layers])
    model.initialize(4)
    return model


def trained(model: nn.Model, first: int, last: int) -> None:
    model.fit(X, Y, batch_size=16, epochs=last, initial_epoch=first, verbose=0, seed=3)


def values(model: nn.Model) -> dict[str, bytes]:
    return {name: p.numpy().tobytes() for name, p in model.named_parameters().items()}


@pytest.mark.parametrize(
    ("optimizer", "backend"),
    [
        ("adam", "numpy"),
        ("adam", "llvm"),
        (lambda: SGD(0.1, momentum=0.9, nesterov=True), "numpy"),
        (lambda: Adam(CosineDecay(0.01, decay_steps=7), clipnorm=0.5), "numpy"),
        (lambda: RMSprop(0.01), "numpy"),
        (lambda: Ftrl(0.1), "numpy"),
    ],
)
def test_training_goes_on(optimizer: Any, backend: str, tmp_path: Path) -> None:
    whole, part = net(), net()
    for model in (whole, part):
        chosen = optimizer if isinstance(optimizer, str) else optimizer()
        model.compile(chosen, "binary_crossentropy", ["accuracy"], backend=backend, threads=1)
    trained(whole, 0, 3)
    trained(part, 0, 1)
    part.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.optimizer is not part.optimizer
    trained(again, 1, 3)
    assert values(again) == values(whole)
    for name, p in whole.optimizer.named_state().items():
        assert p.numpy().tobytes() == again.optimizer.named_state()[name].numpy().tobytes(), name
    assert again.evaluate(X, Y, verbose=0) == whole.evaluate(X, Y, verbose=0)


def test_compiled_and_not_yet_trained(tmp_path: Path) -> None:
    model = net()
    model.compile(Adam(0.01), "binary_crossentropy", backend="numpy")
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    for each in (model, again):
        trained(each, 0, 1)
    assert values(again) == values(model)


def test_a_rate_that_was_assigned_is_kept(tmp_path: Path) -> None:
    model = net()
    model.compile(SGD(0.1), "mse", backend="numpy")
    trained(model, 0, 1)
    model.optimizer.learning_rate = 0.25
    model.save(tmp_path / "m")
    assert float(load_model(tmp_path / "m").optimizer.learning_rate) == 0.25


def test_what_does_not_decay(tmp_path: Path) -> None:
    def fresh() -> nn.Model:
        model = net()
        optimizer = AdamW(0.01, weight_decay=0.5)
        optimizer.exclude_from_weight_decay([model.get_layer("dense").kernel], ["bias"])
        model.compile(optimizer, "mse", backend="numpy")
        return model

    whole, part = fresh(), fresh()
    trained(whole, 0, 2)
    trained(part, 0, 1)
    part.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    trained(again, 1, 2)
    assert values(again) == values(whole)


def two_outputs() -> nn.Model:
    x = nn.Input((6,), name="x")
    h = nn.Dense(4, "tanh")(x)
    model = nn.Model(x, {"a": nn.Dense(1, name="a")(h), "b": nn.Dense(1, "sigmoid", name="b")(h)})
    model.initialize(1)
    return model


def test_losses_and_metrics_of_several_outputs(tmp_path: Path) -> None:
    model = two_outputs()
    model.compile(
        "sgd",
        {"a": MeanSquaredError() + 0.3 * MeanAbsoluteError(), "b": "binary_crossentropy"},
        {"b": ["accuracy", Precision(threshold=0.4)]},
        {"a": 1.0, "b": 0.5},
        backend="numpy",
    )
    y = {"a": X[:, :1], "b": Y}
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    one = model.evaluate(X, y, verbose=0, return_dict=True)
    assert again.evaluate(X, y, verbose=0, return_dict=True) == one
    assert len(one) == 5


def off_by(target: Any, prediction: Any) -> Any:
    return tg.mean(tg.abs(target - prediction), -1)


class Half(nn.losses.Loss):
    """From outside."""

    def __init__(self, factor: float = 0.5) -> None:
        super().__init__()
        self.factor = factor

    def call(self, target: Any, prediction: Any) -> Any:
        return tg.mean(self.factor * tg.square(target - prediction), -1)


class Plain(tg.optimizers.Optimizer):
    """From outside."""

    def update(self, x: Any, g: Any, slots: Any, rate: Any, **shared: Any) -> Any:
        return x - rate * g, {}


class Fixed(Plain):
    """With a rate of its own, that nobody says."""

    def __init__(self) -> None:
        super().__init__(0.125)


def test_an_optimizer_that_is_told_no_rate(tmp_path: Path) -> None:
    model = net()
    model.compile(Fixed(), "mse", backend="numpy")
    model.optimizer.learning_rate = 0.5
    trained(model, 0, 1)
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert type(again.optimizer) is Fixed
    assert float(again.optimizer.learning_rate) == 0.5


def test_losses_and_optimizers_from_outside(tmp_path: Path) -> None:
    model = net()
    model.compile(Plain(0.125), Half(0.75), [off_by], backend="numpy")
    trained(model, 0, 1)
    with pytest.raises(tg.DataError, match=r"sequential: compile: metrics: the function off_by"):
        model.save(tmp_path / "m")
    model.save(tmp_path / "m", custom_objects={"off_by": off_by})
    again = load_model(tmp_path / "m", {"off_by": off_by})
    assert type(again.optimizer) is Plain
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    model.save(tmp_path / "n", include_optimizer=False)
    with pytest.raises(tg.TinygraphError, match="compile"):
        load_model(tmp_path / "n").fit(X, Y)
    with pytest.raises(tg.TinygraphError, match="compile"):
        load_model(tmp_path / "m", {"off_by": off_by}, compile=False).fit(X, Y)


def test_an_optimizer_of_other_parameters(tmp_path: Path) -> None:
    model, other = net(), net()
    model.compile(SGD(0.1, parameters=other.parameters), "mse")
    with pytest.raises(tg.DataError, match=r"its optimizer trains .*dense/kernel, which is not in"):
        model.save(tmp_path / "m")
    model.save(tmp_path / "m", include_optimizer=False)


class Tower(nn.Model):
    """A model with a call of its own: its weights are made in the first step of `fit`."""

    def __init__(self, widths: list[int], rate: float = 0.25) -> None:
        super().__init__()
        self.hidden = [nn.Dense(width, "relu") for width in widths]
        self.drop = nn.Dropout(rate)
        self.head = nn.Sequential([nn.Dense(4), nn.Dense(1, "sigmoid")])

    def call(self, x: Any, training: bool = False) -> Any:
        for layer in self.hidden:
            x = layer(x)
        return self.head(self.drop(x, training=training), training=training)


def test_a_model_with_a_call_goes_on_too(tmp_path: Path) -> None:
    nn.set_random_seed(1)
    model = Tower([8, 6])
    model.compile("adam", "binary_crossentropy", backend="numpy")
    trained(model, 0, 1)
    model.save(tmp_path / "m")
    nn.set_random_seed(2)
    again = load_model(tmp_path / "m")
    assert values(again) == values(model)
    for each in (model, again):
        trained(each, 1, 2)
    assert values(again) == values(model)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_what_a_file_cannot_say_is_noticed_when_saving(tmp_path: Path) -> None:
    model = Tower([3])
    model(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "m")
        model.drop.trainable = False  # this it can say
        model.save(tmp_path / "m")
    model.drop.rate = 0.75
    with pytest.warns(UserWarning, match="drop was changed after tower had made it"):
        model.save(tmp_path / "m")
    model = Tower([3])
    model(X)
    model.hidden.append(nn.Dense(3))
    model(X)
    with pytest.warns(UserWarning, match="made anew, tower has other layers.*load_weights reads"):
        model.save(tmp_path / "m")
    other = Tower([3])
    other.hidden.append(nn.Dense(3))
    other(X)
    other.load_weights(tmp_path / "m")
    np.testing.assert_array_equal(other(X).numpy(), model(X).numpy())


def test_a_model_in_a_loop_of_ones_own(tmp_path: Path) -> None:
    """Without `compile`, the optimizer's state is saved by hand."""

    def step(model: nn.Model, optimizer: Any) -> None:
        loss = tg.mean(tg.square(model(X, training=True) - Y))
        optimizer.apply(tg.grad(loss, optimizer.parameters))

    model = net()
    optimizer = Adam(0.01, parameters=model.parameters)
    step(model, optimizer)
    model.save(tmp_path / "model")
    tg.weights.save_parameters(tmp_path / "adam", optimizer.named_state())
    again = load_model(tmp_path / "model")
    other = Adam(0.01, parameters=again.parameters)
    tg.weights.load_parameters(tmp_path / "adam", other.named_state())
    step(model, optimizer)
    step(again, other)
    assert values(again) == values(model)
