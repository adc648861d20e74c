"""`tg.receptive_field`: how much of the input one element of each layer's output sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, spatial

WHOLE = ("Flatten", "Global", "Reshape", "Permute")
"""Layers, by how their names begin, after which an element sees the whole input."""

MOST_PHASES = 64


@dataclass(frozen=True)
class Window:
    """How one layer looks at its input, a number for each spatial axis."""

    name: str
    """The layer's path, as in `summary()`."""
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    grows: str = ""
    """"transposed" or "upsampling" where the output is the larger side."""

    def seen(self, axis: int, low: int, high: int) -> tuple[int, int]:
        """Which inputs the outputs `low` to `high` see; windows are centred as "same" does it."""
        k, s, d = (each[axis % len(each)] for each in (self.kernel, self.stride, self.dilation))
        reach = (k - 1) * d
        if self.grows == "upsampling":
            return low // s, high // s
        if self.grows == "transposed":
            before = max(reach + 1 - s, 0) // 2
            return -((reach - low - before) // s), (high + before) // s
        return low * s - reach // 2, high * s + reach - reach // 2


@dataclass(frozen=True)
class Step:
    """A layer in the walk: its window, if it has one, and the steps before it (-1: the input)."""

    window: Window | None
    sources: tuple[int, ...]
    whole: bool = False
    """Does it see all of its input?"""


@dataclass(frozen=True)
class Seen:
    """One layer of the table."""

    window: Window
    size: int | tuple[int, ...] | None
    """Elements of the input along each axis; None for all. A number where there is one axis."""
    step: Fraction | tuple[Fraction, ...] | None
    """How far apart in the input neighbours look; None where all is seen."""

    @property
    def name(self) -> str:
        return self.window.name


class ReceptiveField(Sequence[Seen]):
    """The layers with a window, in order, and what each sees. It prints as a table."""

    def __init__(self, layers: Sequence[Seen]) -> None:
        self.layers = [*layers]

    def __getitem__(self, k: Any) -> Any:
        return self.layers[k]

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def size(self) -> int | tuple[int, ...] | None:
        """What one element of the last layer sees: (H, W), a number for one axis, None for all."""
        return self.layers[-1].size if self.layers else 1

    def __int__(self) -> int:
        sizes = {*_listed(self.size)}
        if len(sizes) > 1 or None in sizes:
            raise ShapeError(f"the receptive field {self.size or 'of all'} is no single number")
        return sizes.pop()

    def __str__(self) -> str:
        rows = [("layer", "window", "stride", "dilation", "sees", "step")]
        for seen in self.layers:
            w = seen.window
            stride = "x".join(f"{'1/' if w.grows else ''}{s}" for s in w.stride)
            sees = "all" if seen.size is None else _text(_listed(seen.size))
            step = "" if seen.step is None else _text(_listed(seen.step))
            rows.append((w.name, _text(w.kernel), stride, _text(w.dilation), sees, step))
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join(
            "  ".join(f"{cell:<{n}}" for cell, n in zip(row, widths)).rstrip() for row in rows
        )

    def __repr__(self) -> str:
        return f"<receptive field {self.size or 'all'} after {len(self)} layers>"


def receptive_field(layers: Any) -> ReceptiveField:
    """What an element of each layer's output sees of the input, layer by layer.

    `layers` is a model or a list, of layers or of (kernel, stride, dilation): each a number or one
    for each axis, stride and dilation 1 where left out. Where paths join (concatenation, sum), an
    element sees what both saw. It is the window around all that can count; at the border of an
    image less of it is there. Dense layers look along the last axis only.

        print(tg.receptive_field([(3, 1, 1)] * 3))  # three stacked 3x3 see 7x7 (lecture 3)
    """
    listed = getattr(layers, "layers", layers)
    if not isinstance(listed, list | tuple) or (not listed and listed is not layers):
        raise ShapeError(
            "receptive_field needs a model made of symbols, a Sequential, or a list of layers or "
            f"(kernel, stride, dilation), got {layers!r}{here()}"
        )
    walk: list[Step] = []
    if listed is layers:
        _enter_list(walk, listed, -1)
    else:
        _enter_model(walk, layers, (-1,))
    return ReceptiveField([*_table(walk)])


def _enter_list(walk: list[Step], items: Sequence[Any], source: int, path: str = "") -> int:
    """Adds the items, found at `path`, one after the other; returns the step of the last."""
    for item in items:
        if isinstance(item, int | list | tuple):
            walk.append(Step(_given(item), (source,)))
            source = len(walk) - 1
        else:
            source = _enter(walk, item, (source,), f"{path}{item.name}")
    return source


def _enter_model(walk: list[Step], model: Any, sources: tuple[int, ...], path: str = "") -> int:
    """Adds what a model is made of, by its paths after `path`; returns the step of its output."""
    from tinygraph.nn.structure import leaves

    if not getattr(model, "calls", ()):
        return _enter_list(walk, model.layers, _joined(walk, sources), path)
    inputs = [*leaves(model.inputs)]
    given = sources if len(sources) == len(inputs) else sources[:1] * len(inputs)
    at = dict(zip(inputs, given, strict=True))
    paths = {layer: name for name, layer in model.sublayers()}
    for call in model.calls:
        name = f"{path}{paths[call.layer]}"
        end = _enter(walk, call.layer, tuple(at[s] for s in call.inputs()), name)
        at.update(dict.fromkeys(leaves(call.result), end))
    return _joined(walk, tuple(at[s] for s in leaves(model.outputs)))


def _enter(walk: list[Step], layer: Any, sources: tuple[int, ...], path: str) -> int:
    kind = type(layer).__name__
    if getattr(layer, "calls", ()) or getattr(layer, "layers", ()):
        return _enter_model(walk, layer, sources, f"{path}/")
    if kind.startswith(WHOLE):
        walk.append(Step(None, sources, whole=True))
    elif kind.startswith("MaxUnpooling"):
        # of what comes back; where it goes was found in the second input
        walk.append(Step(_window(path, 1, layer.strides, 1, "upsampling"), sources[:1]))
    elif kernel := getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None):
        grows = "transposed" if "Transpose" in kind else ""
        stride, dilation = getattr(layer, "strides", 1), getattr(layer, "dilation_rate", 1)
        walk.append(Step(_window(path, kernel, stride, dilation, grows), sources))
    elif kind.startswith("UpSampling"):
        walk.append(Step(_window(path, 1, layer.size, 1, "upsampling"), sources))
    else:
        return _joined(walk, sources)
    return len(walk) - 1


