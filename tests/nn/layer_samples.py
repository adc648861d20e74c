"""One use of every layer: what it is given, and what shape comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph import nn

L = nn.layers
Shape = tuple[int, ...]

LINE, IMAGE, VOLUME, ROW = (2, 9, 4), (2, 8, 6, 4), (2, 5, 6, 4, 2), (3, 5)


@dataclass(frozen=True)
class Sample:
    """A layer to make, the shapes of its inputs, that of its output, and its parameters."""

    make: Callable[[], nn.Layer]
    inputs: tuple[Shape, ...]
    output: Shape
    parameters: int = 0

    def arrays(self) -> list[np.ndarray]:
        rng = np.random.default_rng(1)
        return [rng.normal(size=shape).astype(np.float32) for shape in self.inputs]


def one(make: Callable[[], nn.Layer], shape: Shape, output: Shape, parameters: int = 0) -> Sample:
    return Sample(make, (shape,), output, parameters)


SAMPLES: dict[str, Sample] = {
    "Activation": one(lambda: L.Activation("tanh"), IMAGE, IMAGE),
    "Add": Sample(lambda: L.Add(), (IMAGE, IMAGE, IMAGE), IMAGE),
    "Average": Sample(lambda: L.Average(), (IMAGE, IMAGE, IMAGE), IMAGE),
    "AveragePooling1D": one(lambda: L.AveragePooling1D(2), LINE, (2, 4, 4)),
    "AveragePooling2D": one(lambda: L.AveragePooling2D((2, 3)), IMAGE, (2, 4, 2, 4)),
    "AveragePooling3D": one(lambda: L.AveragePooling3D(2), VOLUME, (2, 2, 3, 2, 2)),
    "BatchNormalization": one(lambda: L.BatchNormalization(), IMAGE, IMAGE, 16),
    "Concatenate": Sample(lambda: L.Concatenate(), (IMAGE, IMAGE), (2, 8, 6, 8)),
    "Conv1D": one(lambda: L.Conv1D(3, 2, 2), LINE, (2, 4, 3), 27),
    "Conv1DTranspose": one(lambda: L.Conv1DTranspose(3, 2, 2), LINE, (2, 18, 3), 27),
    "Conv2D": one(lambda: L.Conv2D(3, 3, padding="same"), IMAGE, (2, 8, 6, 3), 111),
    "Conv2DTranspose": one(lambda: L.Conv2DTranspose(3, 3, 2, "same"), IMAGE, (2, 16, 12, 3), 111),
    "Conv3D": one(lambda: L.Conv3D(3, 2), VOLUME, (2, 4, 5, 3, 3), 51),
    "Conv3DTranspose": one(lambda: L.Conv3DTranspose(3, 2, 2), VOLUME, (2, 10, 12, 8, 3), 51),
    "Cropping1D": one(lambda: L.Cropping1D(), LINE, (2, 7, 4)),
    "Cropping2D": one(lambda: L.Cropping2D(((1, 2), (0, 1))), IMAGE, (2, 5, 5, 4)),
    "Cropping3D": one(lambda: L.Cropping3D(), VOLUME, (2, 3, 4, 2, 2)),
    "Dense": one(lambda: L.Dense(3), IMAGE, (2, 8, 6, 3), 15),
    "DepthwiseConv1D": one(lambda: L.DepthwiseConv1D(3), LINE, (2, 7, 4), 16),
    "DepthwiseConv2D": one(
        lambda: L.DepthwiseConv2D(3, depth_multiplier=2), IMAGE, (2, 6, 4, 8), 80
    ),
    "Dot": Sample(lambda: L.Dot((2, 1)), ((2, 9, 4), (2, 4, 3)), (2, 9, 3)),
    "Dropout": one(lambda: L.Dropout(0.5), IMAGE, IMAGE),
    "ELU": one(lambda: L.ELU(), IMAGE, IMAGE),
    "Flatten": one(lambda: L.Flatten(), IMAGE, (2, 192)),
    "GaussianDropout": one(lambda: L.GaussianDropout(0.5), IMAGE, IMAGE),
    "GaussianNoise": one(lambda: L.GaussianNoise(0.5), IMAGE, IMAGE),
    "GlobalAveragePooling1D": one(lambda: L.GlobalAveragePooling1D(), LINE, (2, 4)),
    "GlobalAveragePooling2D": one(lambda: L.GlobalAveragePooling2D(), IMAGE, (2, 4)),
    "GlobalAveragePooling3D": one(lambda: L.GlobalAveragePooling3D(), VOLUME, (2, 2)),
    "GlobalMaxPooling1D": one(lambda: L.GlobalMaxPooling1D(), LINE, (2, 4)),
    "GlobalMaxPooling2D": one(lambda: L.GlobalMaxPooling2D(keepdims=True), IMAGE, (2, 1, 1, 4)),
    "GlobalMaxPooling3D": one(lambda: L.GlobalMaxPooling3D(), VOLUME, (2, 2)),
    "Identity": one(lambda: L.Identity(), IMAGE, IMAGE),
    "Lambda": one(lambda: L.Lambda(tg.exp), IMAGE, IMAGE),
    "LayerNormalization": one(lambda: L.LayerNormalization(), IMAGE, IMAGE, 8),
    "LeakyReLU": one(lambda: L.LeakyReLU(), IMAGE, IMAGE),
    "LocalResponseNormalization": one(lambda: L.LocalResponseNormalization(), IMAGE, IMAGE),
    "LocallyConnected1D": one(lambda: L.LocallyConnected1D(3, 2, 2), LINE, (2, 4, 3), 108),
    "LocallyConnected2D": one(lambda: L.LocallyConnected2D(3, 3), IMAGE, (2, 6, 4, 3), 2664),
    "MaxPooling1D": one(lambda: L.MaxPooling1D(), LINE, (2, 4, 4)),
    "MaxPooling2D": one(lambda: L.MaxPooling2D(3, 2, "same"), IMAGE, (2, 4, 3, 4)),
    "MaxPooling3D": one(lambda: L.MaxPooling3D(), VOLUME, (2, 2, 3, 2, 2)),
    "MaxUnpooling2D": Sample(lambda: L.MaxUnpooling2D(), ((2, 4, 3, 4), IMAGE), IMAGE),
    "Maximum": Sample(lambda: L.Maximum(), (IMAGE, IMAGE), IMAGE),
    "Maxout": one(lambda: L.Maxout(2), IMAGE, (2, 8, 6, 2)),
    "Minimum": Sample(lambda: L.Minimum(), (IMAGE, IMAGE), IMAGE),
    "Multiply": Sample(lambda: L.Multiply(), (IMAGE, IMAGE), IMAGE),
    "Normalization": one(lambda: L.Normalization(), IMAGE, IMAGE, 8),
    "PReLU": one(lambda: L.PReLU(shared_axes=[1, 2]), IMAGE, IMAGE, 4),
    "Permute": one(lambda: L.Permute((3, 1, 2)), IMAGE, (2, 4, 8, 6)),
    "ReLU": one(lambda: L.ReLU(1.0, 0.1, 0.2), IMAGE, IMAGE),
    "RepeatVector": one(lambda: L.RepeatVector(4), ROW, (3, 4, 5)),
    "Rescaling": one(lambda: L.Rescaling(0.5, 1.0), IMAGE, IMAGE),
    "Reshape": one(lambda: L.Reshape((4, -1)), IMAGE, (2, 4, 48)),
    "SeparableConv1D": one(lambda: L.SeparableConv1D(5, 3), LINE, (2, 7, 5), 37),
    "SeparableConv2D": one(lambda: L.SeparableConv2D(5, 3, 2), IMAGE, (2, 3, 2, 5), 61),
    "Softmax": one(lambda: L.Softmax(), IMAGE, IMAGE),
    "SpatialDropout1D": one(lambda: L.SpatialDropout1D(0.5), LINE, LINE),
    "SpatialDropout2D": one(lambda: L.SpatialDropout2D(0.5), IMAGE, IMAGE),
    "SpatialDropout3D": one(lambda: L.SpatialDropout3D(0.5), VOLUME, VOLUME),
    "Subtract": Sample(lambda: L.Subtract(), (IMAGE, IMAGE), IMAGE),
    "UpSampling1D": one(lambda: L.UpSampling1D(), LINE, (2, 18, 4)),
    "UpSampling2D": one(lambda: L.UpSampling2D((2, 3)), IMAGE, (2, 16, 18, 4)),
    "UpSampling3D": one(lambda: L.UpSampling3D(), VOLUME, (2, 10, 12, 8, 2)),
    "ZeroPadding1D": one(lambda: L.ZeroPadding1D(), LINE, (2, 11, 4)),
    "ZeroPadding2D": one(lambda: L.ZeroPadding2D(((1, 2), (0, 3))), IMAGE, (2, 11, 9, 4)),
    "ZeroPadding3D": one(lambda: L.ZeroPadding3D(), VOLUME, (2, 7, 8, 6, 2)),
}


def all_layers() -> dict[str, Any]:
    """Every layer of nn.layers by the name of its class."""
    found = [value for value in vars(L).values() if isinstance(value, type)]
    return {c.__name__: c for c in found if issubclass(c, nn.Layer) and c is not nn.Layer}
