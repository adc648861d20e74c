"""Timing a function: many short samples, and a note of what else the machine was doing."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = 0.25
"""Seconds of samples between two looks at the machine."""
DISTURBED = 0.12
"""More cores than this used by others: the block does not count."""
LEAST = 3
"""Samples in a block."""
WARM_UP = 3


@dataclass(frozen=True)
class Block:
    """Samples that follow each other: seconds a call."""

    samples: tuple[float, ...]
    others: float | None
    """How many cores other processes used meanwhile; None where the system does not tell."""

    @property
    def clean(self) -> bool:
        return self.others is None or self.others <= DISTURBED


@dataclass(frozen=True)
class Timing:
    """What was measured. Blocks that were disturbed count only if there are no others."""

    blocks: tuple[Block, ...]
    calls_per_sample: int = 1

    @property
    def clean(self) -> bool:
        """Whether enough was measured while nothing else ran."""
        return len(self.samples) >= 3 and any(block.clean for block in self.blocks)

    @property
    def samples(self) -> list[float]:
        clean = [s for block in self.blocks if block.clean for s in block.samples]
        return clean or [s for block in self.blocks for s in block.samples]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def best(self) -> float:
        return min(s for block in self.blocks for s in block.samples)

    @property
    def others(self) -> float | None:
        known = [block.others for block in self.blocks if block.others is not None]
        return statistics.mean(known) if known else None


def measure(
    call: Callable[[], Any],
    seconds: float,
    on_progress: Callable[[float], None] | None = None,
) -> Timing:
    """Times `call` for `seconds`, and up to three times as long while the machine is disturbed."""
    inner = warm_up(call)
    blocks: list[Block] = []
    start = time.perf_counter()
    spent = 0.0
    while not blocks or (spent < seconds and time.perf_counter() - start < 3 * seconds):
        before = time.perf_counter()
        block = run_block(call, inner)
        blocks.append(block)
        spent += (time.perf_counter() - before) * block.clean
        if on_progress:
            on_progress(time.perf_counter() - start)
    return Timing(tuple(blocks), inner)


def warm_up(call: Callable[[], Any]) -> int:
    """Calls it a few times; returns how many calls make a sample long enough to be timed."""
    for _ in range(WARM_UP):
        call()
    start = time.perf_counter()
    call()
    one = time.perf_counter() - start
    return max(1, int(5e-3 / max(one, 1e-9))) if one < 1e-3 else 1


def run_block(call: Callable[[], Any], inner: int, length: float = BLOCK) -> Block:
    """Samples for at least `length` seconds, each of `inner` calls, after one that does not
    count."""
    samples: list[float] = []
    for _ in range(inner):
        call()
    busy, own, start = _busy(), time.process_time(), time.perf_counter()
    now = start
    while len(samples) < LEAST or now - start < length:
        for _ in range(inner):
            call()
        before, now = now, time.perf_counter()
        samples.append((now - before) / inner)
    wall = now - start
    after = _busy()
    if busy is None or after is None or wall < 0.1:  # the system counts hundredths of seconds
        return Block(tuple(samples), None)
    others = (after - busy - (time.process_time() - own)) / wall
    return Block(tuple(samples), max(0.0, others))


def _busy() -> float | None:
    """Seconds that all cores together have worked since the machine started (Linux)."""
    try:
        first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
    except OSError:
        return None
    ticks = [int(value) for value in first]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
