"""Functions of numbers as LLVM instructions, for scalars and vectors alike."""

from __future__ import annotations

from collections.abc import Sequence

from tinygraph.errors import CompileError
from tinygraph.loops.expr import Apply, Const
from tinygraph.types import DType
from tinygraph_llvm.text import VALUE_TYPES, Scope, Writer, all_ones, mangled, zero

FLOAT_OPS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
INT_OPS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "and": "and",
    "or": "or",
    "xor": "xor",
    "shl": "shl",
    "shr": "lshr",
}
FLOAT_COMPARE = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
INT_COMPARE = {"lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
INTRINSICS = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "round": "rint"}


class Arithmetic(Writer):
    """Renders functions whose arguments are rendered already."""

    def operation(self, scope: Scope, e: Apply, args: Sequence[str], wide: bool) -> str:
        """The function of `e`, for arguments that are vectors if `wide`."""
        kind, source = self._type(e.dtype, wide), e.args[0].dtype
        match e.function:
            case "select":
                mask = self._type(DType.bool, wide)
                yes, no = f"{kind} {args[1]}", f"{kind} {args[2]}"
                return self._line(scope, f"select {mask} {args[0]}, {yes}, {no}")
            case "cast":
                return self._cast(scope, args[0], source, e.dtype, wide)
            case "fma":
                return self._fmuladd(scope, kind, *args)
            case "neg" if e.dtype.is_float:
                return self._line(scope, f"fneg {kind} {args[0]}")
            case "neg":
                return self._line(scope, f"sub {kind} {zero(kind)}, {args[0]}")
            case "not":
                return self._line(scope, f"xor {kind} {args[0]}, {all_ones(kind)}")
            case "mulhi":
                return self._mulhi(scope, kind, args)
            case "pow2" | "exponent" | "mantissa":
                return self._bits(scope, e, kind, args[0], wide)
            case "abs" if not e.dtype.is_float:
                minus = self._line(scope, f"sub {kind} {zero(kind)}, {args[0]}")
                return self._larger(scope, "max", e.dtype, kind, args[0], minus)
            case "max" | "min":
                solid = any(isinstance(a, Const) and a.value == a.value for a in e.args[1:])
                return self._larger(scope, e.function, e.dtype, kind, *args, solid=solid)
        if e.function in FLOAT_COMPARE:
            compare = _comparison(e.function, source)
            return self._line(scope, f"{compare} {self._type(source, wide)} {args[0]}, {args[1]}")
        if e.function in INTRINSICS and e.dtype.is_float:
            return self._intrinsic(scope, INTRINSICS[e.function], kind, args)
        return self._binary(e.function, e.dtype, kind, *args, scope=scope)

    def _binary(
        self, function: str, dtype: DType, kind: str, a: str, b: str, scope: Scope | None = None
    ) -> str:
        scope = scope or self.here
        if function in ("max", "min"):
            return self._larger(scope, function, dtype, kind, a, b)
        if dtype.is_float and function in FLOAT_OPS:
            return self._line(scope, f"{FLOAT_OPS[function]} contract {kind} {a}, {b}")
        if not dtype.is_float and function in INT_OPS:
            return self._line(scope, f"{INT_OPS[function]} {kind} {a}, {b}")
        raise CompileError(
            f"no machine function {function} of {dtype}; it should have been expanded"
        )

    def _larger(
        self,
        scope: Scope,
        function: str,
        dtype: DType,
        kind: str,
        a: str,
        b: str,
        solid: bool = False,
    ) -> str:
        """max or min that lets NaN through; `solid`: b is known to be a number."""
        mask = kind.replace(VALUE_TYPES[dtype], "i1") if kind.startswith("<") else "i1"
        if not dtype.is_float:
            sign = "u" if dtype is DType.uint32 else "s"
            test = self._line(
                scope, f"icmp {sign}{'gt' if function == 'max' else 'lt'} {kind} {a}, {b}"
            )
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
        symbol = f"llvm.{name}.{mangled(kind)}"
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
            n = self._line(scope, f"freeze {bits} {n}")  # of a NaN: any number, but a number
            n = self._line(scope, f"add {bits} {n}, {number(bias)}")
            n = self._line(scope, f"shl {bits} {n}, {number(mantissa)}")
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
        return self._line(
            scope, f"trunc {wide} {self._line(scope, f'lshr {wide} {product}, {shift}')} to {kind}"
        )

    def _cast(self, scope: Scope, name: str, source: DType, to: DType, wide: bool) -> str:
        a, b = self._type(source, wide), self._type(to, wide)
        if to is DType.bool:
            test = (
                f"fcmp une {a} {name}, {zero(a)}"
                if source.is_float
                else f"icmp ne {a} {name}, {zero(a)}"
            )
            return self._line(scope, test)
        if source.is_float and to.is_float:
            return self._line(
                scope, f"{'fpext' if to is DType.float64 else 'fptrunc'} {a} {name} to {b}"
            )
        if to.is_float:
            return self._line(
                scope, f"{'sitofp' if source is DType.int32 else 'uitofp'} {a} {name} to {b}"
            )
        if source.is_float:
            symbol = f"llvm.fpto{'s' if to is DType.int32 else 'u'}i.sat.{mangled(b)}.{mangled(a)}"
            self.declared[symbol] = f"declare {b} @{symbol}({a})"
            return self._line(scope, f"call {b} @{symbol}({a} {name})")
        if source is DType.bool:
            return self._line(scope, f"zext {a} {name} to {b}")
        return name


def _comparison(function: str, dtype: DType) -> str:
    if dtype.is_float:
        return f"fcmp {FLOAT_COMPARE[function]}"
    if function in ("eq", "ne"):
        return f"icmp {function}"
    return f"icmp {'s' if dtype is DType.int32 else 'u'}{INT_COMPARE[function]}"
