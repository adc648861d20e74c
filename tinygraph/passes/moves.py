"""Rules for ops that only move elements: two moves are one, and a move to nowhere is none."""

from __future__ import annotations

from tinygraph.graph import Node
from tinygraph.ops.reduce import Broadcast, Max, Min, Sum
from tinygraph.ops.shape import Concatenate, Pad, Reshape, Slice, Transpose
from tinygraph.passes.exact import exact
from tinygraph.passes.rewrite import instead, rule


@rule("a reshape to the shape it has changes nothing", Reshape)
def reshape_to_same(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if x.shape == node.shape else None


@rule("of two reshapes the second counts", Reshape)
def reshape_twice(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Reshape(), inputs=(x,)),):
            return instead(node, node.op, x)
    return None


@rule("a transpose that keeps the order changes nothing", Transpose)
def transpose_to_same(node: Node) -> Node | None:
    match node:
        case Node(op=Transpose(order=order), inputs=(x,)) if order == tuple(range(len(order))):
            return x
    return None


@rule("two transposes are one", Transpose)
def transpose_twice(node: Node) -> Node | None:
    match node:
        case Node(
            op=Transpose(order=outer), inputs=(Node(op=Transpose(order=inner), inputs=(x,)),)
        ):
            return instead(node, Transpose(tuple(inner[a] for a in outer)), x)
    return None


@rule("a broadcast along no axis changes nothing", Broadcast)
def broadcast_along_nothing(node: Node) -> Node | None:
    match node:
        case Node(op=Broadcast(axes=()), inputs=(x,)):
            return x
    return None


@rule("two broadcasts are one", Broadcast)
def broadcast_twice(node: Node) -> Node | None:
    match node:
        case Node(op=Broadcast(axes=outer), inputs=(Node(op=Broadcast(axes=inner), inputs=(x,)),)):
            kept = [a for a in range(node.ndim) if a not in outer]
            axes = tuple(sorted((*outer, *(kept[a] for a in inner))))
            return instead(node, Broadcast(node.shape, axes), x)
    return None


@rule("a max, min or sum of whole numbers over no axis changes nothing", Max, Min, Sum)
def reduce_over_nothing(node: Node) -> Node | None:
    match node:
        case Node(op=Max(axes=()) | Min(axes=()), inputs=(x,)):
            return x
        case Node(op=Sum(axes=()), inputs=(x,)) if x.dtype.is_integer:
            return x  # of floats, 0.0 + -0.0 is 0.0
    return None


@rule("a padding of no width changes nothing", Pad)
def pad_by_nothing(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if x.shape == node.shape else None


@rule("two paddings with the same value are one", Pad)
def pad_twice(node: Node) -> Node | None:
    match node:
        case Node(
            op=Pad(pairs=outer, value=value),
            inputs=(Node(op=Pad(pairs=inner, value=same), inputs=(x,)),),
        ) if exact(value) == exact(same):
            pairs = tuple((a + c, b + d) for (a, b), (c, d) in zip(inner, outer, strict=True))
            return instead(node, Pad(pairs, value), x)
    return None


@rule("a slice of everything, in order, changes nothing", Slice)
def slice_of_all(node: Node) -> Node | None:
    match node:
        case Node(op=Slice(extents=extents, steps=steps), inputs=(x,)):
            in_order = all(s == 1 or n == 1 for n, s in zip(extents, steps, strict=True))
            return x if x.shape == extents and in_order else None
    return None


@rule("two slices are one", Slice)
def slice_twice(node: Node) -> Node | None:
    match node:
        case Node(
            op=Slice(starts=starts, extents=extents, steps=steps),
            inputs=(Node(op=Slice() as first, inputs=(x,)),),
        ):
            spans = zip(first.starts, first.steps, starts, steps, strict=True)
            where = [(a + c * b, b * d) for a, b, c, d in spans]
            new = Slice(tuple(a for a, _ in where), extents, tuple(b for _, b in where))
            return instead(node, new, x)
    return None


@rule("a single input, concatenated, is itself", Concatenate)
def concatenate_one(node: Node) -> Node | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


RULES = (
    reshape_to_same,
    reshape_twice,
    transpose_to_same,
    transpose_twice,
    broadcast_along_nothing,
    broadcast_twice,
    reduce_over_nothing,
    pad_by_nothing,
    pad_twice,
    slice_of_all,
    slice_twice,
    concatenate_one,
)
