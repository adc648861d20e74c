"""`tg.draw`: the picture of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from tinygraph.draw.circuit import Source
from tinygraph.draw.diagram import diagram_of
from tinygraph.draw.diagram_dot import dot_of_diagram
from tinygraph.draw.dot import Direction, dot_of
from tinygraph.draw.drawing import Drawing
from tinygraph.draw.fold import Detail, folded
from tinygraph.draw.numbers import Numbers
from tinygraph.errors import GradientError, TinygraphError, TraceError
from tinygraph.grad import gradients as gradients_of
from tinygraph.graph import Graph, Node, is_leaf
from tinygraph.journal import Journal, differentiable, recorded, upstream_of
from tinygraph.nn import Model
from tinygraph.stages.subject import graph_of
from tinygraph.tensor import Tensor, node_of

GATES = 100
"""So many shapes a picture has at most, unless told otherwise."""

LAYERS = 30
"""A model with more layers is drawn by its blocks, unless told otherwise."""

LEAST = 12
"""Leaves, gates and outputs, folded as far as they go, are so many."""

WIDE = 16
"""A picture with more shapes in a row goes from top to bottom."""

CHEAP = 4_000_000
"""Up to so many elements in all the numbers are computed without being asked for."""


def draw(
    y: Tensor | Graph | Model | Sequence[Tensor],
    *,
    gradients: Any = None,
    backward: bool | Sequence[Tensor] = False,
    detail: Detail = "auto",
    values: bool | None = None,
    direction: Direction | Literal["auto"] = "auto",
    max_gates: int = GATES,
) -> Drawing:
    """The circuit that computes y: values above the wires in blue, gradients below in red-brown.

    `·` stands where nothing is computed yet. `values` and `gradients` say what to compute; left
    out, what takes little time and has a meaning: gradients if y is one float. For a y with
    several elements `gradients` may be an array: what comes in for each element. `backward=True`
    draws the gates of the gradients too; a list of tensors says for which.

    A value that is read more than once passes a copy gate. Modules are frames; `detail="modules"`
    folds each into one box, "gates" never does, "auto" does where there are more than `max_gates`
    shapes. After that runs of gates are folded, so that no picture has more. `direction` is "LR",
    from left to right, or "TB", from top to bottom; "auto" turns what would get too wide.

    A model is drawn as a diagram of its layers, from top to bottom: "modules" shows each outermost
    scope (a block) as one box, "layers" all layers, "auto" these where they fit; "gates" draws its
    circuit.
    """
    _check(detail, direction, max_gates)
    if isinstance(y, Model):
        if detail != "gates":
            return _diagram(y, detail, direction, max_gates)
        y = graph_of(y)
    elif detail == "layers":
        raise TinygraphError('detail="layers" is for models; a circuit has "gates" and "modules"')
    nodes = _nodes(y)
    outputs = [(node, (node.name or "") if node.inputs else "") for node in nodes]
    if backward is not False:
        above = nodes[0].name or "y"
        outputs = [(nodes[0], above), *_gradient_outputs(nodes, backward, gradients, above)]
    names = Graph((), tuple(node for node, _ in outputs)).names()
    source = Source(outputs, names)
    numbers = _numbers(source, nodes, gradients, values)
    circuit = folded(source, detail, max_gates)
    count = sum(bool(node.inputs) for node in source.order)
    title = f"{count:,} gates" if count != 1 else "1 gate"
    if direction == "auto":
        direction = "LR" if circuit.depth <= WIDE else "TB"
    text = dot_of(circuit, numbers, names, direction, title)
    return Drawing(text, count, sum(unit.kind == "gate" for unit in circuit.units))


def _check(detail: str, direction: str, max_gates: int) -> None:
    if detail not in ("auto", "gates", "layers", "modules"):
        raise TinygraphError(f'detail is "auto", "gates", "layers" or "modules", got {detail!r}')
    if direction not in ("auto", "LR", "TB"):
        raise TinygraphError(f'direction is "auto", "LR" or "TB", got {direction!r}')
    if max_gates < LEAST:
        raise TinygraphError(f"max_gates is at least {LEAST}, got {max_gates}")


def _diagram(
    model: Model, detail: Detail, direction: Direction | Literal["auto"], limit: int
) -> Drawing:
    """The picture of a model's layers."""
    if model.outputs is None:
        stack = hasattr(model, "add")
        why = "has no shapes yet: begin it with an Input, or" if stack else "has a call of its own:"
        raise TinygraphError(f"model {model.name} {why} draw what it gives, as in draw(model(x))")
    blocks = detail == "modules" or (detail == "auto" and len(model.calls) > min(LAYERS, limit))
    diagram = diagram_of(model, blocks, limit if detail == "auto" else len(model.calls) + limit)
    direction = "TB" if direction == "auto" else direction
    text = dot_of_diagram(diagram, direction, f"model {model.name}")
    return Drawing(text, diagram.layers, diagram.shown, "layer")


def _nodes(y: Any) -> list[Node]:
    match y:
        case Graph():
            nodes = list(y.outputs)
        case Node():
            nodes = [y]
        case list() | tuple():
            nodes = [node for one in y for node in _nodes(one)]
        case _:
            nodes = [node_of(y)]
    if not nodes:
        raise TinygraphError("there is nothing to draw: no outputs")
    return nodes


def _gradient_outputs(
    nodes: Sequence[Node], backward: bool | Sequence[Tensor], gradients: Any, above: str
) -> list[tuple[Node, str]]:
    """The gradients of the one output for the leaves asked for, or all, with their names."""
    if len(nodes) > 1:
        raise GradientError(f"backward= needs one output to start from, got {len(nodes)}")
    (y,) = nodes
    names = Graph((), (y,)).names()
    if isinstance(backward, bool):
        xs = [node for node in differentiable(list(names)) if is_leaf(node)]
    else:
        xs = [node_of(x) for x in backward]
    upstream = upstream_of(y, True if gradients is None or gradients is False else gradients)
    found = gradients_of(y, xs, upstream)
    return [
        (g, f"d{above}/d{names.get(x, x.name or 'x')}")
        for x, g in zip(xs, found, strict=True)
        if g is not None
    ]


def _numbers(source: Source, nodes: Sequence[Node], gradients: Any, values: bool | None) -> Numbers:
    """Runs the graph as far as wanted and possible."""
    elements = sum(node.type.size + 100 for node in source.order)
    asked = gradients is not None and gradients is not False
    single = len(nodes) == 1
    if gradients is None:
        gradients = single and not source.has_backward
    wants = asked or (elements <= CHEAP if values is None else values)
    outputs = list(dict.fromkeys([*nodes, *(node for node, _ in source.outputs)]))
    journal = _journal(outputs, gradients, asked, bool(values)) if wants else None
    shows = single and (asked or not source.has_backward)
    sloped = set(differentiable(source.order)) if shows else ()
    return Numbers(journal, sloped, bool(journal and journal.gradients), source.names)


def _journal(outputs: Sequence[Node], gradients: Any, asked: bool, values: bool) -> Journal | None:
    """The run as far as it goes, None where it does not start; an error where it was `asked` for.

    Without a value are the inputs of a traced function, without a gradient integers, say.
    """
    try:
        try:
            upstream = None if gradients is False else upstream_of(outputs[0], gradients)
            return recorded(outputs, upstream)
        except GradientError:
            if asked:
                raise
            return recorded(outputs)
    except TraceError:
        if asked or values:
            raise
        return None
