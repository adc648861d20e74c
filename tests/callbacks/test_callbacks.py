"""Callbacks: Keras's hooks and what each of ours does."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4)).astype(np.float32)
Y = (X @ rng.normal(size=(4, 1))).astype(np.float32)


def regression(rate: float = 0.1) -> nn.Model:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(1)])
    model.initialize(0)
    model.compile(tg.optimizers.SGD(rate), "mse", backend="numpy")
    return model


def fit(model: nn.Model, *callbacks: Callback, **options: Any) -> Any:
    return model.fit(X, Y, verbose=0, batch_size=8, callbacks=callbacks, **options)


class Told(Callback):
    """Puts given numbers into the logs, as if they had been measured."""

    def __init__(self, **values: list[float]) -> None:
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs.update({name: numbers[epoch] for name, numbers in self.values.items()})


def test_every_hook_in_its_order() -> None:
    calls: list[str] = []

    class Spy(Callback):
        pass

    for name in [name for name in vars(Callback) if name.startswith("on_")]:

        def hook(self: Any, *args: Any, name: str = name) -> None:
            numbers = [a for a in args if isinstance(a, int)]
            calls.append(" ".join(map(str, [name[3:], *numbers])))

        setattr(Spy, name, hook)
    model = regression()
    fit(model, Spy(), epochs=1, validation_data=(X[:4], Y[:4]))
    assert calls == [
        "train_begin",
        "epoch_begin 0",
        *[f"train_batch_{what} {k}" for k in range(3) for what in ("begin", "end")],
        "test_begin",
        "test_batch_begin 0",
        "test_batch_end 0",
        "test_end",
        "epoch_end 0",
        "train_end",
    ]
    calls.clear()
    model.predict(X, callbacks=[Spy()], verbose=0)
    assert calls == [
        "predict_begin",
        "predict_batch_begin 0",
        "predict_batch_end 0",
        "predict_end",
    ]


def test_model_params_and_logs() -> None:
    seen: list[Any] = []

    class Spy(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, logs["loss"]))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((self.model, self.params, dict(logs)))

    model = regression()
    history = fit(model, Spy(), validation_split=0.25)
    assert [batch for batch, _ in seen[:3]] == [0, 1, 2]
    owner, params, logs = seen[3]
    assert owner is model
    assert (params["epochs"], params["steps"]) == (1, 3)
    assert logs["loss"] == seen[2][1] == history.history["loss"][0]
    assert "val_loss" in logs


def test_a_callback_ends_the_training_after_the_batch_at_hand() -> None:
    class Enough(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = regression()
    history = fit(model, Enough(), epochs=5)
    assert int(model.optimizer.iterations) == 2
    assert history.epoch == [0]
    fit(model, epochs=1)
    assert int(model.optimizer.iterations) == 5, "the next fit begins anew"


def test_a_callback_ends_the_training_before_an_epoch() -> None:
    class Enough(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = epoch == 2

    assert fit(regression(), Enough(), epochs=5).epoch == [0, 1]


def test_what_a_callback_adds_to_the_logs_is_in_the_history() -> None:
    assert fit(regression(), Told(extra=[1.0, 2.0]), epochs=2).history["extra"] == [1.0, 2.0]


# EarlyStopping


def stopped_after(values: list[float], **options: Any) -> int:
    """How many epochs are done if `watched` is these numbers."""
    callbacks = Told(watched=values), EarlyStopping("watched", **options)
    return len(fit(regression(), *callbacks, epochs=len(values)).epoch)


@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ([3, 2, 2.5, 1, 1, 1, 1], {"patience": 2}, 6),
        ([3, 2, 2.5, 1, 1, 1, 1], {"patience": 1}, 3),
        ([3, 2, 1, 0.5, 0.4], {"patience": 0}, 5),
        ([1, 2, 3, 2, 1], {"patience": 2, "mode": "max"}, 5),
        ([3, 2.95, 2.9, 2.85], {"patience": 2, "min_delta": 0.5}, 3),
        ([5, 4, 4, 4, 4], {"patience": 2, "baseline": 1}, 3),
        ([1, 2, 3, 4, 5], {"patience": 1, "start_from_epoch": 2}, 4),
        ([float("nan")] * 4, {"patience": 2}, 2),
    ],
)
def test_early_stopping(values: list[float], options: Any, epochs: int) -> None:
    assert stopped_after([float(v) for v in values], **options) == epochs


@pytest.mark.parametrize(
    ("name", "grows"),
    [
        ("val_loss", False),
        ("val_accuracy", True),
        ("dice", True),
        ("val_mean_iou", True),
        ("val_accuracy_loss", False),
    ],
)
def test_the_name_says_which_way_is_better(name: str, grows: bool) -> None:
    assert EarlyStopping(name).grows is grows


def test_the_best_weights_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[np.ndarray] = []
    model = regression()
    keep = LambdaCallback(on_epoch_end=lambda e, l: kept.append(model.parameters[0].numpy()))
    stop = EarlyStopping("watched", patience=2, restore_best_weights=True, verbose=1)
    fit(model, keep, Told(watched=[3.0, 1.0, 2.0, 2.0, 0.0]), stop, epochs=5)
    assert len(kept) == 4
    np.testing.assert_array_equal(model.parameters[0].numpy(), kept[1])
    assert (kept[1] != kept[3]).any()
    assert "after epoch 2" in capsys.readouterr().out


def test_what_is_watched_must_be_there() -> None:
    with pytest.raises(tg.TinygraphError, match=r"watches 'val_loss': fit needs validation_data"):
        fit(regression(), EarlyStopping())
    with pytest.raises(tg.TinygraphError, match=r"watches 'val_los'; the logs have loss, val_loss"):
        fit(regression(), EarlyStopping("val_los"), validation_data=(X, Y))
    with pytest.raises(tg.TinygraphError, match=r"watches 'accuracy'; the logs have loss"):
        fit(regression(), EarlyStopping("accuracy"))
    fit(
        regression(),
        EarlyStopping(patience=1),
        validation_data=(X, Y),
        validation_freq=2,
        epochs=4,
    )


# ModelCheckpoint


def test_checkpoints_by_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = regression()
    name = str(tmp_path / "new" / "w-{epoch:02d}-{loss:.3f}.safetensors")
    history = fit(model, ModelCheckpoint(name, save_weights_only=True, verbose=1), epochs=2)
    paths = [Path(name.format(epoch=k + 1, loss=history.history["loss"][k])) for k in (0, 1)]
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)
    other = regression()
    other.load_weights(paths[1])
    np.testing.assert_array_equal(other.parameters[0].numpy(), model.parameters[0].numpy())
    assert f"saved {paths[0]}" in capsys.readouterr().out


def test_only_the_best(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    model, saved = regression(), []

    def look(epoch: int, logs: Any) -> None:
        saved.append(path.stat().st_mtime_ns if path.exists() else 0)

    options = {"save_best_only": True, "save_weights_only": True, "monitor": "watched"}
    values = [5.0, 3.0, 4.0, 2.0]
    watched = Told(watched=values)
    callback = ModelCheckpoint(path, initial_value_threshold=4.5, **options)
    fit(model, watched, callback, LambdaCallback(on_epoch_end=look), epochs=4)
    changed = [a != b for a, b in zip([0, *saved], saved)]
    assert changed == [False, True, False, True]
    assert callback.best == 2.0


def test_checkpoints_by_batch_and_a_whole_model(tmp_path: Path) -> None:
    name = str(tmp_path / "{epoch}-{batch}")
    fit(regression(), ModelCheckpoint(name, save_weights_only=True, save_freq=2), epochs=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-2", "2-1", "2-3"]
    model = regression()
    fit(model, ModelCheckpoint(tmp_path / "model.tinygraph"))
    again = nn.models.load_model(tmp_path / "model.tinygraph")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_name_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(tg.TinygraphError, match="'val_loss'; there are epoch, loss"):
        fit(regression(), ModelCheckpoint(str(tmp_path / "{val_loss:.2f}")))
    with pytest.raises(tg.TinygraphError, match="save_freq"):
        ModelCheckpoint("x", save_freq="batch")


# Learning rates


def test_a_schedule_by_epoch() -> None:
    model = regression(0.5)
    one = fit(model, LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), epochs=3)
    np.testing.assert_allclose(one.history["learning_rate"], [0.1, 0.05, 0.1 / 3], rtol=1e-6)
    two = fit(regression(0.5), LearningRateScheduler(lambda epoch, rate: rate / 2), epochs=3)
    np.testing.assert_allclose(two.history["learning_rate"], [0.25, 0.125, 0.0625], rtol=1e-6)


def test_the_rate_is_really_used() -> None:
    model = regression(0.5)
    before = model.parameters[0].numpy()
    fit(model, LearningRateScheduler(lambda epoch: 0.0))
    np.testing.assert_array_equal(model.parameters[0].numpy(), before)


def test_a_plateau() -> None:
    values = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    reduce = ReduceLROnPlateau("watched", factor=0.5, patience=2, cooldown=1, min_lr=0.03)
    history = fit(regression(0.1), Told(watched=values), reduce, epochs=8)
    # Down after epochs 2, 4 (one epoch of rest) and 7; the number noted is that of the epoch.
    expected = [0.1, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.03]
    np.testing.assert_allclose(history.history["learning_rate"], expected, rtol=1e-6)


def test_a_plateau_at_the_least_rate_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    flat = Told(loss=[1.0] * 6)
    least = ReduceLROnPlateau("loss", 0.5, patience=1, min_lr=0.001, verbose=1)
    fit(regression(0.002), flat, least, epochs=6)
    assert capsys.readouterr().out.count("the learning rate is now 0.001") == 1


def test_rates_that_are_none() -> None:
    with pytest.raises(tg.TinygraphError, match="must give a number, got None"):
        fit(regression(), LearningRateScheduler(lambda epoch: None))  # type: ignore[arg-type,return-value]
    with pytest.raises(tg.TinygraphError, match="needs a function"):
        LearningRateScheduler(0.1)  # type: ignore[arg-type]
    with pytest.raises(tg.TinygraphError, match="factor between 0 and 1"):
        ReduceLROnPlateau(factor=2)
    model = regression()
    schedule = tg.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(tg.optimizers.SGD(schedule), "mse", backend="numpy")
    with pytest.raises(tg.TinygraphError, match="has a schedule"):
        fit(model, LearningRateScheduler(lambda epoch: 0.1))


# CSVLogger, LambdaCallback


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("from before\n")
    history = fit(regression(), CSVLogger(path), epochs=2, validation_split=0.25)
    head, *lines = rows(path)
    assert head == ["epoch", "loss", "val_loss"]
    assert [int(line[0]) for line in lines] == [0, 1]
    assert [float(line[1]) for line in lines] == history.history["loss"]
    fit(regression(), CSVLogger(path, append=True), epochs=1, validation_split=0.25)
    assert len(rows(path)) == 4
    fit(regression(), CSVLogger(path, separator=";"))
    assert path.read_text().startswith("epoch;loss\n0;")


@pytest.mark.parametrize("kind", [CSVLogger, ModelCheckpoint])
def test_a_file_that_cannot_be_written(kind: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(tg.DataError, match=r"cannot write .*file/log: (Not a dir|File exists)"):
        fit(regression(), kind(tmp_path / "file" / "log"))


def test_lambda_callback() -> None:
    seen: list[Any] = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: seen.append("begin"),
        on_batch_end=lambda batch, logs: seen.append(batch),
        on_epoch_end=lambda epoch, logs: seen.append(("epoch", epoch)),
        on_train_end=None,
    )
    fit(regression(), callback)
    assert seen == ["begin", 0, 1, 2, ("epoch", 0)]
    with pytest.raises(tg.TinygraphError, match="no moment 'on_epoch_stop'"):
        LambdaCallback(on_epoch_stop=print)


def test_one_callback_alone_is_enough() -> None:
    seen: list[int] = []
    callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    regression().fit(X, Y, verbose=0, callbacks=callback)
    assert seen == [0]
