"""The circuit that a picture shows: units joined by nets.

A unit is a gate, a leaf, or a box that stands for many gates. A net joins the place where a value
comes from with all the units that read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tinygraph.draw.modules import Place, common, is_parameter, places
from tinygraph.graph import Node, is_leaf, topological
from tinygraph.journal import Wire

Kind = Literal[
    "gate", "leaf", "constant", "reference", "module", "run", "leaves", "output", "outputs"
]

FEW = 4
"""More leaves, wires or outputs than this between the same units are drawn as one."""


@dataclass(eq=False)
class Group:
    """Gates that are drawn as one box: a module, or a run of gates."""

    kind: Literal["module", "run"]
    title: str
    place: Place = ()


@dataclass(eq=False)
class Unit:
    """Something drawn with an outline or as a word."""

    kind: Kind
    nodes: list[Node]
    title: str
    place: Place = ()

    @property
    def node(self) -> Node:
        """The one node it stands for, or its first."""
        return self.nodes[0]

    @property
    def gates(self) -> list[Node]:
        """Its nodes that compute."""
        return [node for node in self.nodes if node.inputs]

    @property
    def is_box(self) -> bool:
        """Whether it stands for gates that are not seen."""
        return self.kind in ("module", "run")

    @cached_property
    def backward(self) -> bool:
        """Whether it is part of a gradient."""
        return self.node.origin is not None and self.node.origin.backward


@dataclass(eq=False)
class End:
    """Where a net arrives: a unit, and the wires inside it that carry on."""

    unit: Unit
    wires: list[Wire] = field(default_factory=list)


@dataclass(eq=False)
class Net:
    """What joins a value with its readers; several values of one box that go the same way."""

    source: Unit
    nodes: list[Node]
    ends: list[End]

    @property
    def has_copy(self) -> bool:
        """Whether it passes through a copy gate."""
        single = len(self.nodes) == 1 and self.source.kind not in ("constant", "leaves")
        return single and len(self.ends) > 1

    @property
    def backward(self) -> bool:
        """Whether it is part of a gradient, or goes into one."""
        return self.source.backward or all(end.unit.backward for end in self.ends)


@dataclass(eq=False)
class Circuit:
    """Everything in the picture, in the order of the graph."""

    units: list[Unit]
    nets: list[Net]
    referenced: set[Node] = field(default_factory=set)
    """The values whose names a gradient gives instead of a wire across the picture."""

    @property
    def depth(self) -> int:
        """The number of units on the longest way from a leaf to an output."""
        depth = dict.fromkeys(self.units, 1)
        place = {unit: k for k, unit in enumerate(self.units)}
        for net in sorted(self.nets, key=lambda net: place[net.source]):
            for end in net.ends:
                depth[end.unit] = max(depth[end.unit], depth[net.source] + 1)
        return max(depth.values())

    @property
    def size(self) -> int:
        """The number of shapes drawn: units and copy gates."""
        return len(self.units) + sum(net.has_copy for net in self.nets)


Plan = Mapping[Node, Group]
"""The gates that are folded, with the box that each is folded into."""


class Source:
    """A graph to be drawn: its nodes, who reads them, and where they are."""

    def __init__(self, outputs: Sequence[tuple[Node, str]], names: Mapping[Node, str]) -> None:
        self.outputs = list(outputs)
        self.names = names
        self.order = topological([node for node, _ in outputs])
        self.places = places(self.order)
        self.has_backward = any(node.origin and node.origin.backward for node in self.order)
        self.wires: dict[Node, list[Wire]] = {node: [] for node in self.order}
        for node in self.order:
            for k, source in enumerate(node.inputs):
                self.wires[source].append(Wire(node, k))

    def circuit(self, plan: Plan | None = None, tight: bool = False) -> Circuit:
        """The circuit with the gates of `plan` folded into boxes.

        `tight` draws many leaves of one gate as one, too.
        """
        return _Builder(self, plan or {}, tight).build()


class _Builder:
    def __init__(self, source: Source, plan: Plan, tight: bool) -> None:
        self.source, self.plan, self.tight = source, plan, tight
        self.units: list[Unit] = []
        self.nets: list[Net] = []
        self.at: dict[Node, Unit] = {}
        self.referenced: set[Node] = set()

    def build(self) -> Circuit:
        self._gates()
        ends = {node: self._ends(node) for node in self.source.order}
        if self.source.has_backward:
            ends = {node: self._refer(node, several) for node, several in ends.items()}
        for node in self.source.order:
            if not node.inputs:
                self._leaf(node, ends[node])
        self._outputs(ends)
        for node in self.source.order:
            if ends[node] and node in self.at:
                self.nets.append(Net(self.at[node], [node], ends[node]))
        self._bundle_leaves()
        self.nets = _bundled(self.nets)
        self._sort()
        return Circuit(self.units, self.nets, self.referenced)

    def _gates(self) -> None:
        boxes: dict[Group, Unit] = {}
        for node in self.source.order:
            group = self.plan.get(node)
            if not node.inputs:
                continue
            if group is None:
                self._add(Unit("gate", [node], node.op.label, self.source.places[node]))
            elif group in boxes:
                boxes[group].nodes.append(node)
                self.at[node] = boxes[group]
            else:
                boxes[group] = self._add(Unit(group.kind, [node], group.title, group.place))

    def _add(self, unit: Unit) -> Unit:
        self.units.append(unit)
        self.at.update((node, unit) for node in unit.nodes)
        return unit

    def _ends(self, node: Node) -> list[End]:
        """The units that read a node, but not the one that it is in."""
        ends: dict[object, End] = {}
        for k, wire in enumerate(self.source.wires[node]):
            unit = self.at[wire.gate]
            if unit is self.at.get(node):
                continue
            key = unit if unit.is_box else k  # a gate that reads it twice has two ends, a box one
            ends.setdefault(key, End(unit)).wires.append(wire)
        return list(ends.values())

    def _refer(self, node: Node, ends: list[End]) -> list[End]:
        """The ends that stay; the gradient's gates that read a forward value get its name instead.

        Boxes hide what they read of that kind.
        """
        stay = [end for end in ends if not end.unit.backward]
        referable = not self.at[node].backward if node.inputs else is_leaf(node) and stay
        if not referable:
            return ends
        title = next((name for y, name in self.source.outputs if y is node and name), None)
        for end in ends:
            if end.unit.backward and not end.unit.is_box:
                if title is None:
                    self.referenced.add(node)
                name = title or self.source.names[node]
                unit = Unit("reference", [node], name, end.unit.place)
                self.units.append(unit)
                self.nets.append(Net(unit, [node], [end]))
        return stay

    def _leaf(self, node: Node, ends: list[End]) -> None:
        """A leaf is a word, a constant one at each reader; what only one box reads may be in it."""
        inside = ends[0].unit if len(ends) == 1 and ends[0].unit.is_box else None
        place = self.source.places[node]
        if not is_leaf(node):
            for end in ends:
                if not end.unit.is_box:
                    where = place if len(ends) == 1 else end.unit.place
                    unit = Unit("constant", [node], node.op.label, where)
                    self.units.append(unit)
                    self.nets.append(Net(unit, [node], [end]))
            ends.clear()
        elif inside is not None and self._belongs(node, inside):
            inside.nodes.append(node)
            self.at[node] = inside
            ends.clear()
        else:
            self._add(Unit("leaf", [node], self.source.names[node], self._seen_place(place, ends)))

    def _belongs(self, node: Node, box: Unit) -> bool:
        return is_parameter(node) or (box.kind == "run" and node.name is None)

    def _seen_place(self, place: Place, ends: Sequence[End]) -> Place:
        """Not inside a module that is folded."""
        around = common([end.unit.place for end in ends]) if ends else place
        return common([place, around])

    def _outputs(self, ends: Mapping[Node, list[End]]) -> None:
        by_unit: dict[Unit, list[tuple[Node, str]]] = {}
        for node, name in self.source.outputs:
            if node not in self.at:  # a constant
                self._add(Unit("constant", [node], node.op.label))
            by_unit.setdefault(self.at[node], []).append((node, name))
        for several in by_unit.values():
            if len(several) > FEW:
                unit = Unit("outputs", [node for node, _ in several], f"{len(several):,} outputs")
                self.units.append(unit)
                for node in dict.fromkeys(unit.nodes):
                    ends[node].append(End(unit))
                continue
            for node, name in several:
                unit = Unit("output", [node], name)
                self.units.append(unit)
                ends[node].append(End(unit))

    def _bundle_leaves(self) -> None:
        """Many leaves that only one unit reads become one word."""
        by_reader: dict[Unit, list[Net]] = {}
        for net in self.nets:
            reader = net.ends[0].unit
            alone = net.source.kind == "leaf" and len(net.ends) == 1
            if alone and (self.tight or reader.kind == "run"):
                by_reader.setdefault(reader, []).append(net)
        for reader, nets in by_reader.items():
            if len(nets) <= FEW:
                continue
            gone = {net.source for net in nets}
            nodes = [net.source.node for net in nets]
            unit = Unit("leaves", nodes, _listed([net.source.title for net in nets]), reader.place)
            wires = [wire for net in nets for wire in net.ends[0].wires]
            self.units = [u for u in self.units if u not in gone] + [unit]
            self.nets = [net for net in self.nets if net.source not in gone]
            self.nets.append(Net(unit, nodes, [End(reader, wires)]))

    def _sort(self) -> None:
        """In the graph's order, outputs last."""
        number = {node: k for k, node in enumerate(self.source.order)}

        def key(unit: Unit) -> tuple[bool, int]:
            return unit.kind in ("output", "outputs"), min(number[node] for node in unit.nodes)

        self.units.sort(key=key)


def _listed(titles: Sequence[str]) -> str:
    return f"{len(titles):,} leaves: {', '.join(titles[:3])}, …"


def _bundled(nets: Iterable[Net]) -> list[Net]:
    """Many nets of one box that go to the same units become one."""
    ways: dict[tuple[Unit, ...], list[Net]] = {}
    for net in nets:
        ways.setdefault((net.source, *dict.fromkeys(end.unit for end in net.ends)), []).append(net)
    result: list[Net] = []
    for several in ways.values():
        if len(several) <= FEW:
            result.extend(several)
            continue
        ends: dict[Unit, End] = {}
        for net in several:
            for end in net.ends:
                ends.setdefault(end.unit, End(end.unit)).wires.extend(end.wires)
        nodes = [node for net in several for node in net.nodes]
        result.append(Net(several[0].source, nodes, list(ends.values())))
    return result
