"""The layers of a model as boxes and arrows: what is drawn, before it becomes DOT text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinygraph.nn import Layer, Model
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Call, Symbol

Place = tuple[str, ...]
"""The scopes that something is in, outermost first."""


@dataclass(eq=False)
class Box:
    """A layer at one of its calls, a block of them, or an input or output."""

    title: str
    lines: list[str]
    kind: str
    """A layer's class, "block", "middle", "input" or "output"."""
    place: Place = ()
    layers: int = 0
    tip: str = ""


@dataclass
class Diagram:
    """Boxes in the order they are computed, and arrows between them."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[Box, Box]] = field(default_factory=list)
    layers: int = 0
    """How many calls of layers there are."""

    @property
    def shown(self) -> int:
        """How many of them have a box of their own."""
        return sum(box.layers == 1 and box.kind not in ("block", "middle") for box in self.boxes)

    def levels(self) -> list[tuple[Box, Box]]:
        """The pairs down1 and up1, down2 and up2 ... of a U-Net whose ways are joined there.

        Empty where not every such block is joined with the other of its number.
        """
        named = {box.title: box for box in self.boxes if box.kind == "block"}
        downs = {n[4:]: b for n, b in named.items() if re.fullmatch(r"down\d+", n)}
        ups = {n[2:]: b for n, b in named.items() if re.fullmatch(r"up\d+", n)}
        pairs = [(downs[k], ups[k]) for k in downs if k in ups]
        joined = set(self.arrows)
        whole = set(downs) == set(ups) and all(pair in joined for pair in pairs)
        return pairs if whole else []


def diagram_of(model: Model, blocks: bool, limit: int) -> Diagram:
    """All layers, or with `blocks` each outermost scope as one box; at most `limit` boxes."""
    calls = model.calls
    groups = _runs(calls) if blocks else [[call] for call in calls]
    room = max(1, limit - len([*leaves(model.inputs)]) - len([*leaves(model.outputs)]))
    if len(groups) > room:
        half = max(1, (room - 1) // 2)
        middle = [call for group in groups[half:-half] for call in group]
        groups = [*groups[:half], middle, *groups[-half:]]
    return _drawn(model, groups)


def _runs(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls that follow each other in the same outermost scope; those in none by themselves."""
    groups: list[list[Call]] = []
    last: Place = ()
    for call in calls:
        place = _place(call)[:1]
        if place and place == last:
            groups[-1].append(call)
        else:
            groups.append([call])
        last = place
    return groups


def _drawn(model: Model, groups: Sequence[Sequence[Call]]) -> Diagram:
    diagram = Diagram(layers=len(model.calls))
    made: dict[Symbol, Box] = {}
    seen: set[Layer] = set()
    for k, symbol in enumerate(leaves(model.inputs)):
        title = symbol.name or ("input" if k == 0 else f"input_{k}")
        made[symbol] = Box(title, [extents(symbol)], "input")
        diagram.boxes.append(made[symbol])
    for calls in groups:
        box = _box(model, calls, seen)
        diagram.boxes.append(box)
        inside = {symbol for call in calls for symbol in leaves(call.result)}
        needed = [symbol for call in calls for symbol in call.inputs() if symbol not in inside]
        for source in dict.fromkeys(made[symbol] for symbol in needed):
            diagram.arrows.append((source, box))
        made.update(dict.fromkeys(inside, box))
    several = model.outputs if isinstance(model.outputs, dict) else {}
    names = {symbol: str(name) for name, symbol in several.items()}
    for symbol in leaves(model.outputs):
        box = Box(names.get(symbol, "output"), [extents(symbol)], "output")
        diagram.boxes.append(box)
        diagram.arrows.append((made[symbol], box))
    return diagram


def _box(model: Model, calls: Sequence[Call], seen: set[Layer]) -> Box:
    new = [layer for layer in dict.fromkeys(call.layer for call in calls) if layer not in seen]
    seen.update(new)
    count = sum(layer.count_params() for layer in new)
    parameters = f"{count:,} parameters" if count != 1 else "1 parameter"
    if len({_place(call)[:1] for call in calls}) > 1 or (len(calls) > 1 and not _place(calls[0])):
        return Box("⋮", [f"{len(calls):,} layers", parameters], "middle", (), len(calls))
    shape = extents(*leaves(calls[-1].result))
    if len(calls) > 1:
        kinds = ", ".join(dict.fromkeys(type(call.layer).__name__ for call in calls))
        lines = [f"{len(calls)} layers, {parameters}", shape]
        return Box(_place(calls[0])[0], lines, "block", (), len(calls), kinds)
    layer, place = calls[0].layer, _place(calls[0])
    kind, details = type(layer).__name__, described(layer)
    path = next((name for name, found in model.sublayers() if found is layer), layer.name)
    title = path.rpartition("/")[2] if layer.is_named else kind
    first = [f"{kind} {details}".strip() if layer.is_named else details]
    lines = [*(line for line in first if line), shape, *([parameters] if count else [])]
    return Box(title, lines, kind, place, 1, path)


def _place(call: Call) -> Place:
    return call.origin.scope if call.origin else ()


def extents(*symbols: Symbol) -> str:
    """Shapes without the batch: 56×56×64"""
    shapes = (
        "×".join("?" if n is None else str(n) for n in symbol.shape[1:]) or "1"
        for symbol in symbols
    )
    return ", ".join(shapes)


def described(layer: Layer) -> str:
    """What its picture says beside its kind: 3×3, stride 2, relu"""
    windows = (_sizes(getattr(layer, name, None)) for name in ("kernel_size", "pool_size"))
    words = ["×".join(map(str, size)) for size in windows if size]
    for name, word in (("strides", "stride"), ("dilation_rate", "dilation"), ("groups", "groups")):
        value = _sizes(getattr(layer, name, None))
        pool = _sizes(getattr(layer, "pool_size", None)) if name == "strides" else ()
        if value and value != (pool or (1,) * len(value)):
            same = len(set(value)) == 1
            words.append(f"{word} {value[0] if same else '×'.join(map(str, value))}")
    rate = getattr(layer, "rate", None)
    if isinstance(rate, float):
        words.append(f"{rate:g}")
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    if name.isidentifier() and name not in ("linear", "identity"):
        words.append(name)
    return ", ".join(words)


def _sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(n for n in value if isinstance(n, int))
    return ()
