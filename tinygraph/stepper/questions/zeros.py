"""Why a gradient is zero: the gates on the way that let nothing through."""

from __future__ import annotations

from collections import deque

import numpy as np

from tinygraph.grad import why as why_no_path
from tinygraph.graph import Node
from tinygraph.journal import Journal, Wire, number
from tinygraph.stepper.elements import Index, called, placed, read_by, slope_of, started
from tinygraph.stepper.questions.growth import Found
from tinygraph.stepper.questions.slopes import Slopes
from tinygraph.tensor import wrap

PLACES = 400
"""So many elements on the way up are looked at."""
SAID = 4
"""So many gates are named."""


def zero_of(journal: Journal, node: Node, index: Index | None) -> Found:
    """Where on the way a gradient became zero: of one element, or all of a node's."""
    if node not in journal.gradients:
        return (node, index), [why_no_path(wrap(started(journal)[0]), wrap(node))]
    if index is None:
        return _all_zero(journal, node)
    return _one_zero(journal, node, index)


def _all_zero(journal: Journal, node: Node) -> Found:
    """Up over gradients that are zero all over, to the gates where they are not yet."""
    wires = read_by(journal)
    first = f"{slope_of(journal, node)} is zero all over"
    stops: list[Wire] = []
    tops: list[Node] = []
    seen, ahead = {node}, deque([node])
    while ahead:
        here = ahead.popleft()
        if here not in wires:
            tops.append(here)
        for wire in wires.get(here, ()):
            if np.any(journal.gradient(wire.gate)):
                stops.append(wire)
            elif wire.gate not in seen:
                seen.add(wire.gate)
                ahead.append(wire.gate)
    if not stops:
        top = tops[0] if tops else node
        return (top, None), [f"{first}, already where it starts, at {called(journal, top)}."]
    lines = [f"{first}."]
    said = dict.fromkeys(f"{placed(journal, w.gate)} {_blocked(journal, w)}" for w in stops)
    lines += [*said][:SAID]
    if len(said) > SAID:
        lines.append(f"So do {len(said) - SAID} more.")
    return (stops[0].gate, None), lines


def _blocked(journal: Journal, wire: Wire) -> str:
    source = wire.source
    if np.any(journal.contribution(wire.gate, wire.position)):
        return f"sends something to {called(journal, source)}, but all that comes in adds up to 0."
    array = journal.value(source)
    low, high = array.min().item(), array.max().item()
    span = f"{number(low)} to {number(high)}" if low != high else f"{number(low)} everywhere"
    here = f"{called(journal, source)}, which is {span if array.size > 1 else number(low)}"
    return f"gets a gradient and lets none through to {here}."


def _one_zero(journal: Journal, node: Node, index: Index) -> Found:
    """Up over elements with a zero gradient, to coefficients that are 0."""
    slopes, wires = Slopes(journal), read_by(journal)
    first = f"{slope_of(journal, node, index)} is 0"
    stops: dict[Node, list[tuple[Wire, Index]]] = {}
    cancelled: tuple[Node, Index] | None = None
    seen, ahead = {(node, index)}, deque([(node, index)])
    while ahead and len(seen) < PLACES:
        here, at = ahead.popleft()
        sums = False
        for wire in wires.get(here, ()):
            found = slopes.of(wire, at)
            if not len(found):
                stops.setdefault(wire.gate, []).append((wire, at))
            upstream = found.read(journal.gradient(wire.gate))
            sums = sums or bool(np.any(found.values * upstream))
            for k in np.flatnonzero(upstream == 0).tolist():
                place = (wire.gate, found.index(k))
                if place not in seen:
                    seen.add(place)
                    ahead.append(place)
        if sums:
            cancelled = cancelled or (here, at)
    if cancelled:
        name = slope_of(journal, *cancelled)
        return cancelled, [f"{first}: what comes in at {name} adds up to 0."]
    if not stops:
        return (node, index), [f"{first}, already where it starts."]
    lines = [f"{first}."]
    for gate, places in list(stops.items())[:SAID]:
        wire, at = places[0]
        more = f", and at {len(places) - 1} more places" if len(places) > 1 else ""
        here = called(journal, wire.source, at)
        lines.append(
            f"{placed(journal, gate)} sends nothing to {here} = "
            f"{number(journal.value(wire.source)[at].item())}{more}."
        )
    wire, at = next(iter(stops.values()))[0]
    return (wire.gate, at if wire.gate.shape == wire.source.shape else None), lines
