"""The slow evaluator of equations: what an op's equation says, element by element.

It is the reference that an op's NumPy meaning is compared with. Every argument of a function is
computed, that of a select too, so a read that can leave its source without `outside` is an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygraph.graph import Op
from tinygraph.loops.expr import (
    FUNCTIONS,
    Apply,
    Const,
    Expr,
    IndexValue,
    Operand,
    Read,
    Reduce,
    identity,
)
from tinygraph.loops.index import Axis, Index
from tinygraph.types import TensorType, dtype_of

NAMES = "ijklmn"


def evaluate_equation(op: Op, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """The output of `op`, computed from its equation alone."""
    types = [TensorType(a.shape, dtype_of(a.dtype)) for a in arrays]
    result = op.result_type(*types)
    position = tuple(Axis(f"{NAMES[k % 6]}", n) for k, n in enumerate(result.shape))
    operands = [Operand(k, t.shape, t.dtype) for k, t in enumerate(types)]
    element = op.equation(position, *operands)
    out = np.empty(result.shape, element.dtype.numpy)
    with np.errstate(all="ignore"):
        for at in positions(position):
            out[at] = _Scope(arrays, dict(zip(position, at, strict=True))).value(element)
    return out


def positions(axes: Sequence[Axis]) -> Iterable[tuple[int, ...]]:
    """Every position of the axes, the last running fastest."""
    return itertools.product(*(range(axis.extent) for axis in axes))


class _Scope:
    """Values of axes, and what has been computed with them; `outer` encloses a reduction."""

    def __init__(
        self, arrays: Sequence[np.ndarray], at: dict[Axis, int], outer: _Scope | None = None
    ):
        self.arrays, self.outer = arrays, outer
        self.own = frozenset(at)
        self.at = {**outer.at, **at} if outer else at
        self.known: dict[Expr, Any] = {}

    def value(self, e: Expr) -> Any:
        if self.outer is not None and e.axes.isdisjoint(self.own):
            return self.outer.value(e)
        if e not in self.known:
            self.known[e] = self._compute(e)
        return self.known[e]

    def _compute(self, e: Expr) -> Any:
        match e:
            case Const():
                return e.dtype.numpy.type(e.value)
            case IndexValue():
                return e.dtype.numpy.type(self.index(e.index))
            case Read():
                return self._read(e)
            case Reduce():
                return self._reduce(e)
            case Apply(function="cast"):
                return np.asarray(self.value(e.args[0])).astype(e.dtype.numpy)[()]
            case Apply():
                return e.dtype.numpy.type(FUNCTIONS[e.function](*map(self.value, e.args)))
        raise TypeError(f"no expression of equations: {e!r}")

    def _read(self, e: Read) -> Any:
        at = tuple(map(self.index, e.indices))
        if all(0 <= k < n for k, n in zip(at, e.shape, strict=True)):
            array: np.ndarray = self.arrays[e.source]  # type: ignore[index]
            return array[at]
        if e.outside is None:
            raise IndexError(f"{e} reads {at} of a source with shape {e.shape}")
        return e.dtype.numpy.type(e.outside)

    def _reduce(self, e: Reduce) -> Any:
        result: Any = identity(e.kind, e.dtype).value
        result = e.dtype.numpy.type(result)
        for at in positions(e.over):
            inner = _Scope(self.arrays, dict(zip(e.over, at, strict=True)), self)
            if all(inner.index(w) == 0 for w in e.where):
                result = FUNCTIONS[e.kind](result, inner.value(e.body))
        return result

    def index(self, value: Index) -> int:
        total = value.const
        for atom, coefficient in value.terms:
            total += coefficient * self._atom(atom)
        return total

    def _atom(self, atom: Any) -> int:
        if isinstance(atom, Axis):
            return self.at[atom]
        inner = self.index(atom.index)
        return inner // atom.by if atom.part == "//" else inner % atom.by
