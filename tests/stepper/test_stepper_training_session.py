"""Walking through a training step: every command on every name, and the way back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.nn import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, Sequential
from tinygraph.stepper.commands import COMMANDS
from tinygraph.stepper.prompt.interpreter import Interpreter
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import Subject, subject_of

LEFT_OUT = {"save", "load", "graph", "quit", "train", "tour", "stages", "quiz"}
"""They write files, end the session, compile, or ask back."""


@lru_cache
def perceptron() -> Subject:
    """A step of gradient descent with momentum."""
    w, b = tg.parameter([[0.5, -1.0], [2.0, 0.25]], name="w"), tg.parameter([0.1, 0.2], name="b")
    optimizer = tg.optimizers.SGD(0.1, momentum=0.9, parameters=[w, b])

    @tg.jit(backend="numpy")
    def step(x: Any, y: Any) -> Any:
        loss = tg.cross_entropy(tg.relu(x @ w + b), y)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    return subject_of(step, np.array([[1, 2], [3, -1]], np.float32), np.array([0, 1], np.int32))


@lru_cache
def model() -> Subject:
    """More gates than are shown one by one, so modules are folded."""
    layers = [Conv2D(2, 3), BatchNormalization(), Flatten(), Dropout(0.5), Dense(2, "softmax")]
    found = Sequential([Input((4, 4, 1)), *layers])
    loss = "sparse_categorical_crossentropy"
    found.compile(optimizer="adam", loss=loss, metrics=["accuracy"], backend="numpy")
    x = np.random.default_rng(0).standard_normal((3, 4, 4, 1)).astype(np.float32)
    return subject_of(found, x, np.array([0, 1, 1]))


def begun(subject: Subject) -> Session:
    return subject.session()


@settings(max_examples=40)
@given(st.sampled_from([perceptron, model]), st.data())
def test_any_command_about_any_gate(make: Any, data: st.DataObject) -> None:
    session = begun(make())
    interpreter = Interpreter(session, strict=True)
    words = sorted(set(COMMANDS) - LEFT_OUT)
    names = sorted(session.names.values())
    for _ in range(6):
        name = data.draw(st.sampled_from(names))
        text = data.draw(st.sampled_from(["", f"`{name}`", f"`{name}`[0]", f"`{name}`[0,1]", "3"]))
        for answer in interpreter.run(f"{data.draw(st.sampled_from(words))} {text}"):
            assert not answer.ends
        assert screen(session, 80, 24).plain.count("\n") < 24


@pytest.mark.parametrize("make", [perceptron, model])
def test_there_and_back_all_stops_show_the_same(make: Any) -> None:
    session = begun(make())
    there = [screen(session, 80, 24).plain]
    while session.next():
        there.append(screen(session, 80, 24).plain)
    assert session.cursor == len(session.journal)
    back = [there[-1]]
    while session.back():
        back.append(screen(session, 80, 24).plain)
    assert back[::-1] == there


def test_stages_of_a_gate_that_only_the_gradients_have() -> None:
    interpreter = Interpreter(begun(perceptron()), strict=True)
    (answer,) = interpreter.run("stages `grad(w)` graph")
    assert "matmul" in answer.lines[0]
