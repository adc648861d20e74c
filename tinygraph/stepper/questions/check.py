"""Finite differences beside the gradient: is the gradient what it should be?

All that depends on the place is computed once more in float64, the rest taken from the run. Gates
that let no gradient through, such as detach, are constants, as they are for the gradient.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Node, Op, Placeholder, leaf, make
from tinygraph.journal import Journal, Start, number
from tinygraph.stepper.elements import Index, called, checked, index_of, largest, slope_of, started
from tinygraph.stepper.questions.whatif import dependent
from tinygraph.stepper.questions.why import gradient_of
from tinygraph.types import DType, TensorType, float32, float64

STEPS = (1e-5, 1e-6, 1e-7)
"""Tried in turn until both sides agree; relative to the number, or to 1 for smaller ones."""
SMOOTH = 3e-4
"""Both sides agree if their slopes differ by less than this part of them."""
AGREES = 1e-3
"""So far apart, relative to the larger one, finite difference and gradient still agree."""
ELEMENTS = 4
SECONDS = 2.0
"""After so long no further element is begun."""


@dataclass(frozen=True)
class Checked:
    """One element: the gradient of the run, the same in float64, and finite differences."""

    index: Index
    gradient: float
    exact: float
    """By the same gradient rules, in float64."""
    step: float
    left: float
    right: float
    noise: float
    """What float64 rounding may do to a slope at this step."""

    @property
    def numeric(self) -> float:
        """The central difference."""
        return (self.left + self.right) / 2

    @property
    def error(self) -> float:
        """Of the float64 gradient and the central difference, relative to the larger."""
        return _apart(self.exact, self.numeric)

    @property
    def verdict(self) -> str:
        """agrees, kink, differs, or small: below what finite differences can see."""
        values = (self.left, self.right, self.exact)
        if not all(map(math.isfinite, values)):
            return "infinite"
        if max(map(abs, values)) <= self.noise:
            return "agrees" if self.left == self.right == self.exact else "small"
        if _apart(self.left, self.right) > 30 * SMOOTH and not self._seen(self.left, self.right):
            return "kink"
        good = self.error <= AGREES or self._seen(self.exact, self.numeric)
        return "agrees" if good else "differs"

    def _seen(self, a: float, b: float) -> bool:
        return abs(a - b) <= self.noise


@dataclass(frozen=True)
class Check:
    """What finite differences say of the gradient of a node."""

    journal: Journal = field(repr=False)
    node: Node
    elements: tuple[Checked, ...]
    constants: tuple[Node, ...]
    """Gates without a slope that depend on the node."""

    @property
    def ok(self) -> bool:
        """No element differs."""
        return all(e.verdict != "differs" for e in self.elements)

    @property
    def lines(self) -> list[str]:
        """The comparison in words."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines)


def check(journal: Journal, node: Node, index: Sequence[int] | None = None, seed: int = 0) -> Check:
    """Compares the gradient of a node with finite differences, at one element.

    Without `index` at the one with the largest gradient and a few random ones, as many as two
    seconds allow.
    """
    gradient = gradient_of(journal, node)
    if index is not None:
        places = [checked(node, index, called(journal, node))]
    else:
        rng = np.random.default_rng(seed)
        flat = rng.permutation(node.type.size)[:ELEMENTS] if node.type.size < 1e7 else []
        some = [index_of(f, node.shape) for f in flat]
        places = [*dict.fromkeys([largest(gradient), *some])][:ELEMENTS]
    slopes = _Slopes(journal, node)
    until = time.perf_counter() + SECONDS
    found: list[Checked] = []
    for at in places:
        if found and time.perf_counter() > until:
            break
        found.append(slopes.at(at, float(gradient[at])))
    return Check(journal, node, tuple(found), tuple(slopes.constants))


