"""One element of a gate as a line of text: its equation with the numbers put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.graph import Leaf, Node, topological
from tinygraph.journal import number
from tinygraph.loops.expr import Reduce
from tinygraph.stepper.elements import brackets, checked
from tinygraph.stepper.rules.formulas import formula
from tinygraph.stepper.scalars.build import Builder
from tinygraph.stepper.scalars.grids import Grid
from tinygraph.stepper.scalars.opened import Elements, checked_values, equation_of, stays_whole

FEW = 4
"""A sum of so many terms is written out."""

WIDTH = 100
"""Formulas with more characters are shortened."""


def formula_with_numbers(
    gate: Node,
    index: Sequence[int],
    arrays: Sequence[np.ndarray],
    names: Mapping[Node, str] | None = None,
    width: int = WIDTH,
) -> str:
    """Element `index` of `gate` in numbers: `conv_1[0,2] = 0.5 * 1.2 + ... (27 terms) = 3.1`.

    `arrays` are the values of the gate's inputs. An element that is only moved has a name instead:
    `transpose_1[0,1] = x[1,0] = 3.1`. Terms that read outside of an input and change
    nothing are not counted. Of a formula wider than `width` only the result is given.
    """
    at = checked(gate, index, f"{gate}")
    called = [(names or {}).get(x) or x.name or "" for x in gate.inputs]
    elements = Elements(gate, checked_values(gate, arrays), called)
    build = Builder(elements.arrays, elements.leaf, elements.outside, padding=False)
    name = (names or {}).get(gate) or gate.name or gate.op.name
    left = name + brackets(at)
    if stays_whole(gate):
        y = elements.whole(at)
        return _line(left, _text(y, width) or _call(y), number(evaluate([y])[0].item()))
    axes, e = equation_of(gate)
    where = dict(zip(axes, at, strict=True))
    value = number(np.asarray(Grid(elements.arrays, where).value(e)).item())
    if isinstance(e, Reduce):
        nodes, count = build.first_terms(e, where, FEW)
        return _line(left, _reduction(e.kind, nodes, count, width), value)
    y = build.build(e, where)
    return _line(left, _text(y, width) if y.inputs else _moved(y), value)


def _moved(y: Node) -> str:
    """The element of an input that this one is."""
    named = isinstance(y.op, Leaf) and y.name is not None and not y.name.startswith("[")
    return (y.name or "") if named else ""


def _call(y: Node) -> str:
    return f"{y.op.name}({', '.join(_text(x, WIDTH) for x in y.inputs)})"


def _line(left: str, formula: str, value: str) -> str:
    parts = [left, formula, value]
    return " = ".join(part for k, part in enumerate(parts) if part and part not in parts[k + 1 :])


def _reduction(kind: str, nodes: Sequence[Node], count: int, width: int) -> str:
    """The first terms of a sum or choice, as many as there is room for."""
    terms = [_text(node, width) for node in nodes]
    if not count:
        return ""
    for shown in range(FEW, 0, -1) if count <= FEW else range(FEW - 1, 0, -1):
        if shown > count or not all(terms[:shown]):
            continue
        text = _joined(kind, terms[:shown], count)
        if len(text) <= width:
            return text
    return f"({count:,} terms)"


def _joined(kind: str, terms: Sequence[str], count: int) -> str:
    more = f" ({count:,} terms)" if count > len(terms) else ""
    if kind != "add":
        return f"{kind}({', '.join([*terms, '...'] if more else terms)}){more}"
    text = terms[0]
    for term in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return f"{text} + ...{more}" if more else text


def _text(y: Node, width: int) -> str:
    """The formula of scalar gates; empty if it is wider than `width`."""
    order = topological([y])
    if len(order) > width:
        return ""
    words = {x: number(x.op.storage.array.item()) for x in order if isinstance(x.op, Leaf)}
    text = formula(y, words)
    return text if len(text) <= width else ""
