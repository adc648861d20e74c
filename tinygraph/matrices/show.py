"""Matrices as text, for rich and for notebooks: equal weights have one name and one colour."""

from __future__ import annotations

import colorsys
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.matrices.names import Names

MOST = 48
"""How many rows and columns are shown at most."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A matrix to be shown: names, numbers, and what the rows and columns stand for.

    Where the name is "" nothing stands in the layer: a point is shown.
    """

    names: Names
    numbers: NDArray[np.float64]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()

    def cells(self, numbers: bool) -> list[list[tuple[str, str]]]:
        """(name, text) of every cell, labels with the name ""."""
        body = [
            [("", f"{row}")] * bool(self.rows)
            + [(name, _text(name, value, numbers)) for name, value in zip(*line)]
            for row, *line in zip(self.rows or range(len(self.names)), self.names, self.numbers)
        ]
        corner = [("", "")] * bool(self.rows)
        head = [[*corner, *(("", label) for label in self.columns)]] if self.columns else []
        return [_shortened(line, len(corner)) for line in _shortened([*head, *body], len(head))]


def _text(name: str, value: float, numbers: bool) -> str:
    if not name:
        return "."
    return f"{value:.4g}" if numbers else name


def _shortened(items: list[Any], fixed: int) -> list[Any]:
    """At most MOST items, with a gap before the last where some are left out."""
    if len(items) - fixed <= MOST:
        return items
    first = items[0]
    gap = [("", "...")] * len(first) if isinstance(first, list) else ("", "...")
    return [*items[: fixed + MOST - 2], gap, items[-1]]


def lines(grids: Sequence[Grid], between: str, numbers: bool) -> list[list[tuple[str, str]]]:
    """The grids side by side: for each line (name, padded text) pieces."""
    blocks = [_block(grid.cells(numbers)) for grid in grids]
    # what has no line of labels begins below the labels
    top = max(bool(grid.columns) for grid in grids)
    blocks = [
        [[("", "")]] * (top and not grid.columns) + block for grid, block in zip(grids, blocks)
    ]
    height = max(map(len, blocks))
    result = []
    for k in range(height):
        line: list[tuple[str, str]] = []
        for number, block in enumerate(blocks):
            if number:
                line.append(("", f"   {between if k == top else ' ' * len(between)}   "))
            empty = [("", " " * sum(len(text) for _, text in block[-1]))]
            found = block[k] if k < len(block) else empty
            line.extend(empty if found == [("", "")] else found)
        result.append(line)
    return result


def _block(cells: list[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    """Every column as wide as its widest cell, flush right."""
    widths = [max(len(text) for _, text in column) for column in zip(*cells)]
    return [[(name, f" {text:>{w}}") for (name, text), w in zip(row, widths)] for row in cells]


def plain_text(title: str, grids: Sequence[Grid], between: str, numbers: bool) -> str:
    """Text without colours."""
    body = ["".join(text for _, text in line).rstrip() for line in lines(grids, between, numbers)]
    return "\n".join([title, *body])


def rich_text(title: str, grids: Sequence[Grid], between: str, numbers: bool) -> Any:
    """The same as a rich `Text`, each weight in a colour of its own."""
    from rich.text import Text

    colours = _colours(grids, 0.62)
    text = Text(title, no_wrap=True)
    for line in lines(grids, between, numbers):
        text.append("\n")
        for name, piece in line:
            text.append(piece, colours.get(name, "dim" if piece.strip() == "." else ""))
    return text


def html_text(title: str, grids: Sequence[Grid], between: str, numbers: bool) -> str:
    """The same as HTML, each weight on a background of its own."""
    colours = _colours(grids, 0.86)
    tables = [_table(grid, colours, numbers) for grid in grids]
    middle = f'<span style="margin:0 1em">{html.escape(between)}</span>'
    return (
        f'<div style="font-family:monospace"><div>{html.escape(title)}</div>'
        f'<div style="display:flex;align-items:center">{middle.join(tables)}</div></div>'
    )


def _table(grid: Grid, colours: dict[str, str], numbers: bool) -> str:
    rows = (
        "<tr>" + "".join(_cell(name, text, colours) for name, text in row) + "</tr>"
        for row in grid.cells(numbers)
    )
    return f'<table style="border-collapse:collapse">{"".join(rows)}</table>'


def _cell(name: str, text: str, colours: dict[str, str]) -> str:
    style = "text-align:right;padding:1px 6px;"
    if name:
        style += f"background:{colours[name]};color:#000"
        return f'<td style="{style}" title="{html.escape(name)}">{html.escape(text)}</td>'
    return f'<td style="{style}opacity:.55">{html.escape(text)}</td>'


def _colours(grids: Iterable[Grid], lightness: float) -> dict[str, str]:
    """A colour for each name: neighbours in order lie far apart on the colour circle."""
    names = dict.fromkeys(name for grid in grids for name in grid.names.flat if name)
    golden = 0.618033988749895
    return {
        name: _hex(colorsys.hls_to_rgb(k * golden % 1, lightness, 0.7))
        for k, name in enumerate(names)
    }


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
