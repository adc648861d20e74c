"""Weights from PyTorch and back: the same net there and here gives the same results."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.weights import from_pytorch, load_arrays, to_pytorch


class Nets(NamedTuple):
    """A net there, the same here, and the shape of an input here (channels last)."""

    there: Any
    here: nn.Model
    shape: tuple[int, ...]


def norm(**options: Any) -> nn.Layer:
    return nn.BatchNormalization(epsilon=1e-5, **options)


def residual() -> Nets:
    """A ResNet's first layer and a block with a projection, pooled, classified."""
    import torch
    from torch.nn import functional as F

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = torch.nn.Conv2d(4, 8, 3, 2, 1, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(8)
            self.conv2 = torch.nn.Conv2d(8, 8, 3, 1, 1, bias=False)
            self.bn2 = torch.nn.BatchNorm2d(8)
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(4, 8, 1, 2, bias=False), torch.nn.BatchNorm2d(8)
            )

        def forward(self, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = torch.nn.Conv2d(3, 4, 3, 1, 1, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(4)
            self.layer1 = torch.nn.Sequential(Block())
            self.fc = torch.nn.Linear(8, 5)

        def forward(self, x: Any) -> Any:
            y = self.layer1(F.relu(self.bn1(self.conv1(x))))
            return self.fc(y.mean((2, 3)))

    x = nn.Input((10, 10, 3))
    y = nn.Conv2D(4, 3, padding=1, use_bias=False)(x)
    y = nn.ReLU()(norm()(y))
    with tg.scope("block"):
        z = nn.Conv2D(8, 3, 2, padding=1, use_bias=False, name="conv1")(y)
        z = nn.ReLU()(norm(name="bn1")(z))
        z = nn.Conv2D(8, 3, padding=1, use_bias=False, name="conv2")(z)
        z = norm(name="bn2")(z)
        shortcut = norm()(nn.Conv2D(8, 1, 2, use_bias=False, name="projection")(y))
        z = nn.ReLU()(nn.Add()([z, shortcut]))
    y = nn.Dense(5, name="fc")(nn.GlobalAveragePooling2D()(z))
    return Nets(Net(), nn.Model(x, y, name="residual"), (2, 10, 10, 3))


def flattened() -> Nets:
    """Convolution, pool, flatten, normalise, dense: the rows of the dense layer are C,H,W there."""
    import torch

    there = torch.nn.Sequential(
        torch.nn.Conv2d(2, 6, (3, 2)),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.3),
        torch.nn.BatchNorm1d(6 * 3 * 4),
        torch.nn.Linear(6 * 3 * 4, 7),
        torch.nn.PReLU(),
        torch.nn.LayerNorm(7, eps=1e-3),
        torch.nn.Linear(7, 3),
    )
    body = nn.Sequential(
        [nn.Input((9, 9, 2)), nn.Conv2D(6, (3, 2), activation="relu"), nn.MaxPooling2D(2)]
    )
    here = nn.Sequential(
        [
            nn.Input((9, 9, 2)),
            body,
            nn.Sequential([nn.Flatten(), nn.Dropout(0.3)]),
            norm(),
            nn.Dense(7),
            nn.PReLU(shared_axes=[]),
            nn.LayerNormalization(),
            nn.Dense(3),
        ]
    )
    there[7].weight.data = torch.full((7,), 0.3)
    there[7].num_parameters = 7
    return Nets(there, here, (3, 9, 9, 2))


def unet() -> Nets:
    """Two levels, transposed convolutions of two kinds, copies."""
    import torch
    from torch.nn import functional as F

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down1 = torch.nn.Conv2d(1, 4, 3, padding=1)
            self.down2 = torch.nn.Conv2d(4, 8, 3, padding=1)
            self.bottom = torch.nn.Conv2d(8, 16, 3, padding=1)
            self.up2 = torch.nn.ConvTranspose2d(16, 8, 2, 2)
            self.join2 = torch.nn.Conv2d(16, 8, 3, padding=1)
            self.up1 = torch.nn.ConvTranspose2d(8, 5, 3, 2, padding=1, output_padding=1)
            self.join1 = torch.nn.Conv2d(9, 4, 3, padding=1)
            self.head = torch.nn.Conv2d(4, 2, 1)

        def forward(self, x: Any) -> Any:
            a = F.relu(self.down1(x))
            b = F.relu(self.down2(F.max_pool2d(a, 2)))
            c = F.relu(self.bottom(F.max_pool2d(b, 2)))
            b = F.relu(self.join2(torch.cat([b, self.up2(c)], 1)))
            a = F.relu(self.join1(torch.cat([a, self.up1(b)], 1)))
            return self.head(a)

    def conv(filters: int, name: str) -> nn.Layer:
        return nn.Conv2D(filters, 3, padding=1, activation="relu", name=name)

    x = nn.Input((None, None, 1))
    a = conv(4, "down1")(x)
    b = conv(8, "down2")(nn.MaxPooling2D(2)(a))
    c = conv(16, "bottom")(nn.MaxPooling2D(2)(b))
    up = nn.Conv2DTranspose(8, 2, 2, name="up2")(c)
    b = conv(8, "join2")(nn.Concatenate()([b, up]))
    up = nn.Conv2DTranspose(5, 3, 2, padding=1, output_padding=1, name="up1")(b)
    a = conv(4, "join1")(nn.Concatenate()([a, up]))
    return Nets(Net(), nn.Model(x, nn.Conv2D(2, 1, name="head")(a)), (2, 8, 12, 1))


def kinds() -> Nets:
    """Grouped, depthwise with a multiplier, dilated, separable."""
    import torch

    there = torch.nn.Sequential(
        torch.nn.Conv2d(4, 6, 3, groups=2),
        torch.nn.Conv2d(6, 12, 3, groups=6),
        torch.nn.Conv2d(12, 8, 3, dilation=2),
        torch.nn.Conv2d(8, 16, 3, groups=8, bias=False),
        torch.nn.Conv2d(16, 5, 1),
    )
    here = nn.Sequential(
        [
            nn.Input((14, 13, 4)),
            nn.Conv2D(6, 3, groups=2),
            nn.DepthwiseConv2D(3, depth_multiplier=2),
            nn.Conv2D(8, 3, dilation_rate=2),
            nn.SeparableConv2D(5, 3, depth_multiplier=2),
        ]
    )
    return Nets(there, here, (2, 14, 13, 4))


def other_ranks() -> Nets:
    import torch

    there = torch.nn.Sequential(
        torch.nn.Conv1d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.ConvTranspose1d(4, 5, 4, 2),
        torch.nn.Flatten(),
        torch.nn.Linear(5 * 16, 3),
    )
    here = nn.Sequential(
        [
            nn.Input((9, 3)),
            nn.Conv1D(4, 3, activation="relu"),
            nn.Conv1DTranspose(5, 4, 2),
            nn.Flatten(),
            nn.Dense(3),
        ]
    )
    return Nets(there, here, (2, 9, 3))


def volume() -> Nets:
    import torch

    there = torch.nn.Sequential(torch.nn.Conv3d(2, 3, (3, 2, 1)), torch.nn.BatchNorm3d(3))
    here = nn.Sequential([nn.Input((5, 5, 4, 2)), nn.Conv3D(3, (3, 2, 1)), norm()])
    return Nets(there, here, (2, 5, 5, 4, 2))


def generator() -> Nets:
    """A row that becomes an image: the columns of the dense layer are C,H,W there."""
    import torch

    there = torch.nn.Sequential(
        torch.nn.Linear(5, 6 * 3 * 4, bias=True),
        torch.nn.BatchNorm1d(6 * 3 * 4),
        torch.nn.ReLU(),
        torch.nn.Unflatten(1, (6, 3, 4)),
        torch.nn.ConvTranspose2d(6, 2, 4, 2, bias=False),
    )
    here = nn.Sequential(
        [
            nn.Input((5,)),
            nn.Dense(6 * 3 * 4),
            norm(),
            nn.ReLU(),
            nn.Reshape((3, 4, 6)),
            nn.Conv2DTranspose(2, 4, 2, use_bias=False),
        ]
    )
    return Nets(there, here, (2, 5))


def joined_rows() -> Nets:
    """Two flattened images side by side, and numbers between them."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Conv2d(2, 3, 3)
            self.b = torch.nn.Conv2d(2, 4, 5)
            self.c = torch.nn.Linear(2, 5)
            self.last = torch.nn.Linear(3 * 16 + 5 + 4 * 4, 2)

        def forward(self, x: Any) -> Any:
            a, b, c = self.a(x), self.b(x), self.c(x.mean((2, 3)))
            return self.last(torch.cat([a.flatten(1), c, b.flatten(1)], 1))

    x = nn.Input((6, 6, 2))
    a, b = nn.Conv2D(3, 3)(x), nn.Conv2D(4, 5)(x)
    c = nn.Dense(5)(nn.GlobalAveragePooling2D()(x))
    row = nn.Concatenate()([nn.Flatten()(a), c, nn.Flatten()(b)])
    return Nets(Net(), nn.Model(x, nn.Dense(2)(nn.Dropout(0.1)(row))), (2, 6, 6, 2))


NETS = [residual, flattened, unet, kinds, other_ranks, volume, generator, joined_rows]


def settled(net: Any, shape: tuple[int, ...]) -> None:
    """Random weights, and statistics that are not those of a new net."""
    import torch

    torch.manual_seed(0)
    for p in net.parameters():
        torch.nn.init.uniform_(p, -0.5, 0.5)
    for module in net.modules():
        if hasattr(module, "running_mean"):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    net.eval()


def there(net: Any, x: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        first = np.moveaxis(x, -1, 1) if x.ndim > 2 else x
        y = net(torch.from_numpy(np.ascontiguousarray(first))).numpy()
    return np.moveaxis(y, 1, -1) if y.ndim > 2 else y


def sample(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def close(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * float(np.abs(b).max()))


@pytest.mark.reference
@pytest.mark.parametrize("make", NETS)
def test_there_and_back(make: Callable[[], Nets], tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    net, model, shape = make()
    settled(net, shape)
    x = sample(shape)
    model.initialize(3)
    with pytest.raises(AssertionError):
        close(model(x).numpy(), there(net, x))
    found = from_pytorch(model, net.state_dict())
    close(model(x).numpy(), there(net, x))
    assert len(str(found).splitlines()) == len(found.pairs)

    model.initialize(5)
    for p in model.state:
        if p.dtype.is_float:
            p.assign(p + 0.25)
    arrays = to_pytorch(model, tmp_path / "w.safetensors", like=net.state_dict())
    assert [*arrays] == [*net.state_dict()]
    net.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    close(model(x).numpy(), there(net, x))

    settled(net, shape)
    net.load_state_dict(load_file(tmp_path / "w.safetensors"))  # as PyTorch's users read it
    close(model(x).numpy(), there(net, x))
    before = {name: p.numpy() for name, p in model.named_parameters().items() if p.dtype.is_float}
    model.initialize(6)
    from_pytorch(model, tmp_path / "w.safetensors")  # our own file keeps the order
    for name, value in before.items():
        np.testing.assert_array_equal(model.named_parameters()[name], value)


@pytest.mark.reference
@pytest.mark.parametrize("make", [residual, flattened, unet])
def test_a_file_that_pytorch_wrote(make: Callable[[], Nets], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    net, model, shape = make()
    settled(net, shape)
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    assert [*load_arrays(tmp_path / "w.safetensors").arrays] != [*net.state_dict()]  # sorted
    if make is residual:
        guess = r"layer1\.0\.bn1, layer1\.0\.downsample\.1 have the same shapes"
        with pytest.warns(UserWarning, match=guess):
            from_pytorch(model, tmp_path / "w.safetensors")
        model.initialize(8)
        names = {"block/batch_normalization": "layer1.0.downsample.1", "block/bn2": "layer1.0.bn2"}
        names |= {"block/bn1": "layer1.0.bn1"}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            from_pytorch(model, tmp_path / "w.safetensors", names)
    else:
        from_pytorch(model, tmp_path / "w.safetensors")
    x = sample(shape)
    close(model(x).numpy(), there(net, x))


# What does not fit


def small() -> nn.Model:
    layers = [nn.Conv2D(4, 3, name="first"), nn.Conv2D(5, 3, name="second"), nn.Flatten()]
    return nn.Sequential([nn.Input((6, 6, 2)), *layers, nn.Dense(3, name="head")])


def arrays(**changed: Any) -> dict[str, np.ndarray]:
    shapes: dict[str, Any] = {
        "a.weight": (4, 2, 3, 3),
        "a.bias": (4,),
        "b.weight": (5, 4, 3, 3),
        "b.bias": (5,),
        "fc.weight": (3, 20),
        "fc.bias": (3,),
    }
    shapes |= {name.replace("_", "."): shape for name, shape in changed.items()}
    return {n: np.full(s, 0.5, np.float32) for n, s in shapes.items() if s is not None}


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (
            arrays(b_weight=(5, 4, 5, 5)),
            {},
            r"layer second/kernel is float32\[3,3,4,5\], so \[5,4,3,3\] in PyTorch, but b\.weight "
            r"is \[5,4,5,5\]\. Taken as the same were\n  first +a +\[4,2,3,3\]\n  second +b ",
        ),
        (arrays(b_bias=None), {}, "layer second: .* b has no bias, .* make it with use_bias=False"),
        (arrays(b_extra=(5,)), {}, "layer second: PyTorch's b has a extra, the layer has kernel"),
        (
            arrays(c_weight=(4, 4, 3, 3)),
            {},
            r"2 layers of kind conv2 \(first, second\), .* 3 \(a, b",
        ),
        (arrays(fc_weight=None, fc_bias=None), {}, r"1 layers of kind linear \(head\), .* have 0"),
        (arrays(n_weight=(3,), n_bias=(3,)), {}, "0 layers of kind norm .* have 1"),
        (arrays(), {"names": {"nobody": "a"}}, "no layer 'nobody' with weights; there are first"),
        (arrays(), {"names": {"first": "x"}}, "no module 'x' .* there are a, b, fc"),
        (arrays(), {"names": {"head": None}}, "0 layers of kind linear .* have 1"),
        ({}, {}, "no weights to take"),
        ({"a.weight": "text"}, {}, "2 layers of kind conv2 .* have 0"),
        (
            {**arrays(), "a.bias": np.zeros(4, np.int64)},
            {},
            r"a\.bias is int64, weights are floats",
        ),
        ("net.pt", {}, "holds a pickle, .* safetensors.torch.save_file"),
        ("net.safetensors", {}, "cannot read"),
    ],
)
def test_what_does_not_fit(given: Any, options: Any, message: str) -> None:
    model = small()
    before = {n: p.numpy().tobytes() for n, p in model.named_parameters().items()}
    with pytest.raises(tg.DataError, match=message):
        from_pytorch(model, given, **options)
    assert before == {n: p.numpy().tobytes() for n, p in model.named_parameters().items()}


def test_leaving_out_the_head(capsys: pytest.CaptureFixture[str]) -> None:
    model = small()
    head = model.get_layer("head").kernel.numpy()
    source = arrays(fc_weight=(1000, 20), fc_bias=(1000,))
    found = from_pytorch(model, source, {"head": None}, ignore=["fc"], verbose=True)
    assert capsys.readouterr().out == f"{found}\n"
    assert str(found).splitlines() == [
        "first   a  [4,2,3,3]",
        "second  b  [5,4,3,3]",
        "head  left out",
    ]
    assert (model.get_layer("second").kernel.numpy() == 0.5).all()
    np.testing.assert_array_equal(model.get_layer("head").kernel, head)


def test_names_say_more_than_the_order() -> None:
    layers = [nn.Dense(3, name="one"), nn.Dense(3, name="two"), nn.Dense(3, name="three")]
    model = nn.Sequential([nn.Input((3,)), *layers])
    given = {
        f"{n}.{k}": np.full((3, 3)[: 2 - (k == "bias")], v, np.float32)
        for v, n in enumerate(["x", "y", "z"])
        for k in ("weight", "bias")
    }
    from_pytorch(model, given, {"one": "z"})
    assert [layer.bias.numpy()[0] for layer in model.layers] == [2, 0, 1]
    named = {
        name.translate(str.maketrans({"x": "two", "y": "three", "z": "one"})): a
        for name, a in given.items()
    }
    from_pytorch(model, named)
    assert [layer.bias.numpy()[0] for layer in model.layers] == [2, 0, 1]


def test_without_a_net_there_the_names_are_ours(tmp_path: Path) -> None:
    model = small()
    found = to_pytorch(model, tmp_path / "w", names={"head": "fc"})
    assert [*found] == [
        "first.weight",
        "first.bias",
        "second.weight",
        "second.bias",
        "fc.weight",
        "fc.bias",
    ]
    assert found["first.weight"].shape == (4, 2, 3, 3)
    other = small()
    other.initialize(4)
    from_pytorch(other, tmp_path / "w")
    for name, p in model.named_parameters().items():
        np.testing.assert_array_equal(p, other.named_parameters()[name])


@pytest.mark.reference
def test_half_precision_and_tensors_are_taken() -> None:
    import torch

    model = small()
    given: dict[str, Any] = {n: torch.from_numpy(a).bfloat16() for n, a in arrays().items()}
    given["a.weight"] = given["a.weight"].float().requires_grad_()
    from_pytorch(model, given)
    assert all((p.numpy() == 0.5).all() for p in model.parameters)


class Own(nn.Model):
    """Flattens in its call."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.flat, self.head = nn.Conv2D(4, 3), nn.Flatten(), nn.Dense(3)

    def call(self, x: Any) -> Any:
        return self.head(self.flat(self.conv(x)))


def test_rows_that_the_model_puts_in_pytorchs_order_itself() -> None:
    layers = nn.layers
    before = nn.Sequential(
        [nn.Input((4, 5, 3)), layers.Permute((3, 1, 2)), layers.Flatten(), layers.Dense(2)]
    )
    after = nn.Sequential(
        [nn.Input((7,)), layers.Dense(60), layers.Reshape((3, 4, 5)), layers.Permute((2, 3, 1))]
    )
    for model in (before, after):
        model.initialize(0)
        (kernel,) = (p.numpy() for p in model.parameters if p.ndim == 2)
        np.testing.assert_array_equal(to_pytorch(model)["dense.weight"], kernel.T)


def test_a_flatten_that_cannot_be_followed() -> None:
    model = Own()
    model(np.zeros((1, 6, 6, 2), np.float32))
    with pytest.raises(tg.DataError, match=r"its call\(\) has a Flatten"):
        from_pytorch(model, {})


def test_a_layer_without_a_counterpart() -> None:
    model = nn.Sequential([nn.Input((6, 2)), nn.LocallyConnected1D(3, 2, name="local")])
    with pytest.raises(tg.DataError, match=r"local: .* no counterpart of LocallyConnected1D"):
        to_pytorch(model)
    assert to_pytorch(model, names={"local": None}) == {}
