"""Making large graphs small enough to look at: modules become boxes, then runs of gates do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Literal

import numpy as np

from tinygraph.draw.circuit import Circuit, Group, Plan, Source, Unit
from tinygraph.draw.modules import Module, Place, common

Detail = Literal["auto", "gates", "layers", "modules"]

PERIOD = 16
"""A pattern of more gates than this is not recognised as repeated."""


SHORT = 8
"""A run of fewer gates than this stays as it is."""


def folded(source: Source, detail: Detail, limit: int) -> Circuit:
    """The most detailed circuit with at most `limit` shapes.

    "gates" never folds modules, "modules" always does, "auto" where it must.
    """
    plan: Plan = {}
    circuit = source.circuit()
    if detail == "modules" or (detail == "auto" and circuit.size > limit):
        for plan in _module_plans(source):
            circuit = source.circuit(plan)
            if circuit.size <= limit:
                break
    return circuit if circuit.size <= limit else _shortened(source, plan, circuit, limit)


def _module_plans(source: Source) -> Iterator[Plan]:
    """First all modules folded but those that hold little beside modules, then more and more.

    The last has the outermost modules folded. None where there are no modules.
    """
    places = {node: place for node, place in source.places.items() if node.inputs and place}
    holders = _holders(places.values())
    if not places:
        return
    groups: dict[Module, Group] = {}

    def fold(place: Place, depth: int) -> Group | None:
        """The box of the outermost module that is folded, if one is."""
        for k, module in enumerate(place):
            if k + 1 >= depth or module not in holders:
                name = f"{module.name} (backward)" if module.backward else module.name
                return groups.setdefault(module, Group("module", name, place[:k]))
        return None

    for depth in range(1 + max((module.depth for module in holders), default=0), 0, -1):
        folds = ((node, fold(place, depth)) for node, place in places.items())
        yield {node: group for node, group in folds if group is not None}


def _holders(places: Iterable[Place]) -> set[Module]:
    """The modules with at most a third of their gates outside of modules in them."""
    gates: Counter[Module] = Counter()
    own: Counter[Module] = Counter()
    for place in places:
        gates.update(place)
        own[place[-1]] += 1
    return {module for module, count in gates.items() if own[module] * 3 <= count}


def _shortened(source: Source, plan: Plan, circuit: Circuit, limit: int) -> Circuit:
    """Many leaves as one, then repeated gates in boxes, then all but both ends in one box."""
    units = _in_order(circuit)
    halves = [[unit for unit in units if unit.backward is back] for back in (False, True)]
    circuit = source.circuit(plan, tight=True)
    if circuit.size > limit:
        runs = [run for half in halves for run in _repeats(half)]
        circuit = source.circuit(_with_runs(plan, runs), tight=True)
    margin = min(limit, len(units)) // 2
    while circuit.size > limit and margin:
        margin //= 2
        middles = [half[margin : len(half) - margin] for half in halves]
        runs = [(middle, _counted(middle)) for middle in middles if middle]
        circuit = source.circuit(_with_runs(plan, runs), tight=True)
    return circuit


Run = tuple[Sequence[Unit], str]
"""Units that follow each other, and what their box says."""


def _with_runs(plan: Plan, runs: Sequence[Run]) -> Plan:
    result = dict(plan)
    for units, title in runs:
        group = Group("run", title, common([unit.place for unit in units]))
        result.update((node, group) for unit in units for node in unit.gates)
    return result


def _in_order(circuit: Circuit) -> list[Unit]:
    """Its gates and boxes, each after those it reads; folding what is together makes no cycle."""
    number = {unit: k for k, unit in enumerate(circuit.units) if unit.is_box or unit.kind == "gate"}
    waits = dict.fromkeys(number.values(), 0)
    after: dict[int, list[int]] = {k: [] for k in waits}
    for net in circuit.nets:
        for end in net.ends:
            if net.source in number and end.unit in number:
                after[number[net.source]].append(number[end.unit])
                waits[number[end.unit]] += 1
    ready = [k for k, count in waits.items() if not count]
    heapify(ready)
    order: list[int] = []
    while ready:
        k = heappop(ready)
        order.append(k)
        for reader in after[k]:
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, reader)
    # Modules may feed each other in a circle; those keep the graph's order.
    placed = set(order)
    return [circuit.units[k] for k in [*order, *(k for k in waits if k not in placed)]]


def _repeats(units: Sequence[Unit]) -> list[Run]:
    """The runs that repeat a pattern at least four times; its first and last time stay outside."""
    labels = [_stem(unit.title) for unit in units]
    codes = np.unique(labels, return_inverse=True)[1] if labels else np.zeros(0, int)
    if len(codes) < SHORT:
        return []
    reach = [_reach(codes, period) for period in range(1, min(PERIOD, len(codes) // 4) + 1)]
    runs: list[Run] = []
    k = 0
    while k < len(codes):
        times = [(int(of[k]) // period + 1, period) for period, of in enumerate(reach, 1)]
        count, period = max(times, key=lambda t: (t[0] * t[1] if t[0] > 3 else 0, -t[1]))
        if count > 3 and count * period >= SHORT:
            inner = units[k + period : k + (count - 1) * period]
            pattern = " ".join(labels[k : k + period])
            gates = sum(len(unit.gates) for unit in inner)
            runs.append((inner, f"{gates:,} gates\n{count - 2:,} × ({pattern})"))
            k += count * period
        else:
            k += 1
    return runs


def _reach(codes: np.ndarray, period: int) -> np.ndarray:
    """For each position how many codes in a row are the same as `period` further on."""
    ends = np.flatnonzero(np.append(codes[:-period] != codes[period:], np.ones(period, bool)))
    return ends[np.searchsorted(ends, np.arange(len(codes)))] - np.arange(len(codes))


def _counted(units: Sequence[Unit]) -> str:
    """How many gates, and of which kinds most."""
    gates = sum(len(unit.gates) for unit in units)
    kinds = Counter(_stem(unit.title) for unit in units).most_common()
    most = ", ".join(f"{count:,} × {label}" for label, count in kinds[:3])
    return f"{gates:,} gates\n{most}{', …' if len(kinds) > 3 else ''}"


def _stem(title: str) -> str:
    """The name of a module without its number."""
    return re.sub(r"(?<=[A-Za-z])_?\d+$", "", title)
