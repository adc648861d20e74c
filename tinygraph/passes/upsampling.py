"""Rules for upsampled images: what can be done before the copies are made is done there.

Nearest-neighbour upsampling copies each element to a block. Gates that work element by element,
and 1x1 convolutions, give one value a block again, so they can come first. A wider convolution of
an upsampled image is a transposed convolution of the small one: taps that meet the same element
are added up beforehand, which leaves 4 multiplications of 9 for a window of 3x3 and a factor of 2.
On the way back, where blocks are summed, the same holds the other way round.

Forward the values stay the same, bit for bit, for gates and 1x1 convolutions. The other rules add
in another order, as a schedule may; a number may differ by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import floordiv, mod

from tinygraph.graph import Node, make
from tinygraph.ops.base import Full, full
from tinygraph.ops.compare import Where
from tinygraph.ops.conv import Conv, ConvDataGradient, ConvWeightGradient, Trilinear
from tinygraph.ops.elementwise import Add, Div, Mul, Neg, Sub
from tinygraph.ops.pool import SumPool, UpsampleNearest, sum_pool
from tinygraph.ops.reduce import Broadcast, Sum
from tinygraph.ops.shape import flip, reshape, transpose
from tinygraph.passes.rewrite import Rule, instead

Factors = tuple[int, ...]
CONVOLUTIONS = (Conv, ConvDataGradient)
LARGEST_BLOCK = 16
"""Of elements that a wide convolution is split by: each gets a kernel of its own."""
DEEPEST = 64
"""How many gates back a sum over blocks is followed."""


class _Blocks:
    """What is known of the nodes met in one walk: each is asked for once, so equal ones are one."""

    def __init__(self) -> None:
        self._factors: dict[Node, Factors | None] = {}
        self._small: dict[tuple[Node, Factors], Node | None] = {}
        self._pooled: dict[tuple[Node, Factors], Node | None] = {}
        self._summed: dict[tuple[Node, Factors], Node] = {}
        self._wider: dict[tuple[Node, Factors, bool], Node] = {}
        self._depth = 0

    def factors(self, node: Node) -> Factors | None:
        """Of the upsampling that is the node, or that elementwise gates right before it read: the
        largest that all of them have in common."""
        if node not in self._factors:
            found = None
            if isinstance(node.op, UpsampleNearest):
                found = node.op.factors
            elif node.op.elementwise:
                each = [f for x in node.inputs if (f := self.factors(x)) is not None]
                found = tuple(map(math.gcd, *each)) if len(each) > 1 else next(iter(each), None)
            self._factors[node] = None if found is None or set(found) == {1} else found
        return self._factors[node]

    def small(self, node: Node, factors: Factors) -> Node | None:
        """The node before upsampling by `factors`, if it has one value a block."""
        key = node, factors
        if key not in self._small:
            self._small[key] = self._find_small(node, factors)
        return self._small[key]

    def _find_small(self, node: Node, factors: Factors) -> Node | None:
        match node:
            case Node(op=UpsampleNearest(factors=own), inputs=(x,)):
                return _less_upsampled(node, x, own, factors)
            case Node(op=Full(value=value)):
                return full(value, node.type.with_shape(_divided(node.shape, factors)))
            case Node(op=Broadcast(axes=axes), inputs=(x,)) if _spatial(node) <= set(axes):
                return instead(node, Broadcast(_divided(node.shape, factors), axes), x)
        if not node.op.elementwise or self.factors(node) != factors:
            return None
        inputs = [self.small(x, factors) for x in node.inputs]
        found = [x for x in inputs if x is not None]
        return instead(node, node.op, *found) if len(found) == len(inputs) else None

    def summed(self, node: Node, factors: Factors) -> Node:
        """The sum of each block."""
        cheap = self.pooled(node, factors)
        if cheap is not None:
            return cheap
        key = node, factors
        if key not in self._summed:
            self._summed[key] = sum_pool(node, factors)
        return self._summed[key]

    def pooled(self, node: Node, factors: Factors) -> Node | None:
        """The sum of each block, if it can be had without making the blocks."""
        key = node, factors
        if key not in self._pooled:
            if self._depth > DEEPEST:
                return None
            self._depth += 1
            self._pooled[key] = self._find_pooled(node, factors)
            self._depth -= 1
        return self._pooled[key]

    def _find_pooled(self, node: Node, factors: Factors) -> Node | None:
        if (x := self.small(node, factors)) is not None:
            return x * math.prod(factors)
        if (steps := self._in_two_steps(node, factors)) is not None:
            return steps
        match node:
            case Node(op=Add() | Sub() | Neg()):
                if any(self.pooled(x, factors) is not None for x in node.inputs):
                    return instead(node, node.op, *(self.summed(x, factors) for x in node.inputs))
            case Node(op=Mul(), inputs=(a, b)):
                for one, other in ((a, b), (b, a)):
                    if (x := self.small(one, factors)) is not None:
                        return instead(node, node.op, x, self.summed(other, factors))
            case Node(op=Div(), inputs=(a, b)):
                if (x := self.small(b, factors)) is not None:
                    return instead(node, node.op, self.summed(a, factors), x)
            case Node(op=Where(), inputs=(condition, a, b)):
                if (c := self.small(condition, factors)) is not None:
                    return instead(
                        node, node.op, c, self.summed(a, factors), self.summed(b, factors)
                    )
            case Node(op=Conv() | ConvDataGradient() as op, inputs=(x, w)) if _plain(op):
                if _is_point(op, w):
                    return self._point(node, op, self.summed(x, factors), w)
                back = isinstance(op, ConvDataGradient)
                if not _fits(op, w.shape[:-2], factors, mirrored=back):
                    return None
                new = Conv(factors, _padding(op, w, back), (1,) * op.rank, 1)
                return instead(node, new, x, self.wider(w, factors, flipped=back))
        return None

    def _in_two_steps(self, node: Node, factors: Factors) -> Node | None:
        """Small blocks first, where the node is upsampled by less than `factors`."""
        own = self.factors(node)
        if own is None or own == factors or any(map(mod, factors, own)):
            return None
        first = self.pooled(node, own)
        return None if first is None else self.summed(first, tuple(map(floordiv, factors, own)))

    def _point(self, node: Node, op: Trilinear, x: Node, w: Node) -> Node:
        """A 1x1 convolution, of a smaller x."""
        if isinstance(op, ConvDataGradient):
            return instead(node, ConvDataGradient(*op.geometry, space=x.shape[1:-1]), x, w)
        return instead(node, op, x, w)

    def wider(self, w: Node, factors: Factors, flipped: bool) -> Node:
        """The window that meets an image before upsampling: K[t] = sum over r<f of w[t-r].

        `flipped` turns the window around first, and swaps the channels: what turns a convolution
        into the transposed one.
        """
        key = w, factors, flipped
        if key not in self._wider:
            turned = _turned(w) if flipped else w
            *window, c, o = turned.shape
            flat = reshape(turned, (1, *window, c * o))
            ones = (1,) * len(factors)
            wide = sum_pool(flat, factors, ones, [(f - 1, f - 1) for f in factors])
            self._wider[key] = reshape(wide, (*wide.shape[1:-1], c, o))
        return self._wider[key]

    # ---- the rules

    def twice(self, node: Node) -> Node | None:
        match node:
            case Node(
                op=UpsampleNearest(factors=outer),
                inputs=(Node(op=UpsampleNearest(factors=inner), inputs=(x,)),),
            ):
                both = tuple(a * b for a, b in zip(inner, outer, strict=True))
                return instead(node, UpsampleNearest(both), x)
        return None

    def elementwise(self, node: Node) -> Node | None:
        factors = self.factors(node) if node.op.elementwise else None
        if factors is None or not (node.dtype.is_float or node.dtype.is_integer):
            return None
        x = self.small(node, factors)
        return None if x is None else instead(node, UpsampleNearest(factors), x)

    def convolution(self, node: Node) -> Node | None:
        match node:
            case Node(op=Conv() | ConvDataGradient() as op, inputs=(x, w)) if _plain(op):
                factors = self.factors(x)
                small = None if factors is None else self.small(x, factors)
                if factors is None or small is None:
                    return None
                if _is_point(op, w):
                    inner = self._point(node, op, small, w)
                    return instead(node, UpsampleNearest(factors), inner)
                forward = isinstance(op, Conv)
                if not _fits(op, w.shape[:-2], factors, mirrored=forward):
                    return None
                new = ConvDataGradient(
                    factors, _padding(op, w, forward), (1,) * op.rank, 1, space=node.shape[1:-1]
                )
                return instead(node, new, small, self.wider(w, factors, flipped=forward))
        return None

    def weight_gradient(self, node: Node) -> Node | None:
        match node:
            case Node(op=ConvWeightGradient() as op, inputs=(x, g)) if _plain(op):
                for image, other in ((x, g), (g, x)):
                    factors = self.factors(image)
                    small = None if factors is None else self.small(image, factors)
                    if factors is None or small is None:
                        continue
                    if set(op.window) == {1} and not any(map(any, op.padding)):
                        pair = {image: small, other: self.summed(other, factors)}
                        return instead(node, op, pair[x], pair[g])
                    if _fits(op, op.window, factors, mirrored=image is x):
                        return self._wide_gradient(op, small, other, factors, image is x)
        return None

    def _wide_gradient(
        self, op: ConvWeightGradient, small: Node, other: Node, factors: Factors, forward: bool
    ) -> Node:
        """The gradient of `wider(w)`, summed to that of w."""
        window = tuple(k + f - 1 for k, f in zip(op.window, factors, strict=True))
        padding = _mirrored(op.padding, op.window) if forward else op.padding
        wide_op = ConvWeightGradient(factors, padding, (1,) * op.rank, 1, window=window)
        wide = make(wide_op, other, small)
        c, o = wide.shape[-2:]
        flat = reshape(wide, (1, *window, c * o))
        narrow = sum_pool(flat, factors, (1,) * op.rank)
        own = reshape(narrow, (*op.window, c, o))
        return _turned(own) if forward else own

    def pool(self, node: Node) -> Node | None:
        match node:
            case Node(op=SumPool(window=window, stride=stride, padding=padding), inputs=(x,)):
                whole = all(n % f == 0 for n, f in zip(x.shape[1:-1], window, strict=True))
                if window == stride and whole and not any(map(any, padding)):
                    return self.pooled(x, window)
        return None

    def total(self, node: Node) -> Node | None:
        match node:
            case Node(op=Sum(axes=axes), inputs=(x,)) if _spatial(x) and _spatial(x) <= set(axes):
                factors = self.factors(x)
                pooled = None if factors is None else self.pooled(x, factors)
                return None if pooled is None else instead(node, node.op, pooled)
        return None


def _spatial(x: Node) -> set[int]:
    return set(range(1, x.ndim - 1))


def _divided(shape: Sequence[int], factors: Factors) -> tuple[int, ...]:
    n, *space, c = shape
    return (n, *(extent // f for extent, f in zip(space, factors, strict=True)), c)


def _plain(op: Trilinear) -> bool:
    """Without stride, dilation and groups."""
    return {*op.stride, *op.dilation, op.groups} == {1}


def _less_upsampled(node: Node, x: Node, own: Factors, factors: Factors) -> Node | None:
    """x upsampled by what `factors` leave of its `own`."""
    if own == factors:
        return x
    if any(map(mod, own, factors)):
        return None
    return instead(node, UpsampleNearest(tuple(map(floordiv, own, factors))), x)


def _is_point(op: Trilinear, w: Node) -> bool:
    return set(w.shape[:-2]) == {1} and not any(map(any, op.padding))


def _padding(op: Trilinear, w: Node, mirrored: bool) -> tuple[tuple[int, int], ...]:
    return _mirrored(op.padding, w.shape[:-2]) if mirrored else op.padding


def _mirrored(
    padding: Sequence[tuple[int, int]], window: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Of the transposed convolution that is the same as a convolution."""
    return tuple((k - 1 - a, k - 1 - b) for (a, b), k in zip(padding, window, strict=True))


