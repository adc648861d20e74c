"""The models that Keras has too: its weights, and what comes out for an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn

pytestmark = [
    pytest.mark.reference,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
]

APPLICATIONS = {
    "vgg16": ("VGG16", 32),
    "vgg19": ("VGG19", 32),
    "resnet50_keras": ("ResNet50", 64),
    "resnet101_keras": ("ResNet101", 64),
    "resnet152_keras": ("ResNet152", 64),
    "xception": ("Xception", 71),
}


def lively(net: Any, seed: int = 0) -> list[np.ndarray]:
    """Weights with no zeros, so that a bias or a mean in the wrong place is seen."""
    rng = np.random.default_rng(seed)
    arrays = [w + 0.05 * rng.random(w.shape, np.float32) for w in net.get_weights()]
    net.set_weights(arrays)
    return arrays


def compare(ours: nn.Model, theirs: Any, size: int, channels: int = 3) -> None:
    tg.weights.from_keras(ours, lively(theirs))
    x = np.random.default_rng(1).random((2, size, size, channels), np.float32)
    expected = np.asarray(theirs.predict(x, verbose=0))
    found = tg.jit(lambda x: ours(x), backend="llvm")(tg.tensor(x)).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("name", APPLICATIONS)
def test_as_keras_applications(name: str, keras: Any) -> None:
    kind, size = APPLICATIONS[name]
    ours = models.build(name, None, classes=10, image_size=size)
    theirs = getattr(keras.applications, kind)(
        weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None
    )
    assert ours.count_params() == theirs.count_params()
    compare(ours, theirs, size)


def test_the_pets_unet(keras: Any) -> None:
    """The code of lecture 5, run by Keras itself."""
    theirs = pets_unet_of_the_lecture(keras, (32, 32), 3)
    ours = models.build("pets_unet", None, image_size=32)
    assert ours.count_params() == theirs.count_params() == 2_058_979
    compare(ours, theirs, 32)


def pets_unet_of_the_lecture(keras: Any, size: tuple[int, int], classes: int) -> Any:
    layers = keras.layers
    inputs = keras.Input((*size, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    before = x
    for filters in (64, 128, 256):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.add([x, layers.Conv2D(filters, 1, strides=2, padding="same")(before)])
        before = x
    for filters in (256, 128, 64, 32):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        beside = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(before))
        x = layers.add([x, beside])
        before = x
    outputs = layers.Conv2D(classes, 3, activation="softmax", padding="same")(x)
    return keras.Model(inputs, outputs)
