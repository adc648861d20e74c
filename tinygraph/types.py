"""Element types and tensor types."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from tinygraph.errors import DtypeError, ShapeError


class DType(str, Enum):
    """The element type of a tensor."""

    float32 = "float32"
    float64 = "float64"
    int32 = "int32"
    uint32 = "uint32"
    bool = "bool"

    def __str__(self) -> str:
        return self.value

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.value)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def is_float(self) -> bool:
        return self in (DType.float32, DType.float64)

    @property
    def is_integer(self) -> bool:
        return self in (DType.int32, DType.uint32)


float32, float64 = DType.float32, DType.float64
int32, uint32 = DType.int32, DType.uint32
bool_ = DType.bool


def dtype_of(name: Any) -> DType:
    """The `DType` that a name, a NumPy dtype or a Python type stands for."""
    if isinstance(name, DType):
        return name
    plain = (
        {float: "float32", int: "int32", bool: "bool"}.get(name) if isinstance(name, type) else None
    )
    try:
        return DType(plain or str(np.dtype(name)))
    except (TypeError, ValueError):
        known = ", ".join(DType.__members__)
        raise DtypeError(f"{name!r} is no dtype of tinygraph; it has {known}") from None


@dataclass(frozen=True)
class TensorType:
    """Shape and element type: all that is known of a tensor before it has a value."""

    shape: tuple[int, ...]
    dtype: DType

    def __post_init__(self) -> None:
        if any(extent < 0 for extent in self.shape):
            raise ShapeError(f"a shape has no negative extents, got {list(self.shape)}")

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def with_shape(self, shape: tuple[int, ...]) -> TensorType:
        return TensorType(tuple(int(extent) for extent in shape), self.dtype)

    def with_dtype(self, dtype: DType) -> TensorType:
        return TensorType(self.shape, dtype)
