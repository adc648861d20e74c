"""Running programs: the naive evaluator of the loop IR, kernel by kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinygraph.backend import Progress
from tinygraph.errors import CompileError
from tinygraph.loops.evaluate import run_kernel
from tinygraph.loops.ir import Buffer
from tinygraph.lowering import Program, Target


class LoopsBackend:
    """Takes programs for a machine with short vectors and few registers."""

    name = "naive"
    target = Target(name="naive", vector_bytes=16, registers=8)

    def compile(
        self, work: Program, threads: int | None, on_progress: Progress | None = None
    ) -> LoopsExecutable:
        """Nothing is compiled; `threads` has no meaning here."""
        return LoopsExecutable(work)


class LoopsExecutable:
    """A program and the memory for its temporaries."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arena = np.zeros(program.arena_bytes, np.uint8)

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """Runs the kernels in order."""
        buffers = (*self.program.inputs, *self.program.outputs)
        given = {
            buffer: array.reshape(-1)
            for buffer, array in zip(buffers, (*inputs, *outputs), strict=True)
            if buffer is not None
        }
        for call in self.program.calls:
            run_kernel(call.kernel, [self._memory(b, given) for b in call.operands])

    def source(self, stage: str) -> str:
        """The loops, which are what runs."""
        if stage != "loops":
            raise CompileError(f'the naive backend has no stage {stage!r}; it runs the "loops"')
        return "\n\n".join(str(call.kernel) for call in self.program.calls)

    def _memory(self, buffer: Buffer, given: Mapping[Buffer, np.ndarray]) -> np.ndarray:
        if buffer in given:
            return given[buffer]
        start = self.program.arena[buffer]
        end = start + buffer.size * buffer.dtype.itemsize
        return self.arena[start:end].view(buffer.dtype.numpy)