def _joined(walk: list[Step], sources: tuple[int, ...]) -> int:
    """One step for several, if there are several."""
    if len(sources) == 1:
        return sources[0]
    walk.append(Step(None, sources))
    return len(walk) - 1


def _table(walk: Sequence[Step]) -> Iterator[Seen]:
    windows = [step.window for step in walk if step.window is not None]
    rank = max((len(w.kernel) for w in windows), default=1)
    for w in windows:
        if len(w.kernel) not in (1, rank):
            raise ShapeError(
                f"receptive_field: {w.name} has {len(w.kernel)} axes, others {rank}{here()}"
            )
    apart = [_apart(walk, axis) for axis in range(rank)]
    for end, step in enumerate(walk):
        if step.window is None:
            continue
        sizes = [_size(walk, end, axis) for axis in range(rank)]
        if None in sizes:
            yield Seen(step.window, None, None)
        else:
            yield Seen(step.window, _plain(sizes), _plain([each[end] for each in apart]))


def _apart(walk: Sequence[Step], axis: int) -> list[Fraction]:
    """How far apart in the input neighbours of each step's output look."""
    found: list[Fraction] = []
    for step in walk:
        before = max(found[source] if source >= 0 else Fraction(1) for source in step.sources)
        if step.window is not None:
            stride = step.window.stride[axis % len(step.window.stride)]
            before = before / stride if step.window.grows else before * stride
        found.append(before)
    return found


def _size(walk: Sequence[Step], end: int, axis: int) -> int | None:
    """How many inputs the step `end` sees at most; None for all."""
    # where something was upsampled, neighbours see different numbers: all phases are tried
    growing = [step.window for step in walk[: end + 1] if step.window and step.window.grows]
    phases = math.prod(w.stride[axis % len(w.stride)] for w in growing)
    widest = 0
    for phase in range(min(phases, MOST_PHASES)):
        seen = _seen(walk, end, axis, phase)
        if seen is None:
            return None
        widest = max(widest, seen[1] - seen[0] + 1)
    return widest


def _seen(walk: Sequence[Step], end: int, axis: int, at: int) -> tuple[int, int] | None:
    """The inputs that element `at` of the step `end` sees, backwards through all paths."""
    spans = {end: (at, at)}
    for number in range(end, -1, -1):
        step = walk[number]
        if number not in spans:
            continue
        if step.whole:
            return None
        low, high = spans[number]
        if step.window is not None:
            low, high = step.window.seen(axis, low, high)
            if low > high:  # between the copies of a transposed convolution's small kernel
                continue
        for source in step.sources:
            old = spans.get(source, (low, high))
            spans[source] = min(low, old[0]), max(high, old[1])
    return spans.get(-1, (0, -1))


def _given(item: Any) -> Window:
    """(kernel, stride, dilation), as the user wrote it."""
    numbers = [*item] if isinstance(item, list | tuple) else [item]
    if not 1 <= len(numbers) <= 3:
        raise ShapeError(f"receptive_field takes (kernel, stride, dilation), got {item!r}{here()}")
    kernel, stride, dilation = [*numbers, 1, 1][:3]
    return _window("", kernel, stride, dilation)


def _window(name: str, kernel: Any, stride: Any, dilation: Any, grows: str = "") -> Window:
    rank = max(len(_listed(value)) for value in (kernel, stride, dilation))
    what = f"receptive_field: {name or 'a window'}"
    window, steps, gaps = (spatial(what, value, rank) for value in (kernel, stride, dilation))
    return Window(name or f"window {_text(window)}", window, steps, gaps, grows)


def _plain(numbers: Sequence[Any]) -> Any:
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _listed(value: Any) -> tuple:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _text(numbers: Sequence[Any]) -> str:
    """3x3, or 3 for one axis."""
    return "x".join(map(str, numbers))
