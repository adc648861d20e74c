"""Which way the wires take between two layers, and so in which columns everything stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygraph.stepper.circuit.place import Item, Look, Placed, Segment, placed
from tinygraph.stepper.circuit.scene import Diagram

TRIES = 4


@dataclass(eq=False)
class Routed:
    """Everything that has to be known to draw a diagram."""

    items: list[Item]
    segments: list[Segment]
    tracks: dict[Segment, int]
    """The column in which a segment that changes its row does so."""
    fields: dict[Segment, tuple[int, int]]
    """The first column and the width of the numbers on a line's first segment."""
    width: int
    height: int


def routed(diagram: Diagram, look: Look) -> Routed:
    """The diagram laid out."""
    plan = placed(diagram, look)
    items = [item for column in plan.layers for item in column]
    by_gap: list[list[Segment]] = [[] for _ in plan.layers]
    for s in plan.segments:
        by_gap[s.source.layer].append(s)
    tracks: dict[Segment, int] = {}
    fields: dict[Segment, tuple[int, int]] = {}
    left = 0
    for k, column in enumerate(plan.layers):
        width = max(item.width for item in column)
        last = k == len(plan.layers) - 1
        for item in column:
            item.left = left + _shift(item, width, last)
        left += width
        if last:
            break
        room = max((_room(s, look) for s in by_gap[k]), default=0)
        fields.update((s, (left, room)) for s in by_gap[k] if s.source.box)
        turns, count = _turns(by_gap[k], plan)
        tracks.update((s, left + room + turn) for s, turn in turns.items())
        left += room + (count + 1 if count else 1)
    height = max((item.top + item.height for item in items), default=0)
    return Routed(items, plan.segments, tracks, fields, left, height)


def _shift(item: Item, width: int, last: bool) -> int:
    """Words stand next to their wires, boxes in the middle of their column."""
    if item.box is None or last:
        return 0
    if item.box.is_word:
        return width - item.width if item.outs else 0
    return (width - item.width) // 2


def _room(segment: Segment, look: Look) -> int:
    """The characters that the numbers on a segment need, and one before them."""
    if segment.source.box is None:
        return 0
    if segment.line.about is None:
        return 3
    return 1 + (look.wide if segment.line.is_wide else look.narrow)


def _turns(segments: Sequence[Segment], plan: Placed) -> tuple[dict[Segment, int], int]:
    """A track for each segment that changes its row, and how many tracks there are.

    A segment that leaves a row must turn before another comes into that row. Where they wait for
    each other in a circle, all that stands further right moves down by a row.
    """
    for _ in range(TRIES):
        found = _assigned([s for s in segments if s.start_row != s.end_row])
        if found is not None:
            return found, max(found.values(), default=-1) + 1
        here = segments[0].end.layer
        for column in plan.layers[here:]:
            for item in column:
                item.top += 1
    bent = [s for s in segments if s.start_row != s.end_row]
    return {s: k for k, s in enumerate(bent)}, len(bent)


def _assigned(bent: Sequence[Segment]) -> dict[Segment, int] | None:
    """The first free track for each, after those it has to wait for; None if that is a circle."""
    leaves = {s.start_row: s for s in bent}
    waits = {s: leaves.get(s.end_row) for s in bent}
    found: dict[Segment, int] = {}
    taken: list[list[tuple[int, int]]] = []
    left = sorted(bent, key=_preference)
    while left:
        ready = next((s for s in left if waits[s] is None or waits[s] in found), None)
        if ready is None:
            return None
        left.remove(ready)
        low, high = sorted((ready.start_row, ready.end_row))
        before = waits[ready]
        track = 0 if before is None else found[before] + 1
        while track < len(taken) and any(a <= high and low <= b for a, b in taken[track]):
            track += 1
        while track >= len(taken):
            taken.append([])
        taken[track].append((low, high))
        found[ready] = track
    return found


def _preference(segment: Segment) -> tuple[bool, int]:
    """Those that go up turn in the order from above, those that go down from below."""
    up = segment.end_row < segment.start_row
    return not up, segment.start_row if up else -segment.start_row
