"""Beside PyTorch in one run: blocks of ours and of theirs take turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from tinygraph.bench.measure import Report, first_call, report
from tinygraph.bench.timing import Block, Timing, run_block, warm_up
from tinygraph.bench.workload import Workload
from tinygraph.errors import TinygraphError

NAMES = ("classic_unet", "pets_unet", "resnet18", "mnist_cnn", "mlp_big", "mlp_small")
"""What `torch_nets` has nets for."""
TUNED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
"""glibc keeps freed memory for the next step: without this PyTorch's steps page it in anew."""


@dataclass(frozen=True)
class Comparison:
    """Both sides of a workload."""

    ours: Report
    theirs: Timing
    ratio: float
    """Our median by theirs: below 1 we are faster."""
    pairs: tuple[float, ...]
    """The same for each pair of blocks."""
    version: str
    first_call_s: float
    peak_rss_mb: float | None

    def as_dict(self) -> dict[str, Any]:
        """Our figures, and theirs with the word torch."""
        return self.ours.as_dict() | {
            "clean": self.ours.clean and self.theirs.clean,
            "torch": self.version,
            "torch_median_ms": round(self.theirs.median * 1e3, 4),
            "torch_min_ms": round(self.theirs.best * 1e3, 4),
            "torch_first_call_s": self.first_call_s,
            "torch_peak_rss_mb": self.peak_rss_mb,
            "ratio": round(self.ratio, 3),
            "ratio_of_best": round(self.ours.min_ms / (self.theirs.best * 1e3), 3),
            "pair_ratios": [round(pair, 3) for pair in self.pairs],
        }


def compare(
    workload: Workload,
    seconds: float = 5.0,
    on_progress: Callable[[str, float], None] | None = None,
) -> Comparison:
    """Times the workload and PyTorch's eager version (channels_last) for `seconds` each.

    A `TinygraphError` where torch is missing or the workload has no such version.
    """
    if workload.name not in NAMES:
        raise TinygraphError(f"--against torch knows {', '.join(NAMES)}, not {workload.name}")
    if find_spec("torch") is None:
        raise TinygraphError('--against torch needs torch: pip install "tinygraph[reference]"')
    note = on_progress or (lambda what, done: None)
    note("compiling", 0.0)
    first = first_call(workload)
    with TorchSide(workload) as other:
        _require_same_net(workload, other.ready["parameters"])
        inner = warm_up(workload.step)
        ours: list[Block] = []
        theirs: list[Block] = []
        start = time.perf_counter()
        spent = 0.0
        while len(ours) < 2 or (spent < seconds and time.perf_counter() - start < 6 * seconds):
            before = time.perf_counter()
            if len(ours) % 2:  # who begins takes turns too
                theirs.append(other.block())
            ours.append(run_block(workload.step, inner))
            if len(theirs) < len(ours):
                theirs.append(other.block())
            if ours[-1].clean and theirs[-1].clean:
                spent += (time.perf_counter() - before) / 2
            note("ours and torch's in turn", min(1.0, spent / seconds) if seconds > 0 else 1.0)
    return _comparison(workload, ours, theirs, inner, first, other)


def _comparison(
    workload: Workload,
    ours: list[Block],
    theirs: list[Block],
    inner: int,
    first: float,
    other: TorchSide,
) -> Comparison:
    """Only pairs count of which neither side was disturbed, if there are such."""
    pairs = list(zip(ours, theirs))
    kept = [pair for pair in pairs if pair[0].clean and pair[1].clean] or pairs
    mine, yours = (Timing(blocks, inner) for blocks in zip(*kept))
    medians = [[statistics.median(block.samples) for block in pair] for pair in kept]
    return Comparison(
        ours=report(workload, mine, first),
        theirs=yours,
        ratio=mine.median / yours.median,
        pairs=tuple(a / b for a, b in medians),
        version=other.ready["version"],
        first_call_s=other.ready["first_call_s"],
        peak_rss_mb=other.peak_rss_mb,
    )


def _require_same_net(workload: Workload, theirs: int) -> None:
    ours = sum(p.type.size for p in workload.model.parameters)
    if ours != theirs:
        raise TinygraphError(
            f"{workload.name} has {ours} parameters here and {theirs} in torch: not the same net"
        )


class TorchSide:
    """A process that runs PyTorch, and waits while it is not asked."""

    def __init__(self, workload: Workload) -> None:
        self._wanted = {
            "workload": workload.name,
            "mode": workload.mode,
            "batch": workload.size,
            "threads": workload.most_threads,
            "shape": workload.inputs[0].shape[1:],
        }
        self.ready: dict[str, Any] = {}
        self.peak_rss_mb: float | None = None

    def __enter__(self) -> TorchSide:
        threads = str(self._wanted["threads"])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tinygraph.bench.torch_side", json.dumps(self._wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **TUNED, "OMP_NUM_THREADS": threads},
        )
        try:
            self.ready = self._answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def block(self) -> Block:
        """One block of samples over there."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.peak_rss_mb = answer["peak_rss_mb"]
        return Block(tuple(answer["samples"]), answer["others"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise TinygraphError(f"torch's side ended early with exit code {code}; see above")
        return json.loads(line)
