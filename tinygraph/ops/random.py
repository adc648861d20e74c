"""Random bits from a counter: Threefry-2x32 with 20 rounds.

The bits depend on the key and the element's position alone, so they are the same on every backend
and for every number of threads, and no state is kept. Source: Salmon, Moraes, Dror, Shaw, "Parallel
random numbers: as easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.ops.base import Elementwise, flat_index
from tinygraph.types import TensorType, float32, uint32

PARITY = 0x1BD11BDA
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ROUNDS = 20
KEY = TensorType((2,), uint32)


def threefry(key: tuple, counter: tuple) -> tuple:
    """Two random words for a key and a counter of two words: uint32 arrays or expressions."""
    words = (*key, key[0] ^ key[1] ^ _word(PARITY, key[0]))
    a, b = counter[0] + words[0], counter[1] + words[1]
    for i in range(ROUNDS):
        left = ROTATIONS[i % 8]
        a = a + b
        b = ((b << _word(left, b)) | (b >> _word(32 - left, b))) ^ a
        if i % 4 == 3:
            n = i // 4 + 1
            a, b = a + words[n % 3], b + words[(n + 1) % 3] + _word(n, b)
    return a, b


def _word(value: int, like: object) -> object:
    """A constant beside an expression, or beside an array."""
    return expr.const(value, uint32) if isinstance(like, Expr) else np.uint32(value)


@dataclass(frozen=True)
class RandomBits(Op):
    """the first word of threefry(key, (f, 0)) for the element at the row-major position f"""

    shape: tuple[int, ...]
    name: ClassVar[str] = "random_bits"
    symbol: ClassVar[str] = "bits"
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        (key,) = inputs
        if key.dtype is not uint32:
            raise DtypeError(
                f"random_bits needs a key {KEY}, got {key}; cast with .astype('uint32')"
            )
        if key.shape != KEY.shape:
            raise ShapeError(f"random_bits needs a key {KEY}, got {key}")
        return TensorType(self.shape, uint32)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        counter = np.arange(math.prod(self.shape), dtype=np.uint32)
        key = inputs[0][:1], inputs[0][1:]
        return threefry(key, (counter, np.zeros_like(counter)))[0].reshape(self.shape)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        (key,) = operands
        counter = expr.index_value(flat_index(i, self.shape), uint32), expr.const(0, uint32)
        return threefry((key[0], key[1]), counter)[0]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(shape), (KEY,), 0, 2**32 - 1) for shape in ((7,), (2, 3, 4), ())]


class UniformFromBits(Elementwise):
    """(bits >> 8) / 2**24: the upper 24 bits as a float32 in 0 <= y < 1, exactly"""

    name: ClassVar[str] = "uniform_from_bits"
    symbol: ClassVar[str] = "uniform"
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        if inputs[0].dtype is not uint32:
            raise DtypeError(
                f"uniform_from_bits needs uint32, got {inputs[0]}; random_bits gives it"
            )
        return inputs[0].with_dtype(float32)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return (inputs[0] >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)

    def scalar(self, *values: Expr) -> Expr:
        return expr.cast_to(values[0] >> 8, float32) * 2**-24

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(), (TensorType((3, 5), uint32),), 0, 2**32 - 1)]


def random_bits(key: Node, shape: Sequence[int]) -> Node:
    """uint32 numbers that look random; `key` (uint32[2]) chooses which."""
    return make(RandomBits(tuple(shape)), key)


def uniform_from_bits(bits: Node) -> Node:
    """float32 in 0 <= y < 1 from uint32 bits."""
    return make(UniformFromBits(), bits)
