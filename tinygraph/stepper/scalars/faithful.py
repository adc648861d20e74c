"""Whether the gates of an elementwise op's equation send back what the op's gradient rule says.

Some ops choose another derivative at a kink than their equation has, such as relu at 0, or none at
all, such as detach. Those stay one gate when they are opened.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tinygraph.errors import GradientError
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Node, Op, leaf, make
from tinygraph.loops.expr import Operand
from tinygraph.loops.index import Axis
from tinygraph.ops import full
from tinygraph.stepper.scalars.build import Builder
from tinygraph.types import DType

NUMBERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
MOST = 4096
"""Points that are tried."""


@lru_cache(None)
def is_faithful(op: Op, *inputs: DType) -> bool:
    """Whether both give the same gradient at a grid of points, ties and zeros among them."""
    arrays = _points(inputs)
    leaves = [leaf(array) for array in arrays]
    whole = make(op, *leaves)
    if not whole.dtype.is_float or not any(t.is_float for t in inputs):
        return True
    (count,) = whole.shape
    axis = Axis("i", count)
    try:
        e = op.equation((axis,), *(Operand(k, x.shape, x.dtype) for k, x in enumerate(leaves)))
    except NotImplementedError:  # nothing to look into
        return False
    builder = Builder(arrays, lambda k, at: leaves[k], lambda k, at, v, t: full(v, leaves[k]))
    builder.shape = (count,)
    parts = builder.build(e, {axis: 0})
    try:
        return _agree(whole, parts, leaves)
    except GradientError:  # no rule: nothing to differ from
        return True


def _points(inputs: Sequence[DType]) -> list[np.ndarray]:
    """For each input an array of all combinations, or of some if they are many."""
    values = [
        np.array([False, True])
        if t is DType.bool
        else np.array(NUMBERS if t.is_float else range(4))
        for t in inputs
    ]
    sizes = [len(v) for v in values]
    if math.prod(sizes) <= MOST:
        picked = np.array(list(itertools.product(*map(range, sizes)))).T
    else:
        picked = np.random.default_rng(0).integers(0, np.array(sizes)[:, None], (len(sizes), MOST))
    return [v[k].astype(t.numpy) for v, k, t in zip(values, picked, inputs, strict=True)]


def _agree(whole: Node, parts: Node, leaves: Sequence[Node]) -> bool:
    floats = [x for x in leaves if x.dtype.is_float]
    zeros = [full(0.0, x) for x in floats]
    sides = [
        [found if found is not None else zero for found, zero in zip(gradients(y, floats), zeros)]
        for y in (whole, parts)
    ]
    value, *found = evaluate([whole, *sides[0], *sides[1]])
    close = 1e-3 if whole.dtype is DType.float32 else 1e-8
    for rule, gates in zip(found[: len(floats)], found[len(floats) :], strict=True):
        known = np.isfinite(value) & np.isfinite(rule)
        if not np.allclose(rule[known], gates[known], close, close):
            return False
    return True
