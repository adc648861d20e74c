"""A session as data: what `save` writes and `load` reads. Every field is checked when it is read.

The graph itself is not in it, only a digest: a session is loaded into the graph it was made with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygraph.errors import DataError
from tinygraph.graph import Node
from tinygraph.journal import Backward, Journal, Recalled
from tinygraph.journal.json_numbers import is_whole, short
from tinygraph.stepper.elements import named
from tinygraph.stepper.grammar import Condition, Expression, SessionScope, parse
from tinygraph.stepper.kept_arrays import read, written
from tinygraph.stepper.questions.whatif import Change, set_value
from tinygraph.stepper.quiz import Quiz
from tinygraph.types import TensorType
from tinygraph.weights import written_whole

if TYPE_CHECKING:
    from tinygraph.stepper.levels import Level
    from tinygraph.stepper.session import Session

VERSION = 1
MOST = 64_000_000
"""Bytes that a session file has at most."""


def digest_of(journal: Journal) -> str:
    """The same for the same graph, whatever numbers go through it."""
    text = hashlib.sha256()
    for node in journal.order:
        inputs = ",".join(journal.names[x] for x in node.inputs)
        text.update(f"{journal.names[node]}: {node.type} = {node.op} {inputs}\n".encode())
    text.update(f"{len(journal.records)}".encode())
    return text.hexdigest()


def save_session(session: Session, path: str | Path) -> None:
    """Writes a session as JSON, whole or not at all."""
    data = json.dumps(kept(session), indent=1) + "\n"
    with written_whole(path) as file:
        file.write(data.encode())


def load_session(session: Session, path: str | Path) -> None:
    """Makes `session` what the file says; a `DataError` where it says nothing that fits. Then the
    session may be half changed."""
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST + 1)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if len(raw) > MOST:
        raise DataError(f"{path} is no session: it has more than {MOST:,} bytes")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise DataError(f"{path} is no session: it is no JSON") from None
    try:
        restore(session, data)
    except RecursionError:
        raise DataError(f"{path} is no session: it is nested too deep") from None


def kept(session: Session) -> dict[str, Any]:
    """A session as JSON data."""
    outer = session.levels[0].journal
    times = dict.fromkeys(level.time for level in session.levels)
    return {
        "what": "a session of tinygraph's stepper",
        "version": VERSION,
        "graph": {"title": session.levels[0].title, "digest": digest_of(outer)},
        "opened": [
            _opening(inner, around)
            for around, inner in zip(session.levels, session.levels[1:], strict=False)
        ],
        "steps": [time.cursor for time in times],
        "changes": [_change(change, outer) for change in session.changes],
        "breaks": [str(condition) for condition in session.breaks],
        "watches": [str(expression) for expression in session.watches],
        "chosen": [
            [outer.names[node], list(at)]
            for node, at in session.chosen.items()
            if node in outer.names
        ],
        "quiz": None if session.quiz is None else vars(session.quiz),
        "history": session.history,
    }


def _change(change: Change, journal: Journal) -> dict[str, Any]:
    """What was set, where: the whole value, or one element."""
    value = change.after.value(change.node)
    return {
        "at": journal.names[change.node],
        "index": None if change.index is None else list(change.index),
        "value": written(value if change.index is None else value[change.index]),
        "nudged": change.nudged,
    }


def _opening(level: Level, around: Level) -> dict[str, Any]:
    """How a level is opened from that around it."""
    names = around.journal.names
    if level.kind == "module":
        several = [u.module for u in around.modules if u.title == level.title]
        return {"module": level.title, "which": several.index(level.inside[-1])}
    if level.kind == "region":
        assert level.gates is not None
        titles = {f"kernel of {names[gate]}": names[gate] for gate in level.order}
        return {"kernel": titles.get(level.title) or min(titles.values())}
    assert level.opened is not None
    gate, index = level.opened.gate, list(level.opened.index)
    if gate in names:
        return {"element": names[gate], "index": index}
    for record in around.journal.records:
        if isinstance(record, Backward):
            source = names[record.wire.source]
            if level.title.endswith(f" over {names[record.gate]}"):
                if record.contribution.node is gate:
                    return {"sent": record.number, "index": index}
            elif (reading := around.journal.gradients[record.wire.source]) and (
                isinstance(reading, Recalled) and reading.node is gate
            ):
                return {"gradient": source, "index": index}
    raise DataError(f"{level.title} cannot be saved; `out` leads out of it")


def restore(session: Session, data: Any) -> None:
    """Makes `session` what `data` says, or raises a `DataError`."""
    field = _Reader(data)
    if field("version", int) != VERSION or not str(data.get("what")).startswith("a session"):
        raise DataError(f"this is no session of version {VERSION}")
    del session.levels[1:]
    if session.changes:
        session.replace(session.changes[0].before)
    outer = session.journal
    graph = _Reader(field("graph", dict), "graph.")
    if graph("digest", str) != digest_of(outer):
        title = graph("title", str)[:60]
        raise DataError(
            f"this session belongs to another graph ({title}): it was saved when the graph here "
            "was different, or of another file"
        )
    session.whys = []
    session.changes = []
    for entry in field("changes", list):
        change = _changed(session.journal, _Reader(entry, "changes."))
        session.changes.append(change)
        session.replace(change.after)
    session.breaks = [_condition(session, text) for text in field.texts("breaks")]
    session.watches = [_expression(session, text) for text in field.texts("watches")]
    session.history = field.texts("history")
    session.chosen = dict(_chosen(outer, entry) for entry in field("chosen", list))
    quiz = field("quiz", (dict, type(None)))
    session.quiz = None if quiz is None else _quiz(_Reader(quiz, "quiz."))
    _restore_place(session, field)


def _restore_place(session: Session, field: _Reader) -> None:
    """Opens the levels and goes to the steps."""
    session.level.time.cursor = 0
    opened = field("opened", list)
    if len(opened) > len(session.journal.order) + 1:
        raise DataError("opened: more than there is")
    for entry in opened:
        _open(session, _Reader(entry, "opened."))
    steps = field("steps", list)
    times = list(dict.fromkeys(level.time for level in session.levels))
    if len(steps) != len(times):
        raise DataError(f"steps: {len(times)} numbers are needed, and it has {len(steps)}")
    for time, step in zip(times, steps, strict=True):
        seen = next(level for level in reversed(session.levels) if level.time is time)
        if not is_whole(step) or step not in seen.stops:
            raise DataError(f"steps: {short(step)} is no step of {seen.title}")
        time.cursor = step


def _open(session: Session, entry: _Reader) -> None:
    journal = session.journal
    if "module" in entry.data:
        which = entry("which", int) if "which" in entry.data else 0
        return session.into_module(entry("module", str), which)
    if "kernel" in entry.data:
        return session.into_region(_node(journal, entry("kernel", str)))
    index = entry("index", list)
    if "sent" in entry.data:
        number = entry("sent", int)
        record = journal.records[number] if 0 <= number < len(journal) else None
        if not isinstance(record, Backward):
            raise DataError(f"opened: step {number} sends no gradient")
        source = record.wire.source
        return session.open_gradient(source, _index(source, index), record)
    if "gradient" in entry.data:
        source = _node(journal, entry("gradient", str))
        return session.open_gradient(source, _index(source, index))
    gate = _node(journal, entry("element", str))
    return session.open_element(gate, _index(gate, index))


def _changed(journal: Journal, entry: _Reader) -> Change:
    node = _node(journal, entry("at", str))
    at = entry("index", (list, type(None)))
    index = None if at is None else _index(node, at)
    array = read(entry("value", dict), node.type if index is None else _element_of(node))
    nudged = entry("nudged", (int, float, type(None)))
    change = set_value(journal, node, array, index)
    return change if nudged is None else replace(change, nudged=float(nudged))


def _element_of(node: Node) -> TensorType:
    return TensorType((), node.dtype)


class _Reader:
    """Reads fields of an object, each of the kind that is expected."""

    def __init__(self, data: Any, place: str = "") -> None:
        if not isinstance(data, dict):
            raise DataError(f"{place.rstrip('.') or 'a session'} is an object, got {short(data)}")
        self.data, self.place = data, place

    def __call__(self, name: str, kind: Any) -> Any:
        if name not in self.data:
            raise DataError(f"{self.place}{name} is missing")
        value = self.data[name]
        if not isinstance(value, kind) or (kind is int and not is_whole(value)):
            raise DataError(f"{self.place}{name} cannot be {short(value)}")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found = self(name, list)
        for text in found:
            if not isinstance(text, str):
                raise DataError(f"{self.place}{name} has {short(text)}, which is no text")
        return found


def _condition(session: Session, text: str) -> Condition:
    condition = Condition(text)
    condition.check(SessionScope(session))
    return condition


def _expression(session: Session, text: str) -> Expression:
    expression = parse(text)
    expression.check(SessionScope(session))
    return expression


def _node(journal: Journal, name: str) -> Node:
    node = named(journal, name)
    if node is None:
        raise DataError(f"nothing here is called {short(name)}")
    return node


def _index(node: Node, index: Any) -> tuple[int, ...]:
    fits = isinstance(index, list) and len(index) == node.ndim
    if not fits or not all(is_whole(k) and 0 <= k < n for k, n in zip(index, node.shape)):
        raise DataError(f"{short(index)} is no element of {node.type}")
    return tuple(index)


def _chosen(journal: Journal, entry: Any) -> tuple[Node, tuple[int, ...]]:
    match entry:
        case [str(name), list(index)]:
            node = _node(journal, name)
            return node, _index(node, index)
    raise DataError(f"chosen has {short(entry)}")


def _quiz(field: Callable[[str, Any], Any]) -> Quiz:
    counts = [field(name, int) for name in ("right", "wrong", "skipped")]
    if min(counts) < 0:
        raise DataError("quiz: a count is at least 0")
    return Quiz(*counts)
