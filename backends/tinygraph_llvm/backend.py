"""The backend: compiles a Program and runs it on arrays."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import mmap
import os
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import tinygraph.loops
from tinygraph.backend import Progress
from tinygraph.errors import BackendUnavailable, CompileError
from tinygraph.lowering.program import Call, Program
from tinygraph.lowering.target import Target

try:
    from tinygraph_llvm.cache import Cache
    from tinygraph_llvm.machine import Machine, llvm_version, machine
    from tinygraph_llvm.objects import assembly, compile_objects, load, symbol
    from tinygraph_llvm.runtime import NativeCall, NativeProgram
except ImportError as error:
    raise BackendUnavailable(
        f'the llvm backend needs {error.name}: pip install "tinygraph"'
    ) from None

from tinygraph_llvm.render import render

ONE_THREAD = 1 << 21
"""Elementary operations below which a second thread costs more than it brings."""
QUICK = 1 << 20
"""Elementary operations below which a run does not look for signals."""


class LLVMBackend:
    """Kernels for one machine. `cache=None` compiles everything anew."""

    name = "llvm"
    stages = ("llvm", "assembly")
    """The texts that its executables show, kernel by kernel."""

    def __init__(self, machine_name: str = "host", cache: Cache | None = None):
        self.machine: Machine = machine(machine_name)
        self.cache = cache
        self.target = Target(
            name=f"cpu {self.machine.name}",
            vector_bytes=self.machine.vector_bits // 8,
            registers=self.machine.registers,
        )

    def compile(
        self,
        work: Program,
        threads: int | None = None,
        on_progress: Progress | None = None,
    ) -> LLVMExecutable:
        """Native code for a program; `threads` None means one for each core that the process may
        use."""
        if not isinstance(work, Program):
            raise CompileError("the llvm backend compiles programs; lower the graph first")
        return LLVMExecutable(work, self, threads or cores(), on_progress)

    def describe(self) -> dict[str, str]:
        """The processor, its instructions, the threads and the cache."""
        version = ".".join(map(str, llvm_version()))
        return {
            "compiler": f"LLVM {version}",
            "machine": str(self.machine),
            "instructions": " ".join(self.machine.enabled),
            "threads": str(cores()),
            "cache": str(self.cache.stats()) if self.cache else "none",
        }

    def clear_cache(self) -> int:
        """Removes all compiled kernels from the disk; returns how many there were."""
        return self.cache.clear() if self.cache else 0


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LLVMExecutable:
    """A compiled program with its arena. One run at a time."""

    def __init__(
        self,
        program: Program,
        owner: LLVMBackend,
        threads: int,
        on_progress: Progress | None,
    ):
        self.program, self.machine = program, owner.machine
        self.digests = [_digest(call.recipe) for call in program.calls]
        code = load(self._objects(owner.cache, on_progress))
        self.arena = Arena(program.arena_bytes)
        self.addresses = Addresses()
        slots = {
            b: n + 1 for n, b in enumerate((*program.inputs, *program.outputs)) if b is not None
        }
        calls = [
            NativeCall(
                code.addresses[symbol(digest)],
                call.tasks,
                tuple(
                    (slots[b], 0) if b in slots else (0, program.arena[b]) for b in call.operands
                ),
                call.barrier,
            )
            for digest, call in zip(self.digests, program.calls, strict=True)
        ]
        work = sum(max(call.flops, call.bytes) for call in program.calls)
        self.threads = 1 if work < ONE_THREAD else threads
        self.native = NativeProgram(calls, self.threads, quick=work < QUICK, code=code)

    def _objects(self, cache: Cache | None, on_progress: Progress | None) -> dict[str, bytes]:
        """Machine code by digest: from the cache, or rendered and compiled, each kernel once."""
        calls = dict(zip(self.digests, self.program.calls, strict=True))
        text = lambda digest: self._text(digest, calls[digest])  # noqa: E731
        return compile_objects(calls, text, self.machine, cache, on_progress)

    def _text(self, digest: str, call: Call) -> str:
        return render(call.kernel, symbol(digest))

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """Compute `outputs` from `inputs`: C-contiguous arrays in the order of the graph, outputs
        apart from inputs."""
        self.native.run(self._slots(inputs, outputs))

    def _slots(
        self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]
    ) -> ctypes.Array[ctypes.c_uint64]:
        slots = self.native.new_slots()
        addresses = (
            self.arena.address,
            *map(self.addresses.of, inputs),
            *map(self.addresses.of, outputs),
        )
        slots[:] = addresses[: len(slots)]
        return slots

    def profile(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> list[int]:
        """One run, and the nanoseconds that each call of the program took."""
        return self.native.profile(self._slots(inputs, outputs))

    def source(self, stage: str) -> str:
        """The text of "llvm" or "assembly", kernel by kernel."""
        return "\n".join(self.source_of(number, stage) for number in range(len(self.program.calls)))

    def source_of(self, number: int, stage: str) -> str:
        """The text of one kernel."""
        text = self._text(self.digests[number], self.program.calls[number])
        if stage == "llvm":
            return text
        if stage == "assembly":
            return assembly(text, self.machine)
        raise CompileError(f"the llvm backend has no stage {stage!r}, only llvm and assembly")


class Addresses:
    """Where arrays lie. Asking NumPy takes longer than a small program runs, so that answers are
    kept."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[weakref.ref[np.ndarray], int]] = {}

    def of(self, array: np.ndarray) -> int:
        found = self.known.get(id(array))
        if found is not None and found[0]() is array:
            return found[1]
        address = array.ctypes.data
        if len(self.known) > 4096:
            self.known.clear()
        self.known[id(array)] = weakref.ref(array), address
        return address


class Arena:
    """Zeroed memory for temporaries, on huge pages where the system has them."""

    def __init__(self, size: int):
        # Private: a forked child must not write into its parent's arena.
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self.memory = mmap.mmap(-1, max(size, 1) + 64, flags=private)
        if hasattr(mmap, "MADV_HUGEPAGE") and size > 1 << 21:
            self.memory.madvise(mmap.MADV_HUGEPAGE)
        self.view = np.frombuffer(self.memory, np.uint8)
        self.address = self.view.ctypes.data


def _digest(recipe: str) -> str:
    """Of a kernel's recipe and of the sources that turn recipes into machine code."""
    return hashlib.blake2b((_sources() + recipe).encode(), digest_size=16).hexdigest()


@functools.cache
def _sources() -> str:
    """A digest of tinygraph's own compiler: code that another version made is not used."""
    here, core = Path(__file__).parent, Path(tinygraph.loops.__file__).parent
    files = [
        *sorted(here.glob("*.py")),
        *sorted(core.glob("*.py")),
        *sorted((core.parent / "lowering").glob("*.py")),
    ]
    return hashlib.blake2b(
        b"".join(file.read_bytes() for file in files), digest_size=16
    ).hexdigest()


backend = LLVMBackend("host", Cache())
"""What the entry point finds: the backend for this computer, with the disk cache."""
