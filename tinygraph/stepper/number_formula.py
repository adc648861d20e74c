"""One element of a gate as a line of text: its equation with the numbers put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.graph import Leaf, Node, topological
from tinygraph.journal import number
from tinygraph.loops.expr import Reduce
from tinygraph.ops.base import Full
from tinygraph.stepper.elements import checked
from tinygraph.stepper.grids import Grid
from tinygraph.stepper.scalars import Elements, checked_values, equation_of, stays_whole
from tinygraph.stepper.scalars_build import Builder

FEW = 4
"""A sum of so many terms is written out."""

WIDTH = 100
"""Formulas with more characters are shortened."""

RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
"""How tightly operators bind; others less than all of these."""
NEGATIVE, ATOM = 3, 5


def formula_with_numbers(
    gate: Node,
    index: Sequence[int],
    arrays: Sequence[np.ndarray],
    names: Mapping[Node, str] | None = None,
    width: int = WIDTH,
) -> str:
    """Element `index` of `gate` in numbers: `conv_1[0,2,3] = 0.5*1.2 + ... (27 terms) = 3.1`.

    `arrays` are the values of the gate's inputs. Terms that read outside of an input and change
    nothing are not counted. A formula wider than `width` is left out but for its result.
    """
    at = checked(gate, index, f"{gate}")
    elements = Elements(gate, checked_values(gate, arrays), [""] * len(gate.inputs))
    build = Builder(elements.arrays, elements.leaf, elements.outside, padding=False)
    name = (names or {}).get(gate) or gate.name or gate.op.name
    left = name + (f"[{','.join(map(str, at))}]" if at else "")
    if stays_whole(gate):
        y = elements.whole(at)
        return _line(left, _text(y, width), number(evaluate([y])[0].item()))
    axes, e = equation_of(gate)
    where = dict(zip(axes, at, strict=True))
    value = number(np.asarray(Grid(elements.arrays, where).value(e)).item())
    if isinstance(e, Reduce):
        nodes, count = build.first_terms(e, where, FEW)
        return _line(left, _reduction(e.kind, nodes, count, width), value)
    return _line(left, _text(build.build(e, where), width), value)


def _line(left: str, formula: str, value: str) -> str:
    parts = [left, formula, value]
    return " = ".join(part for k, part in enumerate(parts) if part and part not in parts[k + 1 :])


def _reduction(kind: str, nodes: Sequence[Node], count: int, width: int) -> str:
    """The first terms of a sum or choice, as many as there is room for."""
    terms = [_text(node, width, RANK["+"] + 1 if kind == "add" else 0) for node in nodes]
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


def _text(y: Node, width: int, rank: int = 0) -> str:
    """The formula of scalar gates; empty if it is wider than `width`."""
    texts: dict[Node, tuple[str, int]] = {}
    for node in topological([y]):
        parts = [texts[x] for x in node.inputs]
        text = ("", ATOM) if any(not part for part, _ in parts) else _written(node, parts)
        texts[node] = text if len(text[0]) <= width else ("", ATOM)
    return _inside(texts[y], rank)


def _written(node: Node, parts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    match node.op:
        case Leaf(storage):
            return _number(storage.array.item())
        case Full(value):
            return _number(node.dtype.numpy.type(value).item())
    sign = node.op.symbol
    spelt = not sign or sign.isalpha()
    if len(parts) == 2 and not spelt:
        rank = RANK.get(sign, 0)
        space = "" if rank >= RANK["*"] else " "
        left, right = _inside(parts[0], rank), _inside(parts[1], rank + 1)
        right = f"({right})" if right.startswith("-") else right
        return f"{left}{space}{sign}{space}{right}", rank
    if len(parts) == 1 and sign == "-":
        return f"-{_inside(parts[0], NEGATIVE + 1)}", NEGATIVE
    word = sign if sign.isalpha() and sign.isascii() else node.op.name
    return f"{word}({', '.join(text for text, _ in parts)})", ATOM


def _number(value: float | int | bool) -> tuple[str, int]:
    text = number(value)
    return text, NEGATIVE if text.startswith("-") else ATOM


def _inside(part: tuple[str, int], rank: int) -> str:
    """A part of a formula, in brackets if it binds less tightly than what it is put into."""
    text, own = part
    return f"({text})" if text and own < rank else text