def _fits(op: Trilinear, window: Sequence[int], factors: Factors, mirrored: bool) -> bool:
    """Whether a convolution of blocks can be written as one of their sums, and pays."""
    inside = all(max(pair) < k for pair, k in zip(op.padding, window, strict=True))
    return math.prod(factors) <= LARGEST_BLOCK and (inside or not mirrored)


def _turned(w: Node) -> Node:
    """The window turned around, the channels swapped."""
    rank = w.ndim - 2
    return transpose(flip(w, range(rank)), (*range(rank), rank + 1, rank))


def rules() -> tuple[Rule, ...]:
    """The rules for one walk."""
    blocks = _Blocks()
    return (
        Rule("two upsamplings are one", blocks.twice, (UpsampleNearest,)),
        Rule("gates work before upsampling, on fewer elements", blocks.elementwise),
        Rule(
            "a convolution of upsampled data is a transposed one of the data",
            blocks.convolution,
            CONVOLUTIONS,
        ),
        Rule(
            "what upsampled data gives a weight is summed over blocks first",
            blocks.weight_gradient,
            (ConvWeightGradient,),
        ),
        Rule("blocks are summed before gates and convolutions, not after", blocks.pool, (SumPool,)),
        Rule("a sum of upsampled data is one of sums over blocks", blocks.total, (Sum,)),
    )
