"""Loop IR to LLVM IR text. Knows functions of numbers, loops and memory; nothing of ops.

Vector loops become explicit vectors; elements of register buffers become SSA values, carried around serial loops by phis; every
expression is computed once, in the outermost scope that binds its axes. So the code generator needs no optimisation passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tinygraph.errors import CompileError
from tinygraph.loops.expr import Apply, Const, Expr, IndexValue, Read, reads, substitute
from tinygraph.loops.index import Atom, Axis, Floor, Index, index, interval, substitute_index
from tinygraph.loops.ir import Accumulate, Barrier, Buffer, For, If, Kernel, Stmt, Store, statements
from tinygraph.types import DType

MEMORY_TYPES = {"float32": "float", "float64": "double", "int32": "i32", "uint32": "i32", "bool": "i8"}
VALUE_TYPES = {**MEMORY_TYPES, "bool": "i1"}
FLOAT_OPS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
INT_OPS = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor", "shl": "shl", "shr": "lshr"}
FLOAT_COMPARE = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
INT_COMPARE = {"lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
INTRINSICS = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "round": "rint"}


@dataclass
class Block:
    """A basic block under construction; its end is set last, so that code can still be hoisted into it."""

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


def render(kernel: Kernel, symbol: str) -> str:
    """LLVM IR text of a module with one function `symbol(ptr operands, i64 task)`."""
    return _Renderer(kernel, symbol).module()


class _Renderer:
    def __init__(self, kernel: Kernel, symbol: str):
        self.kernel, self.symbol = kernel, symbol
        self.blocks: list[Block] = []
        self.scopes = [Scope(self._block("entry"))]
        self.registers: dict[tuple[Buffer, int], str] = {}
        self.register_types: dict[Buffer, str] = {}
        self.pins: dict[Expr, int] = {}
        self.vector: Axis | None = None
        self.declared: dict[str, str] = {}
        self.count = 0
        written = {s.buffer for s in statements(kernel.body) if isinstance(s, Store | Accumulate)}
        self.written = {b for b in written if b.space != "register"}
        self.numbers = {buffer: n for n, buffer in enumerate(kernel.operands)}

    # ---- the function ------------------------------------------------------------------------------------------------

    def module(self) -> str:
        body, axes = self.kernel.body, self.kernel.task_axes
        rest: str | None = "%task"
        for axis in reversed(axes):
            if axis.extent == 1:
                continue
            top = self.scopes[0]
            last = axis is next(a for a in axes if a.extent != 1)
            name = rest if last else self._line(top, f"urem i64 {rest}, {axis.extent}")
            rest = rest if last else self._line(top, f"udiv i64 {rest}, {axis.extent}")
            top.values[axis] = str(name)
            top.axes.add(axis)
        for _ in axes:
            stmt = body[0]
            assert isinstance(stmt, For)
            body = stmt.body
        self.body(body)
        self.here.block.end = "ret void"
        operands = ", ".join(f"ptr noalias %b{n}" for n in range(len(self.kernel.operands)))
        text = [f"define internal void @body({operands}, i64 %task) {{", *map(str, self.blocks), "}"]
        return "\n".join([*text, self._wrapper(), *self.declared.values(), ""])

    def _wrapper(self) -> str:
        count = len(self.kernel.operands)
        lines = [f"define void @{self.symbol}(ptr %operands, i64 %task) {{"]
        for n in range(count):
            lines.append(f"  %q{n} = getelementptr inbounds ptr, ptr %operands, i64 {n}")
            lines.append(f"  %p{n} = load ptr, ptr %q{n}")
        args = ", ".join(f"ptr %p{n}" for n in range(count))
        return "\n".join([*lines, f"  call void @body({args}, i64 %task)", "  ret void", "}"])

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

    # ---- statements --------------------------------------------------------------------------------------------------

    def body(self, body: Sequence[Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        match stmt:
            case For(axis, body, kind) if axis.extent == 1 and kind != "vector":
                self.body(body)
            case For(axis, body, "unroll"):
                for value in range(axis.extent):
                    self.body(replace_axis(body, axis, value))
            case For(axis, body, "vector"):
                assert self.vector is None
                self.vector = axis
                self.body(body)
                self.vector = None
            case For():
                self._loop(stmt)
            case Store(buffer, address, value):
                self._write(buffer, address, self.value(value), value.dtype)
            case Accumulate():
                self._accumulate(stmt)
            case If():
                self._branch(stmt)
            case Barrier():
                raise CompileError("a CPU task has one item: it needs no barrier")

    def _loop(self, loop: For) -> None:
        """A serial loop: header with phis for the counter and for every register written inside."""
        outer = self.here
        before, head = outer.block, self._block(self._name("loop"))
        before.end = f"br label %{head.label}"
        scope = Scope(head, {loop.axis})
        counter = f"%{self._name('i')}"
        scope.values[loop.axis] = counter
        trips = self._trips(outer, loop)
        written = {s.buffer for s in statements(loop.body) if isinstance(s, Store | Accumulate)}
        carried = {key: f"%{self._name('r')}" for key in self.registers if key[0] in written}
        start = dict(self.registers)
        self.registers.update(carried)
        self.scopes.append(scope)
        self.body(loop.body)
        self.scopes.pop()
        latch, after = scope.block, self._block(self._name("after"))
        step = self._name("n")
        latch.lines.append(f"%{step} = add nuw nsw i64 {counter}, 1")
        done = self._name("c")
        latch.lines.append(f"%{done} = icmp ult i64 %{step}, {trips}")
        latch.end = f"br i1 %{done}, label %{head.label}, label %{after.label}"
        phis = [f"{counter} = phi i64 [ 0, %{before.label} ], [ %{step}, %{latch.label} ]"]
        for key, name in carried.items():
            kind = self.register_types[key[0]]
            phis.append(
                f"{name} = phi {kind} [ {start[key]}, %{before.label} ], [ {self.registers[key]}, %{latch.label} ]"
            )
        head.lines[:0] = phis
        self.registers = {key: self.registers[key] for key in start}
        outer.block = after

    def _trips(self, outer: Scope, loop: For) -> str:
        if loop.stop is None:
            return str(loop.axis.extent)
        stop = self._index(loop.stop)
        small = self._line(outer, f"icmp slt i64 {stop}, {loop.axis.extent}")
        return self._line(outer, f"select i1 {small}, i64 {stop}, i64 {loop.axis.extent}")

    def _branch(self, stmt: If) -> None:
        condition = self.value(stmt.condition)
        outer = self.here
        before, after = outer.block, Block(self._name("join"))
        labels = []
        for body in (stmt.body, stmt.orelse):
            block = self._block(self._name("branch"))
            labels.append(block.label)
            self.scopes.append(Scope(block, runs=False))
            registers = dict(self.registers)
            self.body(body)
            self.registers = registers  # registers live inside one branch only
            self.scopes.pop().block.end = f"br label %{after.label}"
        before.end = f"br i1 {condition}, label %{labels[0]}, label %{labels[1]}"
        self.blocks.append(after)
        outer.block = after

    def _accumulate(self, stmt: Accumulate) -> None:
        old = self._register_read(stmt.buffer, stmt.address)
        if old is None:
            raise CompileError("accumulation is into registers only")
        value, kind = stmt.value, self._type(stmt.value.dtype, True)
        if not self._is_vector_register(stmt.buffer):
            kind = self._type(stmt.value.dtype, False)
        if stmt.kind == "add" and value.dtype.is_float and isinstance(value, Apply) and value.function == "mul":
            a, b = (self.value(v, splat=kind.startswith("<")) for v in value.args)
            new = self._fmuladd(self.here, kind, a, b, old)
        else:
            new = self._binary(stmt.kind, value.dtype, kind, old, self.value(value, splat=kind.startswith("<")))
        self.registers[stmt.buffer, self._lane0(stmt.address)] = new

    def _is_vector_register(self, buffer: Buffer) -> bool:
        return self.register_types[buffer].startswith("<")

    # ---- memory ------------------------------------------------------------------------------------------------------

    def _lane0(self, address: Index) -> int:
        if self.vector is not None:
            address = substitute_index(address, {self.vector: index(0)})
        if address.terms:
            raise CompileError(f"a register needs a constant address, got {address}")
        return address.const

    def _register_read(self, buffer: Buffer, address: Index) -> str | None:
        return self.registers.get((buffer, self._lane0(address))) if buffer.space == "register" else None

    def _write(self, buffer: Buffer, address: Index, value: str, dtype: DType) -> None:
        if buffer.space == "register":
            wide = self.vector is not None and self.vector in address.axes
            kind = self._type(dtype, wide)
            self.register_types[buffer] = kind
            self.registers[buffer, self._lane0(address)] = value
            return
        scope = self.here
        if self.vector is None:
            self._store_at(scope, buffer, address, value, dtype, False)
        elif self._stride(address) == 1:
            self._store_at(scope, buffer, substitute_index(address, {self.vector: index(0)}), value, dtype, True)
        else:
            for lane in range(self.vector.extent):
                element = self._line(scope, f"extractelement {self._type(dtype, True)} {value}, i64 {lane}")
                where = substitute_index(address, {self.vector: index(lane)})
                self._store_at(scope, buffer, where, element, dtype, False)

    def _store_at(self, scope: Scope, buffer: Buffer, address: Index, value: str, dtype: DType, wide: bool) -> None:
        if dtype is DType.bool:
            value = self._line(scope, f"zext {self._type(dtype, wide)} {value} to {self._memory_type(dtype, wide)}")
        pointer = self._pointer(scope, buffer, address)
        align = dtype.itemsize
        scope.block.lines.append(f"store {self._memory_type(dtype, wide)} {value}, ptr {pointer}, align {align}")

    def _stride(self, address: Index) -> int | None:
        """Elements from lane to lane, or None where that differs."""
        assert self.vector is not None
        if any(isinstance(atom, Floor) and self.vector in atom.axes for atom, _ in address.terms):
            return None
        return address.coefficient(self.vector)

    def _pointer(self, scope: Scope, buffer: Buffer, address: Index) -> str:
        """Built from the outermost scope inwards, so that each part is computed as rarely as possible."""
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
                at.values[key] = self._line(at, f"getelementptr inbounds {kind}, ptr {pointer}, i64 {offset}")
            pointer = at.values[key]
        if not address.const:
            return pointer
        return self._line(scope, f"getelementptr inbounds {kind}, ptr {pointer}, i64 {address.const}")

    def _depth(self, axes: frozenset[Axis]) -> int:
        """The innermost scope that binds one of `axes`."""
        for depth in range(len(self.scopes) - 1, 0, -1):
            if not self.scopes[depth].axes.isdisjoint(axes):
                return depth
        return 0

    # ---- indices -----------------------------------------------------------------------------------------------------

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
            name = self._line(scope, f"{'udiv' if atom.part == '//' else 'urem'} i64 {inner}, {atom.by}")
        else:  # round towards minus infinity: shift into the positive range by a multiple of `by`
            lift = -(interval(atom.index)[0] // atom.by) * atom.by
            raised = self._line(scope, f"add nsw i64 {inner}, {lift}")
            name = self._line(scope, f"{'udiv' if atom.part == '//' else 'urem'} i64 {raised}, {atom.by}")
            if atom.part == "//":
                name = self._line(scope, f"sub nsw i64 {name}, {lift // atom.by}")
        scope.values[atom] = name
        return name

    # ---- values ------------------------------------------------------------------------------------------------------

    def _type(self, dtype: DType, wide: bool) -> str:
        plain = VALUE_TYPES[dtype]
        return f"<{self.vector.extent} x {plain}>" if wide and self.vector is not None else plain

    def _memory_type(self, dtype: DType, wide: bool) -> str:
        plain = MEMORY_TYPES[dtype]
        return f"<{self.vector.extent} x {plain}>" if wide and self.vector is not None else plain

    def _wide(self, e: Expr) -> bool:
        """Whether the value differs from lane to lane."""
        return self.vector is not None and self.vector in e.axes

    def value(self, e: Expr, splat: bool = True) -> str:
        """The SSA value of `e`: in a vector loop a vector, unless `splat` is False and the lanes agree."""
        name = self._value(e)
        if self.vector is None or not splat or self._wide(e):
            return name
        return self._splat(e, name)

    def _splat(self, e: Expr, name: str) -> str:
        assert self.vector is not None
        lanes, kind = self.vector.extent, VALUE_TYPES[e.dtype]
        if isinstance(e, Const):
            return f"<{', '.join([f'{kind} {name}'] * lanes)}>"
        key = ("splat", e, lanes)
        scope = self._scope_of(e)
        if key not in scope.values:
            one = self._line(scope, f"insertelement <{lanes} x {kind}> poison, {kind} {name}, i64 0")
            scope.values[key] = self._line(
                scope, f"shufflevector <{lanes} x {kind}> {one}, <{lanes} x {kind}> poison, <{lanes} x i32> zeroinitializer"
            )
        return scope.values[key]

    def _scope_of(self, e: Expr) -> Scope:
        """The outermost scope in which `e` can be computed."""
        return self.scopes[max(self._depth(e.axes), self._pinned(e))]

    def _pinned(self, e: Expr) -> int:
        """Reads of registers and of memory that the kernel writes stay where they are; other reads stay behind branches."""
        pinned = self.pins.get(e)
        if pinned is None:
            pinned = self.pins[e] = _pin(e, self.written)
        if pinned == 2:
            return len(self.scopes) - 1
        if pinned == 1:
            return max((n for n, s in enumerate(self.scopes) if not s.runs), default=0)
        return 0

    def _value(self, e: Expr) -> str:
        if isinstance(e, Const):
            return literal(e)
        if isinstance(e, Read) and (found := self._register(e)) is not None:
            return found
        scope = self._scope_of(e)
        pinned = self.pins[e] == 2
        key = (e, self.vector) if self._wide(e) else e
        if not pinned and key in scope.values:
            return scope.values[key]
        name = self._compute(scope, e)
        if not pinned:
            scope.values[key] = name
        return name

    def _register(self, e: Read) -> str | None:
        buffer = e.source
        assert isinstance(buffer, Buffer)
        return self._register_read(buffer, e.indices[0])

    def _compute(self, scope: Scope, e: Expr) -> str:
        match e:
            case Read():
                return self._read(scope, e)
            case IndexValue():
                return self._index_value(scope, e)
            case Apply():
                return self._apply(scope, e)
        raise CompileError(f"no value of the loop IR: {e}")

    def _read(self, scope: Scope, e: Read) -> str:
        buffer, address = e.source, e.indices[0]
        assert isinstance(buffer, Buffer)
        if not self._wide(e):
            return self._load_at(scope, buffer, address, False)
        assert self.vector is not None
        if self._stride(address) == 1:
            return self._load_at(scope, buffer, substitute_index(address, {self.vector: index(0)}), True)
        lanes = [
            self._load_at(scope, buffer, substitute_index(address, {self.vector: index(lane)}), False)
            for lane in range(self.vector.extent)
        ]
        return self._gathered(scope, e.dtype, lanes)

    def _gathered(self, scope: Scope, dtype: DType, lanes: Sequence[str]) -> str:
        kind, name = self._type(dtype, True), "poison"
        for lane, value in enumerate(lanes):
            name = self._line(scope, f"insertelement {kind} {name}, {VALUE_TYPES[dtype]} {value}, i64 {lane}")
        return name

    def _load_at(self, scope: Scope, buffer: Buffer, address: Index, wide: bool) -> str:
        pointer = self._pointer(scope, buffer, address)
        return self._load(scope, buffer.dtype, pointer, wide)

    def _load(self, scope: Scope, dtype: DType, pointer: str, wide: bool) -> str:
        kind = self._memory_type(dtype, wide)
        name = self._line(scope, f"load {kind}, ptr {pointer}, align {dtype.itemsize}")
        if dtype is not DType.bool:
            return name
        return self._line(scope, f"trunc {kind} {name} to {self._type(dtype, wide)}")

    def _guard(self, scope: Scope, e: Apply) -> str:
        """A read that happens only where its condition holds; elsewhere address 0 is read and thrown away."""
        condition, inside, otherwise = e.args
        assert isinstance(inside, Read) and isinstance(inside.source, Buffer)
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
        if not self._wide(condition) and (self._stride(address) in (0, 1)):
            test = self._value(condition)
            base = substitute_index(address, {self.vector: index(0)})
            if self._stride(address) == 0:
                value = self._guarded_scalar(scope, buffer, base, test)
                return self._line(scope, f"select i1 {test}, {kind} {value}, {kind} {other}")
            pointer = self._pointer(scope, buffer, base)
            safe = self._line(scope, f"select i1 {test}, ptr {pointer}, ptr %b{self.numbers[buffer]}")
            if buffer.size >= lanes:
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

    def _guarded_scalar(self, scope: Scope, buffer: Buffer, address: Index, test: str) -> str:
        pointer = self._pointer(scope, buffer, address)
        safe = self._line(scope, f"select i1 {test}, ptr {pointer}, ptr %b{self.numbers[buffer]}")
        return self._load(scope, buffer.dtype, safe, False)

    def _index_value(self, scope: Scope, e: IndexValue) -> str:
        if not self._wide(e):
            return self._from_index(scope, self._index(e.index), "i64", e.dtype, False)
        assert self.vector is not None
        lanes = self.vector.extent
        numbers = [self._index(substitute_index(e.index, {self.vector: index(lane)})) for lane in range(lanes)]
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
        kind = self._type(e.dtype, wide)
        source = e.args[0].dtype
        if e.function == "select":
            condition = self.value(e.args[0], splat=wide)
            yes, no = (self.value(a, splat=wide) for a in e.args[1:])
            return self._line(scope, f"select {self._type(DType.bool, wide)} {condition}, {kind} {yes}, {kind} {no}")
        args = [self.value(a, splat=wide) for a in e.args]
        from_kind = self._type(source, wide)
        if e.function == "cast":
            return self._cast(scope, args[0], source, e.dtype, wide)
        if e.function == "bitcast":
            return self._line(scope, f"bitcast {from_kind} {args[0]} to {kind}")
        if e.function in FLOAT_COMPARE:
            return self._line(scope, f"{_comparison(e.function, source)} {from_kind} {args[0]}, {args[1]}")
        if e.function == "fma":
            return self._fmuladd(scope, kind, *args)
        if e.function == "neg":
            return self._line(scope, f"fneg {kind} {args[0]}" if e.dtype.is_float else f"sub {kind} {_zero(kind)}, {args[0]}")
        if e.function == "not":
            return self._line(scope, f"xor {kind} {args[0]}, {_ones(kind)}")
        if e.function == "mulhi":
            return self._mulhi(scope, kind, args)
        if e.function in ("pow2", "exponent", "mantissa"):
            return self._bits(scope, e, kind, args[0], wide)
        if e.function in INTRINSICS and e.dtype.is_float:
            return self._intrinsic(scope, INTRINSICS[e.function], kind, args)
        if e.function == "abs":
            minus = self._line(scope, f"sub {kind} {_zero(kind)}, {args[0]}")
            return self._larger(scope, "max", e.dtype, kind, args[0], minus)
        if e.function in ("max", "min"):
            solid = any(isinstance(a, Const) and a.value == a.value for a in e.args[1:])
            return self._larger(scope, e.function, e.dtype, kind, *args, solid=solid)
        return self._binary(e.function, e.dtype, kind, *args, scope=scope)

    def _binary(self, function: str, dtype: DType, kind: str, a: str, b: str, scope: Scope | None = None) -> str:
        scope = scope or self.here
        if function in ("max", "min"):
            return self._larger(scope, function, dtype, kind, a, b)
        if dtype.is_float and function in FLOAT_OPS:
            return self._line(scope, f"{FLOAT_OPS[function]} contract {kind} {a}, {b}")
        if not dtype.is_float and function in INT_OPS:
            return self._line(scope, f"{INT_OPS[function]} {kind} {a}, {b}")
        raise CompileError(f"no machine function {function} of {dtype}; it should have been expanded")

    def _larger(self, scope: Scope, function: str, dtype: DType, kind: str, a: str, b: str, solid: bool = False) -> str:
        """max or min that lets NaN through; `solid`: b is known to be a number."""
        mask = kind.replace(VALUE_TYPES[dtype], "i1") if kind.startswith("<") else "i1"
        if not dtype.is_float:
            sign = "u" if dtype is DType.uint32 else "s"
            test = self._line(scope, f"icmp {sign}{'gt' if function == 'max' else 'lt'} {kind} {a}, {b}")
            return self._line(scope, f"select {mask} {test}, {kind} {a}, {kind} {b}")
        better = "gt" if function == "max" else "lt"
        if solid:
            test = self._line(scope, f"fcmp u{better} {kind} {a}, {b}")
            return self._line(scope, f"select {mask} {test}, {kind} {a}, {kind} {b}")
        nan = self._line(scope, f"fcmp uno {kind} {a}, {a}")
        first = self._line(scope, f"fcmp o{better} {kind} {a}, {b}")
        test = self._line(scope, f"or {mask} {nan}, {first}")
        return self._line(scope, f"select {mask} {test}, {kind} {a}, {kind} {b}")

    def _fmuladd(self, scope: Scope, kind: str, a: str, b: str, c: str) -> str:
        return self._intrinsic(scope, "fmuladd", kind, [a, b, c])

    def _intrinsic(self, scope: Scope, name: str, kind: str, args: Sequence[str]) -> str:
        symbol = f"llvm.{name}.{_mangled(kind)}"
        self.declared[symbol] = f"declare {kind} @{symbol}({', '.join([kind] * len(args))})"
        return self._line(scope, f"call {kind} @{symbol}({', '.join(f'{kind} {a}' for a in args)})")

    def _bits(self, scope: Scope, e: Apply, kind: str, x: str, wide: bool) -> str:
        """2**n from n, or the exponent or the mantissa of x, by way of the bits."""
        lanes = self.vector.extent if wide and self.vector is not None else None
        size, mantissa, bias = (32, 23, 127) if e.dtype is DType.float32 else (64, 52, 1023)
        bits = f"<{lanes} x i{size}>" if lanes else f"i{size}"

        def number(value: int) -> str:
            return f"splat (i{size} {value})" if lanes else str(value)

        if e.function == "pow2":
            n = self._line(scope, f"fptosi {kind} {x} to {bits}")
            n = self._line(scope, f"shl {bits} {self._line(scope, f'add {bits} {n}, {number(bias)}')}, {number(mantissa)}")
            return self._line(scope, f"bitcast {bits} {n} to {kind}")
        n = self._line(scope, f"bitcast {kind} {x} to {bits}")
        if e.function == "exponent":
            n = self._line(scope, f"lshr {bits} {n}, {number(mantissa)}")
            n = self._line(scope, f"sub {bits} {n}, {number(bias)}")
            return self._line(scope, f"sitofp {bits} {n} to {kind}")
        n = self._line(scope, f"and {bits} {n}, {number((1 << mantissa) - 1)}")
        n = self._line(scope, f"or {bits} {n}, {number(bias << mantissa)}")
        return self._line(scope, f"bitcast {bits} {n} to {kind}")

    def _mulhi(self, scope: Scope, kind: str, args: Sequence[str]) -> str:
        wide = kind.replace("i32", "i64")
        a, b = (self._line(scope, f"zext {kind} {arg} to {wide}") for arg in args)
        product = self._line(scope, f"mul {wide} {a}, {b}")
        shift = "32" if wide == "i64" else f"<{', '.join(['i64 32'] * int(wide[1:].split()[0]))}>"
        return self._line(scope, f"trunc {wide} {self._line(scope, f'lshr {wide} {product}, {shift}')} to {kind}")

    def _cast(self, scope: Scope, name: str, source: DType, to: DType, wide: bool) -> str:
        a, b = self._type(source, wide), self._type(to, wide)
        if to is DType.bool:
            test = f"fcmp une {a} {name}, {_zero(a)}" if source.is_float else f"icmp ne {a} {name}, {_zero(a)}"
            return self._line(scope, test)
        if source.is_float and to.is_float:
            return self._line(scope, f"{'fpext' if to is DType.float64 else 'fptrunc'} {a} {name} to {b}")
        if to.is_float:
            return self._line(scope, f"{'sitofp' if source is DType.int32 else 'uitofp'} {a} {name} to {b}")
        if source.is_float:
            symbol = f"llvm.fpto{'s' if to is DType.int32 else 'u'}i.sat.{_mangled(b)}.{_mangled(a)}"
            self.declared[symbol] = f"declare {b} @{symbol}({a})"
            return self._line(scope, f"call {b} @{symbol}({a} {name})")
        if source is DType.bool:
            return self._line(scope, f"zext {a} {name} to {b}")
        return name


def _pin(e: Expr, written: set[Buffer]) -> int:
    level = 0
    for r in reads(e):
        buffer = r.source
        assert isinstance(buffer, Buffer)
        level = max(level, 2 if buffer.space == "register" or buffer in written else 1)
    return level


def _comparison(function: str, dtype: DType) -> str:
    if dtype.is_float:
        return f"fcmp {FLOAT_COMPARE[function]}"
    if function in ("eq", "ne"):
        return f"icmp {function}"
    return f"icmp {'s' if dtype is DType.int32 else 'u'}{INT_COMPARE[function]}"


def _zero(kind: str) -> str:
    return "zeroinitializer" if kind.startswith("<") else ("0" if kind.startswith("i") else "0.0")


def _ones(kind: str) -> str:
    return "splat (i1 true)" if kind.startswith("<") else "true"


def _mangled(kind: str) -> str:
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


def replace_axis(body: Sequence[Stmt], axis: Axis, value: int) -> tuple[Stmt, ...]:
    """`body` with `axis` fixed to `value`."""
    to = {axis: index(value)}
    return tuple(_replaced(stmt, to) for stmt in body)


def _replaced(stmt: Stmt, to: dict[Axis, Index]) -> Stmt:
    match stmt:
        case For(axis, body, kind):
            stop = None if stmt.stop is None else substitute_index(stmt.stop, to)
            return For(axis, tuple(_replaced(inner, to) for inner in body), kind, stop)
        case Store(buffer, address, value):
            return Store(buffer, substitute_index(address, to), substitute(value, to))
        case Accumulate(kind, buffer, address, value):
            return Accumulate(kind, buffer, substitute_index(address, to), substitute(value, to))
        case If(condition, body, orelse):
            return If(
                substitute(condition, to),
                tuple(_replaced(inner, to) for inner in body),
                tuple(_replaced(inner, to) for inner in orelse),
            )
        case Barrier():
            return stmt
