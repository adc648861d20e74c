"""The table of a model's layers, in Keras's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tinygraph.errors import TinygraphError
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Symbol, shape_text

if TYPE_CHECKING:
    from tinygraph.nn.layer import Layer
    from tinygraph.nn.model import Model
    from tinygraph.nn.symbol import Call

HEADS = ("layer (type)", "output shape", "parameters", "connected to")


@dataclass(frozen=True)
class Row:
    """One use of a layer."""

    name: str
    kind: str
    shape: str
    parameters: int
    connected: str
    remark: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        return f"{self.name} ({self.kind})", self.shape, f"{self.parameters:,}", self.connected


def rows(model: Model, expand_nested: bool = False) -> list[Row]:
    """Inputs and calls in order; a layer's parameters count where it is first used.

    With `expand_nested` the rows of a model in this one follow its own.
    """
    names: dict[Symbol, str] = {}
    result: list[Row] = []
    for k, symbol in enumerate(leaves(model.inputs)):
        names[symbol] = symbol.name or ("input" if k == 0 else f"input_{k}")
        result.append(Row(names[symbol], "Input", shape_text(symbol.shape), 0, ""))
    paths: dict[Layer, str] = {layer: path for path, layer in model.sublayers()}
    seen: set[Layer] = set()
    for call in model.calls:
        layer, path = call.layer, paths[call.layer]
        outputs = [*leaves(call.result)]
        names.update(dict.fromkeys(outputs, path))
        result.append(
            Row(
                path,
                type(layer).__name__,
                ", ".join(shape_text(symbol.shape) for symbol in outputs),
                0 if layer in seen else layer.count_params(),
                ", ".join(names[symbol] for symbol in call.inputs()),
                _remark(layer, call),
            )
        )
        if expand_nested and layer not in seen and getattr(layer, "calls", ()):
            inner = [row for row in rows(cast("Model", layer), True) if row.kind != "Input"]
            result += [replace(row, name=f"{path}/{row.name}") for row in inner]
        seen.add(layer)
    return result


def totals(model: Model) -> str:
    """How many parameters there are, how many of them are trained, and what layers remark."""
    total = model.count_params()
    trained = sum(p.size for p in model.parameters)
    counts = f"{total:,} parameters: {trained:,} trainable, {total - trained:,} not trainable"
    remarks = [f"{row.name} {row.remark}" for row in _rows_of(model) if row.remark]
    return "\n".join([counts, *remarks])


def summary_text(model: Model, expand_nested: bool = False) -> str:
    """The table as plain text."""
    cells = [HEADS, *(row.cells() for row in _rows_of(model, expand_nested))]
    widths = [max(len(line[k]) for line in cells) for k in range(len(HEADS))]
    lines = [_line(line, widths) for line in cells]
    rule = "-" * max(map(len, lines))
    return "\n".join([f"model {model.name}", lines[0], rule, *lines[1:], rule, totals(model)])


def print_summary(
    model: Model, console: Console | None = None, expand_nested: bool = False
) -> None:
    """The table with lines and colour on a terminal, as plain text elsewhere."""
    console = console or Console()
    if not console.is_terminal:
        text = summary_text(model, expand_nested)
        console.print(text, highlight=False, soft_wrap=True, markup=False)
        return
    table = Table(title=f"model {model.name}", caption=totals(model))
    for head in HEADS:
        table.add_column(head, justify="right" if head == "parameters" else "left")
    for row in _rows_of(model, expand_nested):
        shape, parameters, connected = row.cells()[1:]
        name = Text.assemble(row.name, (f" ({row.kind})", "dim"))
        table.add_row(name, Text(shape), parameters, Text(connected))
    console.print(table)


def _rows_of(model: Model, expand_nested: bool = False) -> list[Row]:
    if model.outputs is not None:
        return rows(model, expand_nested)
    if not model.built:
        raise TinygraphError(
            f"model {model.name} has no shapes yet: call it once, or begin it with an Input"
        )
    return [  # a class with a call() of its own: nobody knows its shapes in between
        Row(path, type(layer).__name__, "", layer.count_params(), "")
        for path, layer in model.sublayers()
    ]


def _remark(layer: Layer, call: Call) -> str:
    symbols = call.inputs()
    return layer.remark(symbols[0].shape) if len(symbols) == 1 else ""


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    text = "  ".join(
        cell.rjust(width) if k == 2 else cell.ljust(width)
        for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return text.rstrip()
