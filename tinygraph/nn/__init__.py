"""Layers and models, in Keras's words.

`from tinygraph import nn as keras` runs what was written for Keras: `keras.layers`, `keras.losses`,
`keras.optimizers`, `keras.metrics`, `keras.callbacks` and `keras.regularizers` are tinygraph's own
modules of these names. `keras.datasets`, `keras.models` and `keras.utils` are as small as what the
lectures use of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygraph.nn import activations as activations
from tinygraph.nn import initializers as initializers
from tinygraph.nn import layers as layers
from tinygraph.nn.layer import Layer as Layer
from tinygraph.nn.layers import ELU as ELU
from tinygraph.nn.layers import Activation as Activation
from tinygraph.nn.layers import Add as Add
from tinygraph.nn.layers import Average as Average
from tinygraph.nn.layers import AveragePooling1D as AveragePooling1D
from tinygraph.nn.layers import AveragePooling2D as AveragePooling2D
from tinygraph.nn.layers import AveragePooling3D as AveragePooling3D
from tinygraph.nn.layers import BatchNormalization as BatchNormalization
from tinygraph.nn.layers import Concatenate as Concatenate
from tinygraph.nn.layers import Conv1D as Conv1D
from tinygraph.nn.layers import Conv1DTranspose as Conv1DTranspose
from tinygraph.nn.layers import Conv2D as Conv2D
from tinygraph.nn.layers import Conv2DTranspose as Conv2DTranspose
from tinygraph.nn.layers import Conv3D as Conv3D
from tinygraph.nn.layers import Conv3DTranspose as Conv3DTranspose
from tinygraph.nn.layers import Cropping1D as Cropping1D
from tinygraph.nn.layers import Cropping2D as Cropping2D
from tinygraph.nn.layers import Cropping3D as Cropping3D
from tinygraph.nn.layers import Dense as Dense
from tinygraph.nn.layers import DepthwiseConv1D as DepthwiseConv1D
from tinygraph.nn.layers import DepthwiseConv2D as DepthwiseConv2D
from tinygraph.nn.layers import Dot as Dot
from tinygraph.nn.layers import Dropout as Dropout
from tinygraph.nn.layers import Flatten as Flatten
from tinygraph.nn.layers import GaussianDropout as GaussianDropout
from tinygraph.nn.layers import GaussianNoise as GaussianNoise
from tinygraph.nn.layers import GlobalAveragePooling1D as GlobalAveragePooling1D
from tinygraph.nn.layers import GlobalAveragePooling2D as GlobalAveragePooling2D
from tinygraph.nn.layers import GlobalAveragePooling3D as GlobalAveragePooling3D
from tinygraph.nn.layers import GlobalMaxPooling1D as GlobalMaxPooling1D
from tinygraph.nn.layers import GlobalMaxPooling2D as GlobalMaxPooling2D
from tinygraph.nn.layers import GlobalMaxPooling3D as GlobalMaxPooling3D
from tinygraph.nn.layers import Identity as Identity
from tinygraph.nn.layers import Input as Input
from tinygraph.nn.layers import Lambda as Lambda
from tinygraph.nn.layers import LayerNormalization as LayerNormalization
from tinygraph.nn.layers import LeakyReLU as LeakyReLU
from tinygraph.nn.layers import LocallyConnected1D as LocallyConnected1D
from tinygraph.nn.layers import LocallyConnected2D as LocallyConnected2D
from tinygraph.nn.layers import LocalResponseNormalization as LocalResponseNormalization
from tinygraph.nn.layers import Maximum as Maximum
from tinygraph.nn.layers import Maxout as Maxout
from tinygraph.nn.layers import MaxPooling1D as MaxPooling1D
from tinygraph.nn.layers import MaxPooling2D as MaxPooling2D
from tinygraph.nn.layers import MaxPooling3D as MaxPooling3D
from tinygraph.nn.layers import MaxUnpooling2D as MaxUnpooling2D
from tinygraph.nn.layers import Minimum as Minimum
from tinygraph.nn.layers import Multiply as Multiply
from tinygraph.nn.layers import Normalization as Normalization
from tinygraph.nn.layers import Permute as Permute
from tinygraph.nn.layers import PReLU as PReLU
from tinygraph.nn.layers import ReLU as ReLU
from tinygraph.nn.layers import RepeatVector as RepeatVector
from tinygraph.nn.layers import Rescaling as Rescaling
from tinygraph.nn.layers import Reshape as Reshape
from tinygraph.nn.layers import SeparableConv1D as SeparableConv1D
from tinygraph.nn.layers import SeparableConv2D as SeparableConv2D
from tinygraph.nn.layers import Softmax as Softmax
from tinygraph.nn.layers import SpatialDropout1D as SpatialDropout1D
from tinygraph.nn.layers import SpatialDropout2D as SpatialDropout2D
from tinygraph.nn.layers import SpatialDropout3D as SpatialDropout3D
from tinygraph.nn.layers import Subtract as Subtract
from tinygraph.nn.layers import UpSampling1D as UpSampling1D
from tinygraph.nn.layers import UpSampling2D as UpSampling2D
from tinygraph.nn.layers import UpSampling3D as UpSampling3D
from tinygraph.nn.layers import ZeroPadding1D as ZeroPadding1D
from tinygraph.nn.layers import ZeroPadding2D as ZeroPadding2D
from tinygraph.nn.layers import ZeroPadding3D as ZeroPadding3D
from tinygraph.nn.model import Model as Model
from tinygraph.nn.seeds import set_random_seed as set_random_seed
from tinygraph.nn.sequential import Sequential as Sequential

if TYPE_CHECKING:
    from tinygraph import callbacks as callbacks
    from tinygraph import losses as losses
    from tinygraph import metrics as metrics
    from tinygraph import optimizers as optimizers
    from tinygraph import regularizers as regularizers
    from tinygraph.nn import datasets as datasets
    from tinygraph.nn import models as models
    from tinygraph.nn import utils as utils
    from tinygraph.saving.file import load_model as load_model

_ELSEWHERE = {"losses", "metrics", "callbacks", "optimizers", "regularizers"}
"""Modules of tinygraph that are found here too, imported when they are first used."""

_HERE = {"datasets", "models", "utils"}
"""Modules of nn that are imported when they are first used."""

_INSTEAD = {
    "GradientTape": ": no tape is needed, tg.grad(loss, model.trainable_variables) gives gradients",
    "applications": ": the networks are in tg.models, see tg.models.table()",
    "backend": ": functions of tensors are in tinygraph itself, such as tg.mean and tg.exp",
    "ops": ": functions of tensors are in tinygraph itself, such as tg.mean and tg.exp",
    "preprocessing": ": images are read by tg.data.image_folder and changed by tg.augment",
}
"""For parts of Keras that are elsewhere or not needed: what there is."""


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return import_module(f"tinygraph.{name}")
    if name in _HERE:
        return import_module(f"tinygraph.nn.{name}")
    if name == "load_model":
        return import_module("tinygraph.saving.file").load_model
    raise AttributeError(
        f"module 'tinygraph.nn' has no attribute {name!r}{_INSTEAD.get(name, '')}",
        name=name,
        obj=sys.modules[__name__],
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *_ELSEWHERE, *_HERE, "load_model"})
