"""Indices and addresses: where in memory a value is, loading and storing it."""

from __future__ import annotations

from collections.abc import Sequence

from tinygraph.errors import CompileError
from tinygraph.loops.index import Atom, Axis, Floor, Index, index, interval
from tinygraph.loops.ir import Buffer, Kernel
from tinygraph.types import DType
from tinygraph_llvm.arithmetic import Arithmetic
from tinygraph_llvm.text import MEMORY_TYPES, VALUE_TYPES, Scope


class Memory(Arithmetic):
    """Renders addresses; each part of one in the outermost scope that binds its axes."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.numbers = {buffer: n for n, buffer in enumerate(kernel.operands)}

    def _depth(self, axes: frozenset[Axis]) -> int:
        """The innermost scope that binds one of `axes`."""
        for depth in range(len(self.scopes) - 1, 0, -1):
            if not self.scopes[depth].axes.isdisjoint(axes):
                return depth
        return 0

    def _index(self, value: Index) -> str:
        return self._index_in(self.scopes[self._depth(value.axes)], value)

    def _index_in(self, scope: Scope, value: Index) -> str:
        if not value.terms:
            return str(value.const)
        if value in scope.values:
            return scope.values[value]
        total: str | None = None
        for atom, c in value.terms:
            term = self._atom(atom)
            term = term if c == 1 else self._line(scope, f"mul nsw i64 {term}, {c}")
            total = term if total is None else self._line(scope, f"add nsw i64 {total}, {term}")
        if value.const:
            total = self._line(scope, f"add nsw i64 {total}, {value.const}")
        scope.values[value] = str(total)
        return str(total)

    def _atom(self, atom: Atom) -> str:
        scope = self.scopes[self._depth(atom.axes)]
        if atom in scope.values:
            return scope.values[atom]
        if isinstance(atom, Axis):
            raise CompileError(f"axis {atom.name} is not bound by a loop")
        inner = self._index(atom.index)
        if interval(atom.index)[0] >= 0:
            name = self._line(
                scope, f"{'udiv' if atom.part == '//' else 'urem'} i64 {inner}, {atom.by}"
            )
        else:  # round towards minus infinity: shift into the positive range by a multiple of `by`
            lift = -(interval(atom.index)[0] // atom.by) * atom.by
            raised = self._line(scope, f"add nsw i64 {inner}, {lift}")
            name = self._line(
                scope, f"{'udiv' if atom.part == '//' else 'urem'} i64 {raised}, {atom.by}"
            )
            if atom.part == "//":
                name = self._line(scope, f"sub nsw i64 {name}, {lift // atom.by}")
        scope.values[atom] = name
        return name

    def _stride(self, address: Index) -> int | None:
        """Elements from lane to lane, or None where that differs."""
        assert self.vector is not None
        if any(isinstance(atom, Floor) and self.vector in atom.axes for atom, _ in address.terms):
            return None
        return address.coefficient(self.vector)

    def _pointer(self, scope: Scope, buffer: Buffer, address: Index) -> str:
        """Built from the outermost scope inwards, so that each part is computed as rarely as
        possible."""
        kind = MEMORY_TYPES[buffer.dtype]
        pointer = f"%b{self.numbers[buffer]}"
        so_far = index(0)
        groups: dict[int, Index] = {}
        for atom, c in address.terms:
            depth = self._depth(atom.axes)
            groups[depth] = groups.get(depth, index(0)) + Index(0, ((atom, c),))
        for depth in sorted(groups):
            so_far = so_far + groups[depth]
            at = self.scopes[depth]
            key = (buffer, so_far)
            if key not in at.values:
                offset = self._index_in(at, groups[depth])
                at.values[key] = self._line(
                    at, f"getelementptr {kind}, ptr {pointer}, i64 {offset}"
                )
            pointer = at.values[key]
        if not address.const:
            return pointer
        return self._line(scope, f"getelementptr {kind}, ptr {pointer}, i64 {address.const}")

    def _load_at(self, scope: Scope, buffer: Buffer, address: Index, wide: bool) -> str:
        pointer = self._pointer(scope, buffer, address)
        return self._load(scope, buffer.dtype, pointer, wide)

    def _load(self, scope: Scope, dtype: DType, pointer: str, wide: bool) -> str:
        kind = self._memory_type(dtype, wide)
        name = self._line(scope, f"load {kind}, ptr {pointer}, align {dtype.itemsize}")
        if dtype is not DType.bool:
            return name
        return self._line(scope, f"trunc {kind} {name} to {self._type(dtype, wide)}")

    def _gathered(self, scope: Scope, dtype: DType, lanes: Sequence[str]) -> str:
        kind, name = self._type(dtype, True), "poison"
        for lane, value in enumerate(lanes):
            name = self._line(
                scope, f"insertelement {kind} {name}, {VALUE_TYPES[dtype]} {value}, i64 {lane}"
            )
        return name

    def _guarded_scalar(self, scope: Scope, buffer: Buffer, address: Index, test: str) -> str:
        safe = self._safe(scope, self._pointer(scope, buffer, address), test)
        return self._load(scope, buffer.dtype, safe, False)

    def _safe(self, scope: Scope, pointer: str, test: str) -> str:
        """The pointer where the test holds; elsewhere one to zeros, as many as a vector has."""
        self.declared["zeros"] = "@zeros = internal constant [64 x i8] zeroinitializer, align 64"
        return self._line(scope, f"select i1 {test}, ptr {pointer}, ptr @zeros")

    def _store_at(
        self, scope: Scope, buffer: Buffer, address: Index, value: str, dtype: DType, wide: bool
    ) -> None:
        if dtype is DType.bool:
            value = self._line(
                scope, f"zext {self._type(dtype, wide)} {value} to {self._memory_type(dtype, wide)}"
            )
        pointer = self._pointer(scope, buffer, address)
        align = dtype.itemsize
        scope.block.lines.append(
            f"store {self._memory_type(dtype, wide)} {value}, ptr {pointer}, align {align}"
        )
