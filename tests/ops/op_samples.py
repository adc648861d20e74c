"""Random ops of every kind with input types that fit: what the op tests draw from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import hypothesis.strategies as st

import tinygraph.ops  # noqa: F401  # enters the ops
from tinygraph.graph import OPS, Example, Op
from tinygraph.ops.conv import Conv, output_extent
from tinygraph.ops.elementwise import PowInt
from tinygraph.ops.functions import Cast
from tinygraph.ops.pool import SumPool
from tinygraph.types import DType, TensorType, bool_, float32, float64, int32, uint32

NAMES = sorted(name for name, op in OPS.items() if op.__module__.startswith("tinygraph.ops."))
DIFFERENTIABLE = [name for name in NAMES if OPS[name].differentiable]

SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)
RANK = st.integers(1, 3)
NUMBERS = st.sampled_from([float32, float64, int32, uint32])
FLOATS = st.sampled_from([float32, float64])
FLOAT_ONLY = {"div", "pow", "exp", "log", "sqrt", "tanh", "sigmoid", "sin", "cos", "floor", "erf"}
LOW = {"div": 0.5, "pow": 0.5, "log": 0.5, "sqrt": 0.5}


def samples(name: str) -> st.SearchStrategy[Example]:
    """Examples of the op with this name."""
    return FAMILIES.get(name, lambda name: elementwise(name))(name)


@st.composite
def elementwise(draw: st.DrawFn, name: str) -> Example:
    op = OPS[name]()
    t = TensorType(draw(SHAPES), draw(FLOATS if name in FLOAT_ONLY else NUMBERS))
    return Example(op, (t,) * op.arity, LOW.get(name, -2.0), 2.0, distinct=True)  # type: ignore


@st.composite
def logic(draw: st.DrawFn, name: str) -> Example:
    op = OPS[name]()
    return Example(op, (TensorType(draw(SHAPES), bool_),) * op.arity)  # type: ignore


@st.composite
def where(draw: st.DrawFn, name: str) -> Example:
    t = TensorType(draw(SHAPES), draw(NUMBERS))
    return Example(OPS[name](), (t.with_dtype(bool_), t, t))


@st.composite
def cast(draw: st.DrawFn, name: str) -> Example:
    source = draw(st.sampled_from(list(DType)))
    low = -9.0 if source.is_float else 0.0
    target = draw(st.sampled_from([t for t in DType if t is not uint32 or low == 0.0]))
    return Example(Cast(target), (TensorType(draw(SHAPES), source),), low, 9.0)


@st.composite
def pow_int(draw: st.DrawFn, name: str) -> Example:
    exponent, dtype = draw(st.integers(-5, 9)), draw(FLOATS)
    return Example(PowInt(exponent), (TensorType(draw(SHAPES), dtype),), low=0.5)


@st.composite
def source(draw: st.DrawFn, name: str) -> Example:
    """Full and iota: no inputs."""
    t = TensorType(draw(SHAPES), draw(NUMBERS))
    if name == "full":
        return Example(OPS[name](draw(st.integers(0, 9)), t), ())
    axes = tuple(a for a in range(t.ndim) if draw(st.booleans()))
    return Example(OPS[name](t, axes), ())


@st.composite
def reduction(draw: st.DrawFn, name: str) -> Example:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    return Example(
        OPS[name](draw(some_axes(len(shape)))),
        (TensorType(shape, draw(NUMBERS)),),
        high=4.0,
        distinct=True,
    )


def some_axes(ndim: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(0, ndim - 1), min_size=1).map(lambda axes: tuple(sorted(axes)))


@st.composite
def broadcast(draw: st.DrawFn, name: str) -> Example:
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple))
    axes = draw(some_axes(len(shape)))
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    return Example(OPS[name](shape, axes), (TensorType(kept, draw(NUMBERS)),))


@st.composite
def reshape(draw: st.DrawFn, name: str) -> Example:
    factors = draw(st.lists(st.sampled_from([1, 2, 3, 5]), max_size=4))
    groups = [draw(st.permutations(factors)) for _ in range(2)]
    shape, target = (_grouped(draw, g) for g in groups)
    return Example(OPS[name](target), (TensorType(shape, draw(NUMBERS)),))


def _grouped(draw: st.DrawFn, factors: Sequence[int]) -> tuple[int, ...]:
    """A shape with the product of the factors."""
    cuts = sorted(draw(st.lists(st.integers(0, len(factors)), max_size=3)))
    bounds = [0, *cuts, len(factors)]
    return tuple(math.prod(factors[a:b]) for a, b in itertools.pairwise(bounds))


@st.composite
def transpose(draw: st.DrawFn, name: str) -> Example:
    shape = draw(SHAPES)
    order = tuple(draw(st.permutations(range(len(shape)))))
    return Example(OPS[name](order), (TensorType(shape, draw(NUMBERS)),))


@st.composite
def pad(draw: st.DrawFn, name: str) -> Example:
    shape, sides = draw(SHAPES), st.integers(0, 2)
    pairs = tuple(draw(st.tuples(sides, sides)) for _ in shape)
    return Example(OPS[name](pairs, draw(st.integers(0, 3))), (TensorType(shape, draw(NUMBERS)),))


@st.composite
def slice_(draw: st.DrawFn, name: str) -> Example:
    """Slices and unslices: positions inside a shape."""
    shape = draw(st.lists(st.integers(0, 5), max_size=3).map(tuple))
    ends = st.none() | st.integers(-6, 6)
    steps = st.sampled_from([None, 1, 1, 2, 3, -1, -2])
    ranges = [range(n)[slice(draw(ends), draw(ends), draw(steps))] for n in shape]
    starts, step = tuple(r.start for r in ranges), tuple(r.step for r in ranges)
    part, whole = TensorType(tuple(map(len, ranges)), draw(NUMBERS)), shape
    if name == "unslice":
        return Example(OPS[name](whole, starts, step), (part,))
    return Example(OPS[name](starts, part.shape, step), (part.with_shape(whole),))


@st.composite
def concatenate(draw: st.DrawFn, name: str) -> Example:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    axis, dtype = draw(st.integers(0, len(shape) - 1)), draw(st.sampled_from(list(DType)))
    extents = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    types = [TensorType((*shape[:axis], n, *shape[axis + 1 :]), dtype) for n in extents]
    return Example(OPS[name](axis), tuple(types))


@st.composite
def matmul(draw: st.DrawFn, name: str) -> Example:
    *stack, m, k, n = draw(st.lists(st.integers(0, 4), min_size=3, max_size=5))
    dtype = draw(NUMBERS)
    shapes = (*stack, m, k), (*stack, k, n)
    return Example(OPS[name](), tuple(TensorType(s, dtype) for s in shapes))


@dataclass(frozen=True)
class ConvCase:
    """A geometry with the types of x, w and y."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    x: TensorType
    w: TensorType
    y: TensorType

    @property
    def geometry(self) -> tuple:
        return self.stride, self.padding, self.dilation, self.groups


