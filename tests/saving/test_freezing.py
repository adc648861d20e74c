"""Freezing: what `trainable = False` does, at any depth, before and after training began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn.models import load_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 8, 8, 1)).astype(np.float32)
Y = RNG.integers(0, 3, 40)


def body() -> nn.Model:
    return nn.Sequential(
        [
            nn.Input((8, 8, 1)),
            nn.Conv2D(4, 3, name="conv"),
            nn.BatchNormalization(name="norm"),
            nn.Sequential([nn.Conv2D(4, 3, activation="relu", name="deep")], name="inner"),
            nn.GlobalAveragePooling2D(),
        ],
        name="body",
    )


def classifier(part: nn.Model, classes: int = 3) -> nn.Model:
    x = nn.Input((8, 8, 1))
    return nn.Model(x, nn.Dense(classes, name="head")(part(x)))


def values(layer: nn.Layer) -> dict[str, bytes]:
    return {name: p.numpy().tobytes() for name, p in layer.named_parameters().items()}


def compiled(model: nn.Model, backend: str = "numpy") -> nn.Model:
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, backend=backend)
    return model


def trained(model: nn.Model, backend: str = "numpy") -> nn.Model:
    compiled(model, backend).fit(X, Y, batch_size=8, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_only_the_head_is_trained(tmp_path: Path, backend: str) -> None:
    """The whole way: train, save, load, replace the head, freeze the body, train, unfreeze."""
    first = trained(classifier(body()), backend)
    first.save_weights(tmp_path / "w")
    base = body()
    model = classifier(base, classes=5)
    model.initialize(7)
    report = model.load_weights(tmp_path / "w", skip_mismatch=True)
    assert report.loaded == [name for name in model.named_parameters() if "head" not in name]
    assert values(base) == values(first.get_layer("body"))

    base.trainable = False
    assert [p.name for p in model.parameters] == ["head/kernel", "head/bias"]
    before, head = values(base), model.get_layer("head").kernel.numpy()
    trained(model, backend)
    assert values(base) == before  # every bit, the running statistics too
    assert not np.array_equal(model.get_layer("head").kernel.numpy(), head)

    base.trainable = True
    trained(model, backend)
    changed = values(base)
    assert all(changed[name] != before[name] for name in before)


def test_it_is_set_for_all_layers_inside() -> None:
    base = body()
    base.trainable = False
    assert [layer.trainable for _, layer in base.all_layers()] == [False] * 6
    assert base.parameters == []
    base.get_layer("inner").trainable = True  # the body is still frozen
    assert base.parameters == []
    base.trainable = True
    base.get_layer("conv").trainable = False
    assert [p.name for p in base.parameters] == [
        "norm/gamma",
        "norm/beta",
        "inner/deep/kernel",
        "inner/deep/bias",
    ]
    assert len(base.state) == 4


@pytest.mark.parametrize("way", ["itself", "model", "constructor"])
def test_frozen_batch_normalisation_uses_its_running_statistics(way: str) -> None:
    class Around(nn.Layer):
        """A layer that makes its own in `build`."""

        def build(self, shape: Any) -> None:
            self.norm = nn.BatchNormalization()

        def call(self, x: Any, training: bool = False) -> Any:
            return self.norm(x, training=training)

    layer = Around(trainable=way != "constructor")
    model = nn.Sequential([nn.Input((2,)), layer])
    if way == "itself":
        layer.norm.trainable = False
    elif way == "model":
        model.trainable = False
    layer.norm.moving_mean.assign([1.0, 2.0])
    x = RNG.normal(size=(6, 2)).astype(np.float32)
    before = values(model)
    y = model(x, training=True).numpy()
    np.testing.assert_allclose(y, (x - [1.0, 2.0]) / np.sqrt(1.001), rtol=1e-5)
    assert values(model) == before
    np.testing.assert_array_equal(y, model(x).numpy())


def test_dropout_in_a_frozen_model_still_drops() -> None:
    model = nn.Sequential([nn.Input((50,)), nn.Dropout(0.5)])
    model.trainable = False
    assert (model(np.ones((4, 50), np.float32), training=True).numpy() == 0).any()


def test_a_shared_layer_is_frozen_everywhere() -> None:
    shared = nn.Dense(3, name="shared")
    inner = nn.Sequential([nn.Input((3,)), shared], name="inner")
    x = nn.Input((3,))
    model = nn.Model(x, [shared(x), inner(x)])
    inner.trainable = False
    assert model.parameters == []


def test_freezing_before_and_after_compile() -> None:
    """`compile` computes nothing, so before the first `fit` is early enough."""
    base = body()
    model = compiled(classifier(base))
    base.trainable = False
    before = values(base)
    model.fit(X, Y, verbose=0)
    assert values(base) == before
    base.trainable = True
    with pytest.raises(tg.TinygraphError, match=r"has changed since compile.*call compile again"):
        model.fit(X, Y, verbose=0)
    assert values(base) == before
    compiled(model).fit(X, Y, verbose=0)
    assert values(base) != before


def test_freezing_what_has_nothing_to_train_needs_compile_too() -> None:
    """Such a batch normalisation changes its statistics in training, or not."""
    norm = nn.BatchNormalization(center=False, scale=False)
    model = compiled(nn.Sequential([nn.Input((8, 8, 1)), norm, nn.Flatten(), nn.Dense(3)]))
    model.fit(X, Y, verbose=0)
    norm.trainable = False
    with pytest.raises(tg.TinygraphError, match="has changed since compile"):
        model.fit(X, Y, verbose=0)


def test_an_optimizer_trains_what_it_was_given() -> None:
    """In a loop of one's own: freeze first, then make the optimizer."""
    model = classifier(body())
    model.get_layer("body").trainable = False
    optimizer = tg.optimizers.SGD(0.1, parameters=model.parameters)
    before = values(model.get_layer("body"))

    @tg.jit(backend="numpy")
    def step(x: Any, y: Any) -> Any:
        loss = tg.cross_entropy(model(x, training=True), y)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    losses = [float(step(X, Y)) for _ in range(5)]
    assert losses[-1] < losses[0]
    assert values(model.get_layer("body")) == before


