"""PyTorch's side of a comparison: a process that runs blocks of samples when told to.

It reads one line of JSON for each block and answers with one; the first line that it writes says
that it is ready. Nothing here is used by tinygraph itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F  # pyright: ignore[reportMissingImports]

from tinygraph.bench.timing import run_block, warm_up


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


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "classic_unet": (UNet, (1, 128, 128)),
    "mnist_cnn": (_digits, (1, 28, 28)),
    "mlp_small": (lambda: _mlp(16), (784,)),
    "mlp_big": (lambda: _mlp(512), (784,)),
}
"""Each with the shape of one input."""


def build(name: str, mode: str, batch: int) -> tuple[nn.Module, Callable[[], Any]]:
    """The net, and a function that does one step with random data, in channels_last."""
    make, shape = NETS[name]
    net, x = make(), torch.rand(batch, *shape)
    if x.dim() == 4:
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        x = x.contiguous(memory_format=torch.channels_last)
    if mode == "infer":
        net.eval()

        def infer() -> None:
            with torch.no_grad():
                net(x)

        return net, infer
    with torch.no_grad():
        out = net(x)
    y = torch.randint(0, out.shape[1], (batch, *out.shape[2:]))
    optimizer = (
        torch.optim.Adam(net.parameters(), 1e-3, fused=True)
        if name == "mnist_cnn"
        else torch.optim.SGD(net.parameters(), 0.01, fused=True)
    )

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), y).backward()
        optimizer.step()

    return net, train


def main() -> None:
    """Serves until its standard input ends."""
    wanted = json.loads(sys.argv[1])
    torch.set_num_threads(wanted["threads"])
    torch.manual_seed(0)
    net, step = build(wanted["workload"], wanted["mode"], wanted["batch"])
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    inner = warm_up(step)
    ready = {
        "version": torch.__version__,
        "first_call_s": round(first, 3),
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    print(json.dumps(ready), flush=True)
    for _ in sys.stdin:
        print(json.dumps(asdict(run_block(step, inner))), flush=True)


if __name__ == "__main__":
    main()
