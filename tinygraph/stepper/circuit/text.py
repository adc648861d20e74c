"""A circuit in characters: boxes joined by wires, values above the wires, gradients below."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from tinygraph.stepper.circuit.canvas import EAST, NORTH, SOUTH, WEST, Canvas
from tinygraph.stepper.circuit.place import Item, Look, Segment, surely_too_large
from tinygraph.stepper.circuit.route import Routed, routed
from tinygraph.stepper.circuit.scene import Box, Diagram, Scene
from tinygraph.stepper.circuit.window import window
from tinygraph.stepper.writing.styles import CURRENT, DIM, GRADIENT, NAME, VALUE, WIRE
from tinygraph.stepper.writing.tidy import tidy

LOOKS = (Look(), Look(10, 13), Look(8, 11), Look(8, 11, names=False, title=10))
"""From generous to narrow."""

REMEMBERED = 500
"""Layouts kept for a diagram."""

SQUARE, HEAVY, DOUBLE = "┌─┐│└┘┤├", "┏━┓┃┗┛┨┠", "╔═╗║╚╝╢╟"
ROUND = "╭─╮│╰╯┤├"
"""Corners, sides, and where wires arrive and leave."""
WRONG = "≠"
"""Stands on the outline of a gate of which a backend has another number."""


def circuit_lines(scene: Scene, width: int, height: int) -> list[Text]:
    """The picture of a scene in at most `height` lines of at most `width` columns.

    Where the whole does not fit, what is near the current box. The places of things depend on the
    diagram, the current box and the room, and on nothing else.
    """
    plan = _plan(scene.diagram, scene.current, width, height)
    if plan is None:
        return [Text(tidy("the circuit needs a larger window", width), DIM)][:height]
    return _Drawing(scene, plan, width).lines()


def fits_whole(diagram: Diagram, width: int, height: int) -> bool:
    """Whether there is room for all of it."""
    return _whole(diagram, width, height) is not None


def _plan(diagram: Diagram, current: Box | None, width: int, height: int) -> Routed | None:
    """The most generous layout that fits, of the whole or of what is near; remembered."""
    whole = _whole(diagram, width, height)
    if whole is not None or not diagram.boxes:
        return whole
    key = ("near", current, width, height)
    if key not in diagram.memory:
        focus = current or diagram.boxes[0]
        diagram.memory[key] = _largest(diagram, focus, width, height)
    return diagram.memory[key]


def _whole(diagram: Diagram, width: int, height: int) -> Routed | None:
    if len(diagram.memory) > REMEMBERED:
        diagram.memory.clear()
    key = ("whole", width, height)
    if key not in diagram.memory:
        diagram.memory[key] = _fitting(diagram, width, height)
    return diagram.memory[key]


def _fitting(
    diagram: Diagram, width: int, height: int, looks: Sequence[Look] = LOOKS
) -> Routed | None:
    """The layout in the most generous look that fits."""
    if surely_too_large(diagram, looks[-1], width, height):
        return None
    for look in looks:
        plan = routed(diagram, look)
        if plan.width <= width and plan.height <= height:
            return plan
    return None


def _largest(diagram: Diagram, focus: Box, width: int, height: int) -> Routed | None:
    """Grows the window around the focus by a level on one side, then on the other."""
    for most in (16, 8, 5, 4, 3, 2):
        best = window(diagram, focus, 0, 0, most)
        if _fitting(best, width, height, LOOKS[-1:]) is None:
            continue
        look = 2 if _fitting(best, width, height, LOOKS[2:3]) else 3
        reach, open_sides = {"left": 0, "right": 0}, ["left", "right"]
        while open_sides:
            side = min(open_sides, key=reach.__getitem__)
            reach[side] += 1
            wider = window(diagram, focus, reach["left"], reach["right"], most)
            grown = len(wider.lines) > len(best.lines)
            if grown and _fitting(wider, width, height, LOOKS[look : look + 1]):
                best = wider
            else:
                reach[side] -= 1
                open_sides.remove(side)
        return _fitting(best, width, height)
    return None


class _Drawing:
    def __init__(self, scene: Scene, plan: Routed, width: int) -> None:
        self.scene, self.plan = scene, plan
        self.margin = max(0, (width - plan.width) // 2)
        self.canvas = Canvas(width, plan.height)

    def lines(self) -> list[Text]:
        active = [s for s in self.plan.segments if self._active(s)]
        for segment in [s for s in self.plan.segments if s not in active] + active:
            self._wire(segment, segment in active)
        for segment in self.plan.segments:
            if segment.source.box is not None:
                self._numbers(segment)
        for item in self.plan.items:
            if item.box is not None:
                self._box(item, item.box)
        return self.canvas.lines()

    def _active(self, segment: Segment) -> bool:
        return segment.line.about is not None and self.scene.active(segment.line)

    def _wire(self, segment: Segment, heavy: bool) -> None:
        start = self.margin + segment.source.left + _behind(segment.source)
        stop = self.margin + segment.end.left - _before(segment.end)
        before, after = segment.start_row, segment.end_row
        style = NAME if heavy else WIRE
        if before == after:
            self.canvas.across(before, start, stop, style, heavy)
            return
        turn = self.margin + self.plan.tracks[segment]
        away, back = (SOUTH, NORTH) if before < after else (NORTH, SOUTH)
        self.canvas.across(before, start, turn - 1, style, heavy)
        self.canvas.turn(before, turn, WEST | away, style, heavy)
        self.canvas.down(turn, min(before, after), max(before, after), style, heavy)
        self.canvas.turn(after, turn, back | EAST, style, heavy)
        self.canvas.across(after, turn + 1, stop, style, heavy)

    def _numbers(self, segment: Segment) -> None:
        left, room = self.plan.fields[segment]
        line = segment.line
        if line.about is None:
            return
        size = room - 1
        written = self.scene.written(line, size)
        heavy = self._active(segment)
        row, middle = segment.start_row, self.margin + left + 1
        for at, text, style in (
            (row - 1, written.value, VALUE),
            (row + 1, written.gradient, GRADIENT),
        ):
            text = tidy(text, size)
            bold = f"bold {style}" if heavy else style
            self.canvas.write(at, middle + (size - cell_len(text)) // 2, text, bold)

    def _box(self, item: Item, box: Box) -> None:
        row, column = item.top + item.head, self.margin + item.left
        current = box is self.scene.current
        if box.is_word:
            places = item.outs or item.ins or [0]
            style = DIM if box.kind in ("more", "constant") else NAME
            style = CURRENT if current else style
            for at in places:
                text = tidy(box.title, item.width, middle=True)
                self.canvas.write(
                    item.top + at,
                    column + item.width - cell_len(text) if item.outs else column,
                    text,
                    style,
                )
            return
        self._outline(item, box, row, column, current)

    def _outline(self, item: Item, box: Box, row: int, column: int, current: bool) -> None:
        height, width = item.height - item.head, item.width
        shape = (
            DOUBLE
            if box.kind == "module"
            else HEAVY
            if current
            else ROUND
            if box.kind == "copy"
            else SQUARE
        )
        style = CURRENT if current else "" if box in self.scene.done else DIM
        put = self.canvas.write
        if item.head and box.label:
            put(item.top, column, tidy(box.label, width + 6, middle=True), NAME if current else DIM)
        put(row, column, shape[0] + shape[1] * (width - 2) + shape[2], style)
        for k in range(1, height - 1):
            put(row + k, column, shape[3] + " " * (width - 2) + shape[3], style)
        if box in self.scene.wrong:
            put(row, column + 1, WRONG, style)
        put(row + height - 1, column, shape[4] + shape[1] * (width - 2) + shape[5], style)
        for at in item.ins:
            put(item.top + at, column, shape[6], style)
        for at in item.outs:
            put(item.top + at, column + width - 1, shape[7], style)
        titles = box.title.split("\n")
        for k, line in enumerate(titles):
            text = tidy(line, width - 4, middle=True)
            at = row + (height - len(titles)) // 2 + k
            if len(titles) == len(item.outs) == 1:
                at = item.top + item.outs[0]
            put(
                at,
                column + (width - cell_len(text)) // 2,
                text,
                f"bold {style}" if current or not k else style,
            )


def _behind(item: Item) -> int:
    """How far right of an item's first column its wires start; a blank stands after a word."""
    return 0 if item.box is None else item.width + (1 if item.box.is_word else 0)


def _before(item: Item) -> int:
    """How far left of an item's first column its wires end."""
    return 0 if item.box is None else 2 if item.box.is_word and item.box.title else 1
