"""A small convolutional net for 28x28 digits."""

from __future__ import annotations

from tinygraph.nn import Conv2D, Dense, Flatten, Input, MaxPooling2D, Model, Sequential


def mnist_cnn() -> Model:
    """Two convolutions with pools, one dense layer: N,28,28,1 -> N,10. 34,826 parameters."""
    return Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(10),
        ],
        name="mnist_cnn",
    )
