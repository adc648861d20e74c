"""Matrix product, also of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops.expr import (
    Expr,
    Operand,
    axes,
    total,
)
from tinygraph.loops.index import Axis
from tinygraph.ops.base import require_numbers
from tinygraph.ops.shape import transpose
from tinygraph.types import TensorType, float32


class MatMul(Op):
    """y[..., m, n] = sum over k of x[..., m, k] * w[..., k, n]"""

    name: ClassVar[str] = "matmul"
    symbol: ClassVar[str] = "@"

    def result_type(self, *inputs: TensorType) -> TensorType:
        x, w = inputs
        require_numbers(self, x, w)
        if x.dtype is not w.dtype:
            raise DtypeError(f"matmul needs operands of one dtype, got {x} @ {w}")
        if min(x.ndim, w.ndim) < 2 or x.ndim != w.ndim or x.shape[:-2] != w.shape[:-2]:
            raise ShapeError(
                f"matmul needs two matrices, or two stacks of matrices of one shape, got {x} @ {w}"
            )
        if x.shape[-1] != w.shape[-2]:
            raise ShapeError(f"matmul needs (m, k) @ (k, n), got {x} @ {w}")
        return x.with_shape((*x.shape[:-1], w.shape[-1]))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.matmul(*inputs)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, w = operands
        *stack, m, n = i
        (k,) = axes("k", x.shape[-1])
        return total((k,), x[(*stack, m, k)] * w[(*stack, k, n)])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, w = inputs
        return matmul(g, swapped(w)), matmul(swapped(x), g)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        shapes = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 2)), ((1, 4), (4, 1))]
        return [Example(cls(), (TensorType(x, float32), TensorType(w, float32))) for x, w in shapes]


def swapped(x: Node) -> Node:
    """Every matrix of x transposed."""
    *stack, m, n = range(x.ndim)
    return transpose(x, (*stack, n, m))


def matmul(x: Node, w: Node) -> Node:
    """(..., m, k) @ (..., k, n), with equal leading axes."""
    return make(MatMul(), x, w)
