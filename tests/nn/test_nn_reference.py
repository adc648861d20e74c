"""Layers, losses and optimizers against PyTorch, in float64."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn
from tinygraph.optimizers import SGD, Adam

pytestmark = pytest.mark.reference
torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

RNG = np.random.default_rng(0)


def nchw(x: np.ndarray) -> Any:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1))).requires_grad_()


def oihw(kernel: np.ndarray) -> Any:
    """From HWIO; for transposed convolutions from HWOI to torch's IOHW."""
    return torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()).requires_grad_()


def compare(layer: nn.Layer, theirs: Any, x: np.ndarray, weights: list[Any]) -> None:
    """Output, and gradients for input and weights, of sum(cos(y))."""
    ours = tg.parameter(x)
    y = layer(ours)
    their_x = nchw(x)
    their_y = theirs(their_x)
    expected = np.moveaxis(their_y.detach().numpy(), 1, -1)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-9, atol=1e-9)
    torch.cos(their_y).sum().backward()
    found = tg.grad(tg.sum(tg.cos(y)), [ours, *layer.parameters])
    wanted = [np.moveaxis(their_x.grad.numpy(), 1, -1)]
    for w in weights:
        g = w.grad.numpy()
        wanted.append(g.transpose(2, 3, 1, 0) if g.ndim == 4 else g)
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f.numpy(), w, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv2d(stride: int, dilation: int, groups: int) -> None:
    layer = nn.Conv2D(
        6, 3, stride, 1, None, dilation, groups, bias_initializer="random_normal", dtype="float64"
    )
    x = RNG.normal(size=(2, 9, 8, 4))
    layer(x)
    w, b = oihw(layer.kernel.numpy()), torch.tensor(layer.bias.numpy(), requires_grad=True)
    compare(
        layer, lambda x: torch.nn.functional.conv2d(x, w, b, stride, 1, dilation, groups), x, [w, b]
    )


@pytest.mark.parametrize(("stride", "output_padding"), [(1, 0), (2, 0), (2, 1), (3, 2)])
def test_conv2d_transpose(stride: int, output_padding: int) -> None:
    layer = nn.Conv2DTranspose(
        3, 3, stride, 1, output_padding, bias_initializer="random_normal", dtype="float64"
    )
    x = RNG.normal(size=(2, 5, 6, 4))
    layer(x)
    w, b = oihw(layer.kernel.numpy()), torch.tensor(layer.bias.numpy(), requires_grad=True)
    compare(
        layer,
        lambda x: torch.nn.functional.conv_transpose2d(x, w, b, stride, 1, output_padding),
        x,
        [w, b],
    )


@pytest.mark.parametrize(
    ("layer", "theirs"),
    [
        (nn.MaxPooling2D(2), lambda x: torch.nn.functional.max_pool2d(x, 2)),
        (nn.MaxPooling2D(3, 2, 1), lambda x: torch.nn.functional.max_pool2d(x, 3, 2, 1)),
        (nn.AveragePooling2D(2), lambda x: torch.nn.functional.avg_pool2d(x, 2)),
        (
            nn.AveragePooling2D(3, 2, 1),
            lambda x: torch.nn.functional.avg_pool2d(x, 3, 2, 1, False, False),
        ),
        (nn.UpSampling2D(2), lambda x: torch.nn.functional.interpolate(x, scale_factor=2)),
        (nn.ReLU(), lambda x: torch.nn.functional.relu(x)),
        (nn.Softmax(), lambda x: torch.nn.functional.softmax(x, 1)),
    ],
    ids=["max", "max-overlap", "mean", "mean-overlap", "upsampling", "relu", "softmax"],
)
def test_layers_without_weights(layer: nn.Layer, theirs: Any) -> None:
    compare(layer, theirs, RNG.normal(size=(2, 9, 8, 4)), [])


