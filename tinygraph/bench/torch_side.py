"""PyTorch's side of a comparison: a process that runs blocks of samples when told to.

It reads one line of JSON for each block and answers with one; the first line that it writes says
that it is ready. Nothing here is used by tinygraph itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F  # pyright: ignore[reportMissingImports]

from tinygraph.bench.measure import peak_rss_mb
from tinygraph.bench.timing import run_block, warm_up
from tinygraph.bench.torch_nets import NETS


def build(
    name: str, mode: str, batch: int, shape: Sequence[int]
) -> tuple[nn.Module, Callable[[], Any]]:
    """The net, and a function that does one step with random data, in channels_last.

    `shape` is that of one input as tinygraph has it, channels last.
    """
    net, x = NETS[name](), torch.rand(batch, *shape[-1:], *shape[:-1])
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
    net, step = build(wanted["workload"], wanted["mode"], wanted["batch"], wanted["shape"])
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
        block = asdict(run_block(step, inner))
        print(json.dumps(block | {"peak_rss_mb": peak_rss_mb()}), flush=True)


if __name__ == "__main__":
    main()
