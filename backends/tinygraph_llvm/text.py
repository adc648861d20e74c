"""The ground of rendering: LLVM's types and names, basic blocks, scopes, and a writer of lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinygraph.loops.expr import Const
from tinygraph.loops.index import Axis
from tinygraph.types import DType

MEMORY_TYPES = {
    "float32": "float",
    "float64": "double",
    "int32": "i32",
    "uint32": "i32",
    "bool": "i8",
}
VALUE_TYPES = {**MEMORY_TYPES, "bool": "i1"}


@dataclass
class Block:
    """A basic block under construction; its end is set last, so that code can still be hoisted into
    it."""

    label: str
    lines: list[str] = field(default_factory=list)
    end: str = ""

    def __str__(self) -> str:
        return "\n".join([f"{self.label}:", *(f"  {line}" for line in self.lines), f"  {self.end}"])


@dataclass
class Scope:
    """Where expressions over `axes` (and outer ones) are computed: once, at the end of `block`."""

    block: Block
    axes: set[Axis] = field(default_factory=set)
    values: dict[object, str] = field(default_factory=dict)
    runs: bool = True
    """Whether it is certain to be entered from the scope around it."""


class Writer:
    """Blocks under construction, the scopes that are open, and the vector loop that is, if any."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.count = 0
        self.vector: Axis | None = None
        self.declared: dict[str, str] = {}
        self.scopes = [Scope(self._block("entry"))]

    def _block(self, label: str) -> Block:
        block = Block(label)
        self.blocks.append(block)
        return block

    def _name(self, stem: str = "v") -> str:
        self.count += 1
        return f"{stem}{self.count}"

    @property
    def here(self) -> Scope:
        return self.scopes[-1]

    def _line(self, scope: Scope, code: str) -> str:
        name = f"%{self._name()}"
        scope.block.lines.append(f"{name} = {code}")
        return name

    def _type(self, dtype: DType, wide: bool) -> str:
        plain = VALUE_TYPES[dtype]
        return f"<{self.vector.extent} x {plain}>" if wide and self.vector is not None else plain

    def _memory_type(self, dtype: DType, wide: bool) -> str:
        plain = MEMORY_TYPES[dtype]
        return f"<{self.vector.extent} x {plain}>" if wide and self.vector is not None else plain


def zero(kind: str) -> str:
    return "zeroinitializer" if kind.startswith("<") else ("0" if kind.startswith("i") else "0.0")


def all_ones(kind: str) -> str:
    return "splat (i1 true)" if kind.startswith("<") else "true"


def mangled(kind: str) -> str:
    names = {"float": "f32", "double": "f64"}
    if not kind.startswith("<"):
        return names.get(kind, kind)
    lanes, plain = kind[1:-1].split(" x ")
    return f"v{lanes}{names.get(plain, plain)}"


def literal(e: Const) -> str:
    """A constant as LLVM writes it: floats by their bits."""
    if e.dtype is DType.bool:
        return "true" if e.value else "false"
    if not e.dtype.is_float:
        return str(int(e.value))
    value = np.float32(e.value) if e.dtype is DType.float32 else np.float64(e.value)
    return f"0x{np.float64(value).view(np.uint64):016X}"
