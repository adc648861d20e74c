"""Convolutions: x is N,space...,C and w is window...,C_in/groups,C_out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, spatial
from tinygraph.functional.windows import Pairs, padding_pairs, span
from tinygraph.graph import Node, scope
from tinygraph.tensor import Tensor, node_of, wrap
from tinygraph.tensor.broadcast import require_one_dtype


def conv1d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1
) -> Tensor:
    """x: N,L,C   w: F,C_in/groups,C_out   ->   N,L',C_out. See `conv2d`."""
    return _conv("conv1d", 1, x, w, stride, padding, dilation, groups)


def conv2d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1
) -> Tensor:
    """y[n,i,j,o] = sum over u,v,c of x[n, i*s+u*d-p, j*s+v*d-p, c] * w[u,v,c,o]

    x: N,H,W,C   w: F,G,C_in/groups,C_out   ->   N,H',W',C_out
    with H' = floor((H - F + 2p) / s) + 1

    `stride` and `dilation` are a number or one an axis; `padding` is "valid" (none), "same"
    (Keras's: with stride 1 the size stays; an odd row comes at the end), a number, or (before,
    after) for each axis.
    """
    return _conv("conv2d", 2, x, w, stride, padding, dilation, groups)


def conv3d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1
) -> Tensor:
    """x: N,D,H,W,C   w: E,F,G,C_in/groups,C_out   ->   N,D',H',W',C_out. See `conv2d`."""
    return _conv("conv3d", 3, x, w, stride, padding, dilation, groups)


def true_conv1d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1
) -> Tensor:
    """x: N,L,C   w: F,C_in/groups,C_out   ->   N,L',C_out. See `true_conv2d`."""
    return _flipped("true_conv1d", 1, x, w, stride, padding, dilation, groups)


def true_conv2d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1
) -> Tensor:
    """The convolution of mathematics: `conv2d`, which is a correlation, with w rotated by 180
    degrees.

    y[n,i,j,o] = sum over u,v,c of x[n, i*s+(F-1-u)*d-p, j*s+(G-1-v)*d-p, c] * w[u,v,c,o]

    With padding F - 1 and one channel this is numpy.convolve, so x and w may be swapped.
    """
    return _flipped("true_conv2d", 2, x, w, stride, padding, dilation, groups)


def depthwise_conv1d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """Each channel by itself, with M filters: x: N,L,C   w: F,C,M   ->   N,L',C*M."""
    return _depthwise("depthwise_conv1d", 1, x, w, stride, padding, dilation)


