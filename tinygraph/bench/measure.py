"""One benchmark: a workload compiled, timed and reported."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tinygraph.bench.timing import Timing, measure
from tinygraph.bench.workload import Workload


@dataclass(frozen=True)
class Report:
    """The figures of one run; `as_dict` is what `--json` prints."""

    workload: str
    mode: str
    batch: int
    backend: str
    threads: int
    """That may be used."""
    threads_used: int
    """Small programs take one."""
    median_ms: float
    min_ms: float
    first_call_s: float
    """Tracing, compiling and the first run."""
    peak_rss_mb: float | None
    gflop: float
    """Of the convolutions and matrix products."""
    gflops: float
    samples: int
    clean: bool
    """Whether nothing else ran on the machine meanwhile."""
    other_cores: float | None
    kernels: int | None
    parameters: int
    more: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        figures = asdict(self)
        more = figures.pop("more")
        return figures | more


def bench(
    workload: Workload,
    seconds: float = 5.0,
    on_progress: Callable[[str, float], None] | None = None,
) -> Report:
    """Compiles the workload and times it."""
    note = on_progress or (lambda what, done: None)
    note("compiling", 0.0)
    first = first_call(workload)
    timing = measure(workload.step, seconds, lambda spent: note("timing", _share(spent, seconds)))
    return report(workload, timing, first)


def _share(spent: float, seconds: float) -> float:
    return min(1.0, spent / seconds) if seconds > 0 else 1.0


def first_call(workload: Workload) -> float:
    """Seconds of the first call."""
    step = workload.step
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def report(workload: Workload, timing: Timing, first: float) -> Report:
    """The figures for what was measured."""
    gflop = workload.flops / 1e9
    program = workload.compiled.work
    return Report(
        workload=workload.name,
        mode=workload.mode,
        batch=workload.size,
        backend=workload.backend,
        threads=workload.most_threads,
        threads_used=threads_used(workload),
        median_ms=round(timing.median * 1e3, 4),
        min_ms=round(timing.best * 1e3, 4),
        first_call_s=round(first, 3),
        peak_rss_mb=peak_rss_mb(),
        gflop=round(gflop, 4),
        gflops=round(gflop / timing.median, 2),
        samples=len(timing.samples),
        clean=timing.clean,
        other_cores=None if timing.others is None else round(timing.others, 2),
        kernels=len(program.calls) if hasattr(program, "calls") else None,
        parameters=sum(p.type.size for p in workload.model.parameters),
    )


def threads_used(workload: Workload) -> int:
    """How many threads the executable uses."""
    return int(getattr(workload.compiled.executable, "threads", 1))


def peak_rss_mb() -> float | None:
    """The most memory that this process has had, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)
