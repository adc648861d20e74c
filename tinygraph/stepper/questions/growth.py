"""Which way the largest number came: from element to element, and where it grew most."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.graph import Node, leaf
from tinygraph.journal import Journal, number
from tinygraph.stepper.elements import Index, called, index_of, placed, slope_of
from tinygraph.stepper.questions.slopes import Slopes
from tinygraph.stepper.questions.why import one_level

Found = tuple[tuple[Node, Index | None], list[str]]


@dataclass(frozen=True)
class Step:
    """An element, and the gate between it and the one before it."""

    node: Node
    index: Index
    value: float
    gate: Node


def growth_of_value(journal: Journal, node: Node, index: Index) -> Found:
    """The way of a value: at each gate back to the input that gives most of it."""
    value = float(journal.value(node)[index])
    steps = [*_back(journal, node, index)]
    return _told(journal, node, index, value, steps, called, "came from")


def _back(journal: Journal, node: Node, index: Index) -> Iterable[Step]:
    while node.inputs and node.dtype.is_float and node.op.differentiable:
        best: tuple[float, Node, Index] | None = None
        one = np.zeros(node.shape, node.dtype.numpy)
        one[index] = 1
        with np.errstate(all="ignore"):
            parts = node.op.vjp(leaf(one), node, *node.inputs)
            for source, part in zip(node.inputs, parts, strict=True):
                if part is None or not source.type.size:
                    continue
                known = {x: journal.value(x) for x in {node, *node.inputs}}
                (slope,) = evaluate([part], known)
                given = np.nan_to_num(np.abs(slope * journal.value(source)))
                at = index_of(np.argmax(given), given.shape)
                if given[at] > (best[0] if best else 0):
                    best = float(given[at]), source, at
        if best is None:
            return
        gate, (_, node, index) = node, best
        yield Step(node, index, float(journal.value(node)[index]), gate)


def growth_of_gradient(journal: Journal, node: Node, index: Index) -> Found:
    """The way of a gradient: at each gate up to the term that gives most of it."""
    value = float(journal.gradient(node)[index])
    steps: list[Step] = []
    here = one_level(Slopes(journal), node, index, 1)
    while here.terms:
        term = max(here.terms, key=lambda t: abs(t.product))
        if not term.product:
            break
        steps.append(Step(term.wire.gate, term.index, term.upstream, term.wire.gate))
        here = here.open(term, 1)
    return _told(journal, node, index, value, steps, slope_of, "comes from")


def _told(
    journal: Journal,
    node: Node,
    index: Index,
    value: float,
    steps: list[Step],
    name: Callable[[Journal, Node, Index | None], str],
    verb: str,
) -> Found:
    first = f"{name(journal, node, index)} = {number(value)}"
    if not steps:
        return (node, index), [f"{first}: here it starts."]
    last, far = steps[-1], "one gate" if len(steps) == 1 else f"{len(steps)} gates"
    lines = [
        f"{first}. Following what gives most of it, {far} far, it {verb} "
        f"{name(journal, last.node, last.index)} = {number(last.value)}."
    ]
    sizes = [abs(value), *(abs(step.value) for step in steps)]
    with np.errstate(all="ignore"):
        growth = [a / b if b else 0.0 for a, b in pairwise(sizes)]
    k = int(np.argmax(growth))
    if growth[k] <= 1:
        lines.append("At no gate on this way does it grow.")
        return (last.node, last.index), lines
    step = steps[k]
    lines.append(
        f"It grew most at {placed(journal, step.gate)}: from {number(step.value)} to "
        f"{number(value if k == 0 else steps[k - 1].value)}, times {number(growth[k])}."
    )
    return (step.gate, step.index if step.node is step.gate else None), lines
