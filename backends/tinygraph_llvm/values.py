"""Expressions of the loop IR as SSA values, each computed once."""

from __future__ import annotations

from tinygraph.errors import CompileError
from tinygraph.loops.expr import (
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
)
from tinygraph.loops.index import Index, index, substitute_index
from tinygraph.loops.ir import Accumulate, Buffer, Kernel, Store, statements
from tinygraph.loops.rewrite import children, walk
from tinygraph.types import DType
from tinygraph_llvm.memory import Memory
from tinygraph_llvm.text import VALUE_TYPES, Scope, literal


class Values(Memory):
    """Renders expressions: in a vector loop as vectors, where the lanes agree as scalars."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.registers: dict[tuple[Buffer, int], str] = {}
        self.pins: dict[Expr, int] = {}
        self.passing: dict[object, str] = {}
        """Values that hold for one statement only."""
        written = {s.buffer for s in statements(kernel.body) if isinstance(s, Store | Accumulate)}
        self.written = {b for b in written if b.space != "register"}

    def value(self, e: Expr, splat: bool = True) -> str:
        """The SSA value of `e`: in a vector loop a vector, unless `splat` is False and the lanes
        agree."""
        name = self._value(e)
        if self.vector is None or not splat or self._wide(e):
            return name
        return self._splat(e, name)

    def _wide(self, e: Expr) -> bool:
        """Whether the value differs from lane to lane."""
        return self.vector is not None and self.vector in e.axes

    def _splat(self, e: Expr, name: str) -> str:
        assert self.vector is not None
        lanes, kind = self.vector.extent, VALUE_TYPES[e.dtype]
        if isinstance(e, Const):
            return f"<{', '.join([f'{kind} {name}'] * lanes)}>"
        key = ("splat", e, lanes)
        scope, table = self._scope_of(e), self._table(e)
        if key not in table:
            wide = f"<{lanes} x {kind}>"
            one = self._line(scope, f"insertelement {wide} poison, {kind} {name}, i64 0")
            zeros = f"<{lanes} x i32> zeroinitializer"
            splat = f"shufflevector {wide} {one}, {wide} poison, {zeros}"
            table[key] = self._line(scope, splat)
        return table[key]

    def _scope_of(self, e: Expr) -> Scope:
        """The outermost scope in which `e` can be computed."""
        return self.scopes[max(self._depth(e.axes), self._pinned(e))]

    def _pinned(self, e: Expr) -> int:
        """Reads of registers and of memory that the kernel writes stay where they are; other reads
        stay behind branches."""
        pinned = self._pin(e)
        if pinned == 2:
            return len(self.scopes) - 1
        if pinned == 1:
            return max((n for n, s in enumerate(self.scopes) if not s.runs), default=0)
        return 0

    def _pin(self, e: Expr) -> int:
        """2 for values that a statement may change, 1 for other memory, 0 without memory."""
        if (known := self.pins.get(e)) is not None:
            return known
        for at in walk(e, self.pins.__contains__):
            if at not in self.pins:
                own = self._pin_of_read(at) if isinstance(at, Read) else 0
                self.pins[at] = max([own, *(self.pins[part] for part in children(at))])
        return self.pins[e]

    def _pin_of_read(self, e: Read) -> int:
        buffer = e.source
        assert isinstance(buffer, Buffer)
        return 2 if buffer.space == "register" or buffer in self.written else 1

    def _value(self, e: Expr) -> str:
        """Of `e`, after its parts: without recursion, since expressions may be deep."""
        if (name := self._known(e)) is not None:
            return name
        for at in walk(e, lambda part: _is_guard(part) or self._known(part) is not None):
            name = self._known(at)
            if name is None:
                name = self._compute(self._scope_of(at), at)
                self._table(at)[self._key(at)] = name
        assert name is not None
        return name

    def _known(self, e: Expr) -> str | None:
        if isinstance(e, Const):
            return literal(e)
        if isinstance(e, Read) and (found := self._register(e)) is not None:
            return found
        return self._table(e).get(self._key(e))

    def _key(self, e: Expr) -> object:
        return (e, self.vector) if self._wide(e) else e

    def _table(self, e: Expr) -> dict[object, str]:
        """Where the value of `e` is kept, as long as it holds."""
        return self.passing if self._pin(e) == 2 else self._scope_of(e).values

    def _compute(self, scope: Scope, e: Expr) -> str:
        match e:
            case Read():
                return self._read(scope, e)
            case IndexValue():
                return self._index_value(scope, e)
            case Apply():
                return self._apply(scope, e)
        raise CompileError(f"no value of the loop IR: {e}")

    def _register(self, e: Read) -> str | None:
        buffer = e.source
        assert isinstance(buffer, Buffer)
        return self._register_read(buffer, e.indices[0])

    def _register_read(self, buffer: Buffer, address: Index) -> str | None:
        return (
            self.registers.get((buffer, self._lane0(address)))
            if buffer.space == "register"
            else None
        )

    def _lane0(self, address: Index) -> int:
        if self.vector is not None:
            address = substitute_index(address, {self.vector: index(0)})
        if address.terms:
            raise CompileError(f"a register needs a constant address, got {address}")
        return address.const

    def _read(self, scope: Scope, e: Read) -> str:
        buffer, address = e.source, e.indices[0]
        assert isinstance(buffer, Buffer)
        if not self._wide(e):
            return self._load_at(scope, buffer, address, False)
        assert self.vector is not None
        if self._stride(address) == 1:
            return self._load_at(
                scope, buffer, substitute_index(address, {self.vector: index(0)}), True
            )
        lanes = [
            self._load_at(
                scope, buffer, substitute_index(address, {self.vector: index(lane)}), False
            )
            for lane in range(self.vector.extent)
        ]
        return self._gathered(scope, e.dtype, lanes)

    def _guard(self, scope: Scope, e: Apply) -> str:
        """A read that happens only where its condition holds; elsewhere zeros are read and thrown
        away."""
        condition, inside, otherwise = e.args
        assert isinstance(inside, Read)
        assert isinstance(inside.source, Buffer)
        buffer, address = inside.source, inside.indices[0]
        wide = self._wide(e)
        other = self.value(otherwise, splat=wide)
        if not wide:
            test = self._value(condition)
            value = self._guarded_scalar(scope, buffer, address, test)
            kind = self._type(e.dtype, False)
            return self._line(scope, f"select i1 {test}, {kind} {value}, {kind} {other}")
        assert self.vector is not None
        lanes, kind = self.vector.extent, self._type(e.dtype, True)
        if not self._wide(condition) and self._stride(address) == 1:
            test = self._value(condition)
            base = substitute_index(address, {self.vector: index(0)})
            safe = self._safe(scope, self._pointer(scope, buffer, base), test)
            value = self._load(scope, e.dtype, safe, True)
            return self._line(scope, f"select i1 {test}, {kind} {value}, {kind} {other}")
        tests = self.value(condition)
        values = []
        for lane in range(lanes):
            test = self._line(scope, f"extractelement <{lanes} x i1> {tests}, i64 {lane}")
            where = substitute_index(address, {self.vector: index(lane)})
            values.append(self._guarded_scalar(scope, buffer, where, test))
        value = self._gathered(scope, e.dtype, values)
        return self._line(scope, f"select <{lanes} x i1> {tests}, {kind} {value}, {kind} {other}")

    def _index_value(self, scope: Scope, e: IndexValue) -> str:
        if not self._wide(e):
            return self._from_index(scope, self._index(e.index), "i64", e.dtype, False)
        assert self.vector is not None
        lanes = self.vector.extent
        numbers = [
            self._index(substitute_index(e.index, {self.vector: index(lane)}))
            for lane in range(lanes)
        ]
        kind, name = f"<{lanes} x i64>", "poison"
        for lane, number in enumerate(numbers):
            name = self._line(scope, f"insertelement {kind} {name}, i64 {number}, i64 {lane}")
        return self._from_index(scope, name, kind, e.dtype, True)

    def _from_index(self, scope: Scope, name: str, kind: str, dtype: DType, wide: bool) -> str:
        to = self._type(dtype, wide)
        return self._line(scope, f"{'sitofp' if dtype.is_float else 'trunc'} {kind} {name} to {to}")

    def _apply(self, scope: Scope, e: Apply) -> str:
        if e.function == "guard":
            return self._guard(scope, e)
        wide = self._wide(e)
        return self.operation(scope, e, [self.value(a, splat=wide) for a in e.args], wide)


def _is_guard(e: Expr) -> bool:
    """Whether a part of `e` must not be computed where its condition does not hold."""
    return isinstance(e, Apply) and e.function == "guard"
