"""Arrays seen at a glance: statistics, a small heat map, the elements around one of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from tinygraph.journal import Reading, number
from tinygraph.stepper.elements import Index
from tinygraph.stepper.writing.numbers_short import NOT_YET, in_digits
from tinygraph.stepper.writing.styles import CURRENT, DIM
from tinygraph.stepper.writing.tidy import tidy

SHADES = " ░▒▓█"
"""From the lowest to the highest."""

COUNTED = 1_000_000
"""Zeros are counted in arrays up to so many elements."""

HERE, WINDOW, NAN = "[]", "▚▚", "??"
"""What stands in a heat map for the chosen element, for the elements marked, for no number."""


def statistics(reading: Reading) -> str:
    """Type, range, mean, NaNs and zeros of an array; of a single number the number."""
    if reading.type.size == 1:
        return f"{reading.type} = {number(reading.summary.low)}"
    array = reading.array if reading.type.size <= COUNTED else None
    zeros = 0 if array is None or not array.size else array.size - int(np.count_nonzero(array))
    share = f", {_percent(zeros, reading.type.size)} zeros" if zeros else ""
    return f"{reading.summary}{share}"


def _percent(part: int, whole: int) -> str:
    """A share, rounded, but 0 % and 100 % only where that is exact."""
    if part == whole:
        return "all"
    return f"{min(max(round(100 * part / whole), 1), 99)} %"


def plane_axes(shape: Sequence[int]) -> tuple[int, int]:
    """The two axes that make a picture: those of the pixels in images, of the window in filters."""
    match len(shape):
        case 4:
            is_filter = shape[0] == shape[1] != shape[2] and shape[0] > 1
            return (0, 1) if is_filter else (1, 2)
        case 3:
            return (0, 1) if shape[2] <= 4 < shape[1] else (1, 2)
        case 5:
            return (2, 3)
    return (len(shape) - 2, len(shape) - 1)


def plane(array: np.ndarray, index: Index) -> np.ndarray:
    """The picture that an element is in: the others of its image and channel, as [rows, columns].

    A vector is one row.
    """
    if array.ndim < 2:
        return array.reshape(1, -1)
    axes = plane_axes(array.shape)
    return array[tuple(slice(None) if k in axes else at for k, at in enumerate(index))]


def heat_map(
    array: np.ndarray,
    index: Index,
    width: int,
    height: int,
    marked: Collection[Index] | None = None,
) -> list[Text]:
    """The picture that an element is in, as shades; two characters a pixel, at most `width` x
    `height` characters.

    Where there are more pixels than room, each character pair is the mean of some. `[]` is the
    element, `▚▚` what is `marked`, `??` NaN. Colours say the same as the shades.
    """
    picture = plane(array, index).astype(np.float64)
    if height < 1 or width < 2 or not picture.size:
        return []
    rows, columns = _room(picture.shape, width // 2, height)
    coarse = _coarse(picture, rows, columns)
    there = coarse[np.isfinite(coarse)]
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 0.0)
    hot = np.zeros((rows, columns), bool)
    if marked is not None:
        mask = np.zeros(array.shape, bool)
        for at in marked:
            mask[at] = True
        hot = _coarse(plane(mask, index).astype(np.float64), rows, columns) > 0
    here = _here(array.shape, index, picture.shape, (rows, columns))
    lines: list[Text] = []
    for r in range(rows):
        line = Text(no_wrap=True)
        for c in range(columns):
            value = float(coarse[r, c])
            if (r, c) == here:
                line.append(HERE, CURRENT)
            elif hot[r, c]:
                line.append(WINDOW)
            elif np.isnan(value):
                line.append(NAN)
            else:
                line.append(*_shade(value, low, high))
        lines.append(line)
    return lines


def _room(shape: Sequence[int], width: int, height: int) -> tuple[int, int]:
    """How many rows and columns of pixels: as many in one as belong to those in the other."""
    size = max(-(-shape[0] // height), -(-shape[1] // width), 1)
    if shape[0] == 1:
        return 1, min(shape[1], width)
    return -(-shape[0] // size), -(-shape[1] // size)


def _coarse(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The means over `rows` x `columns` nearly equal parts."""
    with np.errstate(all="ignore"):
        for axis, count in ((0, rows), (1, columns)):
            size = picture.shape[axis]
            starts = np.arange(count) * size // count
            lengths = np.diff([*starts.tolist(), size]).reshape((-1, 1) if axis == 0 else (1, -1))
            picture = np.add.reduceat(picture, starts, axis=axis) / lengths
    return picture


