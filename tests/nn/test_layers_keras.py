"""Layers against Keras: their defaults, every option, output and gradients on random input."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.saving.remembered import arguments_of

pytestmark = [
    pytest.mark.reference,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

SHAPES = {1: (2, 11, 4), 2: (2, 9, 8, 4), 3: (2, 6, 7, 5, 4)}
"""Input by the number of spatial axes."""


def inputs(rank: int, count: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(rank)
    return [rng.normal(size=SHAPES[rank]).astype(np.float32) for _ in range(count)]


def compare(ours: nn.Layer, theirs: Any, xs: list[np.ndarray], training: bool = False) -> None:
    """Shapes and values of output and weights, and gradients of sum(cos(y)) for inputs and weights.

    Theirs gets our weights, which come in the same order.
    """
    import torch

    tensors = [tg.parameter(x) for x in xs]
    given: Any = tensors if len(tensors) > 1 else tensors[0]
    ours(given)
    their_xs = [torch.tensor(x, requires_grad=True) for x in xs]
    theirs_given: Any = their_xs if len(xs) > 1 else their_xs[0]
    theirs(theirs_given)
    named = [p for p in ours.named_parameters().values() if p.dtype.is_float]
    rng = np.random.default_rng(9)
    for p in named:
        p.assign((p.numpy() + rng.uniform(0.1, 0.5, p.shape)).astype(np.float32))
    theirs.set_weights(
        [p.numpy().reshape(w.shape) for p, w in zip(named, theirs.weights, strict=True)]
    )
    y = ours(given, training=training)
    their_y = theirs(theirs_given, training=training) if training else theirs(theirs_given)
    assert y.shape == tuple(their_y.shape)
    np.testing.assert_allclose(y.numpy(), their_y.detach().numpy(), rtol=2e-4, atol=2e-5)
    wanted = [*their_xs, *(w.value for w in theirs.trainable_weights)]
    expected = torch.autograd.grad(torch.cos(their_y).sum(), wanted)
    found = tg.grad(tg.sum(tg.cos(y)), [*tensors, *ours.parameters])
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            f.numpy(), e.numpy().reshape(f.shape), rtol=2e-3, atol=2e-3 * np.abs(e.numpy()).max()
        )
    for p, w in zip(named, theirs.weights, strict=True):  # running statistics have moved alike
        np.testing.assert_allclose(p.numpy().reshape(w.shape), np.asarray(w), rtol=1e-4, atol=1e-6)


# Average pooling with "same" is not among them: there Keras on PyTorch repeats the border, while on
# TensorFlow, as here, the padding does not count (see test_nn_reference.py).
WINDOWED: list[tuple[str, int, tuple[Any, ...], dict[str, Any]]] = [
    ("Conv1D", 1, (3, 3), {}),
    ("Conv1D", 1, (6, 3), {"strides": 2, "padding": "same", "groups": 2}),
    ("Conv1D", 1, (3, 3), {"dilation_rate": 2, "padding": "causal", "activation": "tanh"}),
    ("Conv2D", 2, (3, 3), {}),
    ("Conv2D", 2, (3, (2, 3)), {"strides": (2, 1), "padding": "SAME", "use_bias": False}),
    ("Conv2D", 2, (4, 3), {"dilation_rate": (2, 1), "groups": 2, "activation": "elu"}),
    ("Conv3D", 3, (3, 2), {}),
    ("Conv3D", 3, (3, (2, 3, 1)), {"strides": 2, "padding": "same"}),
    ("Conv1DTranspose", 1, (3, 3), {}),
    ("Conv1DTranspose", 1, (3, 2), {"strides": 3}),
    ("Conv2DTranspose", 2, (3, 3), {}),
    ("Conv2DTranspose", 2, (3, 3), {"strides": 2, "padding": "same"}),
    ("Conv2DTranspose", 2, (3, 2), {"strides": 3, "activation": "relu"}),
    ("Conv2DTranspose", 2, (3, 3), {"strides": 2, "output_padding": 1}),
    ("Conv2DTranspose", 2, (3, 3), {"strides": 2, "output_padding": 1, "padding": "same"}),
    ("Conv2DTranspose", 2, (3, 4), {"strides": 2, "output_padding": 0, "padding": "same"}),
    ("Conv2DTranspose", 2, (3, 3), {"dilation_rate": 2}),
    ("Conv3DTranspose", 3, (3, 2), {"strides": 2}),
    ("DepthwiseConv1D", 1, (3,), {}),
    ("DepthwiseConv2D", 2, (3,), {}),
    ("DepthwiseConv2D", 2, ((3, 2),), {"strides": 2, "depth_multiplier": 3, "padding": "same"}),
    ("SeparableConv1D", 1, (5, 3), {}),
    ("SeparableConv2D", 2, (5, 3), {}),
    ("SeparableConv2D", 2, (5, 3), {"depth_multiplier": 2, "padding": "same", "strides": 2}),
    ("SeparableConv2D", 2, (5, 3), {"dilation_rate": 2, "activation": "relu", "use_bias": False}),
    ("MaxPooling1D", 1, (), {}),
    ("MaxPooling2D", 2, (), {}),
    ("MaxPooling2D", 2, (3,), {"strides": 2, "padding": "same"}),
    ("MaxPooling3D", 3, (), {}),
    ("AveragePooling1D", 1, (), {"pool_size": 3}),
    ("AveragePooling2D", 2, (), {"pool_size": (2, 3), "strides": (1, 2)}),
    ("AveragePooling3D", 3, (), {"pool_size": 2}),
]


@pytest.mark.parametrize(("name", "rank", "args", "options"), WINDOWED)
def test_windows(
    keras: Any, name: str, rank: int, args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    theirs = getattr(keras.layers, name)(
        *args, **{k: v.lower() if isinstance(v, str) else v for k, v in options.items()}
    )
    compare(getattr(nn.layers, name)(*args, **options), theirs, inputs(rank))


PLAIN: list[tuple[str, int, dict[str, Any]]] = [
    *((f"Global{kind}Pooling{rank}D", rank, {}) for kind in ("Max", "Average") for rank in SHAPES),
    ("GlobalMaxPooling2D", 2, {"keepdims": True}),
    ("GlobalAveragePooling2D", 2, {"keepdims": True}),
    *((f"UpSampling{rank}D", rank, {}) for rank in SHAPES),
    ("UpSampling2D", 2, {"size": (3, 2)}),
    *((f"ZeroPadding{rank}D", rank, {}) for rank in SHAPES),
    ("ZeroPadding1D", 1, {"padding": (2, 1)}),
    ("ZeroPadding2D", 2, {"padding": (2, 1)}),
    ("ZeroPadding2D", 2, {"padding": ((0, 1), (2, 3))}),
    *((f"Cropping{rank}D", rank, {}) for rank in SHAPES),
    ("Cropping1D", 1, {"cropping": (2, 1)}),
    ("Cropping2D", 2, {"cropping": (2, 1)}),
    ("Cropping2D", 2, {"cropping": ((0, 1), (2, 3))}),
    ("Flatten", 2, {}),
    ("Reshape", 2, {"target_shape": (8, -1)}),
    ("Permute", 2, {"dims": (3, 1, 2)}),
    ("ReLU", 2, {}),
    ("ReLU", 2, {"max_value": 0.5}),
    ("ReLU", 2, {"negative_slope": 0.2}),
    ("ReLU", 2, {"threshold": 0.3}),
    ("ReLU", 2, {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.25}),
    ("LeakyReLU", 2, {}),
    ("LeakyReLU", 2, {"negative_slope": 0.1}),
    ("ELU", 2, {}),
    ("ELU", 2, {"alpha": 0.5}),
    ("PReLU", 2, {}),
    ("PReLU", 2, {"shared_axes": [1, 2]}),
    ("Softmax", 2, {}),
    ("Softmax", 2, {"axis": 1}),
    ("Activation", 2, {"activation": "sigmoid"}),
    ("Dense", 2, {"units": 3}),
    ("Dense", 1, {"units": 3, "activation": "softmax", "use_bias": False}),
    ("Rescaling", 2, {"scale": 0.5, "offset": 2.0}),
    ("LayerNormalization", 2, {}),
    ("LayerNormalization", 2, {"axis": (1, 3), "epsilon": 0.1}),
    ("LayerNormalization", 2, {"center": False, "scale": False}),
    ("Dropout", 2, {"rate": 0.5}),
    ("SpatialDropout2D", 2, {"rate": 0.5}),
    ("GaussianNoise", 2, {"stddev": 0.5}),
    ("Identity", 2, {}),
]


@pytest.mark.parametrize(("name", "rank", "options"), PLAIN)
def test_element_by_element_and_moving(
    keras: Any, name: str, rank: int, options: dict[str, Any]
) -> None:
    compare(
        getattr(nn.layers, name)(**options), getattr(keras.layers, name)(**options), inputs(rank)
    )


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"axis": 1, "momentum": 0.5, "epsilon": 0.1},
        {"center": False},
        {"scale": False},
        {"center": False, "scale": False, "moving_variance_initializer": "zeros"},
    ],
)
def test_batch_normalization(keras: Any, options: dict[str, Any], training: bool) -> None:
    ours, theirs = nn.BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    compare(ours, theirs, inputs(2), training)


@pytest.mark.parametrize(
    ("name", "count"),
    [("Add", 3), ("Subtract", 2), ("Multiply", 3), ("Average", 3), ("Maximum", 3), ("Minimum", 3)],
)
def test_merging(keras: Any, name: str, count: int) -> None:
    ours, theirs = getattr(nn.layers, name), getattr(keras.layers, name)
    compare(ours(), theirs(), inputs(2, count))
    mixed = [x[:, : 1 if k else None] for k, x in enumerate(inputs(2, count))]
    compare(ours(), theirs(), mixed)
    function, theirs_function = (getattr(m.layers, name.lower()) for m in (nn, keras))
    xs = inputs(1, count)
    np.testing.assert_allclose(
        function(xs).numpy(), theirs_function(xs).detach().numpy(), rtol=1e-6
    )


def test_fewer_axes_get_some_after_the_batch(keras: Any) -> None:
    xs = [inputs(2)[0], inputs(2)[0][:, 0, 0]]
    compare(nn.layers.Add(), keras.layers.Add(), xs)


@pytest.mark.parametrize(
    ("shapes", "options"),
    [
        (((3, 4), (3, 4)), {"axes": 1}),
        (((3, 4), (3, 4)), {"axes": -1, "normalize": True}),
        (((3, 5, 4), (3, 4, 6)), {"axes": (2, 1)}),
        (((3, 5, 4), (3, 5, 6)), {"axes": 1}),
        (((3, 2, 5, 4), (3, 6, 4)), {"axes": (3, 2)}),
    ],
)
def test_dot(keras: Any, shapes: Any, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    xs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    compare(nn.layers.Dot(**options), keras.layers.Dot(**options), xs)


def test_concatenate(keras: Any) -> None:
    compare(nn.layers.Concatenate(), keras.layers.Concatenate(), inputs(2, 3))
    compare(nn.layers.Concatenate(axis=1), keras.layers.Concatenate(axis=1), inputs(2, 2))


def test_repeat_vector(keras: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    compare(nn.layers.RepeatVector(4), keras.layers.RepeatVector(4), [x])


@pytest.mark.parametrize("options", [{}, {"axis": None}, {"axis": (1, 3)}])
def test_normalization_adapts(keras: Any, options: dict[str, Any]) -> None:
    (x,) = inputs(2)
    ours, theirs = nn.layers.Normalization(**options), keras.layers.Normalization(**options)
    ours.adapt(3 * x + 1)
    theirs.adapt(3 * x + 1)
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_normalization_with_given_numbers(keras: Any) -> None:
    (x,) = inputs(2)
    for options in ({}, {"invert": True}):
        given = {"mean": [1.0, 2, 3, 4], "variance": [1.0, 4, 9, 0.25], **options}
        ours, theirs = nn.layers.Normalization(**given), keras.layers.Normalization(**given)
        np.testing.assert_allclose(ours(x).numpy(), theirs(x).detach().numpy(), rtol=1e-5)


def test_arguments_have_kerass_defaults(keras: Any) -> None:
    """Each layer of that name here takes Keras's arguments, and means by default what it does."""
    missing = set()
    for name in sorted({n for n in dir(nn.layers) if hasattr(keras.layers, n)}):
        ours, theirs = getattr(nn.layers, name), getattr(keras.layers, name)
        if not (isinstance(ours, type) and isinstance(theirs, type)) or name == "Layer":
            continue
        have = arguments_of(ours)
        wanted = inspect.signature(theirs.__init__).parameters
        missing |= {
            (name, p) for p in wanted if p not in have and p not in ("self", "kwargs", "args")
        }
        defaults = {p.name: p.default for cls in reversed(ours.__mro__) for p in _arguments(cls)}
        for p in wanted.values():
            if p.name not in defaults or p.name == "dtype":
                continue
            if inspect.Parameter.empty in (p.default, defaults[p.name]):
                continue
            assert _plain(defaults[p.name]) == _plain(p.default), (name, p.name)
    assert {(n, p) for n, p in missing if not p.endswith("_constraint")} == LEFT_OUT


LEFT_OUT = {
    ("BatchNormalization", "renorm"),
    ("BatchNormalization", "renorm_clipping"),
    ("BatchNormalization", "renorm_momentum"),
    ("BatchNormalization", "synchronized"),
    ("Dense", "lora_rank"),
    ("Dense", "lora_alpha"),
    ("Dense", "quantization_config"),
    ("Lambda", "output_shape"),
    ("Lambda", "mask"),
    ("Lambda", "arguments"),
}
"""Arguments that we do not have: constraints, and these."""


def _arguments(cls: type) -> list[Any]:
    if "__init__" not in vars(cls) or cls is object:
        return []
    return [*inspect.signature(cls.__init__).parameters.values()]


def _plain(value: Any) -> Any:
    """(2, 2) and 2 are the same size; names have any case."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, tuple) and len(set(map(str, map(_plain, value)))) == 1:
        return _plain(value[0])
    return value
