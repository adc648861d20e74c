"""The most that the machine can do: multiply-adds in registers, on all threads."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from tinygraph.backend import Backend
from tinygraph.loops.expr import const, read
from tinygraph.loops.index import Axis, index
from tinygraph.loops.ir import Buffer, For, Kernel, Stmt, Store
from tinygraph.lowering import Call, Program, Target
from tinygraph.lowering.equation import Array
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.schedule import Schedule
from tinygraph.types import DType, TensorType

CHAINS = 12
"""Independent sums, so that one multiply-add need not wait for the last; they fit 16 registers."""
STEPS = 20_000
TASKS = 32


@dataclass(frozen=True, eq=False)
class HandMade(Call):
    """A call whose loops are given instead of following from an equation."""

    loops: Kernel | None = None

    @property
    def kernel(self) -> Kernel:  # pyright: ignore[reportIncompatibleVariableOverride]
        assert self.loops is not None
        return self.loops

    @property
    def operands(self) -> tuple[Buffer, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.kernel.operands

    @property
    def tasks(self) -> int:
        return self.kernel.tasks

    @property
    def recipe(self) -> str:
        return str(self.kernel)

    @property
    def flops(self) -> int:
        return self.flat.size * STEPS * 2


def peak_program(target: Target) -> Program:
    """A program that does nothing but multiply and add: c = c * x + y, in many registers."""
    lanes = target.lanes(DType.float32)
    out = Buffer("out", DType.float32, TASKS * CHAINS * lanes)
    given = Buffer("x", DType.float32, 2 * lanes)
    cells = Buffer("c", DType.float32, CHAINS * lanes, "register")
    task, step = Axis("t", TASKS), Axis("n", STEPS)

    chain, lane = Axis("k", CHAINS), Axis("l", lanes)
    cell = index(chain) * lanes + lane
    x = read(given, (given.size,), DType.float32, (index(lane),))
    y = read(given, (given.size,), DType.float32, (index(lane) + lanes,))
    old = read(cells, (cells.size,), DType.float32, (cell,))

    def tile(stmt: Stmt) -> Stmt:
        return For(chain, (For(lane, (stmt,), "vector"),), "unroll")

    whole = index(task) * (CHAINS * lanes) + cell
    body = (
        tile(Store(cells, cell, const(0.0, DType.float32))),
        For(step, (tile(Store(cells, cell, old * x + y)),)),
        tile(Store(out, whole, old)),
    )
    kernel = Kernel("peak", (out, given), (For(task, body, "task"),))
    axes = (task, chain, lane)
    flat = Flat(out, whole, axes, const(0.0, DType.float32))
    array = Array("out", TensorType((out.size,), DType.float32), external=True)
    plan = Schedule(lane, lanes, 1, None, 1)
    call = HandMade("peak", flat, plan, (), array, (), loops=kernel)
    return Program([call], [given], [out], name="peak")


def peak_gflops(backend: Backend, threads: int | None, seconds: float = 0.3) -> float:
    """Measured: the best of many short runs, in GFLOP/s of float32."""
    assert backend.target is not None
    program = peak_program(backend.target)
    executable = backend.compile(program, threads)
    lanes = backend.target.lanes(DType.float32)
    x = np.repeat(np.array([0.5, 1.0], np.float32), lanes)
    out = np.empty(program.outputs[0].size, np.float32)
    best, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        executable.run([x], [out])
        best = min(best, time.perf_counter() - before)
    return program.flops / best / 1e9
