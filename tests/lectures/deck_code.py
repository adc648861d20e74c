"""Keras code of the lectures, quoted as it stands there, and how it is run here.

The edits are those of `edited`: imports, `keras.` for `tf.keras.`, and no lines with `%`.

Lecture 2: M. Veta, "Convolutional neural networks", Eindhoven University of Technology (2020).
Lecture 5: "Unit 8" of the deep learning tutorial of La Penna and others, University of Tennessee;
its convolutional examples are from keras.io (mnist_convnet, oxford_pets_image_segmentation).
"""

from __future__ import annotations

from typing import Any

IMPORTS = {
    "import tensorflow as tf": "import tinygraph as tf; from tinygraph import nn as keras",
    "import keras": "from tinygraph import nn as keras",
    "from tensorflow import keras": "from tinygraph import nn as keras",
    "from tensorflow.keras import layers": "from tinygraph.nn import layers",
}


def edited(code: str) -> str:
    """The code with the edits."""
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("%")]
    return "\n".join(IMPORTS.get(line.strip(), line) for line in lines).replace(
        "tf.keras.", "keras."
    )


def run(code: str, **given: Any) -> dict[str, Any]:
    """Runs the code with some names given, and gives back all its names."""
    names = dict(given)
    exec(compile(edited(code), "lecture", "exec"), names)
    return names


KERAS_IMPORTS = """
import keras
import tensorflow as tf

layer = keras.layers.Dense # used in slides
layer = tf.keras.layers.Dense # used in the exercises
"""

TWO_CONV = """
inputs = keras.Input(shape=[64, 64, 1])

conv1 = keras.layers.Conv2D(
    filters      = 16,
    kernel_size  = 3,
    strides      = (1, 1),
    padding      = "same",
    activation   = "relu")

maxPool1 = keras.layers.MaxPool2D(
    pool_size = (2, 2),
    strides   = (2, 2),
    padding   = "valid")

conv2 = keras.layers.Conv2D(
    filters      = 32,
    kernel_size  = 3,
    strides      = (1, 1),
    padding      = "same",
    activation   = "relu")

maxPool2 = keras.layers.MaxPool2D(
    pool_size = (2, 2),
    strides    = (2, 2),
    padding    = "valid")

dense = keras.layers.Dense(
    units      = 100,
    activation = "ReLU")

output = keras.layers.Dense(
    units      = 1,
    activation = "sigmoid")

x = maxPool1(conv1(inputs))
x = maxPool2(conv2(x))
x = flatten(x)
x = dense(x)
outputs = output(x)
"""
"""Lecture 2, "Example implementation". The flattening is only drawn there."""

TRAINING_A_MODEL = """
model = keras.Model(inputs = inputs , outputs = outputs)

loss = keras.losses.categorical_crossentropy
optimizer = keras.optimizers.SGD(lr=0.01, momentum=0.9)

model.compile(loss=loss , optimizer=optimizer)

# x_train and y_train are Numpy arrays
model.fit(x_train , y_train , epochs=5, batch_size=32)
"""
"""Lecture 2, "Training a model"."""

TRAINING_BY_HAND = """
for i in range(0, num_iterations):
    x_batch, y_batch = some_batch_generator(i)
    model.train_on_batch(x_batch, y_batch)
"""
"""Lecture 2: "Or, feed batches manually in a training loop"."""

MODEL_EVALUATION = """
loss_and_metrics = model.evaluate(x_test, y_test,
                                  batch_size=128)
classes = model.predict(x_test, batch_size=128)
"""
"""Lecture 2, "Model evaluation"."""

MNIST_MLP = """
import tensorflow as tf

mnist = tf.keras.datasets.mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = tf.keras.models.Sequential([
    tf.keras.layers.Flatten(input_shape=(28, 28)),
    tf.keras.layers.Dense(16, activation='relu'),
    tf.keras.layers.Dense(16, activation='relu'),
    tf.keras.layers.Dense(10, activation='softmax')
])
"""
"""Lecture 5, "Tensorflow Example"."""

MNIST_MLP_TRAINING = """
model.compile(optimizer='sgd',
              loss='SparseCategoricalCrossentropy',
              metrics=['accuracy'])

model.summary()

logdir = os.path.join("logs", datetime.datetime.now().strftime("%Y%m%d-%H%M%S"))
tensorboard_callback = tf.keras.callbacks.TensorBoard(logdir, histogram_freq=1)

model.fit(x_train, y_train, epochs=20, batch_size=50, validation_data=(x_test, y_test),
          callbacks=[tensorboard_callback])

model.evaluate(x_test, y_test, verbose=2)

%tensorboard --logdir logs
"""
"""Lecture 5, the slide after it."""

