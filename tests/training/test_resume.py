"""A run that is killed and started again ends as one that was left alone, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_training import assert_same_weights, blobs, classifier, compiled

import tinygraph as tg
from tinygraph import nn
from tinygraph.callbacks import (
    Callback,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from tinygraph.optimizers.find import OPTIMIZERS
from tinygraph.training import Resume
from tinygraph.weights import load_arrays

RUN = Path(__file__).parent / "resumed_run.py"
X, Y = blobs(40)


def started(folder: Path, backend: str, between: int, sleep: float) -> subprocess.Popen[str]:
    command = [sys.executable, str(RUN), str(folder), backend, str(between), str(sleep)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def finished(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out)


def killed(folder: Path, backend: str, between: int, sleep: float, wait: float) -> bool:
    """Starts a run and kills it some time after its first checkpoint of this life."""
    checkpoint = folder / "run" / "checkpoint.safetensors"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    process = started(folder, backend, between, sleep)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
            break
        time.sleep(0.002)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def check_kills(folder: Path, backend: str, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    sleep = 0.05
    undisturbed = finished(started(folder / "whole", backend, 3, 0))
    done = sum(
        killed(folder / "killed", backend, rng.choice([1, 2, 3]), sleep, rng.uniform(0, 0.15))
        for _ in range(kills)
    )
    assert done == kills
    resumed = finished(started(folder / "killed", backend, 3, 0))
    assert resumed == undisturbed
    logs = [(folder / name / "log.csv").read_text() for name in ("whole", "killed")]
    assert logs[0] == logs[1]
    again = finished(started(folder / "killed", backend, 3, 0))
    assert again == undisturbed, "a run that is complete is only read"


def test_killed_once(tmp_path: Path) -> None:
    check_kills(tmp_path, "numpy", 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_three_times(tmp_path: Path, backend: str, seed: int) -> None:
    check_kills(tmp_path, backend, 3, seed)


class Stop(Exception):
    pass


class StopAt(Callback):
    """Breaks the training off at the k-th of all hooks that are called."""

    def __init__(self, at: int) -> None:
        self.left = at

    def _tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Stop

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._tick()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._tick()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tick()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tick()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._tick()


def run(folder: Path, stop: StopAt, between: int = 1) -> nn.Model:
    """Four epochs of five steps and a validation."""
    model = classifier(dropout=0.2)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], backend="numpy")
    model.fit(
        X,
        Y,
        batch_size=8,
        epochs=4,
        validation_data=(X[:8], Y[:8]),
        verbose=0,
        callbacks=[
            LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            EarlyStopping("loss", patience=1, restore_best_weights=True),
            stop,
        ],
        resume=Resume(folder, steps=between),
    )
    return model


@pytest.mark.parametrize("between", [1, 3])
def test_broken_off_at_any_moment(tmp_path: Path, between: int) -> None:
    """As a kill, but at every place where a callback can look."""
    counter = StopAt(-1)
    whole = run(tmp_path / "whole", counter)
    hooks = -1 - counter.left
    assert hooks >= 3 * (1 + 2 * 5 + 1 + 1)
    for at in range(between, hooks + 1, 5):
        folder = tmp_path / str(at)
        with pytest.raises(Stop):
            run(folder, StopAt(at), between)
        resumed = run(folder, StopAt(-1), between)
        assert_same_weights(resumed, whole)
        assert resumed.history.history == whole.history.history
        np.testing.assert_array_equal(
            float(resumed.optimizer.learning_rate), float(whole.optimizer.learning_rate)
        )


def every_optimizer() -> list[Any]:
    kinds: dict[str, Any] = {
        "SGD": {"momentum": 0.9, "nesterov": True},
        "RMSprop": {"momentum": 0.5, "centered": True},
        "Adam": {"amsgrad": True, "clipnorm": 1.0},
        "AdamW": {},
        "Adagrad": {},
        "ProximalAdagrad": {},
        "Adadelta": {},
        "Ftrl": {},
    }
    known = {kind.lower() for kind in kinds}
    assert {*OPTIMIZERS} == known, "each optimizer must be resumed here"
    return [pytest.param(kind, options, id=kind) for kind, options in kinds.items()]


@pytest.mark.parametrize(("kind", "options"), every_optimizer())
def test_every_optimizer_and_every_random_layer(kind: str, options: Any, tmp_path: Path) -> None:
    def run(stop: StopAt, resume: Resume | None) -> nn.Model:
        model = nn.Sequential(
            [
                nn.Input((8,)),
                nn.layers.GaussianNoise(0.1),
                nn.Dense(12, "relu"),
                nn.layers.Reshape((4, 3)),
                nn.layers.SpatialDropout1D(0.3),
                nn.Flatten(),
                nn.layers.GaussianDropout(0.2),
                nn.Dense(3, "softmax"),
            ]
        )
        model.initialize(2)
        optimizer = getattr(tg.optimizers, kind)(**options)
        model.compile(optimizer, "sparse_categorical_crossentropy", backend="numpy")
        plateau = ReduceLROnPlateau("loss", patience=1, min_delta=10)
        kept = ModelCheckpoint(
            tmp_path / "best", "loss", save_best_only=True, save_weights_only=True
        )
        model.fit(
            X, Y, batch_size=8, epochs=3, verbose=0, resume=resume, callbacks=[plateau, kept, stop]
        )
        return model

    folder = Resume(tmp_path / "run", steps=2)
    whole = run(StopAt(-1), None)
    for at in (9, 12):
        with pytest.raises(Stop):
            run(StopAt(at), folder)
    resumed = run(StopAt(-1), folder)
    assert_same_weights(whole, resumed)
    states = [model.optimizer.named_state() for model in (whole, resumed)]
    for name, value in states[0].items():
        np.testing.assert_array_equal(value.numpy(), states[1][name].numpy(), err_msg=name)


def test_more_epochs_go_on_from_a_complete_run(tmp_path: Path) -> None:
    one, two = compiled(), compiled()
    whole = one.fit(X, Y, epochs=5, verbose=0)
    two.fit(X, Y, epochs=2, verbose=0, resume=tmp_path)
    other = compiled()
    history = other.fit(X, Y, epochs=5, verbose=0, resume=str(tmp_path))
    assert history.history == whole.history
    assert_same_weights(one, other)


def test_fewer_epochs_than_are_done_give_what_was_done(tmp_path: Path) -> None:
    said = {"batch_size": 8, "verbose": 0, "resume": Resume(tmp_path, steps=1)}
    broken, read = compiled(), compiled()
    with pytest.raises(Stop):
        broken.fit(X, Y, epochs=3, **said, callbacks=[StopAt(20)])  # before the fourth batch
    steps = int(broken.optimizer.iterations)
    assert steps == 8
    read.fit(X, Y, epochs=1, **said, callbacks=[StopAt(-1)])
    assert int(read.optimizer.iterations) == steps
    assert_same_weights(broken, read)


def test_steps_per_epoch_and_generators_resume(tmp_path: Path) -> None:
    def generator() -> Any:
        while True:
            yield from ((X[k : k + 8], Y[k : k + 8]) for k in range(0, 40, 8))

    def batches() -> tg.data.Batches:
        return tg.data.Batches(X, Y, batch_size=8, shuffle=True)

    for number, source in enumerate((generator, batches)):
        whole = compiled()
        whole.fit(source(), epochs=3, steps_per_epoch=3, verbose=0)
        folder = Resume(tmp_path / str(number), steps=1)
        with pytest.raises(Stop):
            compiled().fit(
                source(),
                epochs=3,
                steps_per_epoch=3,
                verbose=0,
                resume=folder,
                callbacks=[StopAt(11)],
            )
        other = compiled()
        other.fit(
            source(), epochs=3, steps_per_epoch=3, verbose=0, resume=folder, callbacks=[StopAt(-1)]
        )
        assert_same_weights(whole, other)


@pytest.mark.parametrize("own", [False, True])
def test_models_that_the_first_batch_builds(own: bool, tmp_path: Path) -> None:
    class Net(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Dense(5, "relu"), nn.Dense(3, "softmax")

        def call(self, x: Any) -> Any:
            return self.two(self.one(x))

    def run(**options: Any) -> nn.Model:
        nn.set_random_seed(0)
        net = Net() if own else nn.Sequential([nn.Dense(5, "relu"), nn.Dense(3, "softmax")])
        net.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
        net.fit(X, Y, batch_size=8, epochs=2, verbose=0, **options)
        return net

    folder = Resume(tmp_path, steps=1)
    with pytest.raises(Stop):
        run(resume=folder, callbacks=[StopAt(16)])
    assert_same_weights(run(), run(resume=folder, callbacks=[StopAt(-1)]))


def test_another_run_is_refused(tmp_path: Path) -> None:
    compiled().fit(X, Y, epochs=1, batch_size=8, verbose=0, resume=tmp_path)
    said = {"epochs": 2, "batch_size": 8, "verbose": 0, "resume": tmp_path}
    for options, message in (
        ({"batch_size": 4}, "batch_size was 8, is 4"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"shuffle": False}, "shuffle was True, is False"),
        ({"callbacks": [EarlyStopping()]}, "callbacks were"),
    ):
        with pytest.raises(tg.DataError, match=message):
            compiled().fit(X, Y, **{**said, **options})
    with pytest.raises(tg.DataError, match="examples was 40, is 39"):
        compiled().fit(X[:39], Y[:39], **said)
    with pytest.raises(tg.DataError, match="optimizer was 'Adam', is 'SGD'"):
        compiled(optimizer="sgd").fit(X, Y, **said)
    with pytest.raises(tg.DataError, match=r"metrics was \[\], is \['accuracy'\]"):
        compiled(metrics=["accuracy"]).fit(X, Y, **said)
    wider = nn.Sequential([nn.Input((8,)), nn.Dense(13, "relu"), nn.Dense(3, "softmax")])
    wider.compile("adam", "sparse_categorical_crossentropy", backend="numpy")
    with pytest.raises(tg.DataError, match=r"dense/kernel"):
        wider.fit(X, Y, **said)


def test_a_damaged_checkpoint_is_said_and_kept(tmp_path: Path) -> None:
    compiled().fit(X, Y, verbose=0, resume=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(tg.DataError, match="checkpoint"):
        compiled().fit(X, Y, epochs=2, verbose=0, resume=tmp_path)
    assert path.read_bytes() == half


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    class Second(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with pytest.raises(tg.DataError, match="in use by another run"):
                compiled().fit(X, Y, verbose=0, resume=tmp_path)

    compiled().fit(X, Y, verbose=0, resume=tmp_path, callbacks=[Second()])
    compiled().fit(X, Y, verbose=0, resume=tmp_path, callbacks=[Second()])


def test_leftovers_of_a_killed_writer_are_swept_up(tmp_path: Path) -> None:
    part = tmp_path / ".checkpoint.safetensors.12345.part"
    part.write_bytes(b"half")
    compiled().fit(X, Y, verbose=0, resume=tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".lock", "checkpoint.safetensors"]


def test_no_number_is_ever_saved_over_a_good_checkpoint(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input((8,)), nn.Dense(1)])
    model.compile("sgd", "mse", backend="numpy")
    with pytest.raises(tg.NumericError):
        model.fit(
            X * np.float32(1e12), Y[:, None], epochs=9, verbose=0, resume=Resume(tmp_path, steps=1)
        )
    saved = load_arrays(tmp_path / "checkpoint.safetensors").arrays
    assert all(np.isfinite(a).all() for name, a in saved.items() if name.startswith("model/"))


def test_an_iterator_begun_anew_goes_on_at_the_batch_that_comes_next(tmp_path: Path) -> None:
    def batches() -> Any:
        yield from ((X[k : k + 8], Y[k : k + 8]) for k in range(0, 40, 8))

    whole, other = compiled(), compiled()
    whole.fit(batches(), verbose=0)
    folder = Resume(tmp_path, steps=1)
    with pytest.raises(Stop):
        compiled().fit(batches(), verbose=0, resume=folder, callbacks=[StopAt(8)])
    other.fit(batches(), verbose=0, resume=folder, callbacks=[StopAt(-1)])
    assert_same_weights(whole, other)


def test_numbers_of_numpy_in_the_logs_are_kept(tmp_path: Path) -> None:
    class Told(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["told"] = np.float32(epoch / 2)

    for epochs in (2, 3):
        history = compiled().fit(
            X, Y, epochs=epochs, verbose=0, resume=tmp_path, callbacks=[Told()]
        )
    assert history.history["told"] == [0, 0.5, 1]


def test_what_a_callback_cannot_remember(tmp_path: Path) -> None:
    class Odd(Callback):
        def state(self) -> dict[str, Any]:
            return {"seen": {1, 2}}

    with pytest.raises(tg.DataError, match=r"what JSON can say, got \{1, 2\}"):
        compiled().fit(X, Y, verbose=0, resume=tmp_path, callbacks=[Odd()])
