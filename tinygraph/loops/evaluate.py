"""The naive evaluator of the loop IR: the oracle that every schedule is checked against. Slow and
obvious."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from tinygraph.loops.expr import (
    FUNCTIONS,
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
)
from tinygraph.loops.index import Atom, Axis, Index
from tinygraph.loops.ir import Accumulate, Barrier, Buffer, For, If, Kernel, Stmt, Store


def run_kernel(kernel: Kernel, arrays: Sequence[np.ndarray], reverse_tasks: bool = False) -> None:
    """Run all tasks one after the other on flat `arrays`, one for each operand of the kernel.

    An address outside its array is an IndexError. `reverse_tasks` runs the tasks backwards: their
    order must not matter.
    """
    memory = dict(zip(kernel.operands, arrays, strict=True))
    with np.errstate(all="ignore"):
        _Run(memory, reverse_tasks).block(kernel.body)


class _Run:
    def __init__(self, memory: dict[Buffer, np.ndarray], reverse_tasks: bool):
        self.memory, self.reverse_tasks = memory, reverse_tasks
        self.at: dict[Axis, int] = {}

    def block(self, body: Sequence[Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        match stmt:
            case For(axis, body, kind, stop):
                span = range(axis.extent if stop is None else min(axis.extent, self.index(stop)))
                for value in reversed(span) if kind == "task" and self.reverse_tasks else span:
                    self.at[axis] = value
                    self.block(body)
                self.at.pop(axis, None)
            case Store(buffer, address, value):
                self._cell(buffer)[self._address(address)] = self.value(value)
            case Accumulate(kind, buffer, address, value):
                cell, where = self._cell(buffer), self._address(address)
                cell[where] = FUNCTIONS[kind](cell[where], self.value(value))
            case If(condition, body, orelse):
                self.block(body if self.value(condition) else orelse)
            case Barrier():
                pass

    def _cell(self, buffer: Buffer) -> np.ndarray:
        if buffer not in self.memory:
            self.memory[buffer] = np.zeros(buffer.size, buffer.dtype.numpy)
        return self.memory[buffer]

    def _address(self, address: Index) -> int:
        where = self.index(address)
        if where < 0:
            raise IndexError(f"address {address} is {where}")
        return where

    def index(self, value: Index) -> int:
        return value.const + sum(c * self._atom(atom) for atom, c in value.terms)

    def _atom(self, atom: Atom) -> int:
        if isinstance(atom, Axis):
            return self.at[atom]
        inner = self.index(atom.index)
        return inner // atom.by if atom.part == "//" else inner % atom.by

    def value(self, e: Expr) -> np.generic:
        return self._value(e, {})

    def _value(self, e: Expr, known: dict[Expr, np.generic]) -> np.generic:
        if e not in known:
            known[e] = self._compute(e, known)
        return known[e]

    def _compute(self, e: Expr, known: dict[Expr, np.generic]) -> np.generic:
        match e:
            case Const():
                return e.dtype.numpy.type(e.value)
            case IndexValue():
                return np.int64(self.index(e.index)).astype(e.dtype.numpy)  # wraps in uint32
            case Read():
                return self._cell(cast(Buffer, e.source))[self._address(e.indices[0])]
            case Apply(function="guard"):
                condition, inside, otherwise = e.args
                return self._value(inside if self._value(condition, known) else otherwise, known)
            case Apply(function="cast"):
                return e.dtype.numpy.type(self._value(e.args[0], known))
            case Apply():
                result = FUNCTIONS[e.function](*(self._value(a, known) for a in e.args))
                return e.dtype.numpy.type(result)
        raise TypeError(f"no loop IR value: {e}")