FIT = """
model.fit(x_train, y_train, epochs=3, batch_size=10)
"""
"""Lecture 5, "Summary : Flow of NN"."""

MNIST_CONV_LAYERS = (
    "tf.keras.layers.Reshape(input_shape=(28*28,), target_shape=(28, 28, 1))",
    "tf.keras.layers.Conv2D(kernel_size=3, filters=12, padding='same', activation='relu')",
    "tf.keras.layers.Conv2D(kernel_size=6, filters=24, padding='same', activation='relu', "
    "strides=2)",
    "tf.keras.layers.Conv2D(kernel_size=6, filters=32, padding='same', activation='relu', "
    "strides=2)",
    "tf.keras.layers.Flatten()",
    "tf.keras.layers.Dense(200, activation='relu')",
    "tf.keras.layers.Dense(10, activation='softmax')",
)
"""Lecture 5, "Convolution NN : MNIST 28x28 Pixels", line by line."""

MNIST_CONVNET = """
import tensorflow as tf
print(tf.__version__)

import datetime, os

%load_ext tensorboard

import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

# Model / data parameters
num_classes = 10
input_shape = (28, 28, 1)

# the data, split between train and test sets
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()

# Scale images to the [0, 1] range
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
print("x_train shape:", x_train.shape)
print(x_train.shape[0], "train samples")
print(x_test.shape[0], "test samples")

# Make sure images have shape (28, 28, 1)
x_train = x_train.reshape([-1,28,28,1])
x_test = x_test.reshape([-1,28,28,1])
print("x_train shape:", x_train.shape)
print(x_train.shape[0], "train samples")
print(x_test.shape[0], "test samples")

# convert class vectors to binary class matrices
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

## Build the model
model = keras.Sequential(
[
    keras.Input(shape=input_shape),
    layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Flatten(),
    layers.Dropout(0.5),
    layers.Dense(num_classes, activation="softmax"),
]
)

model.summary()
"""
"""Lecture 5, "CNN : example - MNIST"."""

MNIST_CONVNET_TRAINING = """
## Train the model
batch_size = 128
epochs = 5

model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

logdir = os.path.join("logs", datetime.datetime.now().strftime("%Y%m%d-%H%M%S"))
tensorboard_callback = tf.keras.callbacks.TensorBoard(logdir, histogram_freq=1)

model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1,
callbacks=[tensorboard_callback])

## Evaluate the trained model
%tensorboard --logdir logs
"""

PETS_ENCODER = """
def get_model(img_size, num_classes):
    inputs = keras.Input(shape=img_size + (3,))

    ### [First half of the network: downsampling inputs] ###

    # Entry block
    x = layers.Conv2D(32, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)

    previous_block_activation = x # Set aside residual

    # Blocks 1, 2, 3 are identical apart from the feature depth.
    for filters in [64, 128, 256]:
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)

        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)

        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)

        # Project residual
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(
            previous_block_activation
        )
        x = layers.add([x, residual]) # Add back residual
        previous_block_activation = x # Set aside next residual
"""
"""Lecture 5, "CODE explanation"."""

PETS_CLASSIFIER = """
    # Final layers
    x = layers.SeparableConv2D(128, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)

    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(100, activation="softmax")(x)
    x = layers.Dropout(0.5)(x)

    return keras.Model(inputs, x)
"""
"""The slide after it."""

PETS_DECODER = """
    ### [Second half of the network: upsampling inputs] ###

    for filters in [256, 128, 64, 32]:
        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)

        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)

        x = layers.UpSampling2D(2)(x)

        # Project residual
        residual = layers.UpSampling2D(2)(previous_block_activation)
        residual = layers.Conv2D(filters, 1, padding="same")(residual)
        x = layers.add([x, residual]) # Add back residual
        previous_block_activation = x # Set aside next residual

    # Add a per-pixel classification layer
    outputs = layers.Conv2D(num_classes, 3, activation="softmax", padding="same")(x)

    # Define the model
    model = keras.Model(inputs, outputs)
    return model
"""
"""Lecture 5, the second half of the U-Net; its indentation is that of keras.io."""

PETS_NUMBERS = """
img_size = (160, 160)
num_classes = 3
batch_size = 32
"""
