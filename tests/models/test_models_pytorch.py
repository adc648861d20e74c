"""ResNet-18 and ResNet-50 against PyTorch, with torchvision's names and order of modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models

pytestmark = [pytest.mark.reference, pytest.mark.slow]


def block(torch: Any, channels: int, width: int, stride: int, bottleneck: bool) -> Any:
    """A module with the layers conv1, bn1, ... and downsample, as torchvision registers them."""
    t = torch.nn
    wide = 4 * width if bottleneck else width
    sizes = [(channels, width, 1, 1), (width, width, 3, stride), (width, wide, 1, 1)]
    if not bottleneck:
        sizes = [(channels, width, 3, stride), (width, width, 3, 1)]

    class Block(t.Module):
        def __init__(self) -> None:
            super().__init__()
            for k, (before, after, size, step) in enumerate(sizes, 1):
                conv = t.Conv2d(before, after, size, step, size // 2, bias=False)
                setattr(self, f"conv{k}", conv)
                setattr(self, f"bn{k}", t.BatchNorm2d(after))
            if stride != 1 or channels != wide:
                self.downsample = t.Sequential(
                    t.Conv2d(channels, wide, 1, stride, bias=False), t.BatchNorm2d(wide)
                )

        def forward(self, x: Any) -> Any:
            y = x
            for k in range(1, len(sizes) + 1):
                y = getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(y))
                y = y.relu() if k < len(sizes) else y
            return (y + (self.downsample(x) if hasattr(self, "downsample") else x)).relu()

    return Block()


def resnet(torch: Any, depths: tuple[int, ...], bottleneck: bool) -> Any:
    t = torch.nn

    class Net(t.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = t.Conv2d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = t.BatchNorm2d(64)
            channels = 64
            for stage, depth in enumerate(depths):
                blocks: list[Any] = []
                for number in range(depth):
                    stride = 2 if stage and not number else 1
                    width = 64 * 2**stage
                    blocks.append(block(torch, channels, width, stride, bottleneck))
                    channels = 4 * width if bottleneck else width
                setattr(self, f"layer{stage + 1}", t.Sequential(*blocks))
            self.fc = t.Linear(channels, 10)

        def forward(self, x: Any) -> Any:
            x = t.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
            for stage in range(1, 5):
                x = getattr(self, f"layer{stage}")(x)
            return self.fc(x.mean((2, 3)))

    return Net()


@pytest.mark.parametrize(
    ("name", "depths"), [("resnet18", (2, 2, 2, 2)), ("resnet50", (3, 4, 6, 3))]
)
def test_resnet(name: str, depths: tuple[int, ...]) -> None:
    import torch

    torch.manual_seed(0)
    net = resnet(torch, depths, name == "resnet50").eval()
    for value in net.state_dict().values():
        if value.dtype.is_floating_point:
            value += 0.05 * torch.rand(value.shape)
    ours = models.build(name, None, classes=10, image_size=64, style="torch")
    tg.weights.from_pytorch(ours, net.state_dict())
    x = np.random.default_rng(1).random((2, 64, 64, 3), np.float32)
    with torch.no_grad():
        expected = net(torch.tensor(x.transpose(0, 3, 1, 2).copy())).numpy()
    found = tg.jit(lambda x: ours(x), backend="llvm")(tg.tensor(x)).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())
