"""The screen: where we are, the circuit around the current gate, its rule, its tensors.

A pure function of the session and the size of the window.
"""

from __future__ import annotations

import linecache
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from rich.text import Text

from tinygraph.graph import Node
from tinygraph.journal import Backward, Forward
from tinygraph.stepper.circuit.level_diagram import scene_of
from tinygraph.stepper.circuit.text import circuit_lines, fits_whole
from tinygraph.stepper.circuit.words import circuit_words
from tinygraph.stepper.rules.rule import Rule, rule_of
from tinygraph.stepper.screen.numbers_view import View
from tinygraph.stepper.screen.panels import has_picture, tensor_panel, views_of
from tinygraph.stepper.screen.watched import watch_lines
from tinygraph.stepper.session import Session
from tinygraph.stepper.writing.styles import DIM, GRADIENT, NAME, VALUE
from tinygraph.stepper.writing.tidy import tidy

KEYS = (
    "n next",
    "p back",
    "i into",
    "o out",
    "c continue",
    "why X",
    "show X",
    "set X V",
    "? help",
    "q quit",
)

PICTURE = 7
"""Rows of a tensor's picture with a line about it, and one about another tensor."""

TALLEST = 26
"""Rows of the picture of a circuit that does not fit whole; what is near needs no more."""


def screen(session: Session, width: int, height: int, plain: bool = False) -> Text:
    """What the student sees, in at most `height` lines of at most `width` columns.

    `plain` is for screen readers: sentences instead of pictures, as many as there are.
    """
    lines = _plain(session, width) if plain else _lines(session, width, height)
    return Text("\n", no_wrap=True).join(lines)


def _lines(session: Session, width: int, height: int) -> list[Text]:
    room = max(height, 1)
    head = _head(session, width)[: 2 if room >= 12 else 1]
    foot = _foot(session, width)[-1:] if 10 <= room < 16 else _foot(session, width)
    foot = foot if room >= 10 else []
    rows = 4 if room >= 20 else 3 if room >= 14 else 2 if room >= 6 else 1
    watches = watch_lines(session, width)[: max(1, room // 8)] if room >= 14 else []
    left = room - len(head) - len(foot) - rows - len(watches)
    views = views_of(session)
    tensors = _tensor_rows(session, views, width, room, left)
    left -= tensors
    circuit = _circuit(session, width, left) if left >= 3 else []
    if tensors:  # what a small circuit leaves free
        tensors += min(left - len(circuit), TALLEST // 2)
    rule = _ruled(rule_of(session), width, rows)
    rule += [Text()] * (rows - len(rule))
    panel = tensor_panel(views, width, tensors, session.level.opened is not None)
    panel += [Text()] * (tensors - len(panel))
    return [*head, *circuit, *rule, *panel, *watches, *foot][:room]


def _tensor_rows(session: Session, views: Sequence[View], width: int, room: int, left: int) -> int:
    """How many lines the tensors get: two, more where there is room, and enough for a picture
    where the circuit is not seen whole anyway."""
    if not session.level.has_tensors or room < 16:
        return 0
    rows = 2 if room < 30 else 2 + (room - 26) // 2
    opened = session.level.opened is not None
    if room < 22 or (not opened and (not has_picture(views) or _fits(session, width, left - rows))):
        return rows
    return max(rows, PICTURE)


def _fits(session: Session, width: int, height: int) -> bool:
    return fits_whole(scene_of(session).diagram, width, height)


# ---- the parts ----


def _head(session: Session, width: int) -> list[Text]:
    """Where we are, and how far the run is."""
    total = len(session.journal)
    where = f"step {session.cursor} of {total}, {_direction(session)}"
    path = " › ".join(level.title for level in session.levels)
    path = tidy(path, max(width - len(where) - 2, 0), middle=True)
    line = Text(path, NAME, no_wrap=True)
    gap = width - line.cell_len - len(where)
    if gap > 0:
        line.append(" " * gap + where, "not bold")
    return [line, _bar(session, width)]


def _direction(session: Session) -> str:
    record = session.record
    if record is None:
        return "nothing computed"
    if session.cursor == len(session.journal):
        return "at the end"
    return "forward" if isinstance(record, Forward) else "backward"


def _bar(session: Session, width: int) -> Text:
    """How many of the steps are done; a stroke where the backward pass begins."""
    records = session.journal.records
    total = max(len(records), 1)
    done = session.cursor * width // total
    first = bisect_left(records, True, key=lambda record: not isinstance(record, Forward))
    turn = first * width // total if first < len(records) else width
    text = "━" * done + "╌" * (width - done)
    bar = Text(text[:turn], VALUE, no_wrap=True)
    if turn < width:
        bar.append("┃" + text[turn + 1 :], GRADIENT)
    return bar


def _circuit(session: Session, width: int, height: int) -> list[Text]:
    scene = scene_of(session)
    if fits_whole(scene.diagram, width, height):
        return circuit_lines(scene, width, height)
    small = min(height, TALLEST)
    lines = circuit_lines(scene, width, small)
    if fits_whole(scene.diagram, width, small):
        return lines
    above = (small - len(lines)) // 2
    return [Text()] * above + lines + [Text()] * (small - len(lines) - above)


def _ruled(rule: Rule, width: int, rows: int) -> list[Text]:
    lines = rule.lines(width, rows)
    return [Text(line, NAME if not k else "", no_wrap=True) for k, line in enumerate(lines)]


def _foot(session: Session, width: int) -> list[Text]:
    """The user's line, and the keys."""
    return [Text(tidy(_source(session.focus), width), DIM), Text(_keys(width), DIM)]


def _source(node: Node) -> str:
    """Where a gate was written, and what stands there."""
    if node.origin is None or node.origin.file.startswith("<"):
        return ""
    line = linecache.getline(node.origin.file, node.origin.line).strip()
    return f"{Path(node.origin.file).name}:{node.origin.line}: {line}"


def _keys(width: int) -> str:
    """As many as fit; help always."""
    shown = list(KEYS)
    while len(" · ".join(shown)) > width and len(shown) > 1:
        shown.pop(-3 if len(shown) > 2 else 0)
    return tidy(" · ".join(shown), width)


# ---- for screen readers ----


def _plain(session: Session, width: int) -> list[Text]:
    path = ", in ".join(level.title for level in reversed(session.levels))
    found = [f"Step {session.cursor} of {len(session.journal)}, {_direction(session)}, in {path}."]
    found += circuit_words(scene_of(session))
    record = session.record
    if isinstance(record, Backward):
        found.append(f"The step went back to {session.names[record.wire.source]}.")
    rule = rule_of(session)
    found += [f"Rule: {rule.title}{f', {rule.role}' if rule.role else ''}."]
    found += [f"{rule.says.capitalize()}."] if rule.says else []
    found += [" = ".join(chain) for chain in rule.chains]
    tensors = tensor_panel(views_of(session), 10 * width, 2)
    found += [f"{line.plain.replace(' … ', ' to ').replace('  ', ', ')}." for line in tensors]
    found += [line.plain for line in watch_lines(session, width)]
    source = _source(session.focus)
    found += [f"Line {source}"] if source else []
    wrapped = [part for line in found for part in wrap(tidy(line, 20 * width), max(width, 10))]
    return [Text(tidy(line, width)) for line in wrapped]
