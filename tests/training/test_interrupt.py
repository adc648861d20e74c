"""Ctrl-C ends training after the step at hand, with whole weights and the history kept."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_training import assert_same_weights, blobs, compiled

from tinygraph.callbacks import Callback, LambdaCallback
from tinygraph.training import Resume

X, Y = blobs(40)


class PressAt(Callback):
    """Ctrl-C in epoch and batch; counts what is called afterwards."""

    def __init__(self, epoch: int, batch: int, times: int = 1) -> None:
        self.at = (epoch, batch)
        self.times = times
        self.epoch = 0
        self.steps = self.ends = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1

    def on_train_end(self, logs: Any = None) -> None:
        self.ends += 1


def test_the_step_at_hand_is_the_last(tmp_path: Path) -> None:
    model, press = compiled(), PressAt(1, 2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=8, epochs=5, verbose=0, callbacks=[press])
    assert press.steps == int(model.optimizer.iterations) == 8
    assert press.ends == 1
    assert model.history.epoch == [0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    other = compiled()
    other.fit(X, Y, batch_size=8, epochs=2, steps_per_epoch=4, verbose=0)
    assert_same_weights(model, other)


def test_a_second_press_does_not_wait() -> None:
    model, press = compiled(), PressAt(1, 2, times=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=8, epochs=5, verbose=0, callbacks=[press])
    assert press.steps == int(model.optimizer.iterations) == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_press_in_the_validation_ends_it_too() -> None:
    model, seen = compiled(), []

    def press(batch: int, logs: Any) -> None:
        seen.append(batch)
        if batch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        model.fit(
            X,
            Y,
            batch_size=8,
            verbose=0,
            validation_data=(X, Y),
            callbacks=[LambdaCallback(on_test_batch_end=press)],
        )
    assert seen == [0, 1]


def test_after_a_press_the_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, model, other = compiled(), compiled(), compiled()
    said = {"batch_size": 8, "epochs": 4, "verbose": 0}
    folder = Resume(tmp_path, seconds=None)
    history = whole.fit(X, Y, **said)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **said, resume=folder, callbacks=[PressAt(2, 3)])
    resumed = other.fit(X, Y, **said, resume=folder, callbacks=[PressAt(-1, 0)])
    assert int(model.optimizer.iterations) == 14
    assert resumed.history == history.history
    assert_same_weights(whole, other)


def test_where_somebody_else_handles_the_signal_nothing_is_changed() -> None:
    pressed = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        model = compiled()
        model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[PressAt(0, 1)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed
    assert model.history.epoch == [0, 1]


def test_fit_in_another_thread() -> None:
    model = compiled()
    thread = threading.Thread(target=model.fit, args=(X, Y), kwargs={"verbose": 0})
    thread.start()
    thread.join(30)
    assert model.history.epoch == [0]
    assert np.isfinite(model.history.history["loss"][0])
