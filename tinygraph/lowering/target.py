"""What a schedule is a function of: the machine."""

from __future__ import annotations

from dataclasses import dataclass

from tinygraph.types import DType


@dataclass(frozen=True)
class Target:
    """A machine, as far as scheduling needs to know it. Sizes in bytes."""

    name: str = "cpu"
    kind: str = "cpu"
    vector_bytes: int = 64
    registers: int = 32
    """Vector registers."""
    l1: int = 32 << 10
    l2: int = 1 << 20

    def lanes(self, dtype: DType) -> int:
        """Elements in one vector."""
        return max(self.vector_bytes // max(dtype.itemsize, 4), 1)
