"""A diagram of layers as DOT text, from top to bottom as Keras's plot_model has it."""

from __future__ import annotations

import graphviz

from tinygraph.draw.diagram import Box, Diagram, Place
from tinygraph.draw.dot import FONT, INK, MODULES, WIRE, Direction
from tinygraph.draw.text import as_html, plain

COLORS = (
    ("Conv", "#dde9f8"),
    ("Pool", "#e2f1de"),
    ("Sampling", "#e2f1de"),
    ("Dense", "#efe3f5"),
    ("Normalization", "#fbf2d9"),
    ("block", "#eef3fa"),
)
"""The background by a part of the kind; white for the others."""


def dot_of_diagram(diagram: Diagram, direction: Direction, title: str) -> str:
    """The DOT text. Blocks down1 ... and up1 ... of a U-Net stand at equal height."""
    pairs = diagram.levels() if direction == "TB" else []
    graph = graphviz.Digraph(
        "model",
        graph_attr={
            "rankdir": direction,
            "bgcolor": "white",
            "nodesep": "1.2" if pairs else "0.3",
            "ranksep": "0.28",
            "tooltip": plain(title),
            "fontname": FONT,
        },
        node_attr={
            "fontname": FONT,
            "fontsize": "12",
            "color": INK,
            "fontcolor": INK,
            "shape": "box",
            "style": "rounded,filled",
            "margin": "0.12,0.05",
            "height": "0.3",
        },
        edge_attr={"color": WIRE, "arrowsize": "0.7"},
    )
    keys = {box: f"box_{k}" for k, box in enumerate(diagram.boxes)}
    _cluster(graph, diagram, keys, ())
    for down, up in pairs:
        level = graphviz.Digraph(graph_attr={"rank": "same"})
        level.node(keys[down])
        level.node(keys[up])
        graph.subgraph(level)
    rising = _after(diagram, {up for _, up in pairs})
    for tail, head in diagram.arrows:
        if (tail, head) in pairs:
            graph.edge(keys[tail], keys[head], color="#9aa3ad")
        elif head in rising:
            graph.edge(keys[head], keys[tail], dir="back")
        else:
            graph.edge(keys[tail], keys[head])
    return graph.source


def _after(diagram: Diagram, boxes: set[Box]) -> set[Box]:
    """The boxes, and what is computed from them: on a U-Net's way up each stands above the last."""
    found = set(boxes)
    for tail, head in diagram.arrows:  # in the order they are computed
        if tail in found:
            found.add(head)
    return found


def _cluster(graph: graphviz.Digraph, diagram: Diagram, keys: dict[Box, str], place: Place) -> None:
    """Writes the boxes at a place, then the scopes inside, each as a frame."""
    depth = len(place)
    for box in diagram.boxes:
        if box.place == place:
            graph.node(keys[box], **_look(box))
    inner = [box.place[: depth + 1] for box in diagram.boxes if box.place[:depth] == place]
    for deeper in dict.fromkeys(p for p in inner if len(p) > depth):
        name = f"cluster_{'_'.join(str(keys[box]) for box in _first(diagram, deeper))}_{depth}"
        frame = graphviz.Digraph(
            name,
            graph_attr={
                "label": f"<<font point-size='11'><b>{as_html(deeper[-1])}</b></font>>",
                "labeljust": "l",
                "style": "rounded,filled",
                "color": "#b9b1a0",
                "fillcolor": MODULES[min(depth, len(MODULES) - 1)],
                "tooltip": plain("/".join(deeper)),
                "margin": "8",
            },
        )
        _cluster(frame, diagram, keys, deeper)
        graph.subgraph(frame)


def _first(diagram: Diagram, place: Place) -> list[Box]:
    return [box for box in diagram.boxes if box.place[: len(place)] == place][:1]


def _look(box: Box) -> dict[str, str]:
    rows = [f"<b>{as_html(box.title)}</b>"]
    rows += [f"<font point-size='10'>{as_html(line, 60)}</font>" for line in box.lines]
    color = next((color for part, color in COLORS if part in box.kind), "white")
    look = {"label": f"<{'<br/>'.join(rows)}>", "fillcolor": color, "tooltip": plain(box.tip)}
    if box.kind in ("input", "output"):
        return look | {"shape": "plaintext", "style": ""}
    return look | ({"style": "rounded,filled,dashed"} if box.kind == "middle" else {})
