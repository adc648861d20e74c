"""Small convolutional nets for 28x28 digits."""

from __future__ import annotations

from typing import Any

from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    Model,
    Reshape,
    Sequential,
)


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


def mnist_convnet(
    classes: int = 10, image_size: ImageSize = 28, channels: int = 1, activation: Any = "softmax"
) -> Model:
    """The same with dropout: N,H,W,channels -> N,classes (probabilities). 34,826 parameters.

    Source: Chollet, "Simple MNIST convnet" (keras.io, 2015), in lecture 5.
    """
    return Sequential(
        [
            image_input(image_size, channels),
            Conv2D(32, kernel_size=(3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Conv2D(64, kernel_size=(3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Flatten(),
            Dropout(0.5),
            Dense(classes, activation=activation),
        ],
        name="mnist_convnet",
    )


def mnist_conv_net(classes: int = 10, activation: Any = "softmax") -> Model:
    """Three convolutions, two of them with stride 2: N,784 -> N,classes (probabilities).

    354,002 parameters. Source: lecture 5, after Görner's "TensorFlow, Keras and deep learning,
    without a PhD".
    """
    return Sequential(
        [
            Input((28 * 28,)),
            Reshape((28, 28, 1)),
            Conv2D(12, 3, padding="same", activation="relu"),
            Conv2D(24, 6, strides=2, padding="same", activation="relu"),
            Conv2D(32, 6, strides=2, padding="same", activation="relu"),
            Flatten(),
            Dense(200, activation="relu"),
            Dense(classes, activation=activation),
        ],
        name="mnist_conv_net",
    )
