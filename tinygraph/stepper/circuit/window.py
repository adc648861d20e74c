"""The part of a circuit around one box: what it reads and what reads it, some levels far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinygraph.stepper.circuit.scene import Box, Diagram, Line

FEW = 2
"""More readers of one value that are not shown are one "… more"."""


BRANCHES = 3
"""A leaf with more readers is written at each, where the picture is not of the whole."""


def window(diagram: Diagram, focus: Box, left: int, right: int, most: int) -> Diagram:
    """The boxes up to `left` levels before the focus and `right` levels behind it.

    What else they read or are read by is shown by name; of more than `most` inputs of a box, those
    that are shown by name only become one.
    """
    shown = _near(diagram, focus, left, right)
    builder = _Builder(diagram, shown, most)
    return builder.build()


def _near(diagram: Diagram, focus: Box, left: int, right: int) -> set[Box]:
    def sources(box: Box) -> list[Box]:
        found = [line.source for line in diagram.into[box]]
        return [x for x in found if not _is_everywhere(diagram, x)]

    before = _levels(focus, left, sources)
    behind = _levels(focus, right, lambda box: [line.end for line in diagram.out[box]])
    return before | behind


def _is_everywhere(diagram: Diagram, box: Box) -> bool:
    """Whether it copies a leaf for so many readers that the leaf is written at each of them."""
    if box.kind != "copy" or len(diagram.out[box]) <= BRANCHES:
        return False
    return diagram.into[box][0].source.is_word


def _levels(focus: Box, count: int, steps: Callable[[Box], list[Box]]) -> set[Box]:
    """What is at most so many steps away; copy gates are no step."""
    found, front = {focus}, [focus]
    for _ in range(count):
        following: list[Box] = []
        while front:
            for box in steps(front.pop()):
                if box not in found:
                    found.add(box)
                    (front if box.kind == "copy" else following).append(box)
        front = following
    return found


class _Builder:
    def __init__(self, diagram: Diagram, shown: set[Box], most: int) -> None:
        self.diagram, self.shown, self.most = diagram, shown, most
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.readers: dict[Box, list[Line]] = {}

    def build(self) -> Diagram:
        for box in sorted(self.shown, key=self.diagram.place.__getitem__):
            self._inputs(box)
            self.boxes.append(box)
        for box in [box for box in self.boxes if box in self.diagram.out]:
            self._outputs(box)
        return Diagram(self.boxes, self.lines)

    def _inputs(self, box: Box) -> None:
        lines = self.diagram.into[box]
        named = [line for line in lines if line.source not in self.shown]
        room = max(1, self.most - (len(lines) - len(named)))
        gone = set(named[room - 1 :]) if len(named) > room else set[Line]()
        told = False
        for line in lines:
            if line in gone:
                if not told:
                    word = Box(f"… {len(gone)} more", "more")
                    self.boxes.append(word)
                    self.lines.append(Line(word, box))
                told = True
            elif line.source in self.shown:
                self.lines.append(line)
            else:
                word = self._word(line.source)
                if word not in self.boxes:
                    self.boxes.append(word)
                self.lines.append(replace(line, source=word))

    def _word(self, box: Box) -> Box:
        """What stands for a source that is not shown; a leaf, copied or not, by itself."""
        if box.is_word:
            return box
        above = self.diagram.into[box][0].source if box.kind == "copy" else box
        return Box(above.title, above.kind, above.name) if above.is_word else stub(above)

    def _outputs(self, box: Box) -> None:
        hidden = [line for line in self.diagram.out[box] if line.end not in self.shown]
        if len(hidden) > FEW and box.kind == "copy":
            word = Box(f"… {len(hidden)} more", "more")
            self.boxes.append(word)
            self.lines.append(Line(box, word))
            return
        for line in hidden:
            word = line.end if line.end.is_word else stub(line.end)
            self.boxes.append(word)
            self.lines.append(replace(line, end=word))


def stub(box: Box) -> Box:
    """A word for a box that is not shown."""
    name = box.name or box.title.split("\n")[0]
    return Box(f"… {name}", "more", name)
