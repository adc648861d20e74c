"""How far rounding may move the values of a graph: the tolerance of a comparison, measured.

The graph is computed by NumPy once as it is and a few times with every operation that rounds
disturbed by a few units of the last place. Where a value then changes, another order of additions
or a fused multiply-add may change it as much. So cancellation and comparisons of almost equal
numbers need no exceptions.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygraph.graph import Graph, Node, Op, is_leaf
from tinygraph.loops.expr import Apply, Reduce
from tinygraph.loops.rewrite import walk
from tinygraph.testing.variants import domain, expression
from tinygraph.types import DType, TensorType

EXACT = {"neg", "abs", "max", "min", "select", "floor", "cast"}
"""Functions that do not round; nor do those that give no float."""
AMPLIFY = {"pow"}
"""Functions with an error of their own in proportion to their condition."""
ULPS = 6.0
"""What an operation may be wrong by."""


@dataclass(frozen=True)
class Reference:
    """The outputs of a graph by NumPy, and for each element how far off another way to compute it
    may be: infinity where nothing can be said."""

    values: list[np.ndarray]
    tolerances: list[np.ndarray]

    def wrong(self, outputs: Sequence[np.ndarray]) -> list[str]:
        """A line for each output that is not what it should be; none if all are."""
        lines = []
        for number, (got, want, tolerance) in enumerate(
            zip(outputs, self.values, self.tolerances, strict=True)
        ):
            bad = _wrong(got, want, tolerance)
            if bad.any():
                at = tuple(int(k[0]) for k in np.nonzero(bad)) if bad.ndim else ()
                lines.append(
                    f"output {number}: {int(bad.sum())} of {bad.size} elements, first at {at}: "
                    f"{got[at]!r} instead of {want[at]!r} within {tolerance[at]:.3g}"
                )
        return lines

    @property
    def certain(self) -> float:
        """The share of elements that can be compared at all."""
        known = sum(int(np.isfinite(t).sum()) for t in self.tolerances)
        return known / max(sum(t.size for t in self.tolerances), 1)


def _wrong(got: np.ndarray, want: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    if got.dtype != want.dtype or got.shape != want.shape:
        return np.ones((), bool)
    with np.errstate(all="ignore"):
        distance = np.abs(got.astype(np.float64) - want.astype(np.float64))
    same = (got == want) | ((got != got) & (want != want))
    return ~same & ~(distance <= tolerance) & np.isfinite(tolerance)


def reference(
    graph: Graph, arrays: Sequence[np.ndarray], runs: int = 3, seed: int = 0
) -> Reference:
    """NumPy's values of the outputs, and what rounding may do to them."""
    rng = np.random.default_rng(seed)
    values: dict[Node, list[np.ndarray]] = {}
    for node, array in zip(graph.inputs, arrays, strict=True):
        values[node] = [array] * (runs + 1)
    with np.errstate(all="ignore"):
        for node in graph.nodes():
            if not is_leaf(node):
                values[node] = _runs(node, [values[x] for x in node.inputs], runs + 1, rng)
        found = [values[node] for node in graph.outputs]
        return Reference([v[0] for v in found], [_tolerance(*v) for v in found])


def _runs(
    node: Node, inputs: Sequence[list[np.ndarray]], count: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The node's value, first as it is, then `count` - 1 times disturbed."""
    rounds, sensitive = _rounding(node.op, tuple(x.type for x in node.inputs))
    value = _evaluated(node, [x[0] for x in inputs])
    if not rounds and all(v is x[0] for x in inputs for v in x):
        return [value] * count
    result = [value]
    for k in range(1, count):
        at = [_disturbed(x[k], sensitive, rng) for x in inputs]
        other = _disturbed(_evaluated(node, at), ULPS * rounds, rng)
        unsaid = node.op.leaves_open(*at)
        if unsaid is not None:  # anything else, so that nothing is asked of these elements
            other = np.where(unsaid, ~value if node.dtype.is_integer else np.nan, other)
            other = other.astype(value.dtype)
        result.append(other)
    return result


def _evaluated(node: Node, arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.ascontiguousarray(node.op.evaluate(*arrays)).reshape(node.shape)


def _disturbed(array: np.ndarray, ulps: float, rng: np.random.Generator) -> np.ndarray:
    """Every float changed a little, each by itself and all together."""
    if array.dtype.kind != "f" or not ulps:
        return array
    change = rng.uniform(-1, 1, array.shape) + rng.uniform(-1, 1)
    return (array * (1 + change * ulps * np.finfo(array.dtype).eps)).astype(array.dtype)


@functools.lru_cache(4096)
def _rounding(op: Op, types: tuple[TensorType, ...]) -> tuple[bool, float]:
    """Whether the op rounds, and by how many ulps its inputs are to be disturbed for it."""
    parts = list(walk(expression(op, types)))
    rounds = any(
        isinstance(e, Apply) and e.dtype.is_float and e.function not in EXACT for e in parts
    ) or op.result_type(*types).dtype is not _only(types)
    if any(isinstance(e, Reduce) and e.kind == "add" and e.dtype.is_float for e in parts):
        return True, ULPS + domain(op, types) ** 0.5
    amplifies = any(isinstance(e, Apply) and e.function in AMPLIFY for e in parts)
    return rounds, ULPS if amplifies else 0.0


def _only(types: Sequence[TensorType]) -> DType | None:
    """The dtype, if all have one; a conversion of floats rounds."""
    return types[0].dtype if types and len({t.dtype for t in types}) == 1 else None


def _tolerance(value: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """From the spread of the disturbed values."""
    spread = np.zeros(value.shape)
    for other in others:
        apart = np.abs(other.astype(np.float64) - value.astype(np.float64))
        same = (other == value) | ((other != other) & (value != value))
        spread = np.maximum(spread, np.where(same, 0, np.where(np.isnan(apart), np.inf, apart)))
    if value.dtype.kind != "f":
        return np.where(spread > 0, np.inf, 0.0)
    info = np.finfo(value.dtype)
    floor = ULPS * info.eps * np.abs(value.astype(np.float64)) + 4 * float(info.tiny)
    moved = (spread > 0) & np.isfinite(spread)
    usual = float(np.median(spread[moved])) if moved.any() else 0.0  # few draws may all be small
    return 4 * spread + np.where(value != 0, 4 * usual, 0) + np.where(np.isfinite(floor), floor, 0)
