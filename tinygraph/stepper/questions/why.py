"""Why a gradient is what it is: what comes over each wire, and the terms it is made of.

A term is one element of the gradient from above times its coefficient. It is a gradient itself, so
it can be opened in the same way: level by level up to the output, where the gradient starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinygraph.errors import GradientError
from tinygraph.graph import Node
from tinygraph.journal import Journal, Wire, number
from tinygraph.stepper.elements import (
    Index,
    called,
    checked,
    largest,
    placed,
    read_by,
    slope_of,
    together,
    ulps,
)
from tinygraph.stepper.questions.slopes import Slopes


@dataclass(frozen=True)
class Term:
    """`upstream`, the gradient at element `index` of the wire's gate, times its `coefficient`."""

    wire: Wire
    index: Index
    upstream: float
    coefficient: float

    @property
    def product(self) -> float:
        return self.upstream * self.coefficient


@dataclass(frozen=True)
class Contribution:
    """What comes over one wire: its largest terms, and how many others there are.

    `value` is the journal's number, `total` the sum of all terms in float64, `others` that of
    those not listed, `size` the sum of all magnitudes.
    """

    wire: Wire
    value: float
    terms: tuple[Term, ...]
    count: int
    others: float
    total: float
    size: float


@dataclass(frozen=True)
class Why:
    """The contributions to the gradient of one element, in the order of the steps."""

    journal: Journal = field(repr=False)
    slopes: Slopes = field(repr=False)
    node: Node
    index: Index
    is_largest: bool
    """The element was not asked for: it is the one with the largest gradient."""
    gradient: float
    contributions: tuple[Contribution, ...]

    @property
    def terms(self) -> list[Term]:
        """The terms that are listed, as they are numbered."""
        return [term for c in self.contributions for term in c.terms]

    @property
    def total(self) -> float:
        """The sum of all terms, in float64; at the output what comes in there."""
        if not self.contributions:
            return self.gradient
        return sum(c.total for c in self.contributions)

    @property
    def apart(self) -> float:
        """How far the journal's number is from `total`, in units of its last place."""
        return ulps(self.total, self.gradient, self.node.dtype)

    @property
    def size(self) -> float:
        """The sum of the magnitudes of all terms."""
        return sum(c.size for c in self.contributions)

    def open(self, term: Term, k: int = 5) -> Why:
        """Why the gradient above, in a term, is what it is."""
        return one_level(self.slopes, term.wire.gate, term.index, k)

    @property
    def lines(self) -> list[str]:
        """The explanation: a line for each wire, below it its terms."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(self.lines)


def why(journal: Journal, node: Node, index: Sequence[int] | None = None, k: int = 5) -> Why:
    """The contributions to the gradient of a node at one element, each with its k largest terms.

    Without `index` it is the element with the largest gradient. A `GradientError` says why there
    is no gradient.
    """
    gradient = gradient_of(journal, node)
    is_largest = index is None and gradient.size > 1
    at = largest(gradient) if index is None else checked(node, index, called(journal, node))
    return one_level(Slopes(journal), node, at, k, is_largest)


def gradient_of(journal: Journal, node: Node) -> np.ndarray:
    """The gradient of a node; a `GradientError` where it has none or is empty."""
    if not node.dtype.is_float:
        raise GradientError(f"{called(journal, node)} is {node.type}: only floats have gradients")
    if node not in journal.gradients:
        reason = (
            _pathless(journal, node) if journal.gradients else "the journal has no backward pass"
        )
        raise GradientError(f"{called(journal, node)} has no gradient: {reason}")
    gradient = journal.gradient(node)
    if not gradient.size:
        raise GradientError(f"{called(journal, node)} is {node.type}: it has no elements")
    return gradient


def _pathless(journal: Journal, node: Node) -> str:
    if any(node in gate.inputs and gate.op.differentiable for gate in journal.gradients):
        return "it was not asked for"  # as in a training step, which asks for the parameters'
    return f"no path leads from it to {called(journal, journal.outputs[0])}"


def one_level(slopes: Slopes, node: Node, index: Index, k: int, is_largest: bool = False) -> Why:
    """`why` with coefficients that are there already."""
    journal = slopes.journal
    wires = read_by(journal).get(node, [])
    found = tuple(_contribution(slopes, wire, index, k) for wire in wires)
    return Why(
        journal, slopes, node, index, is_largest, journal.gradient(node)[index].item(), found
    )


def _contribution(slopes: Slopes, wire: Wire, index: Index, k: int) -> Contribution:
    journal = slopes.journal
    found = slopes.of(wire, index)
    upstream = found.read(journal.gradient(wire.gate))
    with np.errstate(all="ignore"):
        products = found.values * upstream
        order = _by_size(products, k)
        order = [n for n in order if products[n] != 0] or order[:1]
        listed = np.zeros(len(products), bool)
        listed[order] = True
        others, total = products[~listed].sum(), products.sum()
        size = np.abs(products).sum()
    terms = tuple(
        Term(wire, found.index(n), float(upstream[n]), float(found.values[n])) for n in order
    )
    value = journal.contribution(wire.gate, wire.position)[index].item()
    return Contribution(wire, value, terms, len(products), float(others), float(total), float(size))


def _by_size(products: np.ndarray, k: int) -> list[int]:
    """The k with the largest magnitude, NaN before all, of equals the first."""
    sizes = np.where(np.isnan(products), np.inf, np.abs(products))
    some = np.argpartition(-sizes, k)[:k] if len(sizes) > k > 0 else np.arange(len(sizes))[:k]
    return sorted((int(n) for n in some), key=lambda n: (-sizes[n], n))


def _lines(why: Why) -> Iterator[str]:
    journal = why.journal
    name = slope_of(journal, why.node, why.index)
    if why.is_largest:
        yield f"{name}: the largest of {why.node.type.size:,} gradients"
    if not why.contributions:
        yield f"{name} = {number(why.gradient)}: here it starts"
        return
    wires = len(why.contributions)
    over = "one wire" if wires == 1 else f"{wires} wires"
    yield f"{name} = {number(why.gradient)}, over {over}"
    count = 0
    for c in why.contributions:
        yield f"  {number(c.value)} from {placed(journal, c.wire.gate)}{_which(c.wire)}"
        if not c.count:
            yield "       no term: every coefficient is 0 here"
        for term in c.terms:
            count += 1
            yield f"  {count:3}  {_term(journal, term)}"
        rest = c.count - len(c.terms)
        if rest:
            yield f"       all others ({rest:,}): {number(c.others)}"
    if any(c.count > len(c.terms) for c in why.contributions):
        yield f"  {together(why.total, why.gradient, why.node.dtype)}"


def _which(wire: Wire) -> str:
    """Which input of the gate, where it reads the value more than once."""
    times = sum(source is wire.source for source in wire.gate.inputs)
    return f", input {wire.position + 1}" if times > 1 else ""


def _term(journal: Journal, term: Term) -> str:
    up = slope_of(journal, term.wire.gate, term.index)
    numbers = f"{number(term.upstream)} * {number(term.coefficient)} = {number(term.product)}"
    return f"{up} * {number(term.coefficient)} = {numbers}"
