"""The machine that code is generated for: its triple, its instructions, its registers."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import llvmlite.binding as llvm

from tinygraph.errors import BackendUnavailable

_X86_LEVELS = {
    # name: (cpu of LLVM, vector bits, has FMA, what the processor must have to run it)
    "sse2": ("x86-64", 128, False, "sse2"),
    "avx2": ("x86-64-v3", 256, True, "avx2"),
    "avx512": ("x86-64-v4", 512, True, "avx512vl"),
}


@dataclass(frozen=True)
class Machine:
    """A processor as LLVM and the schedules see it.

    `triple`, `cpu` and `features` are LLVM's words. `vector_bits` is the width of the widest vector
    register in bits, `has_fma` tells whether `llvm.fmuladd` is one instruction.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bits: int
    has_fma: bool

    def __str__(self) -> str:
        fma = "with" if self.has_fma else "without"
        return (
            f"{self.name}: {self.cpu} ({self.triple}), {self.registers} registers"
            f" of {self.vector_bits} bits, {fma} fused multiply-add"
        )

    @property
    def is_x86(self) -> bool:
        """Whether this is a 64-bit x86 processor."""
        return self.triple.startswith("x86_64")

    @property
    def registers(self) -> int:
        """The number of vector registers: 32 for AVX-512 and NEON, else 16."""
        return 16 if self.is_x86 and self.vector_bits < 512 else 32

    @property
    def enabled(self) -> list[str]:
        """The instruction sets that code may use, in LLVM's words."""
        listed = self.features.split(",")
        return [name.removeprefix("+") for name in listed if name.startswith("+")]

    def lanes(self, bits: int = 32) -> int:
        """How many elements of `bits` bits one vector register holds."""
        return self.vector_bits // bits

    def target_machine(self, opt: int = 2) -> llvm.TargetMachine:
        """A code generator at level `opt` (0 to 3); one thread only may use it at a time.

        Position-independent code of the small model reaches its constants with one instruction.
        """
        _initialise()
        target = llvm.Target.from_triple(self.triple)
        return target.create_target_machine(
            cpu=self.cpu, features=self.features, opt=opt, reloc="pic", codemodel="small"
        )


def machine(name: str = "host") -> Machine:
    """The machine called `name`: "host", or on x86 also "sse2", "avx2" or "avx512".

    The named ones are restricted versions of the host, for tests. BackendUnavailable if the host
    cannot run it or no machine has this name.
    """
    if name == "host":
        return _host()
    if name in machine_names():
        cpu, bits, fma, _ = _X86_LEVELS[name]
        return Machine(name, _host().triple, cpu, "", bits, fma)
    fitting = ", ".join(machine_names())
    raise BackendUnavailable(f"this processor has no machine {name!r}, only: {fitting}")


def llvm_version() -> tuple[int, ...]:
    """The version of LLVM."""
    return tuple(llvm.llvm_version_info)


def machine_names() -> list[str]:
    """The names that `machine` accepts on this computer, "host" first."""
    features = _host_features()
    levels = _X86_LEVELS.items() if _host().is_x86 else ()
    return ["host", *(name for name, level in levels if features.get(level[3], False))]


@functools.cache
def _host() -> Machine:
    features = _host_features()
    triple = llvm.get_process_triple()
    flat = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    cpu = llvm.get_host_cpu_name()
    if triple.startswith("x86_64"):
        bits = 512 if features.get("avx512vl") else 256 if features.get("avx2") else 128
        return Machine("host", triple, cpu, flat, bits, bool(features.get("fma")))
    if triple.startswith(("aarch64", "arm64")):
        return Machine("host", triple, cpu, flat, 128, True)
    raise BackendUnavailable(
        f"the llvm backend knows x86_64 and aarch64 processors, this one is {triple}"
    )


@functools.cache
def _host_features() -> dict[str, bool]:
    return dict(llvm.get_host_cpu_features())


@functools.cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
