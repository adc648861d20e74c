"""fit, evaluate and the callbacks that decide, beside Keras's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_training import blobs

import tinygraph as tg
from tinygraph import nn
from tinygraph.callbacks import EarlyStopping, ReduceLROnPlateau

X, Y = blobs(44)
WEIGHT = np.linspace(0.1, 2, 44).astype(np.float32)
LAYERS = {"sparse_categorical_crossentropy": 3, "mse": 1, "binary_crossentropy": 1}


def ours(loss: str, **said: Any) -> nn.Model:
    last = {"mse": None, "binary_crossentropy": "sigmoid"}.get(loss, "softmax")
    model = nn.Sequential(
        [
            nn.Input((8,)),
            nn.Dense(6, "tanh", kernel_regularizer=tg.regularizers.L2(0.01)),
            nn.BatchNormalization(),
            nn.Dense(LAYERS[loss], last),
        ]
    )
    model.initialize(3)
    model.compile(tg.optimizers.SGD(0.05, momentum=0.9), loss, backend="numpy", **said)
    return model


def theirs(keras: Any, model: nn.Model, loss: str, **said: Any) -> Any:
    layers = keras.layers
    last = {"mse": None, "binary_crossentropy": "sigmoid"}.get(loss, "softmax")
    other = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(6, "tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Dense(LAYERS[loss], last),
        ]
    )
    other.set_weights([p.numpy() for p in model.named_parameters().values()])
    other.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss, **said)
    return other


def cases() -> list[Any]:
    sparse, metric = "sparse_categorical_crossentropy", {"metrics": ["accuracy"]}
    weighted = {"weighted_metrics": ["accuracy"]}
    return [
        pytest.param(sparse, Y, metric, {}, id="plain"),
        pytest.param(sparse, Y, metric, {"validation_split": 0.3}, id="split"),
        pytest.param(sparse, Y, {**metric, **weighted}, {"sample_weight": WEIGHT}, id="weights"),
        pytest.param(sparse, Y, metric, {"class_weight": {0: 2.0, 1: 0.5, 2: 1.0}}, id="classes"),
        pytest.param("mse", X[:, 0], {"metrics": ["mae"]}, {}, id="targets without an axis"),
        pytest.param("binary_crossentropy", (Y == 1).astype("float32"), metric, {}, id="binary"),
        pytest.param(
            sparse,
            Y,
            metric,
            {"validation_data": (X[:10], Y[:10], WEIGHT[:10]), "validation_freq": 2},
            id="validation with weights",
        ),
    ]


@pytest.mark.reference
@pytest.mark.parametrize(("loss", "y", "said", "options"), cases())
def test_fit_is_keras_s(keras: Any, loss: str, y: Any, said: Any, options: Any) -> None:
    model = ours(loss, **said)
    other = theirs(keras, model, loss, **said)
    common = {"batch_size": 8, "epochs": 4, "shuffle": False, "verbose": 0, **options}
    found = model.fit(X, y, **common).history
    expected = other.fit(X, y, **common).history
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-4, err_msg=name)
    for p, w in zip(model.named_parameters().values(), other.get_weights(), strict=True):
        np.testing.assert_allclose(p.numpy(), w, rtol=1e-3, atol=1e-5)
    held = {"batch_size": 8, "verbose": 0, "return_dict": True}
    numbers = model.evaluate(X, y, **held)
    for name, value in other.evaluate(X, y, **held).items():
        assert numbers[name] == pytest.approx(value, rel=2e-4), name
    np.testing.assert_allclose(
        model.predict(X, batch_size=8, verbose=0),
        other.predict(X, batch_size=8, verbose=0),
        rtol=1e-3,
        atol=1e-5,
    )
    assert isinstance(model.train_on_batch(X[:8], y[:8]), list)


VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.50005, 1.0, 2.0]), min_size=1, max_size=12)
MODES = st.sampled_from(["min", "max"])


class Fake(SimpleNamespace):
    """What both kinds of callbacks ask of a model."""

    stop_training = False
    weights = 0

    def named_parameters(self) -> dict[str, Any]:
        return {}

    def get_weights(self) -> list[Any]:
        return [self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        self.weights = weights[0]


@pytest.mark.reference
@given(
    VALUES,
    MODES,
    st.integers(0, 3),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([None, 0.2, 1.0]),
    st.integers(0, 2),
)
def test_early_stopping_is_keras_s(
    keras: Any, values: Any, mode: str, patience: int, delta: float, baseline: Any, first: int
) -> None:
    options = {
        "monitor": "m",
        "mode": mode,
        "patience": patience,
        "min_delta": delta,
        "baseline": baseline,
        "start_from_epoch": first,
    }
    stops = []
    for callback in (EarlyStopping(**options), keras.callbacks.EarlyStopping(**options)):
        model: Any = Fake()
        callback.set_model(model)
        callback.set_params({})
        callback.on_train_begin()
        stops.append([])
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {"m": value})
            stops[-1].append((model.stop_training, callback.wait, callback.best_epoch))
    assert stops[0] == stops[1]


@pytest.mark.reference
@given(VALUES, MODES, st.integers(1, 3), st.integers(0, 2), st.sampled_from([0.0, 0.03]))
def test_reduce_on_plateau_is_keras_s(
    keras: Any, values: Any, mode: str, patience: int, cooldown: int, least: float
) -> None:
    options = {
        "monitor": "m",
        "mode": mode,
        "patience": patience,
        "cooldown": cooldown,
        "min_lr": least,
        "factor": 0.5,
    }
    rates = []
    for callback in (ReduceLROnPlateau(**options), keras.callbacks.ReduceLROnPlateau(**options)):
        model: Any = Fake(optimizer=SimpleNamespace(learning_rate=0.1))
        callback.set_model(model)
        callback.set_params({})
        callback.on_train_begin()
        rates.append([])
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {"m": value})
            rates[-1].append(float(model.optimizer.learning_rate))
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-6)
