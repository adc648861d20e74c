"""Multilayer perceptrons for 28x28 digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.nn import Dense, Flatten, Input, Model, Sequential


def mlp(inputs: int, hidden: Sequence[int], classes: int, name: str | None = None) -> Model:
    """Dense layers with ReLU between them: N,inputs -> N,classes (logits)."""
    inner = [Dense(units, activation="relu") for units in hidden]
    return Sequential([Input((inputs,)), *inner, Dense(classes)], name=name)


def mlp_small() -> Model:
    """784-16-16-10, the perceptron of lecture 5: 13,002 parameters."""
    return mlp(784, (16, 16), 10, "mlp_small")


def mlp_big() -> Model:
    """784-512-512-10: 669,706 parameters."""
    return mlp(784, (512, 512), 10, "mlp_big")


def mnist_mlp(classes: int = 10, image_size: int = 28, activation: Any = "softmax") -> Model:
    """Lecture 5's, image in, probabilities out: N,28,28 -> N,10. 13,002 parameters."""
    return Sequential(
        [
            Input((image_size, image_size)),
            Flatten(),
            Dense(16, activation="relu"),
            Dense(16, activation="relu"),
            Dense(classes, activation=activation),
        ],
        name="mnist_mlp",
    )
