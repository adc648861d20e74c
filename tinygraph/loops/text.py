"""Expressions as text: formulas that people read."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import cast

from tinygraph.loops.expr import (
    COMPARISONS,
    INFIX,
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
    Reduce,
)
from tinygraph.loops.rewrite import children, walk

LONG = 40
"""Parts of a formula, counted as written out, from which on it is printed in pieces."""


def to_text(e: Expr) -> str:
    """One line of formula: `sum(u<3 c<2: x[i+u, c] * w[u, c, o])`.

    In a long one, what occurs more than once comes first, with a name: `t1 = x[i] + 1; t1 * t1`.
    """
    pieces, last = in_pieces(e)
    return "; ".join([*(f"{name} = {text}" for name, text in pieces), last])


def in_pieces(e: Expr) -> tuple[list[tuple[str, str]], str]:
    """The named parts of a long formula, in order, and the formula in terms of these names."""
    size: dict[Expr, int] = {}
    used: dict[Expr, int] = {}
    for at in walk(e):
        size[at] = 1 + sum(size[child] for child in children(at))
        for child in children(at):
            used[child] = used.get(child, 0) + 1
    if size[e] <= LONG:
        return [], _text(e, {})
    names: dict[Expr, str] = {}
    pieces: list[tuple[str, str]] = []
    for at in size:
        if isinstance(at, Apply | Reduce) and used.get(at, 0) > 1 and _closed(at, e):
            text = _text(at, names)
            names[at] = f"t{len(names) + 1}"
            pieces.append((names[at], text))
    return pieces, _text(e, names)


def _closed(part: Expr, whole: Expr) -> bool:
    """Whether the part can stand before the whole: it is not under a reduction over its axes."""
    return part.axes <= whole.axes


def source_name(source: Hashable) -> str:
    return str(getattr(source, "name", source))


def _text(e: Expr, names: Mapping[Expr, str]) -> str:
    if e in names:
        return names[e]
    match e:
        case Const():
            return f"{e.value:g}" if isinstance(e.value, float) else str(e.value)
        case IndexValue():
            return f"({e.index})" if len(e.index.terms) + bool(e.index.const) > 1 else str(e.index)
        case Read():
            outside = "" if e.outside is None else f" else {e.outside:g}"
            return f"{source_name(e.source)}[{', '.join(map(str, e.indices))}{outside}]"
        case Reduce():
            word = {"add": "sum", "max": "max", "min": "min"}[e.kind]
            where = "".join(f", {w} == 0" for w in e.where)
            over = " ".join(f"{a.name}<{a.extent}" for a in e.over)
            return f"{word}({over}{where}: {_text(e.body, names)})"
        case Apply():
            return _apply_text(e, names)
    return object.__repr__(e)


def _apply_text(e: Apply, names: Mapping[Expr, str]) -> str:
    args = [_text(a, names) for a in e.args]
    infix = [_binary(a) and a not in names for a in e.args]
    sign = INFIX.get(e.function) or COMPARISONS.get(e.function)
    if sign:
        parts = zip(e.args, args, infix, strict=True)
        return f" {sign} ".join(f"({t})" if i and not _tighter(a, e) else t for a, t, i in parts)
    if e.function == "cast":
        return f"{e.dtype}({args[0]})"
    if e.function == "neg":
        return f"-{f'({args[0]})' if infix[0] else args[0]}"
    return f"{e.function}({', '.join(args)})"


def _binary(e: Expr) -> bool:
    return isinstance(e, Apply) and (e.function in INFIX or e.function in COMPARISONS)


def _tighter(inner: Expr, outer: Apply) -> bool:
    return cast(Apply, inner).function == "mul" and outer.function in ("add", "sub")
