"""What each kind of layer is in PyTorch: names, shapes and orders of axes.

layer                   there           weight
Conv1D, 2D, 3D          Conv            (..., I/groups, O) -> (O, I/groups, ...)
Conv2DTranspose ...     ConvTranspose   (..., O, I)        -> (I, O, ...)
DepthwiseConv2D ...     Conv, groups=C  (..., C, M)        -> (C*M, 1, ...)
SeparableConv2D ...     two Convs       depthwise, then 1x1
Dense                   Linear          (I, O) -> (O, I); after a flatten I is C,H,W there
BatchNormalization      BatchNorm       gamma beta moving_mean moving_variance ->
                                        weight bias running_mean running_var
LayerNormalization      LayerNorm       gamma beta -> weight bias
PReLU                   PReLU           alpha -> weight
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers import BatchNormalization, Dense, Flatten, LayerNormalization, PReLU
from tinygraph.nn.layers.conv import Convolution
from tinygraph.nn.layers.separable import Depthwise, Separable
from tinygraph.tensor import Parameter
from tinygraph.weights.feature_order import FeatureOrders, Order

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Part:
    """A parameter of ours, and what it is there."""

    path: str
    parameter: Parameter
    key: str
    """Its name within the module: weight."""
    shape: tuple[int, ...]
    """There."""
    there: Change
    back: Change


@dataclass(frozen=True)
class Module:
    """A layer of ours that is one module there."""

    path: str
    kind: str
    parts: tuple[Part, ...]


def modules_of(model: Layer, left_out: Container[str] = ()) -> list[Module]:
    """The layers with weights, in the order of their first use, each as one module or two."""
    orders = FeatureOrders(model)
    found: list[Module] = []
    for path, layer in model.all_layers():
        _require_symbols(layer, path)
        own = {n: v for n, v in vars(layer).items() if isinstance(v, Parameter)}
        if path not in left_out and any(p.dtype.is_float for p in own.values()):
            found += _modules(layer, path, orders)
    return found


def _require_symbols(layer: Layer, path: str) -> None:
    """Where a layer's own `call` flattens images, nobody sees which dense layer is after it."""
    inner = [type(each) for _, each in layer.sublayers()]
    if not getattr(layer, "calls", ()) and Flatten in inner and Dense in inner:
        raise DataError(
            f"{path or layer.name}: its call() has a Flatten, and which dense layer takes its rows "
            "is not known: write it as Sequential, or as Model(inputs, outputs)"
        )


def _modules(layer: Layer, path: str, orders: FeatureOrders) -> Iterator[Module]:
    make = _Maker(layer, path)
    match layer:
        case Separable():
            weight = make.part("depthwise_kernel", "weight", *_depthwise(layer.depthwise_kernel))
            yield Module(f"{path}/depthwise", f"conv{layer.rank}", (weight,))
            weight = make.part("pointwise_kernel", "weight", *_convolution(layer.rank))
            yield Module(f"{path}/pointwise", f"conv{layer.rank}", (weight, *make.bias(None)))
        case Depthwise():
            weight = make.part("depthwise_kernel", "weight", *_depthwise(layer.depthwise_kernel))
            yield Module(path, f"conv{layer.rank}", (weight, *make.bias(None)))
        case Convolution():
            weight = make.part("kernel", "weight", *_convolution(layer.rank))
            yield Module(path, f"conv{layer.rank}", (weight, *make.bias(None)))
        case Dense():
            given = orders.given(layer)
            weight = make.part("kernel", "weight", *_linear(orders.taken(layer), given))
            yield Module(path, "linear", (weight, *make.bias(given)))
        case BatchNormalization():
            names = ("gamma", "beta", "moving_mean", "moving_variance")
            keys = ("weight", "bias", "running_mean", "running_var")
            yield make.vectors("norm", names, keys, orders.taken(layer))
        case LayerNormalization():
            yield make.vectors("norm", ("gamma", "beta"), ("weight", "bias"), orders.taken(layer))
        case PReLU():
            flat = lambda a: a.reshape(-1)  # noqa: E731
            back = lambda a: a.reshape(layer.alpha.shape)  # noqa: E731
            if layer.alpha.size != layer.alpha.shape[-1]:
                raise DataError(f"{path}: PyTorch's PReLU has one number a channel: share the axes")
            yield Module(path, "prelu", (make.part("alpha", "weight", flat, back),))
        case _:
            raise DataError(
                f"{path}: there is no counterpart of {type(layer).__name__} in PyTorch; "
                f"leave it out with names={{{path!r}: None}}"
            )


@dataclass
class _Maker:
    """Makes the parts of one layer."""

    layer: Layer
    path: str

    def part(self, name: str, key: str, there: Change, back: Change) -> Part:
        parameter = getattr(self.layer, name)
        shape = there(np.empty(parameter.shape, np.bool_)).shape
        return Part(f"{self.path}/{name}", parameter, key, shape, there, back)

    def bias(self, order: Order | None) -> tuple[Part, ...]:
        if not getattr(self.layer, "use_bias", False):
            return ()
        return (self.part("bias", "bias", *_vector(order)),)

    def vectors(
        self, kind: str, names: tuple[str, ...], keys: tuple[str, ...], order: Order | None
    ) -> Module:
        there = [(n, key) for n, key in zip(names, keys) if hasattr(self.layer, n)]
        parts = tuple(self.part(n, key, *_vector(order)) for n, key in there)
        return Module(self.path, kind, parts)


def _convolution(rank: int) -> tuple[Change, Change]:
    """Also transposed: Keras's and PyTorch's kernels both have the axes of the forward one."""
    order = (rank + 1, rank, *range(rank))
    back = np.argsort(order)
    return lambda a: a.transpose(order), lambda a: a.transpose(back)


def _depthwise(kernel: Parameter) -> tuple[Change, Change]:
    *space, channels, times = kernel.shape
    rank = len(space)

    def there(a: np.ndarray) -> np.ndarray:
        return a.transpose(rank, rank + 1, *range(rank)).reshape(channels * times, 1, *space)

    def back(a: np.ndarray) -> np.ndarray:
        return a.reshape(channels, times, *space).transpose(*range(2, rank + 2), 0, 1)

    return there, back


def _linear(taken: Order | None, given: Order | None) -> tuple[Change, Change]:
    rows, columns = _vector(taken), _vector(given)
    return (
        lambda a: columns[0](rows[0](a).T),
        lambda a: rows[1](columns[1](a).T),
    )


def _vector(order: Order | None) -> tuple[Change, Change]:
    """Along the first axis."""
    if order is None:
        return (lambda a: a), (lambda a: a)

    def there(a: np.ndarray) -> np.ndarray:
        moved = np.empty_like(a)
        moved[order] = a
        return moved

    return there, lambda a: a[order]


def kind_there(arrays: dict[str, Any]) -> str:
    """The kind of a module there, by what it holds."""
    if "running_mean" in arrays:
        return "norm"
    axes = np.ndim(arrays["weight"]) if "weight" in arrays else 0
    if axes == 1:
        return "norm" if "bias" in arrays else "prelu"
    return {2: "linear", 3: "conv1", 4: "conv2", 5: "conv3"}.get(axes, "another kind")