def test_batch_normalization() -> None:
    layer = nn.BatchNormalization(dtype="float64")
    x = RNG.normal(size=(4, 5, 6, 3))
    theirs = torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.01, dtype=torch.float64)
    for _ in range(3):
        y = layer(x, training=True).numpy()
        expected = np.moveaxis(theirs(nchw(x)).detach().numpy(), 1, -1)
        np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)
    running_mean = theirs.running_mean
    assert running_mean is not None
    np.testing.assert_allclose(layer.moving_mean.numpy(), running_mean.numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", ["sgd", "momentum", "nesterov", "adam"])
def test_twenty_steps_of_an_optimizer(kind: str) -> None:
    """A perceptron with softmax cross-entropy; both sides begin with the same weights."""
    x, labels = RNG.normal(size=(16, 6)), RNG.integers(0, 3, 16)
    model = nn.Sequential(
        [
            nn.Input((6,), "float64"),
            nn.Dense(5, "tanh", dtype="float64"),
            nn.Dense(3, dtype="float64"),
        ]
    )
    optimizer = {
        "sgd": lambda p: SGD(0.1, parameters=p),
        "momentum": lambda p: SGD(0.1, 0.9, parameters=p),
        "nesterov": lambda p: SGD(0.1, 0.9, True, parameters=p),
        "adam": lambda p: Adam(0.01, parameters=p),
    }[kind](model.parameters)
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in model.parameters]
    their_optimizer: Any = (
        torch.optim.Adam(theirs, 0.01)
        if kind == "adam"
        else torch.optim.SGD(theirs, 0.1, 0 if kind == "sgd" else 0.9, nesterov=kind == "nesterov")
    )

    @tg.jit
    def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        loss = tg.cross_entropy(model(x), y)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    a, b, c, d = theirs
    for t in range(1, 21):
        loss = step(x, labels.astype(np.int32)).item()
        logits = torch.tanh(torch.from_numpy(x) @ a + b) @ c + d
        their_loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
        assert loss == pytest.approx(their_loss.item(), rel=1e-9)
        their_optimizer.zero_grad()
        their_loss.backward()
        if kind == "adam":  # Keras adds epsilon before the correction, torch after it
            their_optimizer.param_groups[0]["eps"] = 1e-7 / np.sqrt(1 - 0.999**t)
        their_optimizer.step()
    for p, q in zip(model.parameters, theirs, strict=True):
        np.testing.assert_allclose(p.numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-9)


def test_classic_unet_is_the_same_net() -> None:
    """Small, with torch's modules of the same order and our weights in them."""
    model = models.classic_unet(base=4, depth=2)
    p = {k: v.numpy().astype(np.float64) for k, v in model.named_parameters().items()}

    def conv(x: Any, name: str, padding: int = 1) -> Any:
        w, b = oihw(p[f"{name}/kernel"]), torch.from_numpy(p[f"{name}/bias"])
        return torch.nn.functional.conv2d(x, w, b, padding=padding)

    def double(x: Any, name: str) -> Any:
        return torch.nn.functional.relu(
            conv(torch.nn.functional.relu(conv(x, f"{name}/conv2d")), f"{name}/conv2d_1")
        )

    x = RNG.normal(size=(2, 16, 12, 1)).astype(np.float32)
    y = nchw(x.astype(np.float64))
    copies = []
    for level in (1, 2):
        y = double(y, f"down{level}")
        copies.append(y)
        y = torch.nn.functional.max_pool2d(y, 2)
    y = double(y, "bottom")
    for level in (2, 1):
        name = f"up{level}/conv2d_transpose"
        w, b = oihw(p[f"{name}/kernel"]), torch.from_numpy(p[f"{name}/bias"])
        y = torch.cat([copies.pop(), torch.nn.functional.conv_transpose2d(y, w, b, 2)], 1)
        y = double(y, f"up{level}")
    expected = np.moveaxis(conv(y, "head", 0).detach().numpy(), 1, -1)
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-4, atol=1e-5)