def depthwise_conv2d(
    x: Any, w: Any, stride: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """Each channel by itself, with M filters: x: N,H,W,C   w: F,G,C,M   ->   N,H',W',C*M."""
    return _depthwise("depthwise_conv2d", 2, x, w, stride, padding, dilation)


def separable_conv1d(
    x: Any,
    depthwise: Any,
    pointwise: Any,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
) -> Tensor:
    """x: N,L,C   depthwise: F,C,M   pointwise: 1,C*M,C_out   ->   N,L',C_out.

    See `separable_conv2d`.
    """
    with scope("separable_conv1d"):
        each = depthwise_conv1d(x, depthwise, stride, padding, dilation)
        return conv1d(each, pointwise)


def separable_conv2d(
    x: Any,
    depthwise: Any,
    pointwise: Any,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
) -> Tensor:
    """A depthwise convolution, then a 1x1 convolution that mixes the channels.

    x: N,H,W,C   depthwise: F,G,C,M   pointwise: 1,1,C*M,C_out   ->   N,H',W',C_out
    """
    with scope("separable_conv2d"):
        each = depthwise_conv2d(x, depthwise, stride, padding, dilation)
        return conv2d(each, pointwise)


def conv_transpose1d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = "valid",
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """x: N,L,C   w: F,C_in,C_out/groups   ->   N,L',C_out. See `conv_transpose2d`."""
    return _transposed(
        "conv_transpose1d", 1, x, w, stride, padding, output_padding, dilation, groups
    )


def conv_transpose2d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = "valid",
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The convolution read backwards: each element of x puts a copy of w into y, and copies add up.

    x: N,H,W,C_in   w: F,G,C_in,C_out/groups   ->   N,H',W',C_out, with
    H' = (H - 1) * s + F - 2p + output_padding; "same" gives H' = H * s.
    """
    return _transposed(
        "conv_transpose2d", 2, x, w, stride, padding, output_padding, dilation, groups
    )


def conv_transpose3d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = "valid",
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """x: N,D,H,W,C_in   w: E,F,G,C_in,C_out/groups   ->   N,D',H',W',C_out.

    See `conv_transpose2d`.
    """
    return _transposed(
        "conv_transpose3d", 3, x, w, stride, padding, output_padding, dilation, groups
    )


def _operands(name: str, rank: int, x: Any, w: Any) -> tuple[Node, Node]:
    node, weights = node_of(x), node_of(w)
    if node.ndim != rank + 2 or weights.ndim != rank + 2:
        space, window = ",".join("DHW"[-rank:]), ",".join("EFG"[-rank:])
        raise ShapeError(
            f"{name} needs x [N,{space},C] and w [{window},C_in,C_out], "
            f"got x {node.type} and w {weights.type}{here()}"
        )
    require_one_dtype(name, [node, weights])
    return node, weights


def _conv(
    name: str, rank: int, x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    node, weights = _operands(name, rank, x, w)
    steps = spatial(f"{name}: stride", stride, rank)
    gaps = spatial(f"{name}: dilation", dilation, rank)
    window = weights.shape[:-2]
    pairs = padding_pairs(name, padding, node.shape[1:-1], window, steps, gaps)
    (count,) = spatial(f"{name}: groups", groups, 1)
    return wrap(ops.conv(node, weights, steps, pairs, gaps, count))


def _flipped(
    name: str, rank: int, x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    node, weights = _operands(name, rank, x, w)
    with scope(name):
        rotated = wrap(ops.flip(weights, range(rank)))
        return _conv(name, rank, wrap(node), rotated, stride, padding, dilation, groups)


def _depthwise(
    name: str, rank: int, x: Any, w: Any, stride: Any, padding: Any, dilation: Any
) -> Tensor:
    node, weights = _operands(name, rank, x, w)
    *window, channels, multiplier = weights.shape
    if channels != node.shape[-1]:
        raise ShapeError(
            f"{name} needs x with C channels and w with [{','.join('FG'[:rank])},C,M], "
            f"got x {node.type} and w {weights.type}{here()}"
        )
    with scope(name):
        each = ops.reshape(weights, (*window, 1, channels * multiplier))
        return _conv(name, rank, wrap(node), wrap(each), stride, padding, dilation, channels)


def _transposed(
    name: str,
    rank: int,
    x: Any,
    w: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    node, weights = _operands(name, rank, x, w)
    steps = spatial(f"{name}: stride", stride, rank)
    gaps = spatial(f"{name}: dilation", dilation, rank)
    extra = spatial(f"{name}: output_padding", output_padding, rank, least=0)
    (count,) = spatial(f"{name}: groups", groups, 1)
    if weights.shape[-2] != node.shape[-1] or node.shape[-1] % count:
        raise ShapeError(
            f"{name} needs x with C_in channels, a multiple of groups={count}, and w with "
            f"[...,C_in,C_out/groups], got x {node.type} and w {weights.type}{here()}"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, gaps, strict=True)):
        raise ShapeError(
            f"{name}: output_padding is smaller than the stride, got {list(extra)}{here()}"
        )
    window = weights.shape[:-2]
    space, pairs, late = _transposed_space(
        name, node.shape[1:-1], window, steps, padding, extra, gaps
    )
    if min(space, default=1) < 1:
        raise ShapeError(f"{name}: padding {padding} leaves nothing of {node.type}{here()}")
    with scope(name):
        swapped = ops.transpose(weights, (*range(rank), rank + 1, rank))
        result = ops.conv_data_gradient(node, swapped, space, steps, pairs, gaps, count)
        return wrap(ops.pad(result, ((0, 0), *((0, n) for n in late), (0, 0))))


def _transposed_space(
    name: str,
    extents: Sequence[int],
    window: Sequence[int],
    steps: Sequence[int],
    padding: Any,
    extra: Sequence[int],
    gaps: Sequence[int],
) -> tuple[list[int], Pairs, list[int]]:
    """The extents and padding of the data gradient, and how many zeros follow it on each axis."""
    if padding == "same":
        if any(extra):
            raise ShapeError(f'{name}: padding="same" leaves no choice for output_padding{here()}')
        space = [n * s for n, s in zip(extents, steps, strict=True)]
        return space, padding_pairs(name, "same", space, window, steps, gaps), [0] * len(space)
    spans = zip(extents, steps, window, gaps, strict=True)
    reach = [(n - 1) * s + span(f, d) for n, s, f, d in spans]
    given = padding_pairs(name, padding, reach, window, steps, gaps)
    # The stride leaves less than itself open at the end. More than that (which a dilated window
    # allows) is padding taken back, and where there is none zeros.
    slack = [e if e < s else 0 for e, s in zip(extra, steps, strict=True)]
    ends = [p[1] + k - e for p, k, e in zip(given, slack, extra, strict=True)]
    pairs = tuple((p[0], max(end, 0)) for p, end in zip(given, ends, strict=True))
    space = [r - sum(p) + k for r, p, k in zip(reach, pairs, slack, strict=True)]
    return space, pairs, [max(-end, 0) for end in ends]
