"""tinygraph: a computation graph you can draw, differentiate, read and run at full speed.

    import tinygraph as tg

Every public name stands in this file. What needs more than NumPy is imported when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tinygraph.errors import BackendUnavailable as BackendUnavailable
from tinygraph.errors import CompileError as CompileError
from tinygraph.errors import DataError as DataError
from tinygraph.errors import DtypeError as DtypeError
from tinygraph.errors import GradientError as GradientError
from tinygraph.errors import IndexingError as IndexingError
from tinygraph.errors import NumericError as NumericError
from tinygraph.errors import ShapeError as ShapeError
from tinygraph.errors import TinygraphError as TinygraphError
from tinygraph.errors import TraceError as TraceError
from tinygraph.functional import random as random
from tinygraph.functional.activation import elu as elu
from tinygraph.functional.activation import gelu as gelu
from tinygraph.functional.activation import hard_sigmoid as hard_sigmoid
from tinygraph.functional.activation import hard_silu as hard_silu
from tinygraph.functional.activation import leaky_relu as leaky_relu
from tinygraph.functional.activation import log_softmax as log_softmax
from tinygraph.functional.activation import maxout as maxout
from tinygraph.functional.activation import mish as mish
from tinygraph.functional.activation import relu as relu
from tinygraph.functional.activation import relu6 as relu6
from tinygraph.functional.activation import selu as selu
from tinygraph.functional.activation import sigmoid as sigmoid
from tinygraph.functional.activation import silu as silu
from tinygraph.functional.activation import softmax as softmax
from tinygraph.functional.activation import softplus as softplus
from tinygraph.functional.activation import softsign as softsign
from tinygraph.functional.activation import swish as swish
from tinygraph.functional.arithmetic import abs as abs
from tinygraph.functional.arithmetic import add as add
from tinygraph.functional.arithmetic import cast as cast
from tinygraph.functional.arithmetic import clip as clip
from tinygraph.functional.arithmetic import cos as cos
from tinygraph.functional.arithmetic import detach as detach
from tinygraph.functional.arithmetic import div as div
from tinygraph.functional.arithmetic import equal as equal
from tinygraph.functional.arithmetic import erf as erf
from tinygraph.functional.arithmetic import exp as exp
from tinygraph.functional.arithmetic import floor as floor
from tinygraph.functional.arithmetic import log as log
from tinygraph.functional.arithmetic import logical_and as logical_and
from tinygraph.functional.arithmetic import logical_not as logical_not
from tinygraph.functional.arithmetic import logical_or as logical_or
from tinygraph.functional.arithmetic import maximum as maximum
from tinygraph.functional.arithmetic import minimum as minimum
from tinygraph.functional.arithmetic import mul as mul
from tinygraph.functional.arithmetic import neg as neg
from tinygraph.functional.arithmetic import pow as pow
from tinygraph.functional.arithmetic import sin as sin
from tinygraph.functional.arithmetic import sqrt as sqrt
from tinygraph.functional.arithmetic import square as square
from tinygraph.functional.arithmetic import sub as sub
from tinygraph.functional.arithmetic import tanh as tanh
from tinygraph.functional.arithmetic import where as where
from tinygraph.functional.conv import conv1d as conv1d
from tinygraph.functional.conv import conv2d as conv2d
from tinygraph.functional.conv import conv3d as conv3d
from tinygraph.functional.conv import conv_transpose1d as conv_transpose1d
from tinygraph.functional.conv import conv_transpose2d as conv_transpose2d
from tinygraph.functional.conv import conv_transpose3d as conv_transpose3d
from tinygraph.functional.conv import depthwise_conv1d as depthwise_conv1d
from tinygraph.functional.conv import depthwise_conv2d as depthwise_conv2d
from tinygraph.functional.conv import separable_conv1d as separable_conv1d
from tinygraph.functional.conv import separable_conv2d as separable_conv2d
from tinygraph.functional.conv import true_conv1d as true_conv1d
from tinygraph.functional.conv import true_conv2d as true_conv2d
from tinygraph.functional.create import arange as arange
from tinygraph.functional.create import full as full
from tinygraph.functional.create import ones as ones
from tinygraph.functional.create import ones_like as ones_like
from tinygraph.functional.create import parameter as parameter
from tinygraph.functional.create import tensor as tensor
from tinygraph.functional.create import zeros as zeros
from tinygraph.functional.create import zeros_like as zeros_like
from tinygraph.functional.linear import matmul as matmul
from tinygraph.functional.local import locally_connected1d as locally_connected1d
from tinygraph.functional.local import locally_connected2d as locally_connected2d
from tinygraph.functional.local import patches as patches
from tinygraph.functional.local_response import local_response_norm as local_response_norm
from tinygraph.functional.loss import cross_entropy as cross_entropy
from tinygraph.functional.loss import one_hot as one_hot
from tinygraph.functional.norm import batch_norm as batch_norm
from tinygraph.functional.pool import avg_pool1d as avg_pool1d
from tinygraph.functional.pool import avg_pool2d as avg_pool2d
from tinygraph.functional.pool import avg_pool3d as avg_pool3d
from tinygraph.functional.pool import bed_of_nails as bed_of_nails
from tinygraph.functional.pool import global_avg_pool1d as global_avg_pool1d
from tinygraph.functional.pool import global_avg_pool2d as global_avg_pool2d
from tinygraph.functional.pool import global_avg_pool3d as global_avg_pool3d
from tinygraph.functional.pool import global_max_pool1d as global_max_pool1d
from tinygraph.functional.pool import global_max_pool2d as global_max_pool2d
from tinygraph.functional.pool import global_max_pool3d as global_max_pool3d
from tinygraph.functional.pool import max_pool1d as max_pool1d
from tinygraph.functional.pool import max_pool2d as max_pool2d
from tinygraph.functional.pool import max_pool3d as max_pool3d
from tinygraph.functional.pool import max_pool_position1d as max_pool_position1d
from tinygraph.functional.pool import max_pool_position2d as max_pool_position2d
from tinygraph.functional.pool import max_pool_position3d as max_pool_position3d
from tinygraph.functional.pool import max_unpool1d as max_unpool1d
from tinygraph.functional.pool import max_unpool2d as max_unpool2d
from tinygraph.functional.pool import max_unpool3d as max_unpool3d
from tinygraph.functional.pool import sum_pool1d as sum_pool1d
from tinygraph.functional.pool import sum_pool2d as sum_pool2d
from tinygraph.functional.pool import sum_pool3d as sum_pool3d
from tinygraph.functional.pool import upsample_nearest as upsample_nearest
from tinygraph.functional.random import dropout as dropout
from tinygraph.functional.reduce import all as all
from tinygraph.functional.reduce import any as any
from tinygraph.functional.reduce import argmax as argmax
from tinygraph.functional.reduce import argmin as argmin
from tinygraph.functional.reduce import logsumexp as logsumexp
from tinygraph.functional.reduce import max as max
from tinygraph.functional.reduce import mean as mean
from tinygraph.functional.reduce import min as min
from tinygraph.functional.reduce import sum as sum
from tinygraph.functional.reduce import var as var
from tinygraph.functional.shape import broadcast_to as broadcast_to
from tinygraph.functional.shape import concatenate as concatenate
from tinygraph.functional.shape import expand_dims as expand_dims
from tinygraph.functional.shape import flatten as flatten
from tinygraph.functional.shape import flip as flip
from tinygraph.functional.shape import index as index
from tinygraph.functional.shape import pad as pad
from tinygraph.functional.shape import permute as permute
from tinygraph.functional.shape import reshape as reshape
from tinygraph.functional.shape import squeeze as squeeze
from tinygraph.functional.shape import stack as stack
from tinygraph.functional.shape import transpose as transpose
from tinygraph.functional.shape import unslice as unslice
from tinygraph.functional.shape import update as update
from tinygraph.functional.windows import output_size as output_size
from tinygraph.grad import backward as _backward
from tinygraph.grad import grad as grad
from tinygraph.grad import why as why
from tinygraph.graph import scope as scope
from tinygraph.tensor import Parameter as Parameter
from tinygraph.tensor import Tensor as Tensor
from tinygraph.tensor import assign as assign
from tinygraph.tensor.values import evaluate as evaluate
from tinygraph.types import float32 as float32
from tinygraph.types import float64 as float64
from tinygraph.types import int32 as int32
from tinygraph.types import uint32 as uint32

if TYPE_CHECKING:
    from tinygraph import augment as augment
    from tinygraph import callbacks as callbacks
    from tinygraph import data as data
    from tinygraph import losses as losses
    from tinygraph import metrics as metrics
    from tinygraph import models as models
    from tinygraph import nn as nn
    from tinygraph import optimizers as optimizers
    from tinygraph import regularizers as regularizers
    from tinygraph import training as training
    from tinygraph import weights as weights
    from tinygraph.backend import backends as backends
    from tinygraph.compile import jit as jit
    from tinygraph.draw import draw as draw
    from tinygraph.journal import journal as journal
    from tinygraph.journal import load_journal as load_journal
    from tinygraph.matrices import im2col as im2col
    from tinygraph.matrices import toeplitz as toeplitz
    from tinygraph.receptive_field import receptive_field as receptive_field
    from tinygraph.stages import stages as stages
    from tinygraph.stepper.api import step as step
    from tinygraph.stepper.training.watch import watch as watch
    from tinygraph.testing import check_grads as check_grads

__version__ = "0.1.0"

_MODULES = {
    "augment",
    "callbacks",
    "data",
    "losses",
    "metrics",
    "models",
    "nn",
    "optimizers",
    "regularizers",
    "testing",
    "training",
    "weights",
}
"""Imported when first used."""

_FUNCTIONS = {
    "backends": "tinygraph.backend",
    "check_grads": "tinygraph.testing",
    "draw": "tinygraph.draw",
    "jit": "tinygraph.compile",
    "journal": "tinygraph.journal",
    "load_journal": "tinygraph.journal",
    "im2col": "tinygraph.matrices",
    "receptive_field": "tinygraph.receptive_field",
    "stages": "tinygraph.stages",
    "step": "tinygraph.stepper.api",
    "toeplitz": "tinygraph.matrices",
    "watch": "tinygraph.stepper.training.watch",
}
"""Where functions are that are imported when first used."""


class _Package(ModuleType):
    """This package: `tg.draw` stays the function when Python has imported `tinygraph.draw`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in _FUNCTIONS):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _FUNCTIONS:
        value = globals()[name] = getattr(import_module(_FUNCTIONS[name]), name)
        return value
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_FUNCTIONS})


def _draw(self: Tensor, *args: Any, **options: Any) -> Any:
    return import_module("tinygraph.draw").draw(self, *args, **options)


def _step(self: Tensor, *args: Any, **options: Any) -> Any:
    return import_module("tinygraph.stepper.api").step(self, *args, **options)


Tensor.backward = _backward
Tensor.draw = _draw
Tensor.step = _step
