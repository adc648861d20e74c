"""Looking at numbers, names, pictures and code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node, is_leaf
from tinygraph.journal import Reading, number
from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, complete_names, file_name
from tinygraph.stepper.elements import called, placed, slope_of
from tinygraph.stepper.places import Place, find_place
from tinygraph.stepper.rules.number_formula import formula_with_numbers
from tinygraph.stepper.writing.numbers_short import NOT_YET, short
from tinygraph.stepper.writing.styles import GRADIENT, VALUE

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

NOT_COMPUTED = f"{NOT_YET}, not computed yet"

ROWS = 40
"""So many lines a list has at most."""

NARROW = 15
"""Columns for a number in a list."""

FEW = 100
"""Of more numbers than this the middle ones are left out."""


@command(
    "show", "s", "[X | X[i,j] | X[0,:,2]]", "the numbers at X: value and gradient", complete_names
)
def show(session: Session, text: str) -> Answer:
    """`show x` shows all of a value and its gradient, with the range and mean; `show x[0,2]` one
    element with all its digits; `show x[0,:,1:3]` a slice. Alone: the gate that is looked at.
    """
    slices = re.fullmatch(r"(.*?)\s*\[([^\[\]]*(?::|\.\.\.)[^\[\]]*)\]", text)
    place = Place(session.focus) if not text else find_place(session, slices[1] if slices else text)
    if place.index is not None:
        session.chosen[place.node] = place.index
        return Answer(_element(session, place.node, place.index), redraw=True)
    return Answer(_whole(session, place.node, slices[2] if slices else None))


def _readings(session: Session, node: Node) -> list[tuple[str, Reading | None, str]]:
    """The value and, where it will have one, the gradient: what it is called, and its colour."""
    journal, known = session.journal, session.known
    found = [(called(journal, node), known.values.get(node), VALUE)]
    if node in journal.gradients:
        found.append((slope_of(journal, node), known.gradients.get(node), GRADIENT))
    return found


def _element(session: Session, node: Node, index: tuple[int, ...]) -> list[Any]:
    journal, known = session.journal, session.known
    lines = [_one(called(journal, node, index), known.values.get(node), index, VALUE)]
    if node.inputs and node in known.values:
        lines += _computed(session, node, index)
    if node in journal.gradients:
        title = slope_of(journal, node, index)
        lines.append(_one(title, known.gradients.get(node), index, GRADIENT))
    return lines


def _computed(session: Session, node: Node, index: tuple[int, ...]) -> list[Any]:
    """How an element comes about, where its numbers are at hand and there is something to say."""
    readings = [session.journal.values[x].array for x in node.inputs]
    arrays = [array for array in readings if array is not None]
    try:
        text = formula_with_numbers(node, index, arrays, session.journal.names)
    except TinygraphError:  # a journal from a file, or an op without an equation
        return []
    return [Text(text, VALUE)] if text.count(" = ") > 1 else []


def _one(title: str, reading: Reading | None, index: tuple[int, ...], colour: str) -> Text:
    if reading is None:
        return Text(f"{title} = {NOT_COMPUTED}", colour)
    value = reading.at(index)
    few, exact = number(value), str(_exact(reading, index))
    also = "" if isinstance(value, bool) or few == exact else f"  ({exact})"
    return Text(f"{title} = {few}{also}", colour)


def _exact(reading: Reading, index: tuple[int, ...]) -> Any:
    return reading.at(index) if reading.array is None else reading.array[index]


def _whole(session: Session, node: Node, at: str | None) -> list[Any]:
    lines: list[Any] = [Text(f"{placed(session.journal, node)}: {node.type}", "bold")]
    for title, reading, colour in _readings(session, node):
        if reading is None:
            lines.append(Text(f"{title} = {NOT_COMPUTED}", colour))
            continue
        if reading.type.size == 1:
            lines.append(_one(title, reading, (0,) * node.ndim, colour))
            continue
        array = reading.array
        if array is None or at is None:
            lines.append(Text(f"{title}: {reading.summary.range}{_mean(reading)}", colour))
        if array is not None:
            shown = array if at is None else array[_slices(at, node)]
            heading = [] if at is None else [f"{title}[{at}]: {list(shown.shape)}"]
            lines += [Text(line, colour) for line in [*heading, *_written(shown)]]
    return lines


def _mean(reading: Reading) -> str:
    mean = reading.summary.mean
    return "" if mean != mean or reading.type.size < 2 else f", mean {number(mean)}"


def _written(array: np.ndarray) -> list[str]:
    if array.ndim > 2:  # an image in a batch of one, with one channel, is a matrix
        array = array.squeeze()
    if array.dtype.kind == "f":
        array = array + 0.0  # no minus at a zero
    text = np.array2string(
        array, precision=4, suppress_small=True, threshold=FEW, edgeitems=3, max_line_width=76
    )
    return text.splitlines()


def _slices(text: str, node: Node) -> tuple[Any, ...]:
    """The positions in `0, :, 2:4` or `..., 1`."""
    found = [_slice(word.strip()) for word in text.split(",")]
    if found.count(...) > 1 or len(found) - found.count(...) > node.ndim:
        raise CommandError(f"[{text}] is too much for {node.type}")
    position = 0
    for k, at in enumerate(found):
        if at is ...:
            position = node.ndim - len(found) + k
        elif isinstance(at, int) and not -node.shape[position] <= at < node.shape[position]:
            raise CommandError(f"[{text}] is outside of {node.type}")
        position += 1
    return tuple(found)


def _slice(word: str) -> Any:
    if word == "...":
        return ...
    try:
        parts = [int(part) if part.strip() else None for part in word.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or parts == [None] or (len(parts) == 3 and parts[2] == 0):
        raise CommandError(f"{word!r} is no position; as in x[0,:,2:4]")
    return parts[0] if len(parts) == 1 else slice(*parts)


@command("ls", "", "[WORD]", "what there is here: names, shapes, numbers", complete_names)
def ls(session: Session, text: str) -> Answer:
    """Lists the inputs, gates and folded modules (with the number of their gates) of what is seen,
    in the order of the steps, with value and gradient; `ls conv` those whose name or op has that
    word.
    """
    rows = [row for row in _rows(session) if text.lower() in f"{row[0]} {row[1]}".lower()]
    if not rows:
        raise CommandError(f"nothing here has {text!r} in its name")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for name, kind, node in rows[:ROWS]:
        numbers = [
            Text(NOT_YET if reading is None else short(reading, NARROW), colour, no_wrap=True)
            for _, reading, colour in _readings(session, node)
        ]
        table.add_row(Text(name), Text(kind), Text(str(node.type)), *numbers)
    more = [f"and {len(rows) - ROWS:,} more; ls WORD shows some"] if len(rows) > ROWS else []
    return Answer([table, *more])


def _rows(session: Session) -> list[tuple[str, str, Node]]:
    """What the level has, each thing behind what it reads: the name, what it is, and the node
    whose numbers stand for it. Constants are left out."""
    level, names = session.level, session.names
    there = set(level.order)
    rows: list[tuple[str, str, Node]] = []
    for unit in level.units:
        for source in (x for gate in unit.gates for x in gate.inputs if x not in there):
            there.add(source)
            if source.inputs or is_leaf(source):
                rows.append((names.get(source, str(source)), source.op.label, source))
        kind = f"module of {len(unit.gates):,}" if unit.module else unit.node.op.label
        rows.append((unit.title, kind, unit.node))
    return rows


@command("graph", "", "[FILE]", "a Graphviz picture of what is seen now")
def graph(session: Session, text: str) -> Answer:
    """`graph now.svg` draws the circuit that is seen, with the numbers that are known at this step
    (.svg, .png, .pdf or .dot); without a file it prints the DOT text.
    """
    from tinygraph.stepper.picture import picture_of

    picture = picture_of(session)
    if not text:
        return Answer(picture.source.splitlines())
    return Answer([f"written: {picture.save(file_name('graph', text))}"])


@command("stages", "", "[X] [STAGE]", "this gate in loops and assembly", complete_names)
def stages(session: Session, text: str) -> Answer:
    """What the llvm backend makes of one gate alone, or of all gates of a kernel that is looked
    into: its loops, then its machine code. `stages conv2d_1 llvm` shows another stage.
    """
    from tinygraph.stages import stages as stages_of
    from tinygraph.stepper.part import part_of
    from tinygraph.tensor.handle import wrap

    words = text.rsplit(None, 1)
    if len(words) == 2 and "[" not in words[1]:
        gate, wanted = find_place(session, words[0]).node, [words[1]]
    else:
        gate, wanted = find_place(session, text).node if text else session.unit.node, []
    if not gate.inputs:
        raise CommandError(f"{session.names[gate]} is no gate: nothing computes it")
    region = session.level.kind == "region" and not text
    gates = session.level.gates if region and session.level.gates else [gate]
    part = part_of(session.journal, gates)
    made = stages_of(wrap(part.outputs[-1]))
    return Answer([str(made[name]) for name in wanted or ["loops", "assembly"]])
