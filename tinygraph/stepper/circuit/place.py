"""Where the boxes of a circuit go: layers from left to right, and rows within them.

Layers by the longest way to the right, order by depth-first search and then by the middle of the
neighbours, rows by least squares with the least distances kept (pool adjacent violators). The
numbers play no part, so the picture stays put while they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

from rich.cells import cell_len

from tinygraph.stepper.circuit.scene import Box, Diagram, Line

SWEEPS = 4
STRETCH = 3
"""Rows that a box grows at most for a straight wire."""
FIRM = 1000
"""The weight of what shall stay where it is."""


@dataclass(frozen=True)
class Look:
    """How generously things are drawn."""

    narrow: int = 10
    """Characters for one number."""
    wide: int = 16
    """Characters for a range of numbers."""
    names: bool = True
    """Whether the names of gates stand above their boxes."""
    title: int = 16
    """Characters of the longest title."""


@dataclass(eq=False)
class Item:
    """Something in a layer: a box, or a wire that passes through."""

    box: Box | None
    layer: int
    width: int = 1
    height: int = 1
    head: int = 0
    """Rows above its outline."""
    ins: list[int] = field(default_factory=list)
    """The rows at which wires arrive, counted from its top."""
    outs: list[int] = field(default_factory=list)
    top: int = 0
    left: int = 0


@dataclass(eq=False)
class Segment:
    """A piece of a line: from one layer to the next."""

    line: Line
    source: Item
    out: int
    end: Item
    at: int

    @property
    def start_row(self) -> int:
        return self.source.top + self.source.outs[self.out]

    @property
    def end_row(self) -> int:
        return self.end.top + self.end.ins[self.at]


@dataclass(eq=False)
class Placed:
    """Items with their rows, layer by layer, and what joins them."""

    layers: list[list[Item]]
    segments: list[Segment]
    height: int


def placed(diagram: Diagram, look: Look) -> Placed:
    """The rows of all items; the columns are found when the wires are routed."""
    layer = _layers(diagram)
    items = {box: _item(box, diagram, layer, look) for box in diagram.boxes}
    layers: list[list[Item]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for box in _visited(diagram):
        layers[layer[box]].append(items[box])
    segments = _segments(diagram, items, layers)
    _reorder(layers, segments)
    _rows(layers, segments)
    _stretch(layers, segments)
    low = min((item.top for column in layers for item in column), default=0)
    for column in layers:
        for item in column:
            item.top -= low
    high = max((item.top + item.height for column in layers for item in column), default=0)
    return Placed(layers, segments, high)


def surely_too_large(diagram: Diagram, look: Look, width: int, height: int) -> bool:
    """Whether it cannot fit, found without placing anything: too many layers, or a layer with too
    many rows."""
    layer = _layers(diagram)
    count = max(layer.values(), default=0) + 1
    if (count - 1) * (look.narrow + 2) > width or len(diagram.boxes) > count * height:
        return True
    rows = [0] * count
    for box in diagram.boxes:
        rows[layer[box]] += 3 if diagram.out[box] else 1
    for line in diagram.lines:
        for between in range(layer[line.source] + 1, layer[line.end]):
            rows[between] += 1
    return max(rows) > height


def _layers(diagram: Diagram) -> dict[Box, int]:
    """The longest way from the left; then everything as near to its readers as it can be."""
    layer: dict[Box, int] = {}
    for box in diagram.boxes:
        layer[box] = max((layer[line.source] + 1 for line in diagram.into[box]), default=0)
    for box in reversed(diagram.boxes):
        if diagram.out[box]:
            layer[box] = min(layer[line.end] for line in diagram.out[box]) - 1
    first = min(layer.values(), default=0)
    return {box: k - first for box, k in layer.items()}


def _visited(diagram: Diagram) -> list[Box]:
    """Depth first from the right, inputs in their order: trees come out without crossings."""
    order: list[Box] = []
    seen: set[Box] = set()
    ends = [box for box in diagram.boxes if not diagram.out[box]]
    stack = list(reversed(ends))
    while stack:
        box = stack.pop()
        if box in seen:
            continue
        seen.add(box)
        order.append(box)
        stack.extend(line.source for line in reversed(diagram.into[box]))
    return order


def _item(box: Box, diagram: Diagram, layer: dict[Box, int], look: Look) -> Item:
    into, out = diagram.into[box], diagram.out[box]
    if box.is_word:
        width = min(cell_len(box.title), look.title)
        if not out:
            return Item(box, layer[box], width, 1, 0, [0] * len(into), [])
        return Item(box, layer[box], width, 3 * len(out), 0, [], _spread(len(out), 3, 3 * len(out)))
    near = sum(not line.source.is_word for line in into) < 2
    step = 3 if near and len(into) < 6 else 2 if len(into) < 5 else 1
    lines = len(box.title.split("\n"))
    height = max(3, lines + 2, step * (len(into) - 1) + 3, 3 * len(out))
    head = 1 if look.names and box.label else 0
    width = min(max(map(cell_len, box.title.split("\n"))), look.title) + 4
    ins = [head + row for row in _spread(len(into), step, height)]
    outs = [head + row for row in _spread(len(out), 3, height)]
    return Item(box, layer[box], width, height + head, head, ins, outs)


def _spread(count: int, step: int, height: int) -> list[int]:
    """Rows for some wires, in the middle of a height."""
    first = (height - 1 - step * (count - 1)) // 2
    return [first + step * k for k in range(count)]


def _segments(diagram: Diagram, items: dict[Box, Item], layers: list[list[Item]]) -> list[Segment]:
    """The pieces of all lines; a line over several layers gets an item in each between."""
    found: list[Segment] = []
    for box in diagram.boxes:
        for at, line in enumerate(diagram.into[box]):
            here, out = items[line.source], diagram.out[line.source].index(line)
            for k in range(here.layer + 1, items[box].layer):
                bend = Item(None, k, ins=[0], outs=[0])
                layers[k].append(bend)
                found.append(Segment(line, here, out, bend, 0))
                here, out = bend, 0
            found.append(Segment(line, here, out, items[box], at))
    return found


def _reorder(layers: list[list[Item]], segments: Sequence[Segment]) -> None:
    """Fewer crossings: each item goes to the middle of its neighbours, where that helps."""
    best, order = _crossings(layers, segments), [list(column) for column in layers]
    for sweep in range(SWEEPS):
        rank = {item: k for column in layers for k, item in enumerate(column)}
        near: dict[Item, list[float]] = {item: [] for item in rank}
        for s in segments:
            if sweep % 2:
                near[s.source].append(rank[s.end] + s.at / (1 + len(s.end.ins)))
            else:
                near[s.end].append(rank[s.source] + s.out / (1 + len(s.source.outs)))
        for column in layers:
            middle = {x: _middle(near[x], rank[x]) for x in column}
            column.sort(key=middle.__getitem__)
        count = _crossings(layers, segments)
        if count < best:
            best, order = count, [list(column) for column in layers]
    layers[:] = order
    _sort_branches(layers, segments)


def _sort_branches(layers: list[list[Item]], segments: Sequence[Segment]) -> None:
    """What leaves a box in several places leaves it in the order in which it arrives."""
    rank = {item: k for column in layers for k, item in enumerate(column)}
    leaving: dict[Item, list[Segment]] = {}
    for s in segments:
        leaving.setdefault(s.source, []).append(s)
    for several in leaving.values():
        several.sort(key=lambda s: (rank[s.end], s.at))
        for k, s in enumerate(several):
            s.out = k


def _middle(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(layers: list[list[Item]], segments: Sequence[Segment]) -> int:
    rank = {item: k for column in layers for k, item in enumerate(column)}
    gaps: dict[int, list[tuple[int, tuple[int, int]]]] = {}
    for s in segments:
        gap = gaps.setdefault(s.source.layer, [])
        gap.append((rank[s.source], (rank[s.end], s.at)))
    count = 0
    for gap in gaps.values():
        gap.sort()
        ends = [end for _, end in gap]
        count += sum(a > b for k, a in enumerate(ends) for b in ends[k + 1 :])
    return count


def _rows(layers: list[list[Item]], segments: Sequence[Segment]) -> None:
    """Each item as near as can be to the wires that it reads, or to its readers."""
    before: dict[Item, list[Segment]] = {item: [] for column in layers for item in column}
    after: dict[Item, list[Segment]] = {item: [] for column in layers for item in column}
    for s in segments:
        before[s.end].append(s)
        after[s.source].append(s)

    def by_inputs(item: Item) -> list[int]:
        firm = [s for s in before[item] if not (s.source.box and s.source.box.is_word)]
        return [s.start_row - item.ins[s.at] for s in firm or before[item]]

    def by_readers(item: Item) -> list[int]:
        return [s.end_row - item.outs[s.out] for s in after[item]]

    for column in layers:
        _settle(column, [by_inputs(item) or [0] for item in column])
    for _ in range(SWEEPS):
        for column in reversed(layers):
            _settle(column, [by_readers(item) or by_inputs(item) for item in column])
        for column in layers:
            _settle(column, [by_inputs(item) or by_readers(item) for item in column])
    for column in reversed(layers):  # words have moved least: they follow what reads them
        fixed = [bool(before[item]) for item in column]
        wishes = [[item.top] if f else by_readers(item) for item, f in zip(column, fixed)]
        _settle(column, wishes, [FIRM if f else 1 for f in fixed])


def _stretch(layers: list[list[Item]], segments: Sequence[Segment]) -> None:
    """A box grows a little downwards where that makes the wire of its last input straight."""
    last = {s.end: s for s in segments if s.end.box and s.at == len(s.end.ins) - 1 > 0}
    for column in layers:
        for item, below in zip(column, [*column[1:], None]):
            segment = last.get(item)
            if segment is None or not (segment.source.box and segment.source.box.is_word):
                continue
            more = segment.start_row - segment.end_row
            room = below is None or below.top >= item.top + item.height + more
            if 0 < more <= STRETCH and room:
                item.ins[-1] += more
                item.height += more


def _settle(
    column: Sequence[Item], wishes: Sequence[Sequence[int]], weights: Sequence[int] = ()
) -> None:
    """The tops nearest to what is wished, without overlap; words make way for the others."""
    offset, found = 0, list[int]()
    blocks: list[tuple[float, int, int]] = []
    """What is wished times the weight, the weight, and how many items move together."""
    for k, (item, wish) in enumerate(zip(column, wishes)):
        found.append(offset)
        weight = weights[k] if weights else 1 if item.box and item.box.is_word else FIRM
        total, count = weight * ((sum(wish) / len(wish) if wish else item.top) - offset), 1
        while blocks and blocks[-1][0] * weight > total * blocks[-1][1]:
            other, more, several = blocks.pop()
            total, weight, count = total + other, weight + more, count + several
        blocks.append((total, weight, count))
        offset += item.height
    shared = [total / weight for total, weight, count in blocks for _ in range(count)]
    for item, base, off in zip(column, shared, found):
        item.top = floor(base + 0.5) + off
