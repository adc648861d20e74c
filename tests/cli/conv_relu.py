"""What the golden files of tests/golden/conv_relu_* are made from."""

import numpy as np

import tinygraph as tg

images = tg.zeros((1, 6, 6, 2))
w = tg.parameter(np.zeros((3, 3, 2, 16), np.float32), name="w")
b = tg.parameter(np.zeros(16, np.float32), name="b")


@tg.jit(example=(images,))
def layer(x: tg.Tensor) -> tg.Tensor:
    y = tg.conv2d(x, w, padding="same")
    with tg.scope("tail"):
        return tg.relu(1 * (y + b))


loss = tg.sum(layer.fn(images))
