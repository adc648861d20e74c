"""Graphs of scalar gates as formulas: with names put in, and with numbers.

A gate's equation says what it computes, so formulas need no list of ops; the formula of a gradient
is that of the little graph which an op's vjp makes of stand-ins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tinygraph.graph import Node, Placeholder, topological
from tinygraph.journal import Wire
from tinygraph.loops.expr import Apply, Const, Expr, Operand, read
from tinygraph.ops import full
from tinygraph.ops.base import Full
from tinygraph.types import DType

Words = Mapping[Node, str]


class _Part(Operand):
    """An operand whose one element is an expression."""

    def __init__(self, e: Expr) -> None:
        super().__init__("", (), e.dtype)
        self.e = e

    def at(self, *position: Any, outside: float | int | bool | None = 0) -> Expr:
        return self.e


def formula(node: Node, words: Words, chosen: Mapping[Node, Node] | None = None) -> str:
    """What computes a scalar, in terms of the nodes that have words.

    `chosen` says of a choice which of its inputs it is, where that need not be said.
    """
    found: dict[Node, Expr] = {}
    for at in topological([node], words):
        if at in words:
            found[at] = _word(words[at], at.dtype)
        elif chosen and at in chosen:
            found[at] = found[chosen[at]]
        elif isinstance(at.op, Full):
            found[at] = at.op.equation(())
        else:
            found[at] = _simple(at.op.equation((), *(_Part(found[x]) for x in at.inputs)))
    return _polished(str(found[node]))


def _word(word: str, dtype: DType) -> Expr:
    return read(word, (), dtype, ())


def _simple(e: Expr) -> Expr:
    """g * 1 is g, and g + 0 is g."""
    neutral = {"mul": 1, "add": 0}
    if isinstance(e, Apply) and e.function in neutral:
        for one, other in (e.args, e.args[::-1]):
            if isinstance(one, Const) and one.value == neutral[e.function]:
                return other
    return e


def _polished(text: str) -> str:
    """Without the brackets of scalars; a negative number behind a sign is in parentheses."""
    text = text.replace("[]", "").replace("select(", "where(")
    text = re.sub(r"(?<=[-+*/] )(-[\d.]+(?:e[-+]?\d+)?)", r"(\1)", text)
    return re.sub(r"(?<=-)(-[\d.]+(?:e[-+]?\d+)?)", r"(\1)", text)


def forward_formula(gate: Node, word: Callable[[Node], str]) -> str:
    """What a gate that works element by element computes, at one element."""
    stands = _stand_ins(gate)
    sources = [stands[x] for x in gate.inputs]
    parts = [
        _Part(_word(word(x), x.dtype)) if isinstance(s.op, Placeholder) else _Part(_constant(s))
        for x, s in zip(gate.inputs, sources)
    ]
    return _polished(str(gate.op.equation((), *parts)))


def _constant(node: Node) -> Expr:
    return node.op.equation(())


def backward_formula(wire: Wire, upstream: str, word: Callable[[Node], str]) -> str:
    """What a gate that works element by element sends back over a wire, at one element.

    `upstream` is what the gradient from above is called.
    """
    gate = wire.gate
    stands = _stand_ins(gate)
    g = Node(Placeholder(0), (), gate.type.with_shape(()))
    part = gate.op.vjp(g, stands[gate], *(stands[x] for x in gate.inputs))[wire.position]
    if part is None:
        return "0"
    words = {s: word(x) for x, s in stands.items() if isinstance(s.op, Placeholder)}
    return formula(part, {**words, g: upstream})


def _stand_ins(gate: Node) -> dict[Node, Node]:
    """For a gate and its inputs scalars without a value; constants stay: rules may look at them."""
    found: dict[Node, Node] = {}
    for x in (*gate.inputs, gate):
        kind = x.type.with_shape(())
        known = isinstance(x.op, Full)
        found[x] = full(x.op.value, kind) if known else Node(Placeholder(0), (), kind)  # type: ignore
    return found