def _here(
    shape: Sequence[int], index: Index, size: Sequence[int], room: tuple[int, int]
) -> tuple[int, int]:
    """In which pixel the element is."""
    if len(shape) < 2:
        at = (0, index[0] if index else 0)
    else:
        first, second = plane_axes(shape)
        at = (index[first], index[second])
    found = [max(k for k in range(n) if k * s // n <= p) for p, s, n in zip(at, size, room)]
    return found[0], found[1]


def _shade(value: float, low: float, high: float) -> tuple[str, str]:
    """Two characters and their colour: from blue over grey to red-brown."""
    if not np.isfinite(value):
        return ("∞∞", "") if value > 0 else ("-∞", "")
    share = (value - low) / (high - low) if high > low else 0.5
    step = min(int(share * len(SHADES)), len(SHADES) - 1)
    cold, hot = (0x5F, 0x87, 0xD7), (0xD7, 0x87, 0x5F)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(cold, hot))
    return SHADES[step] * 2, f"#{red:02x}{green:02x}{blue:02x}"


def around(array: np.ndarray, index: Index, width: int, height: int) -> list[Text]:
    """The numbers next to an element in its picture, with their positions, the element in [ ]."""
    picture = plane(array, index)
    cell = 9
    rows = min(picture.shape[0], max(height - 1, 1))
    columns = min(picture.shape[1], max((width - 5) // cell, 1))
    middle = _here(array.shape, index, picture.shape, picture.shape)
    top, left = (
        min(max(at - room // 2, 0), size - room)
        for at, room, size in zip(middle, (rows, columns), picture.shape)
    )
    head = Text(" " * 4, DIM, no_wrap=True)
    head.append("".join(f"{c:^{cell}}" for c in range(left, left + columns)).rstrip())
    lines = [head] if height > 1 else []
    for r in range(top, top + rows):
        line = Text(f"{r:>3} ", DIM, no_wrap=True)
        for c in range(left, left + columns):
            text = in_digits(picture[r, c].item(), cell - 2)
            is_here = (r, c) == middle
            line.append(
                f"{f'[{text}]' if is_here else text:^{cell}}",
                "bold not dim" if is_here else "not dim",
            )
        line.rstrip()
        lines.append(line)
    for line in lines:
        line.truncate(width)
    return lines


@dataclass(frozen=True)
class View:
    """A tensor to be shown."""

    name: str
    reading: Reading | None
    index: Index
    """The element in its middle."""
    style: str = ""
    marked: Collection[Index] | None = None
    """Elements that stand out."""


def tensor_view(view: View, width: int, height: int) -> list[Text]:
    """A tensor in at most `height` lines: its statistics, below them its picture, and beside that
    the numbers around an element."""
    reading, index = view.reading, view.index
    if reading is None:
        return [Text(tidy(f"{view.name}  {NOT_YET} not computed yet", width), view.style)][:height]
    lines = [Text(tidy(f"{view.name}  {statistics(reading)}", width), view.style)]
    array = reading.array if height > 2 and reading.type.size > 1 else None
    if array is None or not array.size:
        return lines[:height]
    room = height - 1
    picture = heat_map(array, index, width // 2, room, view.marked)
    wide = max((line.cell_len for line in picture), default=0)
    beside = around(array, index, width - wide - 3, room) if width - wide > 20 else []
    for k in range(max(len(picture), len(beside))):
        line = picture[k].copy() if k < len(picture) else Text()
        line.pad_right(wide + 3 - line.cell_len)
        if k < len(beside):
            line.append_text(beside[k])
        line.rstrip()
        lines.append(line)
    return lines[:height]
