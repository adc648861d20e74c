"""Convolution over any number of spatial axes: one trilinear form, three partial derivatives.

    T(x, w, g) = sum over n,i,u,c,o of  x[n, i*s + u*d - p, c] * w[u, c, o] * g[n, i, o]

with x: N,space...,C_in   w: window...,C_in/groups,C_out   g: N,space...,C_out. What T asks to be
multiplied with g is the convolution, with x its data gradient (the transposed convolution), with w
its weight gradient. T is linear in each, so the gradients of the three are again the three: the
family is closed under differentiation.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops.expr import Expr, Operand, total
from tinygraph.loops.index import Axis, index
from tinygraph.ops.base import named_axes
from tinygraph.types import TensorType, float32


def output_extent(
    extent: int, window: int, stride: int, padding: tuple[int, int], dilation: int
) -> int:
    """floor((N - F + 2P) / S) + 1, for a window dilated to F = (window - 1) * dilation + 1."""
    return (extent + sum(padding) - (window - 1) * dilation - 1) // stride + 1


@dataclass(frozen=True)
class Trilinear(Op):
    """The geometry that the three ops share; every tuple has one entry a spatial axis."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.stride)

    @property
    def geometry(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.dilation, self.groups

    def taps(self, window: Sequence[int]) -> itertools.product:
        """Every position in the window."""
        return itertools.product(*map(range, window))

    def source(self, i: Axis, u: Axis, axis: int) -> Any:
        """Which position of x output position i sees through tap u."""
        return index(i) * self.stride[axis] + index(u) * self.dilation[axis] - self.padding[axis][0]

    def check(self, *inputs: TensorType) -> None:
        if not len(self.stride) == len(self.padding) == len(self.dilation):
            raise ShapeError(
                f"{self.name} needs stride, padding and dilation for the same number of axes, got "
                f"stride {self.stride}, padding {self.padding}, dilation {self.dilation}"
            )
        sides = [side for pair in self.padding for side in pair]
        if min((*self.stride, *self.dilation, self.groups)) < 1 or min(sides, default=0) < 0:
            raise ShapeError(f"{self} needs stride, dilation, groups >= 1 and padding >= 0")
        shapes = ", ".join(map(str, inputs))
        if any(t.ndim != self.rank + 2 for t in inputs):
            raise ShapeError(f"{self} needs operands with {self.rank + 2} axes, got {shapes}")
        if len({t.dtype for t in inputs}) > 1 or not inputs[0].dtype.is_float:
            raise DtypeError(f"{self.name} needs floats of one dtype, got {shapes}")

    def padded(self, x: np.ndarray) -> np.ndarray:
        return np.pad(x, ((0, 0), *self.padding, (0, 0)))

    def tap_slices(self, tap: Sequence[int], extents: Sequence[int]) -> tuple[slice, ...]:
        """Of the padded x: what the outputs see through one tap."""
        spans = zip(tap, extents, self.stride, self.dilation, strict=True)
        return tuple(slice(u * d, u * d + (n - 1) * s + 1 if n else 0, s) for u, n, s, d in spans)

    def grouped(self, x: np.ndarray) -> np.ndarray:
        """..., C  ->  ..., groups, C/groups"""
        return x.reshape(*x.shape[:-1], self.groups, x.shape[-1] // self.groups)

    def __str__(self) -> str:
        plain = ((1,) * self.rank, ((0, 0),) * self.rank, (1,) * self.rank, 1)
        pairs = zip(("stride", "padding", "dilation", "groups"), self.geometry, plain, strict=True)
        text = ", ".join(f"{k}={_short(v)}" for k, v, usual in pairs if v != usual)
        return f"{self.name}({text})" if text else self.name


def _short(value: Any) -> str:
    if isinstance(value, tuple) and len(set(value)) == 1:
        return _short(value[0])
    return str(value).replace(" ", "")


class Conv(Trilinear):
    """y[n,i,o] = sum over u,c of x[n, i*s+u*d-p, c] * w[u,c,o]"""

    name: ClassVar[str] = "conv"
    symbol: ClassVar[str] = "conv"

    def result_type(self, *inputs: TensorType) -> TensorType:
        x, w = inputs
        self.check(x, w)
        c_in, c_out = x.shape[-1], w.shape[-1]
        if c_in != w.shape[-2] * self.groups or c_out % self.groups:
            raise ShapeError(
                f"{self} needs x with C_in channels and w with C_in/groups input channels "
                f"and a multiple of groups output channels, got x {x} and w {w}; "
                f"w[..., {c_in // self.groups}, {c_out}] would fit"
            )
        space = self.output_space(x.shape[1:-1], w.shape[:-2])
        if min((*space, *w.shape[:-2]), default=1) < 1:
            raise ShapeError(f"{self}: the window {list(w.shape[:-2])} does not fit into x {x}")
        return x.with_shape((x.shape[0], *space, c_out))

    def output_space(self, space: Sequence[int], window: Sequence[int]) -> tuple[int, ...]:
        spans = zip(space, window, self.stride, self.padding, self.dilation, strict=True)
        return tuple(output_extent(*span) for span in spans)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x, w = self.padded(inputs[0]), inputs[1]
        window, (c, o) = w.shape[:-2], w.shape[-2:]
        space = self.output_space(inputs[0].shape[1:-1], window)
        y = np.zeros((x.shape[0], *space, self.groups, o // self.groups), x.dtype)
        for tap in self.taps(window):
            seen = self.grouped(x[(slice(None), *self.tap_slices(tap, space))])
            y += np.einsum(
                "...gc,cgo->...go", seen, w[tap].reshape(c, self.groups, -1), optimize=True
            )
        return y.reshape(*y.shape[:-2], o)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, w = operands
        n, *space, o = i
        *u, c = *named_axes("uvt", w.shape[:-2]), Axis("c", w.shape[-2])
        at = [self.source(*pair, axis) for axis, pair in enumerate(zip(space, u, strict=True))]
        channel = index(o) // (w.shape[-1] // self.groups) * w.shape[-2] + c
        return total((*u, c), x.at(n, *at, channel) * w[(*u, c, o)])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, w = inputs
        dx = make(ConvDataGradient(*self.geometry, space=x.shape[1:-1]), g, w)
        return dx, make(ConvWeightGradient(*self.geometry, window=w.shape[:-2]), x, g)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(*geometry), types[:2]) for geometry, types in _cases()]


@dataclass(frozen=True)
class ConvDataGradient(Trilinear):
    """x[n,a,c] = sum over u,o of g[n,i,o] * w[u,c,o], where i = (a+p-u*d)/s is a whole number

    This is the transposed convolution.
    """

    space: tuple[int, ...] = ()
    """The extents of x: the stride leaves them open."""
    name: ClassVar[str] = "conv_data_gradient"
    symbol: ClassVar[str] = "conv\u1d40"

    def result_type(self, *inputs: TensorType) -> TensorType:
        g, w = inputs
        self.check(g, w)
        want = Conv(*self.geometry).output_space(self.space, w.shape[:-2])
        if g.shape[-1] != w.shape[-1] or g.shape[1:-1] != want or w.shape[-1] % self.groups:
            raise ShapeError(
                f"{self} needs w with a multiple of groups output channels and "
                f"g with shape [N,{','.join(map(str, want))},{w.shape[-1]}], got {g} and w {w}"
            )
        return g.with_shape((g.shape[0], *self.space, w.shape[-2] * self.groups))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        g, w = inputs
        window, (c, _) = w.shape[:-2], w.shape[-2:]
        padded = [extent + sum(p) for extent, p in zip(self.space, self.padding, strict=True)]
        x = np.zeros((g.shape[0], *padded, self.groups, c), g.dtype)
        for tap in self.taps(window):
            back = np.einsum(
                "...go,cgo->...gc",
                self.grouped(g),
                w[tap].reshape(c, self.groups, -1),
                optimize=True,
            )
            x[(slice(None), *self.tap_slices(tap, g.shape[1:-1]))] += back
        if not np.isfinite(w).all():
            x += self._beyond(x, g, w)
        inner = tuple(
            slice(p[0], p[0] + extent) for extent, p in zip(self.space, self.padding, strict=True)
        )
        return np.ascontiguousarray(
            x[(slice(None), *inner)].reshape(g.shape[0], *self.space, c * self.groups)
        )

    def _beyond(self, x: np.ndarray, g: np.ndarray, w: np.ndarray) -> np.ndarray:
        """What taps add where they meet the zeros around g: 0 times infinity or NaN is NaN."""
        added = np.zeros_like(x)
        for tap in self.taps(w.shape[:-2]):
            steps = zip(tap, self.stride, self.dilation, strict=True)
            reached = tuple(slice(u * d % s, None, s) for u, s, d in steps)
            one = np.zeros_like(x)
            nothing = (0 * w[tap]).reshape(w.shape[-2], self.groups, -1).sum(-1)
            one[(slice(None), *reached)] = nothing.T
            one[(slice(None), *self.tap_slices(tap, g.shape[1:-1]))] = 0
            added += one
        return added

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        g, w = operands
        n, *space, channel = i
        *u, o = *named_axes("uvt", w.shape[:-2]), Axis("o", w.shape[-1] // self.groups)
        distance = [
            index(a) + p[0] - index(v) * d
            for a, v, p, d in zip(space, u, self.padding, self.dilation, strict=True)
        ]
        group, c = index(channel) // w.shape[-2], index(channel) % w.shape[-2]
        out = group * (w.shape[-1] // self.groups) + o
        at = [e // s for e, s in zip(distance, self.stride, strict=True)]
        where = tuple(e % s for e, s in zip(distance, self.stride, strict=True))
        return total((*u, o), g.at(n, *at, out) * w[(*u, c, out)], where)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        upstream, w = inputs
        dw = make(ConvWeightGradient(*self.geometry, window=w.shape[:-2]), g, upstream)
        return make(Conv(*self.geometry), g, w), dw

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(*geometry, space=types[0].shape[1:-1]), (types[2], types[1]))
            for geometry, types in _cases()
        ]


@dataclass(frozen=True)
class ConvWeightGradient(Trilinear):
    """w[u,c,o] = sum over n,i of x[n, i*s+u*d-p, c] * g[n,i,o]"""

    window: tuple[int, ...] = ()
    """The extents of the window: the stride leaves them open."""
    name: ClassVar[str] = "conv_weight_gradient"
    symbol: ClassVar[str] = "conv\u1d42"

    def result_type(self, *inputs: TensorType) -> TensorType:
        x, g = inputs
        self.check(x, g)
        want = Conv(*self.geometry).output_space(x.shape[1:-1], self.window)
        if (
            (x.shape[0], *want) != g.shape[:-1]
            or x.shape[-1] % self.groups
            or g.shape[-1] % self.groups
        ):
            raise ShapeError(
                f"{self} needs g with shape [{x.shape[0]},{','.join(map(str, want))},C_out], "
                f"got x {x} and g {g}"
            )
        return x.with_shape((*self.window, x.shape[-1] // self.groups, g.shape[-1]))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x, g = self.padded(inputs[0]), self.grouped(inputs[1])
        c, o = x.shape[-1] // self.groups, inputs[1].shape[-1]
        w = np.zeros((*self.window, c, self.groups, o // self.groups), x.dtype)
        for tap in self.taps(self.window):
            seen = self.grouped(x[(slice(None), *self.tap_slices(tap, inputs[1].shape[1:-1]))])
            w[tap] = np.einsum(
                "pgc,pgo->cgo",
                seen.reshape(-1, self.groups, c),
                g.reshape(-1, *g.shape[-2:]),
                optimize=True,
            )
        return w.reshape(*self.window, c, o)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, g = operands
        *u, c, o = i
        n, *space = named_axes("nijk", g.shape[:-1])
        at = [self.source(*pair, axis) for axis, pair in enumerate(zip(space, u, strict=True))]
        channel = index(o) // (g.shape[-1] // self.groups) * (x.shape[-1] // self.groups) + c
        return total((n, *space), x.at(n, *at, channel) * g[(n, *space, o)])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, upstream = inputs
        dx = make(ConvDataGradient(*self.geometry, space=x.shape[1:-1]), upstream, g)
        return dx, make(Conv(*self.geometry), x, g)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(*geometry, window=types[1].shape[:-2]), (types[0], types[2]))
            for geometry, types in _cases()
        ]


def _cases() -> list[tuple[tuple, tuple[TensorType, TensorType, TensorType]]]:
    """Geometries with the types of x, w and y: strided, padded, dilated, grouped, 1-D, 3-D."""
    cases = [
        (((1, 1), ((0, 0), (0, 0)), (1, 1), 1), (2, 5, 6, 3), (3, 2, 3, 4)),
        (((2, 1), ((1, 1), (0, 1)), (1, 2), 2), (2, 7, 6, 4), (3, 2, 2, 6)),
        (((1, 1), ((1, 1), (1, 1)), (1, 1), 4), (1, 4, 5, 4), (3, 3, 1, 8)),
        (((3,), ((1, 2),), (2,), 1), (2, 9, 2), (3, 2, 3)),
        (((1, 2, 1), ((0, 0), (1, 0), (0, 0)), (1, 1, 1), 1), (1, 3, 4, 3, 2), (2, 2, 1, 2, 2)),
    ]
    return [(geometry, _types(geometry, x, w)) for geometry, x, w in cases]


def _types(geometry: tuple, x: tuple, w: tuple) -> tuple[TensorType, TensorType, TensorType]:
    xt, wt = TensorType(x, float32), TensorType(w, float32)
    return xt, wt, Conv(*geometry).result_type(xt, wt)


Pairs = Sequence[tuple[int, int]]


def _geometry(
    rank: int,
    stride: Sequence[int] | None,
    padding: Pairs | None,
    dilation: Sequence[int] | None,
    groups: int,
) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...], tuple[int, ...], int]:
    """The fields of a conv op: stride and dilation are 1 and the padding nothing unless given."""
    pairs = tuple((before, after) for before, after in padding or ((0, 0),) * rank)
    return tuple(stride or (1,) * rank), pairs, tuple(dilation or (1,) * rank), groups


def conv(
    x: Node,
    w: Node,
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Node:
    """The convolution (in truth the correlation) of x with w."""
    return make(Conv(*_geometry(w.ndim - 2, stride, padding, dilation, groups)), x, w)


def conv_data_gradient(
    g: Node,
    w: Node,
    space: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Node:
    """The transposed convolution, to an x with the spatial extents `space`; w as for `conv`."""
    geometry = _geometry(w.ndim - 2, stride, padding, dilation, groups)
    return make(ConvDataGradient(*geometry, space=tuple(space)), g, w)


def conv_weight_gradient(
    x: Node,
    g: Node,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Node:
    """The gradient of a w with the spatial extents `window`."""
    geometry = _geometry(x.ndim - 2, stride, padding, dilation, groups)
    return make(ConvWeightGradient(*geometry, window=tuple(window)), x, g)
