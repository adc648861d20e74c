"""Where the time goes: each kernel of a workload, beside what the machine can do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tinygraph.backend import Profiled
from tinygraph.bench.flops import multiply_adds
from tinygraph.bench.measure import threads_used
from tinygraph.bench.peak import peak_gflops
from tinygraph.bench.workload import Workload
from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.lowering import Call, Program


@dataclass(frozen=True)
class Row:
    """One kernel."""

    kernel: str
    ms: float
    share: float
    """Of the program's time."""
    gflops: float
    of_peak: float
    """Fraction of what the machine does in registers."""
    gbs: float
    """Gigabytes a second, if each operand is moved once."""
    intensity: float
    """Floating-point operations a byte."""
    tasks: int
    nodes: str
    module: str
    """Which layer it belongs to."""


@dataclass(frozen=True)
class Profile:
    """All kernels, the slowest first."""

    rows: tuple[Row, ...]
    peak_gflops: float
    runs: int

    @property
    def ms(self) -> float:
        return sum(row.ms for row in self.rows)

    def as_dicts(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]


def profile(workload: Workload, runs: int = 7) -> Profile:
    """Runs the workload's program call by call; the best of `runs` for each.

    A `TinygraphError` where the backend cannot tell.
    """
    compiled = workload.compiled
    executable, program = compiled.executable, compiled.work
    if not isinstance(executable, Profiled) or not isinstance(program, Program):
        raise TinygraphError(f"the {workload.backend} backend does not say how long kernels take")
    inputs, outputs = workload.arrays()
    executable.profile(inputs, outputs)
    each = [executable.profile(inputs, outputs) for _ in range(runs)]
    times = [min(column) for column in zip(*each)]
    backend = workload.function.backend
    assert not isinstance(backend, str)
    peak = peak_gflops(backend, threads_used(workload))
    whole = sum(times) or 1
    names = compiled.graph.names()
    rows = [_row(call, t, whole, peak, names) for call, t in zip(program.calls, times)]
    return Profile(tuple(sorted(rows, key=lambda row: -row.ms)), peak, runs)


def _row(call: Call, ns: float, whole: float, peak: float, names: dict[Node, str]) -> Row:
    gflops = call.flops / max(ns, 1)
    return Row(
        kernel=call.name,
        ms=round(ns / 1e6, 4),
        share=round(ns / whole, 4),
        gflops=round(gflops, 2),
        of_peak=round(gflops / peak, 4),
        gbs=round(call.bytes / max(ns, 1), 2),
        intensity=round(call.intensity, 2),
        tasks=call.tasks,
        nodes=" ".join(names[node] for node in call.nodes if node in names),
        module=_module(call),
    )


def _module(call: Call) -> str:
    """The layer of its product if it has one, else of its last gate."""
    products = [node for node in call.nodes if multiply_adds(node)]
    origin = next((n.origin for n in reversed(products or call.nodes) if n.origin), None)
    if origin is None:
        return ""
    return ("gradient of " if origin.backward else "") + "/".join(origin.scope)