@st.composite
def conv_cases(draw: st.DrawFn, dtype: DType = float32, channels: int = 2) -> ConvCase:
    rank = draw(RANK)
    few = st.integers(1, 3)
    stride, dilation, window = (tuple(draw(few) for _ in range(rank)) for _ in range(3))
    sides = st.integers(0, 2)
    padding = tuple(draw(st.tuples(sides, sides)) for _ in range(rank))
    least = [
        max((w - 1) * d + 1 - sum(p), 1) for w, d, p in zip(window, dilation, padding, strict=True)
    ]
    space = tuple(n + draw(st.integers(0, 6 if rank < 3 else 2)) for n in least)
    groups, c, o = draw(few), draw(st.integers(1, channels)), draw(st.integers(1, channels))
    x = TensorType((draw(st.integers(1, 2)), *space, c * groups), dtype)
    w = TensorType((*window, c, o * groups), dtype)
    y = Conv(stride, padding, dilation, groups).result_type(x, w)
    return ConvCase(stride, padding, dilation, groups, x, w, y)


@st.composite
def conv(draw: st.DrawFn, name: str) -> Example:
    case = draw(conv_cases())
    if name == "conv":
        return Example(OPS[name](*case.geometry), (case.x, case.w))
    if name == "conv_data_gradient":
        return Example(OPS[name](*case.geometry, space=case.x.shape[1:-1]), (case.y, case.w))
    window = case.w.shape[:-2]
    return Example(OPS[name](*case.geometry, window=window), (case.x, case.y))


