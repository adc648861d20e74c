"""What goes wrong in training is said clearly, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_training import assert_same_weights, blobs, classifier, compiled

import tinygraph as tg
from tinygraph import nn

X, Y = blobs(40)


def with_nan(value: float) -> np.ndarray:
    x = X.copy()
    x[21, 3] = value
    return x


def cases() -> list[Any]:
    one_hot = np.eye(3, dtype=np.float32)[Y]
    sparse = "sparse_categorical_crossentropy"
    return [
        pytest.param(X[:0], Y[:0], {}, {}, "the data set is empty", id="empty"),
        pytest.param([], [], {}, {}, "the data set is empty", id="empty list"),
        pytest.param(
            iter([]), None, {}, {"batch_size": None}, "the data set is empty", id="no batches"
        ),
        pytest.param(X, Y[:30], {}, {}, "x has 40, y has 30", id="lengths"),
        pytest.param(X, Y, {}, {"sample_weight": np.ones(9)}, "sample_weight has 9", id="weights"),
        pytest.param(X, Y + 1, {}, {}, r"batch \d+: .*from 0 to 2, got \d to 3", id="label range"),
        pytest.param(X, one_hot, {}, {}, "integer", id="one-hot where labels belong"),
        pytest.param(X, Y, {"loss": "categorical_crossentropy"}, {}, "one-hot|sparse", id="labels"),
        pytest.param(
            with_nan(np.nan),
            Y,
            {},
            {"shuffle": False},
            r"epoch 1, batch 2: x has 1 .*nan at \[5, 3\]",
            id="NaN",
        ),
        pytest.param(
            with_nan(np.inf),
            Y,
            {},
            {"shuffle": False},
            r"epoch 1, batch 2: x has 1 .*inf",
            id="inf",
        ),
        pytest.param(X[:, :5], Y, {}, {}, r"needs float32\[N,8\], got float32\[8,5\]", id="shape"),
        pytest.param(X, Y, {}, {"validation_split": 1.5}, "between 0 and 1", id="split"),
        pytest.param(X, Y, {}, {"batch_size": 0}, "batch_size", id="batch size"),
        pytest.param(X, Y, {}, {"steps_per_epoch": 0}, "at least 1, got 0", id="steps"),
        pytest.param(X, Y, {}, {"epochs": 1.5}, "epochs is a whole number", id="epochs"),
        pytest.param(X, Y, {}, {"initial_epoch": -1}, "initial_epoch is", id="initial epoch"),
        pytest.param(X, Y, {}, {"validation_freq": 0}, "at least 1, got 0", id="validation freq"),
        pytest.param(
            X, Y, {}, {"validation_data": (X,)}, "validation_data is", id="validation data"
        ),
        pytest.param(
            X, Y, {}, {"validation_data": [X]}, "validation_data is", id="validation list"
        ),
        pytest.param(
            X, Y, {}, {"validation_data": [X, Y + 1]}, "validation after epoch 1", id="late list"
        ),
        pytest.param(
            X,
            Y,
            {},
            {"validation_data": (X, Y + 1)},
            "validation after epoch 1, batch 0",
            id="late",
        ),
        pytest.param(X, Y, {}, {"class_weight": {-1: 2.0}}, "classes from 0", id="class weight"),
        pytest.param(X, Y, {}, {"class_weight": {0: -2.0}}, "at least 0", id="negative weight"),
        pytest.param(X, Y, {}, {"class_weight": "balanced"}, "{class: weight}", id="no weights"),
        pytest.param(X, Y, {}, {"callbacks": [print]}, "LambdaCallback", id="callback"),
        pytest.param(X, Y, {}, {"verbose": 3}, "verbose", id="verbose"),
        pytest.param(X, Y, {"loss": None}, {}, "nothing to make small", id="no loss"),
        pytest.param(X, Y, {"optimizer": None, "loss": sparse}, {}, "no optimizer", id="optimizer"),
        pytest.param((X, Y), None, {}, {}, "takes 1 inputs, x has 2", id="a pair"),
        pytest.param(3, None, {}, {}, "x is an array", id="a number"),
        pytest.param([(X, Y)], Y, {}, {}, "x makes no array", id="y twice"),
        pytest.param(X, Y, {}, {"validation_data": X}, "got one array", id="validation array"),
        pytest.param(tg.data.digits().train, None, {}, {}, "as in x, y =", id="a data set"),
        pytest.param(tg.data.digits(), None, {}, {}, "arrays of one part", id="a data set's parts"),
        pytest.param(tg.data.Batches(X, Y), Y, {}, {}, "y .* come with x", id="y beside batches"),
        pytest.param(tg.data.Batches(X, Y), None, {}, {}, "made already", id="size of batches"),
        pytest.param(
            iter([(X, Y)]),
            None,
            {},
            {"epochs": 2, "batch_size": None},
            "epoch 2: .* can be gone through once",
            id="an iterator that is at its end",
        ),
    ]


@pytest.mark.parametrize(("x", "y", "said", "options", "message"), cases())
def test_clear_errors(x: Any, y: Any, said: Any, options: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        compiled(**said).fit(x, y, **{"batch_size": 8, "verbose": 0, **options})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"optimizer": "sgdd"}, "no optimizer 'sgdd'"),
        ({"loss": "mze"}, "no loss is named 'mze'"),
        ({"loss": ["mse", "mze"]}, "no loss is named 'mze'"),
        ({"metrics": ["akkuracy"]}, "Did you mean 'accuracy'"),
        ({"metrics": {"a": [["akkuracy"]]}}, "Did you mean 'accuracy'"),
    ],
)
def test_wrong_names_are_found_by_compile(said: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        compiled(**said)


@pytest.mark.parametrize("what", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_not_compiled(what: str) -> None:
    with pytest.raises(tg.TinygraphError, match=f"{what} needs a model that is compiled"):
        getattr(classifier(), what)(X, Y)


def test_the_categorical_loss_on_one_sigmoid_names_the_binary_one() -> None:
    model = nn.Sequential([nn.Input((8,)), nn.Dense(1, "sigmoid")])
    model.compile("adam", "categorical_crossentropy", backend="numpy")
    with pytest.raises(tg.TinygraphError, match=r"[Bb]inary"):
        model.fit(X, (Y == 1).astype(np.float32), verbose=0)


@pytest.mark.parametrize("steps", [None, 3])
def test_which_example_has_nan_is_said_whatever_the_order(steps: int | None) -> None:
    message = r"batch \d: x has 1 .* of the batch, example 21 of the data"
    said = {"batch_size": 8, "verbose": 0, "seed": 4, "epochs": 2, "steps_per_epoch": steps}
    with pytest.raises(tg.DataError, match=message):
        compiled().fit(with_nan(np.nan), Y, **said)
    with pytest.raises(tg.DataError, match=r"evaluate, batch 2: .* example 21 of the data"):
        compiled().evaluate(with_nan(np.nan), Y, batch_size=8)
    with pytest.raises(tg.DataError, match=r"predict, batch 2: .* example 21 of the data"):
        compiled().predict(with_nan(np.nan), batch_size=8)


def test_bad_data_leave_the_weights_of_whole_steps() -> None:
    model, other = compiled(), compiled()
    with pytest.raises(tg.DataError, match="batch 2"):
        model.fit(with_nan(np.nan), Y, batch_size=8, shuffle=False, verbose=0)
    for first in (0, 8):
        other.train_on_batch(X[first : first + 8], Y[first : first + 8])
    assert_same_weights(model, other)


def exploding() -> nn.Model:
    model = nn.Sequential([nn.Input((8,)), nn.Dense(1)])
    model.initialize(0)
    model.compile("sgd", "mse", backend="numpy")
    return model


HUGE = X * np.float32(1e25)


def test_a_loss_that_is_no_number(tmp_path: Path) -> None:
    model = exploding()
    saved = tg.callbacks.ModelCheckpoint(tmp_path / "w.safetensors", save_weights_only=True)
    with pytest.raises(tg.NumericError, match=r"epoch 1, batch \d: the loss is (inf|nan).*smaller"):
        model.fit(HUGE, Y[:, None], batch_size=8, verbose=0, callbacks=[saved])
    assert not (tmp_path / "w.safetensors").exists()


def test_terminate_on_nan_ends_without_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = exploding()
    good = tmp_path / "w.safetensors"
    good.write_bytes(b"what was saved before")
    callbacks = [
        tg.callbacks.TerminateOnNaN(),
        tg.callbacks.ModelCheckpoint(good, save_weights_only=True),
    ]
    history = model.fit(HUGE, Y[:, None], batch_size=8, epochs=5, verbose=0, callbacks=callbacks)
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert "training ends" in capsys.readouterr().out
    assert good.read_bytes() == b"what was saved before"


def test_a_large_sum_is_not_taken_for_infinity() -> None:
    x = np.full((40, 8), 3e38, np.float32)
    compiled().predict(x, verbose=0)


def test_what_is_trained_must_be_what_was_compiled() -> None:
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    with pytest.raises(tg.TinygraphError, match="call compile again"):
        model.fit(X, Y, verbose=0)
    model.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
    before = model.layers[0].named_parameters()["kernel"].numpy()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].named_parameters()["kernel"].numpy(), before)
    model.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
    with pytest.raises(tg.TinygraphError, match="nothing to train"):
        model.fit(X, Y, verbose=0)
