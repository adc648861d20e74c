"""Leaving out what no output needs.

A gate that no output depends on is not in a graph in the first place. What remains are gates that
pass on what they get, and elements that are made only to be cut off.
"""

from __future__ import annotations

from tinygraph.graph import Node, is_leaf
from tinygraph.ops.base import Full
from tinygraph.ops.functions import Detach
from tinygraph.ops.shape import Concatenate, Pad, Slice
from tinygraph.passes.rewrite import instead, rule


@rule("detach is x, once the gradients are there", Detach)
def detached(node: Node) -> Node | None:
    return node.inputs[0]


@rule("a tensor without elements needs no computing")
def empty(node: Node) -> Node | None:
    if node.type.size or is_leaf(node) or isinstance(node.op, Full):
        return None
    return instead(node, Full(0, node.type))


@rule("an input without elements adds nothing to a concatenation", Concatenate)
def empty_part(node: Node) -> Node | None:
    parts = [x for x in node.inputs if x.type.size]
    if len(parts) == len(node.inputs) or not parts:
        return None
    return instead(node, node.op, *parts)


@rule("padding that is cut off again was not needed", Slice)
def slice_of_pad(node: Node) -> Node | None:
    match node:
        case Node(
            op=Slice(starts=starts, extents=extents, steps=steps),
            inputs=(Node(op=Pad(pairs=pairs), inputs=(x,)),),
        ):
            inner = tuple(start - before for start, (before, _) in zip(starts, pairs, strict=True))
            if _inside(x.shape, inner, extents, steps):
                return instead(node, Slice(inner, extents, steps), x)
    return None


@rule("a piece of a concatenation comes from the input it lies in", Slice)
def slice_of_concatenate(node: Node) -> Node | None:
    match node:
        case Node(
            op=Slice(starts=starts, extents=extents, steps=steps),
            inputs=(Node(op=Concatenate(axis=axis), inputs=parts),),
        ):
            offset = 0
            for x in parts:
                inner = tuple(s - offset if a == axis else s for a, s in enumerate(starts))
                if _inside(x.shape, inner, extents, steps):
                    return instead(node, Slice(inner, extents, steps), x)
                offset += x.shape[axis]
    return None


def _inside(
    shape: tuple[int, ...],
    starts: tuple[int, ...],
    extents: tuple[int, ...],
    steps: tuple[int, ...],
) -> bool:
    """Are there positions, and are all of them inside `shape`?"""
    return all(
        extent and 0 <= start < n and 0 <= start + (extent - 1) * step < n
        for n, start, extent, step in zip(shape, starts, extents, steps, strict=True)
    )


RULES = (detached, empty, empty_part, slice_of_pad, slice_of_concatenate)
