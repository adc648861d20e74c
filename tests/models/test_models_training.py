"""Two training steps of every model: each weight has its part; and both backends agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn, optimizers
from tinygraph.models.registry import MODELS

SMALL: dict[str, Mapping[str, Any]] = {
    "smiley_classifier": {"image_size": 16, "filters": 2},
    "smiley_ring_unet": {"image_size": 8, "base": 2},
    "two_conv": {"image_size": 8},
    "mnist_mlp": {},
    "mlp_small": {},
    "mnist_convnet": {"image_size": 12},
    "mnist_cnn": {},
    "mnist_conv_net": {},
    "lenet5": {},
    "lenet5_1998": {},
}
"""The options that make the model a quick one."""
LARGE: dict[str, Mapping[str, Any]] = {
    "mlp_big": {},
    "alexnet": {"image_size": 67, "classes": 10},
    "alexnet_grouped": {"image_size": 67, "classes": 10},
    "alexnet_224": {"image_size": 67, "classes": 10},
    "zfnet": {"image_size": 63, "classes": 10},
    "zfnet_wide": {"image_size": 63, "classes": 10, "widths": (16, 32, 16)},
    "vgg11": {"image_size": 32, "classes": 10},
    "vgg11_lrn": {"image_size": 32, "classes": 10},
    "vgg13": {"image_size": 32, "classes": 10},
    "vgg16_c": {"image_size": 32, "classes": 10},
    "vgg16": {"image_size": 32, "classes": 10},
    "vgg19": {"image_size": 32, "classes": 10},
    "googlenet": {"image_size": 64, "classes": 10},
    "googlenet_auxiliary": {"image_size": 80, "classes": 10},
    "resnet18": {"image_size": 48, "classes": 10},
    "resnet34": {"image_size": 48, "classes": 10},
    "resnet50": {"image_size": 64, "classes": 10},
    "resnet101": {"image_size": 48, "classes": 10},
    "resnet152": {"image_size": 48, "classes": 10},
    "resnet50_keras": {"image_size": 64, "classes": 10},
    "resnet101_keras": {"image_size": 48, "classes": 10},
    "resnet152_keras": {"image_size": 48, "classes": 10},
    "xception": {"image_size": 71, "classes": 10, "middle": 2},
    "unet": {"image_size": 92, "base": 4, "depth": 3},
    "classic_unet": {"base": 4},
    "pets_unet": {"image_size": 32},
    "encoder_classifier": {"image_size": 32},
}
SIMILAR = {
    *("alexnet", "zfnet", "vgg11", "vgg13", "vgg16_c", "vgg19", "resnet34", "resnet101"),
    *("resnet152", "resnet101_keras", "resnet152_keras", "googlenet"),
}
"""Of the same layers as another model here: trained on NumPy only."""


def test_every_model_is_trained_here() -> None:
    assert set(SMALL) | set(LARGE) == set(MODELS)


def batch_for(model: nn.Model) -> tuple[np.ndarray, list[np.ndarray]]:
    """Two random examples, and for each output labels, or numbers where there is one channel."""
    rng = np.random.default_rng(1)
    x = rng.random((2, *(16 if n is None else n for n in model.inputs.shape[1:])), np.float32)
    outputs = model.outputs if isinstance(model.outputs, list) else [model.outputs]
    targets: list[np.ndarray] = []
    for symbol in outputs:
        shape = [n or e for n, e in zip(symbol.shape, (2, 16, 16, 1))]
        if shape[-1] == 1:
            targets.append(rng.random(shape, np.float32))
        else:
            targets.append(rng.integers(0, shape[-1], shape[:-1], np.int32))
    return x, targets


def losses_of(outputs: Any, targets: list[np.ndarray]) -> tg.Tensor:
    total = tg.tensor(0.0)
    for y, target in zip(outputs if isinstance(outputs, list) else [outputs], targets, strict=True):
        if target.dtype == np.float32:
            total = total + ((y - target) ** 2).mean()
        else:
            total = total + tg.cross_entropy(y, tg.tensor(target))
    return total


def trained(name: str, options: Mapping[str, Any], backend: str) -> tuple[nn.Model, list[float]]:
    """The model after two steps, and the losses before each."""
    model = models.build(name, 0, **options)
    x, targets = batch_for(model)
    optimizer = optimizers.SGD(0.01, parameters=model.parameters)

    @tg.jit(backend=backend)
    def step(x: tg.Tensor) -> tg.Tensor:
        loss = losses_of(model(x, training=True), targets)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    return model, [step(tg.tensor(x)).item() for _ in range(2)]


def check(name: str, options: Mapping[str, Any], backend: str) -> list[float]:
    """The losses of a training in which every trained weight changes."""
    before = models.build(name, 0, **options).named_parameters()
    model, losses = trained(name, options, backend)
    assert np.isfinite(losses).all()
    assert losses[0] != losses[1]
    normalized = any(isinstance(layer, nn.BatchNormalization) for layer in model.layers)
    for path, parameter in model.named_parameters().items():
        if normalized and path.endswith("/bias"):
            continue  # which the mean of the batch takes away again
        same = np.array_equal(parameter.numpy(), before[path].numpy())
        assert same == (path == "output/bitmaps"), path
    return losses


@pytest.mark.parametrize("name", SMALL)
def test_training(name: str) -> None:
    losses = [check(name, SMALL[name], backend) for backend in ("numpy", "llvm")]
    np.testing.assert_allclose(*losses, rtol=2e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_training_large(name: str) -> None:
    """The losses before the first step agree. After it those of the deepest need not: where eight
    numbers are normalised, a relative change of the input by 1e-6 moves a gradient by 6 %.
    """
    losses = check(name, LARGE[name], "numpy")
    if name not in SIMILAR:
        np.testing.assert_allclose(check(name, LARGE[name], "llvm")[0], losses[0], rtol=2e-3)
