"""A circuit as DOT text, in the style of the lectures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import graphviz

from tinygraph.draw.circuit import Circuit, End, Net, Unit
from tinygraph.draw.modules import Module, Place, common
from tinygraph.draw.numbers import NOT_YET, Numbers, Writing
from tinygraph.draw.text import as_html, clean, explained, identifiers, plain
from tinygraph.graph import Node

Direction = Literal["LR", "TB"]

INK = "#2f3640"
WIRE = "#57606a"
VALUE = "#1f4e9c"
GRADIENT = "#a0411a"
GATE = "#eef3fa"
BACKWARD_GATE = "#fbeee6"
MODULES = ("#f6f4ee", "#efebe1", "#e8e2d4")
"""The background of modules, each darker than the one that it is in."""
FONT = "Helvetica"  # whose widths every layout program knows


def dot_of(
    circuit: Circuit,
    numbers: Numbers,
    names: Mapping[Node, str],
    direction: Direction,
    title: str,
) -> str:
    """The DOT text of a circuit."""
    return _Writer(circuit, numbers, names, direction, title).source()


class _Writer:
    def __init__(
        self,
        circuit: Circuit,
        numbers: Numbers,
        names: Mapping[Node, str],
        direction: Direction,
        title: str,
    ) -> None:
        self.circuit, self.numbers, self.names = circuit, numbers, names
        self.direction, self.title = direction, title
        drawn = [unit.node for unit in circuit.units] + [net.nodes[0] for net in circuit.nets]
        self.words = identifiers({node: names[node] for node in drawn})
        self.keys: dict[Unit, str] = {}
        self.lines: dict[Place, list[tuple[str, dict[str, str]]]] = {}
        self.edges: list[tuple[str, str, dict[str, str]]] = []

    def source(self) -> str:
        # Layout programs put first what comes last; gradients belong below.
        for unit in sorted(self.circuit.units, key=lambda unit: not unit.backward):
            self._unit(unit)
        for net in sorted(self.circuit.nets, key=lambda net: not net.backward):
            self._net(net)
        graph = graphviz.Digraph(
            "circuit",
            graph_attr={
                "rankdir": self.direction,
                "bgcolor": "white",
                "nodesep": "0.25",
                "ranksep": "0.22",
                "ordering": "in",
                "tooltip": plain(self.title),
                "fontname": FONT,
            },
            node_attr={"fontname": FONT, "fontsize": "14", "color": INK, "fontcolor": INK},
            edge_attr={"color": WIRE, "arrowsize": "0.7", "arrowhead": "none"},
        )
        self._cluster(graph, ())
        for tail, head, look in self.edges:
            graph.edge(tail, head, **look)
        return graph.source

    def _cluster(self, graph: graphviz.Digraph, place: Place) -> None:
        """Writes what stands at a place, then the modules inside."""
        for key, look in self.lines.get(place, ()):
            graph.node(key, **look)
        depth = len(place)
        inner = dict.fromkeys(p[: depth + 1] for p in self.lines if p[:depth] == place != p)
        for number, deeper in enumerate(inner):
            name = f"{graph.name if place else 'cluster'}_{number}"
            cluster = graphviz.Digraph(name, graph_attr=_module_look(deeper[-1]))
            self._cluster(cluster, deeper)
            graph.subgraph(cluster)

    def _put(self, place: Place, key: str, **look: str) -> str:
        self.lines.setdefault(place, []).append((key, look))
        return key

    def _unit(self, unit: Unit) -> None:
        word = self.words[unit.node]
        key = {
            "constant": f"{word}_{len(self.keys)}",
            "reference": f"{word}_ref_{len(self.keys)}",
            "output": f"{word}_out_{len(self.keys)}",
            "outputs": f"{word}_outs",
            "module": f"{word}_box",
            "run": f"{word}_box",
            "leaves": f"{word}_leaves",
        }.get(unit.kind, word)
        self.keys[unit] = self._put(unit.place, key, id=key, **self._look(unit))

    def _look(self, unit: Unit) -> dict[str, str]:
        match unit.kind:
            case "gate":
                return _gate_look(unit) | {"tooltip": plain(explained(unit.node, self.names))}
            case "module" | "run":
                return self._box_look(unit)
            case "output" if not unit.title:
                return {"shape": "point", "width": "0.01", "style": "invis", "label": ""}
        look = {"shape": "plaintext", "margin": "0.03", "height": "0.3", "width": "0.2"}
        tip = "\n".join(explained(node, self.names) for node in unit.nodes[:8])
        if unit.kind == "reference":
            look |= {"fontcolor": VALUE, "fontsize": "12"}
        return look | {"label": plain(clean(unit.title)), "tooltip": plain(tip)}

    def _box_look(self, unit: Unit) -> dict[str, str]:
        lines = unit.title.split("\n")
        if unit.kind == "module":
            lines.append(_counts(unit))
        rows = [
            f"<b>{as_html(lines[0])}</b>",
            *(_sized(as_html(line, 80), 10) for line in lines[1:]),
        ]
        first = f"{lines[0]}, {_counts(unit)}\n" if unit.kind == "module" else ""
        tip = first + "\n".join(explained(node, self.names) for node in unit.gates[:12])
        return {
            "shape": "box",
            "style": "rounded,filled" if unit.kind == "module" else "rounded,filled,dashed",
            "fillcolor": BACKWARD_GATE if unit.backward else GATE,
            "color": GRADIENT if unit.backward else INK,
            "label": f"<{'<br/>'.join(rows)}>",
            "tooltip": plain(f"{tip}\n…" if len(unit.gates) > 12 else tip),
            "margin": "0.12,0.06",
        }

    def _net(self, net: Net) -> None:
        """Source, numbers, then the reader; or a copy gate and for each reader numbers again."""
        start = self.keys[net.source]
        trunk = self.numbers.trunk(net, net.nodes[0] in self.circuit.referenced)
        places = [net.source.place, *(end.unit.place for end in net.ends)]
        around = common(places)
        stem = f"{self.words[net.nodes[0]]}_{'wire' if len(net.nodes) == 1 else 'wires'}"
        if not net.has_copy:
            if net.source.kind in ("constant", "reference"):
                stem = f"{start}_wire"
            self._wires(net, start, stem, trunk, around)
            return
        # With the nearest reader; from outside of a module its wire would lead back in.
        place = max((common([net.source.place, end.unit.place]) for end in net.ends), key=len)
        copy = self._copy(net, place)
        self._wire(start, self._numbers(stem, trunk, net, place), copy, net, True)
        for number, end in enumerate(net.ends):
            writing, between = self.numbers.branch(net, end), common([place, end.unit.place])
            branch = self._numbers(f"{stem}_{number}", writing, net, between)
            self._wire(copy, branch, self.keys[end.unit], net, _has_arrow(end))

    def _wires(self, net: Net, start: str, stem: str, writing: Writing, place: Place) -> None:
        """From the source to all ends, with the numbers once."""
        via = self._numbers(stem, writing, net, place)
        first, *rest = net.ends
        self._wire(start, via, self.keys[first.unit], net, _has_arrow(first))
        for end in rest:
            self._edge(via or start, self.keys[end.unit], net, _has_arrow(end), leaves=bool(via))

    def _wire(self, tail: str, via: str | None, head: str, net: Net, arrow: bool) -> None:
        if via is None:
            self._edge(tail, head, net, arrow)
            return
        self._edge(tail, via, net, False, arrives=True)
        self._edge(via, head, net, arrow, leaves=True)

    def _edge(
        self,
        tail: str,
        head: str,
        net: Net,
        arrow: bool,
        *,
        leaves: bool = False,
        arrives: bool = False,
    ) -> None:
        """One stretch of a wire; it `leaves` or `arrives` at a node that carries numbers.

        Gradients flow against the direction of the picture.
        """
        near, far = ("w", "e") if self.direction == "LR" else ("n", "s")
        if net.backward:
            near, far = far, near
        tail = f"{tail}:wire:{far}" if leaves else tail
        head = f"{head}:wire:{near}" if arrives else head
        look: dict[str, str] = {}
        if net.source.backward:
            look["color"] = GRADIENT
        if len(net.nodes) > 1:
            look["penwidth"] = "3"
        if net.backward:
            tail, head = head, tail
            look |= {"dir": "back", "arrowtail": "normal" if arrow else "none"}
        elif arrow:
            look["arrowhead"] = "normal"
        self.edges.append((tail, head, look))

    def _copy(self, net: Net, place: Place) -> str:
        node = net.nodes[0]
        key = f"{self.words[node]}_copy"
        tip = f"copy of {self.names[node]}, a gradient adder"
        look = {
            "shape": "circle",
            "fixedsize": "true",
            "width": "0.42",
            "label": "copy",
            "fontsize": "10",
            "style": "filled",
            "fillcolor": "white",
            "tooltip": plain(tip),
        }
        return self._put(place, key, id=key, **look)

    def _numbers(self, key: str, writing: Writing, net: Net, place: Place) -> str | None:
        """A node in the middle of a wire that carries what is written on it."""
        if not writing:
            return None
        color = GRADIENT if net.source.backward else WIRE
        table = _across if self.direction == "LR" else _along
        label = table(writing, color, 1 if len(net.nodes) == 1 else 3)
        look = {"shape": "plain", "label": label, "tooltip": plain(self._exact(net))}
        return self._put(place, key, id=key, **look)

    def _exact(self, net: Net) -> str:
        node = net.nodes[0]
        if len(net.nodes) > 1:
            return ", ".join(self.names[n] for n in net.nodes[:12])
        value, gradient = self.numbers.value(node), self.numbers.gradient(node)
        lines = [f"{self.names[node]}: {node.type}"]
        lines += [f"value {value}"] if value else []
        lines += [f"gradient {gradient}"] if gradient else []
        return "\n".join(lines)


def _has_arrow(end: End) -> bool:
    return end.unit.kind not in ("output", "outputs") or bool(end.unit.title)


def _counts(unit: Unit) -> str:
    gates, others = len(unit.gates), len(unit.nodes) - len(unit.gates)
    text = unit.gates[0].op.label if gates == 1 else f"{gates:,} gates"
    return f"{text}, {others:,} parameter{'s' * (others > 1)}" if others else text


def _gate_look(unit: Unit) -> dict[str, str]:
    """A circle for a symbol, with straight sides for a longer word."""
    size = len(unit.title)
    look = {
        "label": plain(clean(unit.title)),
        "style": "filled" if size <= 5 else "rounded,filled",
        "fillcolor": BACKWARD_GATE if unit.backward else GATE,
        "color": GRADIENT if unit.backward else INK,
    }
    if size <= 5:
        look |= {"shape": "circle", "fixedsize": "true", "width": "0.5" if size < 4 else "0.58"}
        look["fontsize"] = {1: "20", 2: "15", 3: "14"}.get(size, "12")
        return look
    return look | {"shape": "box", "height": "0.4", "margin": "0.1,0.04", "fontsize": "12"}


def _module_look(module: Module) -> dict[str, str]:
    name = f"{module.name} (backward)" if module.backward else module.name
    return {
        "label": f"<{_sized(f'<b>{as_html(name)}</b>', 11)}>",
        "labeljust": "l",
        "style": "rounded,filled",
        "color": GRADIENT if module.backward else "#b9b1a0",
        "fillcolor": MODULES[min(module.depth, len(MODULES)) - 1],
        "tooltip": plain(name),
        "margin": "10",
    }


def _sized(text: str, size: int, color: str = "") -> str:
    tint = f' color="{color}"' if color else ""
    return f'<font point-size="{size}"{tint}>{text}</font>'


def _number(text: str, color: str) -> str:
    if text == NOT_YET:
        return _sized(f"<b>{text}</b>", 16, color)
    return _sized(as_html(text) or " ", 12, color)


def _sides(writing: Writing) -> tuple[list[str], list[str]]:
    """The lines before and behind the wire, equally many, so that the wire is in the middle."""
    before = [_number(writing.value, VALUE)]
    behind = [_number(writing.gradient, GRADIENT)]
    if writing.type:
        before.insert(0, _sized(as_html(writing.type), 10, WIRE))
        behind.append(_sized(" ", 10))
    return before, behind


TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'


def _across(writing: Writing, color: str, width: int) -> str:
    """The numbers above and below a wire that goes from left to right.

    The wire has a column of one point on each side, as far as layout programs keep lines away.
    """
    before, behind = _sides(writing)
    end = f'<td width="1" height="{width}" bgcolor="{color}"></td>'
    wire = f'<tr>{end}<td port="wire" height="{width}" bgcolor="{color}"></td>{end}</tr>'
    above, below = (
        "".join(f"<tr><td></td><td>  {line}  </td><td></td></tr>" for line in lines)
        for lines in (before, behind)
    )
    return f"<{TABLE}{above}{wire}{below}</table>>"


def _along(writing: Writing, color: str, width: int) -> str:
    """The numbers left and right of a wire that goes down."""
    value = "<br/>".join(
        line
        for line in (
            _sized(as_html(writing.type), 10, WIRE) if writing.type else "",
            _number(writing.value, VALUE) if writing.value else "",
        )
        if line
    )
    gradient = _number(writing.gradient, GRADIENT)
    end = f'<tr><td></td><td height="1" width="{width}" bgcolor="{color}"></td><td></td></tr>'
    return (
        f'<{TABLE}{end}<tr><td align="right">{value or " "} </td>'
        f'<td port="wire" width="{width}" bgcolor="{color}"></td>'
        f'<td align="left"> {gradient}</td></tr>{end}</table>>'
    )
