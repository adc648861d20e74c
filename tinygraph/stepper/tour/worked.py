"""The worked backpropagation of lecture 5, as one training step, and the exercises after it."""

from __future__ import annotations

import numpy as np

import tinygraph as tg
from tinygraph.compile import Jitted
from tinygraph.journal import Journal
from tinygraph.stepper.subject import Subject, subject_of
from tinygraph.stepper.tour.lines import shown

RATE = 0.5
IMAGE = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
PARAMETERS = {
    "F": [[0.9, 0.1], [0.1, 0.9]],
    "b1": 0.1,
    "W_h": [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]],
    "b_h": [[0.2], [0.2]],
    "W_o": [[0.1, 0.2], [0.3, 0.4]],
    "b_o": [[0.3], [0.3]],
}
LABEL = [[1], [0]]
"""A column, as everything after the convolution: W @ c + b."""

EXERCISE = {
    "x": [[1, 0, -1], [1, 0, 1], [0, 1, 1]],
    "F": [[-1, 2], [3, 1]],
    "dO": [[-0.2, 0.2], [0.1, -0.1]],
}
TRUE_CLASS = [0.2, 1, 0.7, 0.9, 0.9, 1, 1, 1, 0.9, 1]
"""The probability that each of ten images was given for what it shows."""


def worked() -> Subject:
    """One training step; the gates that the slides have a letter for are called by it."""
    subject = subject_of(worked_step())
    letters = {"relu_1": "C", "add_2": "h", "add_3": "z", "exp_1": "e", "div_1": "p", "neg_1": "L"}
    _call(subject.journal, letters | {f"grad({g})": f"grad({x})" for g, x in letters.items()})
    return Subject(subject.journal, "one step of gradient descent")


@shown
def worked_step() -> Jitted:
    """Forward, the loss's gradients, and one step of gradient descent. Softmax is that of the
    slides: it takes no maximum away first.
    """
    arrays = {name: _array(value) for name, value in PARAMETERS.items()}
    arrays["F"] = _kernel(PARAMETERS["F"])
    given = {name: tg.parameter(array, name=name) for name, array in arrays.items()}
    F, b1, W_h, b_h, W_o, b_o = given.values()
    x, label = tg.tensor(_image(IMAGE), name="x"), tg.tensor(_array(LABEL), name="label")

    @tg.jit(example=())
    @shown
    def step() -> tg.Tensor:
        C = tg.relu(tg.conv2d(x, F) + b1)
        h = W_h @ C.reshape(4, 1) + b_h
        z = W_o @ h + b_o
        e = tg.exp(z)
        p = e / e.sum()
        loss = -tg.sum(label * tg.log(p))
        for parameter, gradient in zip(given.values(), tg.grad(loss, [*given.values()])):
            parameter.assign(parameter - RATE * gradient)
        return loss

    return step


@shown
def exercise() -> Subject:
    """A convolution with dO, what comes in from above: dF and dX are asked for."""
    x = tg.tensor(_image(EXERCISE["x"]), name="x")
    F = tg.parameter(_kernel(EXERCISE["F"]), name="F")
    subject = subject_of(tg.conv2d(x, F), gradients=_image(EXERCISE["dO"]))
    _call(subject.journal, {"conv_1": "O"})
    return Subject(subject.journal, "the exercise")


@shown
def batch() -> tg.Tensor:
    """The cross-entropy of ten images, given the probability of what each of them shows."""
    p = tg.tensor(_array(TRUE_CLASS), name="p")
    return tg.mean(-tg.log(p))


def _call(journal: Journal, letters: dict[str, str]) -> None:
    for node, name in list(journal.names.items()):
        journal.names[node] = letters.get(name, name)


def _array(values: object) -> np.ndarray:
    return np.array(values, np.float64)


def _image(rows: object) -> np.ndarray:
    """One image with one channel."""
    return _array(rows)[None, ..., None]


def _kernel(rows: object) -> np.ndarray:
    """From one channel to one."""
    return _array(rows)[..., None, None]