class _Slopes:
    """The scalar that is differentiated as a function of one node, in float64."""

    def __init__(self, journal: Journal, node: Node) -> None:
        start = next(r for r in journal.records if isinstance(r, Start))
        self.constants: list[Node] = []
        self.x = Node(Placeholder(0), (), node.type.with_dtype(float64))
        self.value = journal.value(node).astype(np.float64)
        self.y = self._rebuilt(journal, node, started(journal)[0])
        self.weights = np.asarray(start.gradient.array, np.float64)
        self.middle = self.at_value(self.value)
        self.size = float(np.abs(self.middle * self.weights).sum(where=np.isfinite(self.middle)))
        (slope,) = gradients(self.y, [self.x], leaf(np.array(self.weights, order="C")))
        self.exact = (
            evaluate([slope], {self.x: self.value})[0]
            if slope is not None
            else np.zeros(self.x.shape)
        )

    def _rebuilt(self, journal: Journal, node: Node, y: Node) -> Node:
        """y over x in float64; what does not depend on x as it was in the run."""
        depends = dependent(journal.order, node)
        becomes: dict[Node, Node] = {node: self.x}

        def known(other: Node) -> Node:
            if other not in becomes:
                array = journal.value(other)
                wide = array.astype(np.float64) if other.dtype.is_float else array
                becomes[other] = leaf(np.array(wide, order="C"))
            return becomes[other]

        for other in journal.order:
            if other not in depends or other is node:
                continue
            if other.dtype.is_float and not other.op.differentiable:
                self.constants.append(other)
                continue
            inputs = [known(x) for x in other.inputs]
            becomes[other] = make(in_float64(other.op), *inputs)
            if other is y:
                break
        return becomes[y]

    def at_value(self, value: np.ndarray) -> np.ndarray:
        """y, where x is `value`."""
        return evaluate([self.y], {self.x: value})[0]

    def at(self, index: Index, gradient: float) -> Checked:
        """One element: smaller steps as long as both sides differ."""
        here, result = float(self.value[index]), None
        for relative in STEPS:
            step = relative * max(1.0, abs(here))
            left, right = self._side(index, -step), self._side(index, step)
            noise = 64 * 2.0**-52 * self.size / step
            result = Checked(index, gradient, float(self.exact[index]), step, left, right, noise)
            if not abs(left - right) > SMOOTH * max(abs(left), abs(right)) + noise:
                break
        assert result is not None
        return result

    def _side(self, index: Index, step: float) -> float:
        moved = self.value.copy()
        with np.errstate(all="ignore"):
            moved[index] += step
            y = self.at_value(moved)
            apart = np.where(y == self.middle, 0, y - self.middle)  # infinity stays infinity
            return float((apart * self.weights).sum()) / float(moved[index] - self.value[index])


def in_float64(op: Op) -> Op:
    """The op with float64 wherever it says float32."""

    def wide(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(wide, value))
        if isinstance(value, TensorType) and value.dtype is float32:
            return value.with_dtype(float64)
        return float64 if isinstance(value, DType) and value is float32 else value

    if not is_dataclass(op) or not fields(op):
        return op
    return replace(op, **{f.name: wide(getattr(op, f.name)) for f in fields(op)})


def _apart(a: float, b: float) -> float:
    if a == b:
        return 0.0
    size = max(abs(a), abs(b))
    return abs(a - b) / size if math.isfinite(a - b) else math.inf


def _lines(found: Check) -> Iterator[str]:
    for e in found.elements:
        yield f"{slope_of(found.journal, found.node, e.index)} = {number(e.gradient)}: {_words(e)}"
    if found.constants:
        names = ", ".join(called(found.journal, n) for n in found.constants[:4])
        yield f"taken as constants, as the gradient does: {names}"


def _words(e: Checked) -> str:
    step = f"step {e.step:.0e}"
    numbers = f"finite difference {e.numeric:.7g}, {step}, relative error {e.error:.1e}"
    match e.verdict:
        case "agrees":
            return f"agrees; {numbers}{_rounding(e)}"
        case "small":
            return f"too small for finite differences, which see {e.noise:.0e} at best"
        case "infinite":
            return f"not finite here; left slope {number(e.left)}, right slope {number(e.right)}"
        case "kink":
            sides = f"left slope {number(e.left)}, right slope {number(e.right)}"
            return f"on a kink: {sides}, the gradient takes {_side_taken(e)}; {step}"
    return f"DIFFERS; {numbers}, in float64 the gradient is {e.exact:.7g}"


def _rounding(e: Checked) -> str:
    """What float32 did to the gradient of the run, where that is more than the error."""
    off = _apart(e.gradient, e.exact)
    return f"; in float64 it is {e.exact:.7g}" if off > max(1e-4, e.error) else ""


def _side_taken(e: Checked) -> str:
    for name, slope in (("the left one", e.left), ("the right one", e.right)):
        if _apart(slope, e.exact) <= AGREES:
            return name
    low, high = sorted((e.left, e.right))
    return f"{number(e.exact)}" + (", between them" if low <= e.exact <= high else "")
