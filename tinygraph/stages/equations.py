"""Equations as they are printed: no two axes that meet have one name."""

from __future__ import annotations

from tinygraph.loops.expr import Expr, Reduce, reduce, substitute, transform
from tinygraph.loops.index import Axis, index, substitute_index
from tinygraph.lowering.equation import Equation


def equation_text(equation: Equation) -> str:
    """The equation; a sum's axis that is called like one of the output gets a dash."""
    taken = {axis.name for axis in equation.axes}

    def change(e: Expr) -> Expr | None:
        if not isinstance(e, Reduce) or taken.isdisjoint(axis.name for axis in e.over):
            return None
        fresh = tuple(Axis(_free(axis.name, taken), axis.extent) for axis in e.over)
        to = {old: index(new) for old, new in zip(e.over, fresh)}
        where = tuple(substitute_index(w, to) for w in e.where)
        return reduce(e.kind, fresh, substitute(e.body, to), where)

    expr = transform(equation.expr, change) if equation.expr.has_reduce else equation.expr
    return str(Equation(equation.array, equation.axes, equation.at, expr))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name
