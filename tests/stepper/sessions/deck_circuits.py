"""A small circuit of each deck, for the recorded sessions: `python -m tinygraph step FILE:NAME`."""

from __future__ import annotations

import numpy as np

import tinygraph as tg
from tinygraph.stepper.tour.neuron import neuron
from tinygraph.stepper.tour.worked import worked_step


def image(rows: list[list[int]], name: str) -> tg.Tensor:
    """One image with one channel."""
    return tg.tensor(np.array(rows, np.float32)[None, ..., None], name=name)


def kernel(rows: list[list[int]], name: str) -> tg.Tensor:
    """From one channel to one channel."""
    return tg.parameter(np.array(rows, np.float32)[..., None, None], name=name)


def convolution() -> tg.Tensor:
    """Lecture 1: a 3x3 kernel on a 5x5 image; the deck has 14 for 15 and for 16."""
    X = [[5, 4, 3, 8, 2], [8, 1, 2, 4, 1], [1, 7, 3, 2, 6], [2, 4, 0, 1, 4], [3, 1, 7, 3, 2]]
    return tg.conv2d(image(X, "X"), kernel([[1, 0, 1], [0, 2, 1], [0, 0, 2]], "K"))


def three_layers() -> tg.Tensor:
    """Lecture 2: five inputs, three outputs; dense (15 weights), locally connected (9), and
    convolutional (3)."""
    x = tg.tensor(np.array([5, 4, 3, 8, 2], np.float32), name="x")
    shared = np.array([3, 1, 2], np.float32)
    matrix = np.zeros((3, 5), np.float32)
    for k in range(3):
        matrix[k, k : k + 3] = shared
    dense = tg.parameter(matrix, name="dense") @ x.reshape(5, 1)
    local_w = tg.parameter(np.tile(shared.reshape(1, 3, 1, 1), (3, 1, 1, 1)), name="local")
    local = tg.locally_connected1d(x.reshape(1, 5, 1), local_w)
    conv = tg.conv1d(x.reshape(1, 5, 1), tg.parameter(shared.reshape(3, 1, 1), name="conv"))
    return tg.sum(dense) + tg.sum(local) + tg.sum(conv)


def edges() -> tg.Tensor:
    """Lecture 3: vertical edges of an image, then the strongest of each 2x2."""
    P = [
        [194, 194, 194, 120, 138],
        [1, 1, 1, 173, 132],
        [227, 179, 56, 16, 144],
        [34, 75, 52, 9, 175],
        [38, 52, 50, 8, 180],
    ]
    found = tg.conv2d(image(P, "P"), kernel([[1, 0, -1]] * 3, "K"))
    return tg.sum(tg.max_pool2d(tg.relu(found), 2, stride=1))


def loss_with_penalties() -> tg.Tensor:
    """Lecture 4: cross-entropy of softmax(3.2, 5.1, -1.7), and what L1 and L2 say of weights."""
    score = tg.tensor([3.2, 5.1, -1.7], name="score")
    w = tg.parameter([1.0, 0.0, 0.0, 0.0], name="w")
    x = tg.tensor([1.0, 1.0, 1.0, 1.0], name="x")
    loss = -tg.log(tg.softmax(score)[0])
    return loss + tg.sum(w * x) + tg.sum(tg.abs(w)) + tg.sum(w * w)


def descent() -> tg.Tensor:
    """Lecture 4: x**2 from x = 2, three steps of gradient descent with rate .2, unrolled."""
    x = tg.tensor(2.0, name="x")
    losses = [x**2]
    for _ in range(3):
        (slope,) = tg.grad(losses[-1], [x])
        x = x - 0.2 * slope
        losses.append(x**2)
    return tg.stack(losses)


lecture_1 = convolution()
lecture_2 = three_layers()
lecture_3 = edges()
lecture_4 = loss_with_penalties()
lecture_4_descent = descent()
lecture_5 = neuron()
lecture_5_worked = worked_step()
