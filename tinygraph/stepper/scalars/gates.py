"""The gate for each function of equations: an op that tinygraph has, or a plain scalar gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import OPS, Example, Node, Op, make
from tinygraph.loops.expr import INFIX
from tinygraph.ops import add, cast, mul, where
from tinygraph.ops.base import Elementwise
from tinygraph.ops.compare import Where
from tinygraph.types import DType, TensorType


@dataclass(frozen=True)
class ScalarGate(Elementwise):
    """A function of equations for which there is no op, such as `shl`. It sends no gradient."""

    result: DType
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_dtype(self.result)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.asarray(super().evaluate(*inputs)).astype(self.result.numpy, copy=False)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,) * len(inputs)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return ()

    @property
    def label(self) -> str:
        return INFIX.get(self.function, self.function)

    def __str__(self) -> str:
        return self.function


@lru_cache(None)
def _kind(function: str) -> type[ScalarGate]:
    """The plain gate of a function. It is no op that users build, so it enters no registry."""
    kind = type(function.title(), (ScalarGate,), {"function": function})
    kind.name = function
    return kind


def gate_for(function: str, result: DType, *inputs: Node) -> Node:
    """The gate that applies a function of equations; the inputs are scalars, or of one shape."""
    match function:
        case "cast":
            return cast(inputs[0], result)
        case "select" | "guard":
            return where(*inputs)
        case "fma":
            return add(mul(inputs[0], inputs[1]), inputs[2])
    return make(_op(function, result, *(x.type for x in inputs)), *inputs)


def is_choice(gate: Node) -> bool:
    """Whether it is the gate for a `select`: a condition, what it is where that holds, and else."""
    return isinstance(gate.op, Where)


@lru_cache(None)
def _op(function: str, result: DType, *inputs: TensorType) -> Op:
    """The oldest op that is this function and nothing else; a plain gate where there is none."""
    for kind in OPS.values():
        if not (issubclass(kind, Elementwise) and kind.function == function):
            continue
        if kind.evaluate is not Elementwise.evaluate:
            continue
        try:
            if kind().result_type(*inputs).dtype is result:
                return kind()
        except (TinygraphError, TypeError):  # such as `and` of numbers, bit by bit
            continue
    return _kind(function)(result)
