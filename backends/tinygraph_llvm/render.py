"""Loop IR to LLVM IR text. Knows functions of numbers, loops and memory; nothing of ops.

Vector loops become explicit vectors; elements of register buffers become SSA values, carried around
serial loops by phis; every expression is computed once, in the outermost scope that binds its axes.
So the code generator needs no optimisation passes.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinygraph.errors import CompileError
from tinygraph.loops.expr import Apply
from tinygraph.loops.index import Index, index, substitute_index
from tinygraph.loops.ir import (
    Accumulate,
    Barrier,
    Buffer,
    For,
    If,
    Kernel,
    Stmt,
    Store,
    replace_axis,
    statements,
)
from tinygraph.types import DType
from tinygraph_llvm.text import Block, Scope
from tinygraph_llvm.values import Values


def render(kernel: Kernel, symbol: str) -> str:
    """LLVM IR text of a module with one function `symbol(ptr operands, i64 task)`."""
    return _Renderer(kernel, symbol).module()


class _Renderer(Values):
    def __init__(self, kernel: Kernel, symbol: str):
        super().__init__(kernel)
        self.kernel, self.symbol = kernel, symbol
        self.register_types: dict[Buffer, str] = {}

    # ---- the function ----------------------------------------------------------------------------
    # --------------------

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
        text = [
            f"define internal void @body({operands}, i64 %task) {{",
            *map(str, self.blocks),
            "}",
        ]
        return "\n".join([*text, self._wrapper(), *self.declared.values(), ""])

    def _wrapper(self) -> str:
        count = len(self.kernel.operands)
        lines = [f"define void @{self.symbol}(ptr %operands, i64 %task) {{"]
        for n in range(count):
            lines.append(f"  %q{n} = getelementptr inbounds ptr, ptr %operands, i64 {n}")
            lines.append(f"  %p{n} = load ptr, ptr %q{n}")
        args = ", ".join(f"ptr %p{n}" for n in range(count))
        return "\n".join([*lines, f"  call void @body({args}, i64 %task)", "  ret void", "}"])

    # ---- statements ------------------------------------------------------------------------------
    # --------------------

    def body(self, body: Sequence[Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        self.passing.clear()
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
            first = f"[ {start[key]}, %{before.label} ]"
            again = f"[ {self.registers[key]}, %{latch.label} ]"
            phis.append(f"{name} = phi {kind} {first}, {again}")
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
        if (
            stmt.kind == "add"
            and value.dtype.is_float
            and isinstance(value, Apply)
            and value.function == "mul"
        ):
            a, b = (self.value(v, splat=kind.startswith("<")) for v in value.args)
            new = self._fmuladd(self.here, kind, a, b, old)
        else:
            new = self._binary(
                stmt.kind, value.dtype, kind, old, self.value(value, splat=kind.startswith("<"))
            )
        self.registers[stmt.buffer, self._lane0(stmt.address)] = new

    def _is_vector_register(self, buffer: Buffer) -> bool:
        return self.register_types[buffer].startswith("<")

    # --------------------

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
            self._store_at(
                scope,
                buffer,
                substitute_index(address, {self.vector: index(0)}),
                value,
                dtype,
                True,
            )
        else:
            for lane in range(self.vector.extent):
                element = self._line(
                    scope, f"extractelement {self._type(dtype, True)} {value}, i64 {lane}"
                )
                where = substitute_index(address, {self.vector: index(lane)})
                self._store_at(scope, buffer, where, element, dtype, False)

    # --------------------

    # --------------------
