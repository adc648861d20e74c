"""What the examples that train with `fit` share: options, Ctrl-C, the table and the numbers."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tinygraph.errors import TinygraphError
from tinygraph.nn import Model
from tinygraph.weights import written_whole

NUMBERS = "numbers.json"


def options(description: str | None, epochs: int | None, output: str) -> argparse.ArgumentParser:
    """A parser with what every example understands; `epochs` None depends on the data."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    said = "by the data" if epochs is None else epochs
    add = parser.add_argument
    add("--epochs", type=positive, default=epochs, help=f"times through the data ({said})")
    add("--seed", type=not_negative, default=0, help="decides all random choices (0)")
    add("--backend", choices=["numpy", "llvm"], default="llvm", help="what computes (llvm)")
    add("--threads", type=positive, help="how many (all cores); changes no bit of the result")
    add("--output", type=Path, default=Path(output), metavar="DIR", help=f"where to ({output})")
    return parser


def positive(text: str) -> int:
    """A whole number of at least 1, from the command line."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"needs at least 1, got {number}")
    return number


def not_negative(text: str) -> int:
    """A whole number of at least 0, from the command line."""
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"needs at least 0, got {number}")
    return number


def run(lesson: Callable[[argparse.Namespace, Console], bool], args: argparse.Namespace) -> int:
    """Runs the example, which says whether it came to its end; returns the exit code."""
    try:
        args.output.mkdir(parents=True, exist_ok=True)
        return 0 if lesson(args, Console()) else 130
    except KeyboardInterrupt:
        print("stopped before there was anything to show", file=sys.stderr)
        return 130
    except (OSError, TinygraphError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def go_on_with(option: str, folder: Path, checkpoint: str) -> str:
    """How to go on after Ctrl-C, where the script has --resume."""
    if not (folder / checkpoint).exists():
        return "nothing was saved yet"
    python = os.path.relpath(sys.executable)
    if python.startswith(os.pardir):
        python = sys.executable
    return f"go on with: {shlex.join([python, sys.argv[0], '--resume', option, str(folder)])}"


def fitted(model: Model, console: Console, *data: Any, **options: Any) -> bool:
    """`model.fit`; False after Ctrl-C, with the weights that the model has by then.

    Ctrl-C before the first epoch is over stays a `KeyboardInterrupt`: there is nothing to show.
    """
    try:
        model.fit(*data, **options)
        return True
    except KeyboardInterrupt:
        if not (done := len(model.history.epoch)):
            raise
        epochs = "1 epoch" if done == 1 else f"{done} epochs"
        say(console, f"stopped after {epochs}: this is how far it came")
        return False


def say(console: Console, text: str) -> None:
    """A line, which nothing colours, cuts or takes for markup."""
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def print_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right; plain where no terminal is."""
    if console.is_terminal:
        table = Table(*heads)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in (heads, *rows):
        first, *others = (f"{cell:{w}}" for cell, w in zip(row, widths))
        cells = [first, *(cell.strip().rjust(len(cell)) for cell in others)]
        say(console, "  ".join(cells))


def write_numbers(
    folder: Path, numbers: Mapping[str, Any], written: Sequence[str], console: Console
) -> None:
    """The numbers of a run as JSON; the last line says this file and those that were written."""
    with written_whole(folder / NUMBERS) as file:
        file.write(json.dumps(numbers, indent=2).encode() + b"\n")
    say(console, f"written to {folder}: {', '.join([NUMBERS, *written])}")


def percent(part: float) -> str:
    """A part of 1 as a percentage."""
    return f"{100 * part:.1f} %"