@dataclass(frozen=True)
class PoolCase:
    """A geometry with the types of x and y."""

    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    x: TensorType
    y: TensorType

    @property
    def geometry(self) -> tuple:
        return self.window, self.stride, self.padding


@st.composite
def pool_cases(draw: st.DrawFn, dtype: DType = float32) -> PoolCase:
    rank = draw(RANK)
    few = st.integers(1, 3)
    window, stride = (tuple(draw(few) for _ in range(rank)) for _ in range(2))
    padding = tuple(draw(st.tuples(*[st.integers(0, w - 1)] * 2)) for w in window)
    least = [max(w - sum(p), 1) for w, p in zip(window, padding, strict=True)]
    space = tuple(n + draw(st.integers(0, 6 if rank < 3 else 2)) for n in least)
    x = TensorType((draw(st.integers(1, 2)), *space, draw(few)), dtype)
    assert all(
        output_extent(n, w, s, p, 1) > 0
        for n, w, s, p in zip(space, window, stride, padding, strict=True)
    )
    return PoolCase(window, stride, padding, x, SumPool(window, stride, padding).result_type(x))


@st.composite
def pool(draw: st.DrawFn, name: str) -> Example:
    case = draw(pool_cases(draw(FLOATS)))
    space, position = case.x.shape[1:-1], case.y.with_dtype(int32)
    last = math.prod(case.window) - 1
    match name:
        case "max_pool_gradient":
            op = OPS[name](*case.geometry, space=space)
            return Example(op, (case.y, position), 0, last)
        case "max_pool_gather":
            return Example(OPS[name](*case.geometry), (case.x, position), 0, last)
        case "sum_pool_gradient":
            return Example(OPS[name](*case.geometry, space=space), (case.y,))
    return Example(OPS[name](*case.geometry), (case.x,), distinct=True)


@st.composite
def upsample(draw: st.DrawFn, name: str) -> Example:
    rank, few = draw(RANK), st.integers(1, 3)
    factors = tuple(draw(few) for _ in range(rank))
    shape = tuple(draw(few) for _ in range(rank + 2))
    return Example(OPS[name](factors), (TensorType(shape, draw(NUMBERS)),))


@st.composite
def random_bits(draw: st.DrawFn, name: str) -> Example:
    return Example(OPS[name](draw(SHAPES)), (TensorType((2,), uint32),), 0, 2**32 - 1)


@st.composite
def uniform(draw: st.DrawFn, name: str) -> Example:
    return Example(OPS[name](), (TensorType(draw(SHAPES), uint32),), 0, 2**32 - 1)


FAMILIES: dict[str, Callable[[str], st.SearchStrategy[Example]]] = {
    "where": where,
    "cast": cast,
    "pow_int": pow_int,
    "full": source,
    "iota": source,
    "broadcast": broadcast,
    "reshape": reshape,
    "transpose": transpose,
    "pad": pad,
    "slice": slice_,
    "unslice": slice_,
    "concatenate": concatenate,
    "matmul": matmul,
    "upsample_nearest": upsample,
    "random_bits": random_bits,
    "uniform_from_bits": uniform,
    **dict.fromkeys(["logical_and", "logical_or", "logical_not"], logic),
    **dict.fromkeys(["sum", "max", "min", "argmax", "argmin"], reduction),
    **dict.fromkeys(["conv", "conv_data_gradient", "conv_weight_gradient"], conv),
    **dict.fromkeys(
        [
            "max_pool",
            "max_pool_position",
            "max_pool_gradient",
            "max_pool_gather",
            "sum_pool",
            "sum_pool_gradient",
        ],
        pool,
    ),
}
"""The strategy of each op that is not a plain elementwise one."""


def float_positions(op: Op, types: Sequence[TensorType]) -> list[int]:
    """Which inputs are floats, hence may have a gradient."""
    return [k for k, t in enumerate(types) if t.dtype.is_float]
