"""Patches, and the locally connected layers: a window at each position, with weights of its own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, spatial
from tinygraph.functional.windows import padding_pairs, span
from tinygraph.graph import Node, scope
from tinygraph.ops.conv import output_extent
from tinygraph.tensor import Tensor, node_of, wrap
from tinygraph.tensor.broadcast import require_one_dtype


def patches(
    x: Any, window: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """What a window sees at each position, as one row: x: N,space...,C -> N,positions...,F*G*C.

    A row runs over the window in row-major order, channels fastest. So `conv2d(x, w)` is
    `patches(x, (F, G)) @ w.reshape((F * G * C, C_out))`: the im2col form. The padding is 0.
    """
    node = node_of(x)
    rank = node.ndim - 2
    if rank < 1:
        raise ShapeError(f"patches needs x [N,space...,C], got {node.type}{here()}")
    with scope("patches"):
        return wrap(
            _patches("patches", node, spatial("window", window, rank), stride, padding, dilation)
        )


def locally_connected1d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """x: N,L,C   w: L',F,C,C_out   ->   N,L',C_out. See `locally_connected2d`."""
    return _local("locally_connected1d", 1, x, w, stride, padding, dilation)


def locally_connected2d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """A convolution whose weights are not shared: each position of y has a kernel of its own.

    y[n,i,j,o] = sum over u,v,c of x[n, i*s+u*d-p, j*s+v*d-p, c] * w[i,j,u,v,c,o]

    x: N,H,W,C   w: H',W',F,G,C,C_out   ->   N,H',W',C_out, with H' as for `conv2d`.
    """
    return _local("locally_connected2d", 2, x, w, stride, padding, dilation)


def _local(
    name: str, rank: int, x: Any, w: Any, stride: Any, padding: Any, dilation: Any
) -> Tensor:
    node, weights = node_of(x), node_of(w)
    letters = "L" if rank == 1 else "HW"
    if node.ndim != rank + 2 or weights.ndim != 2 * rank + 2 or weights.shape[-2] != node.shape[-1]:
        places = ",".join(f"{letter}'" for letter in letters)
        raise ShapeError(
            f"{name} needs x [N,{','.join(letters)},C] and w [{places},{','.join('FG'[:rank])},"
            f"C,C_out], got x {node.type} and w {weights.type}{here()}"
        )
    require_one_dtype(name, [node, weights])
    with scope(name):
        seen = _patches(name, node, weights.shape[rank:-2], stride, padding, dilation)
        places, (inputs, outputs) = seen.shape[1:-1], (seen.shape[-1], weights.shape[-1])
        if weights.shape[:rank] != places:
            want = (*places, *weights.shape[rank:])
            raise ShapeError(
                f"{name} needs a kernel for each of the {list(places)} positions: w {list(want)}, "
                f"got w {weights.type}{here()}"
            )
        count = math.prod(places)
        rows = ops.transpose(ops.reshape(seen, (seen.shape[0], count, inputs)), (1, 0, 2))
        product = ops.matmul(rows, ops.reshape(weights, (count, inputs, outputs)))
        return wrap(
            ops.reshape(ops.transpose(product, (1, 0, 2)), (seen.shape[0], *places, outputs))
        )


def _patches(
    name: str, x: Node, window: Sequence[int], stride: Any, padding: Any, dilation: Any
) -> Node:
    rank, space = len(window), x.shape[1:-1]
    steps = spatial(f"{name}: stride", stride, rank)
    gaps = spatial(f"{name}: dilation", dilation, rank)
    pairs = padding_pairs(name, padding, space, window, steps, gaps)
    spans = zip(space, window, steps, pairs, gaps, strict=True)
    places = [output_extent(*each) for each in spans]
    if min((*places, *window)) < 1:
        reach = [span(f, d) for f, d in zip(window, gaps, strict=True)]
        raise ShapeError(f"{name}: a window of {reach} does not fit into {x.type}{here()}")
    padded = ops.pad(x, ((0, 0), *pairs, (0, 0)))
    return ops.concatenate(
        [ops.cut(padded, slice(None), *_seen(tap, places, steps, gaps)) for tap in _taps(window)],
        -1,
    )


def _taps(window: Sequence[int]) -> itertools.product:
    return itertools.product(*map(range, window))


def _seen(
    tap: Sequence[int], places: Sequence[int], steps: Sequence[int], gaps: Sequence[int]
) -> list[slice]:
    """Of the padded x: what all positions see through one tap."""
    each = zip(tap, places, steps, gaps, strict=True)
    return [slice(u * d, u * d + (n - 1) * s + 1, s) for u, n, s, d in each]
