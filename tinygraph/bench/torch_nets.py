"""The nets that are compared with, written for PyTorch.

Nothing here is used by tinygraph itself.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F  # pyright: ignore[reportMissingImports]


class UNet(nn.Module):
    """The same as `tinygraph.models.classic_unet`."""

    def __init__(self, base: int = 32, depth: int = 4) -> None:
        super().__init__()
        sizes = [base * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(_two(i, o) for i, o in zip([1, *sizes], sizes))
        back = list(zip(sizes[:0:-1], sizes[-2::-1]))
        self.wider = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in back)
        self.up = nn.ModuleList(_two(2 * o, o) for _, o in back)
        self.head = nn.Conv2d(base, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        copies: list[Tensor] = []
        for level, block in enumerate(self.down):
            if level:
                copies.append(x)
                x = F.max_pool2d(x, 2)
            x = block(x)
        for wider, block in zip(self.wider, self.up):
            x = block(torch.cat([copies.pop(), wider(x)], dim=1))
        return self.head(x)


def _two(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    )


def _digits() -> nn.Module:
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 5 * 5, 10))


def _mlp(width: int) -> nn.Module:
    inner = [nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*inner, nn.Linear(width, 10))


class PetsUNet(nn.Module):
    """The same as `tinygraph.models.pets_unet`, to logits."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.entry = nn.Conv2d(3, 32, 3, stride=2)
        self.norm = _norm(32)
        widths = (32, 64, 128, 256)
        self.down = nn.ModuleList(_DownBlock(i, o) for i, o in pairwise(widths))
        widths = (256, 256, 128, 64, 32)
        self.up = nn.ModuleList(_UpBlock(i, o) for i, o in pairwise(widths))
        self.head = nn.Conv2d(32, classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.entry(F.pad(x, (0, 1, 0, 1)))))  # Keras pads at the end
        for block in (*self.down, *self.up):
            x = block(x)
        return self.head(x)


class _DownBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = _separable(inputs, outputs), _separable(outputs, outputs)
        self.norms = nn.ModuleList([_norm(outputs), _norm(outputs)])
        self.residual = nn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[0](self.first(F.relu(x)))
        y = self.norms[1](self.second(F.relu(y)))
        y = F.max_pool2d(F.pad(y, (0, 1, 0, 1), value=float("-inf")), 3, stride=2)
        return y + self.residual(x)


class _UpBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.ConvTranspose2d(inputs, outputs, 3, padding=1)
        self.second = nn.ConvTranspose2d(outputs, outputs, 3, padding=1)
        self.norms = nn.ModuleList([_norm(outputs), _norm(outputs)])
        self.residual = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[0](self.first(F.relu(x)))
        y = self.norms[1](self.second(F.relu(y)))
        twice = {"scale_factor": 2, "mode": "nearest"}
        return F.interpolate(y, **twice) + self.residual(F.interpolate(x, **twice))


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _separable(inputs: int, outputs: int) -> nn.Module:
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return nn.Sequential(depthwise, nn.Conv2d(inputs, outputs, 1))


class ResNet18(nn.Module):
    """The same as `tinygraph.models.resnet18`."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        widths = [(64, 64), (64, 64), (64, 128), (128, 128)]
        widths += [(128, 256), (256, 256), (256, 512), (512, 512)]
        self.blocks = nn.Sequential(*(_BasicBlock(i, o) for i, o in widths))
        self.head = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class _BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.beside: nn.Module = nn.Identity()
        if inputs != outputs:
            narrow = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.beside = nn.Sequential(narrow, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.beside(x))


NETS: dict[str, Callable[[], nn.Module]] = {
    "classic_unet": UNet,
    "pets_unet": PetsUNet,
    "resnet18": ResNet18,
    "mnist_cnn": _digits,
    "mlp_small": lambda: _mlp(16),
    "mlp_big": lambda: _mlp(512),
}
"""By the name of the workload."""
