"""Gates that do not work element by element, at one element: how many terms, and the largest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygraph.evaluate import values_of
from tinygraph.grad import gradients
from tinygraph.graph import Node
from tinygraph.journal import Journal, Wire, number
from tinygraph.stepper.elements import Index, slope_of
from tinygraph.stepper.formulas import formula
from tinygraph.stepper.scalars import Opened, open_element
from tinygraph.stepper.slopes import Slopes

MANY = 3
"""Sums of more terms are not written out."""

SMALL = 20_000
"""Elements of a gate's arrays up to which its terms are looked up at every step."""


def sum_forward(journal: Journal, gate: Node, index: Index) -> Sequence[str]:
    """The value of one element as a formula, with names and with numbers; nothing for arrays so
    large that this would take long."""
    if sum(x.type.size for x in (gate, *gate.inputs)) > SMALL:
        return ()
    opened = _opened(journal, gate, index)
    words = {leaf: leaf.name or "" for leaf in opened.leaves.values()}
    numbers = {
        leaf: number(journal.value(gate.inputs[position])[at].item())
        for (position, at), leaf in opened.leaves.items()
    }
    terms = [term for term in opened.terms if term not in opened.others]
    if len(terms) <= MANY and not opened.others:
        return _whole(opened, words, numbers)
    return _largest(opened, terms, words, numbers)


def _whole(opened: Opened, words: dict[Node, str], numbers: dict[Node, str]) -> Sequence[str]:
    if opened.padding:
        return ()
    return formula(opened.y, words), formula(opened.y, numbers)


def _largest(
    opened: Opened, terms: Sequence[Node], words: dict[Node, str], numbers: dict[Node, str]
) -> Sequence[str]:
    found = values_of(list(terms), remember=False)
    sizes = np.abs([float(value) for value in found])
    k = 0 if np.isnan(sizes).all() else int(np.nanargmax(sizes))
    said = [formula(terms[k], words), formula(terms[k], numbers), number(found[k].item())]
    kind = "sum" if _function(opened.y) == "add" else _function(opened.y) or opened.gate.op.label
    what = "products" if _function(terms[k]) == "mul" else "terms"
    return (f"{kind} of {opened.count:,} {what} (largest: {_joined(said)})",)


def _function(node: Node) -> str:
    """The function of the equation language that a scalar gate computes."""
    return getattr(node.op, "function", "")


def _joined(parts: Sequence[str]) -> str:
    return " = ".join(dict.fromkeys(parts))


def sum_backward(slopes: Slopes, wire: Wire, index: Index) -> Sequence[str]:
    """What is sent to one element, as a sum over elements of the gradient from above."""
    gate, journal = wire.gate, slopes.journal
    if sum(x.type.size for x in (gate, *gate.inputs)) > SMALL:
        return ()
    found = slopes.of(wire, index)
    if not len(found):
        return ("0",)
    upstream = found.read(journal.gradient(gate))
    if len(found) <= MANY:
        order = list(range(len(found)))
    else:
        products = np.abs(np.nan_to_num(upstream * found.values, nan=np.inf))
        order = [int(np.argmax(products))]
    names = [_coefficient(journal, wire, found.index(k), index) for k in order]
    symbols, numbers = list[str](), list[str]()
    for k, name in zip(order, names):
        value = float(found.values[k])
        unchanged = value == 1 and not name
        above = slope_of(journal, gate, found.index(k))
        symbols.append(above if unchanged else f"{above} * {name or _signed(value)}")
        above = number(float(upstream[k]))
        numbers.append(above if unchanged else f"{above} * {_signed(value)}")
    if len(found) <= MANY:
        return " + ".join(symbols), " + ".join(_behind(n, k) for k, n in enumerate(numbers))
    value = number(float(upstream[order[0]] * found.values[order[0]]))
    what = "products" if np.any(found.values != 1) else "terms"
    said = _joined([symbols[0], numbers[0], value])
    return (f"sum of {len(found):,} {what} (largest: {said})",)


def _coefficient(journal: Journal, wire: Wire, above: Index, index: Index) -> str:
    """The derivative of element `above` of the gate for element `index` of its input, in names;
    empty where that is not simple."""
    gate = wire.gate
    opened = _opened(journal, gate, above)
    leaf = opened.leaves.get((wire.position, index))
    if leaf is None:
        return ""
    (slope,) = gradients(opened.y, [leaf])
    if slope is None:
        return ""
    words = {leaf: leaf.name or "" for leaf in opened.leaves.values()}
    text = formula(slope, words)
    return text if text in words.values() else ""


def _opened(journal: Journal, gate: Node, index: Index) -> Opened:
    arrays = [journal.value(x) for x in gate.inputs]
    names = [journal.names[x] for x in gate.inputs]
    return open_element(gate, index, arrays, names, limit=64, largest=1, padding=False)


def _behind(text: str, k: int) -> str:
    """A term that is not the first: a negative number stands in parentheses."""
    return f"({text})" if k and text.startswith("-") and " " not in text else text


def _signed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("-") else text
