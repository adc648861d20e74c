"""The residual networks and Xception with the weights of the other frameworks' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygraph import models, nn
from tinygraph.nn.seeds import undrawn
from tinygraph.weights import from_keras, from_pytorch

pytestmark = [pytest.mark.reference, pytest.mark.slow]


def torch_resnet(depths: tuple[int, ...], bottleneck: bool) -> Any:
    """A ResNet with the modules' names and order that PyTorch's users know."""
    import torch
    from torch.nn import functional as F

    def conv(i: int, o: int, size: int, stride: int = 1) -> Any:
        return torch.nn.Conv2d(i, o, size, stride, size // 2, bias=False)

    class Block(torch.nn.Module):
        def __init__(self, i: int, width: int, stride: int) -> None:
            super().__init__()
            o = 4 * width if bottleneck else width
            sizes = [(i, width, 1, 1), (width, width, 3, stride), (width, o, 1, 1)]
            if not bottleneck:
                sizes = [(i, width, 3, stride), (width, width, 3, 1)]
            for k, size in enumerate(sizes, 1):
                setattr(self, f"conv{k}", conv(*size))
                setattr(self, f"bn{k}", torch.nn.BatchNorm2d(size[1]))
            self.depth = len(sizes)
            self.downsample = None
            if stride != 1 or i != o:
                self.downsample = torch.nn.Sequential(
                    conv(i, o, 1, stride), torch.nn.BatchNorm2d(o)
                )

        def forward(self, x: Any) -> Any:
            y = x
            for k in range(1, self.depth + 1):
                y = getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(y))
                y = y if k == self.depth else F.relu(y)
            return F.relu(y + (x if self.downsample is None else self.downsample(x)))

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = conv(3, 64, 7, 2), torch.nn.BatchNorm2d(64)
            i = 64
            for stage, depth in enumerate(depths):
                blocks = []
                for k in range(depth):
                    width, stride = 64 * 2**stage, 2 if stage and k == 0 else 1
                    blocks.append(Block(i, width, stride))
                    i = 4 * width if bottleneck else width
                setattr(self, f"layer{stage + 1}", torch.nn.Sequential(*blocks))
            self.fc = torch.nn.Linear(i, 10)

        def forward(self, x: Any) -> Any:
            y = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
            for stage in range(1, 5):
                y = getattr(self, f"layer{stage}")(y)
            return self.fc(y.mean((2, 3)))

    return Net().eval()


def image(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1, size, size, 3)).astype(np.float32)


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-5 * float(np.abs(theirs).max()))


@pytest.mark.parametrize(
    ("name", "depths", "bottleneck"),
    [("resnet18", (2, 2, 2, 2), False), ("resnet50", (3, 4, 6, 3), True)],
)
def test_pytorchs_resnet(name: str, depths: Any, bottleneck: bool, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    net = torch_resnet(depths, bottleneck)
    with torch.no_grad():
        for _ in range(2):  # statistics that are not those of a new net
            net.train()(torch.randn(4, 3, 64, 64))
        net.eval()
    x = image(64)
    with torch.no_grad():
        theirs = net(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()
    with undrawn():
        model = getattr(models, name)(10, image_size=None, style="torch")
    from_pytorch(model, net.state_dict())
    close(model(x).numpy(), theirs)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    model.initialize(1)
    with pytest.warns(UserWarning, match="in the order of their names"):
        from_pytorch(model, tmp_path / "net.safetensors")
    close(model(x).numpy(), theirs)


@pytest.mark.parametrize(
    ("theirs", "ours", "size"),
    [("ResNet50", "resnet50_keras", 224), ("Xception", "xception", 299)],
)
def test_keras_applications(keras: Any, theirs: str, ours: str, size: int) -> None:
    net = getattr(keras.applications, theirs)(weights=None, classifier_activation=None)
    rng = np.random.default_rng(1)

    def drawn(shape: tuple[int, ...]) -> np.ndarray:
        fan_in = max(1, int(np.prod(shape[:-1])))
        values = rng.normal(size=shape) * (2 / fan_in) ** 0.5
        return (values if len(shape) > 1 else rng.uniform(0.5, 1, shape)).astype(np.float32)

    weights = [drawn(w.shape) for w in net.get_weights()]
    net.set_weights(weights)
    with undrawn():
        model: nn.Model = models.MODELS[ours]()
    from_keras(model, weights)
    x = image(size)
    close(model(x).numpy(), net(x).detach().numpy())