def test_what_is_frozen_is_saved(tmp_path: Path) -> None:
    model = classifier(body())
    model.get_layer("body").get_layer("inner").trainable = False
    trained(model).save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    inner = again.get_layer("body").get_layer("inner")
    before = values(inner)
    again.fit(X, Y, verbose=0)
    assert values(inner) == before
    assert [p.name for p in again.parameters] == [p.name for p in model.parameters]


def test_a_new_head_on_a_model_that_was_loaded(tmp_path: Path) -> None:
    """By symbols, or by taking the last layer of a Sequential off."""
    line = nn.Sequential([nn.Input((8, 8, 1)), nn.Conv2D(4, 3), nn.Flatten(), nn.Dense(3)])
    trained(line).save(tmp_path / "m")
    base = load_model(tmp_path / "m")
    base.trainable = False
    new = nn.Model(base.input, nn.Dense(2, name="new")(base.layers[-2].output))
    assert [p.name for p in new.parameters] == ["new/kernel", "new/bias"]
    again = load_model(tmp_path / "m")
    assert [type(layer).__name__ for layer in (again.pop(), *again.layers)] == [
        "Dense",
        "Conv2D",
        "Flatten",
    ]
    again.add(nn.Dense(2, name="new"))
    assert again.layers[0].output is again.layers[1].input
    np.testing.assert_array_equal(again.layers[0].kernel, line.layers[0].kernel)
    with pytest.raises(tg.DataError, match="its optimizer trains dense/kernel, which is not in"):
        again.save(tmp_path / "n")  # it was compiled for the old head
    for model in (new, again):
        compiled(model).save(tmp_path / "n")
        np.testing.assert_array_equal(load_model(tmp_path / "n")(X).numpy(), model(X).numpy())


def test_the_output_of_a_layer_that_was_used_twice() -> None:
    dense, x = nn.Dense(3, name="d"), nn.Input((3,))
    with pytest.raises(tg.TinygraphError, match="d was applied to symbols 0 times"):
        _ = dense.output
    y = dense(x)
    assert dense.output is y
    assert dense.input is x
    z = dense(y)
    with pytest.raises(tg.TinygraphError, match="d was applied to symbols 2 times"):
        _ = dense.input
    assert nn.Model(x, z).output is z
