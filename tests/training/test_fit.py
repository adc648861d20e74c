"""fit, evaluate, predict and the like, on both backends and with every form of data."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from small_training import assert_same_weights, blobs, classifier, compiled, weights

import tinygraph as tg
from tinygraph import nn
from tinygraph.errors import DataError

BACKENDS = ["numpy", "llvm"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_fit_learns_and_says_so(backend: str) -> None:
    x, y = blobs(120)
    model = compiled(backend, metrics=["accuracy"])
    history = model.fit(x, y, batch_size=16, epochs=15, validation_split=0.25, verbose=0)
    assert [*history.history] == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.epoch == list(range(15))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert history.history["val_accuracy"][-1] > 0.85
    assert model.history is history


@pytest.mark.parametrize("backend", BACKENDS)
def test_fit_is_the_explicit_loop(backend: str) -> None:
    x, y = blobs(50)
    model, other = compiled(backend, optimizer=tg.optimizers.Adam(0.01)), classifier()
    history = model.fit(x, y, batch_size=16, epochs=3, verbose=0, seed=7)
    optimizer = tg.optimizers.Adam(0.01, parameters=other.parameters)
    loss_of = tg.losses.SparseCategoricalCrossentropy()

    @tg.jit(backend=backend)
    def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        loss = loss_of(y, other(x, training=True))
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    for epoch in range(3):
        order = np.random.default_rng((7, epoch)).permutation(50)
        losses = []
        for first in range(0, 50, 16):
            rows = order[first : first + 16]
            losses.append(len(rows) * float(step(x[rows], y[rows].astype(np.int32))))
        assert history.history["loss"][epoch] == pytest.approx(sum(losses) / 50, abs=1e-12)
    assert_same_weights(model, other)


def test_a_shorter_last_batch_compiles_once_more_and_nothing_else_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    x, y = blobs(50)
    model = compiled()
    with caplog.at_level(logging.WARNING, "tinygraph"):
        for _ in range(2):
            model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    assert model._training is not None
    assert len(model._training._train._compiled) == 2  # 16 and 2
    assert not caplog.records


def test_the_mean_over_an_epoch_counts_each_example_once() -> None:
    x, y = blobs(50)
    model = compiled(metrics=["accuracy"])
    whole = model.evaluate(x, y, batch_size=50, verbose=0)
    assert model.evaluate(x, y, batch_size=16, verbose=0) == pytest.approx(whole, rel=1e-6)
    p = model.predict(x, batch_size=7, verbose=0)
    assert whole[1] == pytest.approx((p.argmax(-1) == y).mean())
    assert whole[0] == pytest.approx(-np.log(p[np.arange(50), y]).mean(), rel=1e-5)


def test_without_shuffling_the_order_is_that_of_the_data() -> None:
    x, y = blobs(32)
    model, other = compiled(), compiled()
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    for first in range(0, 32, 8):
        other.train_on_batch(x[first : first + 8], y[first : first + 8])
    assert_same_weights(model, other)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    x, y = blobs(40)
    one, two, other = compiled(), compiled(), compiled()
    one.fit(x, y, epochs=4, batch_size=8, verbose=0, seed=3)
    two.fit(x, y, epochs=2, batch_size=8, verbose=0, seed=3)
    two.fit(x, y, epochs=4, initial_epoch=2, batch_size=8, verbose=0, seed=3)
    other.fit(x, y, epochs=4, batch_size=8, verbose=0, seed=4)
    assert_same_weights(one, two)
    assert (weights(one)["dense/kernel"] != weights(other)["dense/kernel"]).any()


def test_validation_split_takes_the_last_part_before_shuffling() -> None:
    x, y = blobs(40)
    split, given = compiled(), compiled()
    a = split.fit(x, y, validation_split=0.25, epochs=2, verbose=0)
    b = given.fit(x[:30], y[:30], validation_data=(x[30:], y[30:]), epochs=2, verbose=0)
    assert a.history == b.history
    assert_same_weights(split, given)


def test_validation_data_may_be_batches() -> None:
    x, y = blobs(40)
    held = tg.data.Batches(x[30:], y[30:], batch_size=4)
    one, two = compiled(), compiled()
    a = one.fit(x[:30], y[:30], validation_data=held, epochs=2, verbose=0)
    b = two.fit(
        x[:30],
        y[:30],
        validation_data=(x[30:], y[30:]),
        validation_batch_size=4,
        epochs=2,
        verbose=0,
    )
    assert a.history == b.history
    two.fit(x, y, validation_data=held, validation_steps=1, verbose=0)
    first = two.evaluate(x[30:34], y[30:34], verbose=0)
    assert two.history.history["val_loss"] == [first]


def forms() -> list[Any]:
    def generator(x: np.ndarray, y: np.ndarray) -> Any:
        yield from ((x[k : k + 8], y[k : k + 8]) for k in [*range(0, 40, 8)] * 2)

    return [
        pytest.param(lambda x, y: tg.data.Batches(x, y, batch_size=8), {}, id="Batches"),
        pytest.param(
            lambda x, y: [(x[k : k + 8], y[k : k + 8]) for k in range(0, 40, 8)], {}, id="list"
        ),
        pytest.param(generator, {"steps_per_epoch": 5}, id="generator"),
        pytest.param(
            lambda x, y: tg.data.Batches(x, y, batch_size=8), {"steps_per_epoch": 5}, id="steps"
        ),
    ]


@pytest.mark.parametrize(("form", "options"), forms())
def test_forms_of_data(form: Any, options: dict[str, Any]) -> None:
    x, y = blobs(40)
    model, other = compiled(metrics=["accuracy"]), compiled(metrics=["accuracy"])
    expected = other.fit(x, y, batch_size=8, shuffle=False, epochs=2, verbose=0)
    history = model.fit(form(x, y), epochs=2, verbose=0, **options)
    assert history.history == expected.history
    assert_same_weights(model, other)


def test_python_lists_and_double_precision_are_data_too() -> None:
    x, y = blobs(20)
    model, other = compiled(), compiled()
    model.fit(x.astype(np.float64).tolist(), y.tolist(), verbose=0)
    other.fit(x, y.astype(np.uint8), verbose=0)
    assert_same_weights(model, other)


def test_steps_per_epoch_go_on_where_the_epoch_before_ended() -> None:
    x, y = blobs(40)
    model, other = compiled(), compiled()
    history = model.fit(x, y, batch_size=8, epochs=5, steps_per_epoch=2, verbose=0, seed=1)
    other.fit(x, y, batch_size=8, epochs=2, verbose=0, seed=1)
    assert len(history.epoch) == 5  # ten batches, as in two epochs of five
    assert_same_weights(model, other)


def test_sample_weights_count_in_the_loss_and_in_weighted_metrics_only() -> None:
    x, y = blobs(24)
    weight = np.linspace(0, 2, 24)
    model = compiled(metrics=["accuracy"], weighted_metrics=["accuracy"])
    found = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)
    right = p.argmax(-1) == y
    each = -np.log(p[np.arange(24), y])
    assert found["loss"] == pytest.approx((each * weight).mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["weighted_accuracy"] == pytest.approx(
        (right * weight).sum() / weight.sum(), rel=1e-5
    )


def test_class_weights_are_sample_weights_by_class() -> None:
    x, y = blobs(24)
    one, two, three = compiled(), compiled(), compiled(loss="categorical_crossentropy")
    table = {0: 2.0, 2: 0.5}
    one.fit(x, y, class_weight=table, epochs=2, batch_size=8, verbose=0)
    weight = np.array([2.0, 1.0, 0.5])[y]
    two.fit(x, y, sample_weight=weight, epochs=2, batch_size=8, verbose=0)
    assert_same_weights(one, two)
    both, product = compiled(), compiled()
    each = np.linspace(0, 1, 24)
    both.fit(x, y, class_weight=table, sample_weight=each[:, None], verbose=0)
    product.fit(x, y, sample_weight=each * weight, verbose=0)
    assert_same_weights(both, product)
    three.fit(x, np.eye(3)[y], class_weight=table, epochs=2, batch_size=8, verbose=0)
    for a, b in zip(weights(one).values(), weights(three).values()):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_train_on_batch_and_test_on_batch() -> None:
    x, y = blobs(16)
    model = compiled(metrics=["accuracy"])
    before = model.test_on_batch(x, y)
    assert model.train_on_batch(x, y) == pytest.approx(before, rel=1e-5)
    after = model.test_on_batch(x, y, return_dict=True)
    assert after["loss"] < before[0]
    assert model.predict_on_batch(x).shape == (16, 3)
    assert isinstance(compiled().train_on_batch(x, y), float)


def test_predict_on_batch_is_one_step_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    x, _ = blobs(16)
    model = compiled()
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x, verbose=0))
    assert not caplog.records


def test_regularisation_belongs_to_the_loss() -> None:
    x, y = blobs(16)
    model = nn.Sequential(
        [nn.Input((8,)), nn.Dense(3, "softmax", kernel_regularizer=tg.regularizers.L2(0.1))]
    )
    plain = nn.Sequential([nn.Input((8,)), nn.Dense(3, "softmax")])
    for each in (model, plain):
        each.initialize(0)
        each.compile("sgd", "sparse_categorical_crossentropy", backend="numpy")
    penalty = 0.1 * np.square(weights(model)["dense/kernel"]).sum()
    bare = plain.test_on_batch(x, y)
    assert model.test_on_batch(x, y) == pytest.approx(bare + penalty, rel=1e-5)
    model.fit(x, y, epochs=20, verbose=0)
    plain.fit(x, y, epochs=20, verbose=0)
    large = [np.square(weights(each)["dense/kernel"]).sum() for each in (plain, model)]
    assert large[1] < large[0]


def test_a_model_without_shapes_is_built_by_the_first_batch() -> None:
    x, y = blobs(16)
    lazy = nn.Sequential([nn.Dense(12, "relu"), nn.Dense(3, "softmax")])
    lazy.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
    lazy.fit(x, y, verbose=0)
    assert lazy.count_params() == classifier().count_params()


def test_a_class_with_a_call_of_its_own() -> None:
    class Net(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Dense(12, "relu"), nn.Dense(3, "softmax")

        def call(self, x: Any) -> Any:
            return self.two(self.one(x))

    x, y = blobs(16)
    net = Net()
    net.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], backend="numpy")
    first = net.evaluate(x, y, verbose=0)[0]
    assert net.fit(x, y, epochs=20, verbose=0).history["loss"][-1] < first
    assert net.metrics_names == ["loss", "accuracy"]
    assert net.predict(x, verbose=0).shape == (16, 3)


def test_a_loss_of_layers_alone() -> None:
    """As in an autoencoder's own loss: `add_loss` is enough, there need be no target."""

    class Small(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Dense(2)

        def call(self, x: Any) -> Any:
            y = self.dense(x)
            self.add_loss(tg.mean(y**2))
            return y

    model = Small()
    model.compile("sgd", backend="numpy")
    losses = model.fit(blobs(16).x, epochs=5, verbose=0).history["loss"]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("own", [False, True])
def test_double_precision_stays(own: bool) -> None:
    class Line(nn.Model):
        def __init__(self) -> None:
            super().__init__(dtype="float64")
            self.dense = nn.Dense(1, dtype="float64")

        def call(self, x: Any) -> Any:
            return self.dense(x)

    x = np.random.default_rng(0).normal(size=(16, 3))
    layers = [nn.Input((3,), dtype="float64"), nn.Dense(1, dtype="float64")]
    model = Line() if own else nn.Sequential(layers)
    model.compile("sgd", "mse", backend="numpy")
    p = model.predict(x, verbose=0)
    assert p.dtype == np.float64
    assert model.test_on_batch(x, p) < 1e-30
    assert model.test_on_batch(x, p + 1e-10) == pytest.approx(1e-20, rel=1e-4)


def test_an_evaluation_changes_nothing() -> None:
    x, y = blobs(16)
    model = classifier(dropout=0.5)
    model.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
    model.fit(x, y, verbose=0)
    before = weights(model)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_batch_larger_than_the_data_is_an_error_in_training_only() -> None:
    x, y = blobs(10)
    model = compiled()
    with pytest.raises(DataError, match=r"64 is larger .* 10 examples; batch_size=10 or less"):
        model.fit(x, y, batch_size=64, verbose=0)
    assert model.fit(x, y, verbose=0).params["steps"] == 1  # 32 is only what is usual
    model.evaluate(x, y, batch_size=64, verbose=0)
    assert model.predict(x, batch_size=64, verbose=0).shape == (10, 3)
    model.fit(x, y, batch_size=10, validation_data=(x[:4], y[:4]), verbose=0)


def test_predict_needs_no_compile() -> None:
    assert classifier().predict(blobs(5).x, verbose=0).shape == (5, 3)


def test_layers_put_on_and_taken_off_count_at_once() -> None:
    x, y = blobs(5)
    model = compiled()
    layers = [*model.layers]
    assert model.predict(x, verbose=0).shape == (5, 3)
    model.train_on_batch(x, y)
    model.pop()
    hidden = model.predict(x, verbose=0)
    np.testing.assert_allclose(hidden, model(x).numpy(), rtol=1e-6)
    assert hidden.shape == (5, 12)
    model.add(nn.Dense(7))
    assert model.predict(x, verbose=0).shape == (5, 7)
    with pytest.raises(tg.TinygraphError, match="call compile again"):
        model.train_on_batch(x, y)
    assert layers[0] is model.layers[0]
