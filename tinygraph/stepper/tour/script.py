"""The text of a tour: paragraphs, the line to type, and what the session is like afterwards.

    title: The neuron
    graph: neuron
    # a line that begins so is left out

    A gate computes its value from the values that come in. `next` does
    one such step.

    > next
    = step 1
    + That was the first gate.

    Any number of such stations follow; the last has a text only.

`>` is the line to type, each `=` something that holds then (`CONDITIONS`), and `+` what is said
when it does. `graph:` between two stations goes on with another graph, and shows it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


class ScriptError(TinygraphError):
    """A tour's text that says something else than the format allows."""


CONDITIONS: dict[str, tuple[type, Callable[[Session], int | str]]] = {
    "step": (int, lambda session: session.cursor),
    "level": (str, lambda session: session.level.kind),
    "gate": (str, lambda session: session.names[session.focus]),
    "breaks": (int, lambda session: len(session.breaks)),
    "watches": (int, lambda session: len(session.watches)),
    "changes": (int, lambda session: len(session.changes)),
}
"""What of a session a tour can ask for. `= typed why` asks for a command that was typed."""

TYPED = "typed"


@dataclass(frozen=True)
class Condition:
    """Something that holds after a station's line: `word` is a key of `CONDITIONS`, or typed."""

    word: str
    value: int | str

    def holds(self, session: Session, typed: set[str]) -> bool:
        """`typed` are the commands since the station began, by their long names."""
        if self.word == TYPED:
            return self.value in typed
        return CONDITIONS[self.word][1](session) == self.value


@dataclass
class Station:
    """One place of a tour."""

    paragraphs: list[str] = field(default_factory=list)
    line: str = ""
    """What to type; empty at the end of the tour."""
    conditions: list[Condition] = field(default_factory=list)
    praise: str = ""
    graph: str = ""
    """The graph that is looked at from here on; empty where it stays the same."""
    step: int = 0
    """How many steps are done when it begins, if one did what the stations before say."""


@dataclass(frozen=True)
class Script:
    """A whole tour."""

    title: str
    stations: tuple[Station, ...]


def parse(text: str, file: str = "the tour") -> Script:
    """The tour that a text says; a `ScriptError` says in which line it does not."""
    title, stations, station = "", [], Station()
    broken = True  # whether the next line of text begins a paragraph
    for number, raw in enumerate(text.splitlines(), 1):
        line, where = raw.strip(), f"{file}:{number}"
        mark, rest = line[:1], line[1:].strip()
        if mark == "#":
            continue
        if not line:
            broken = True
        elif mark == ">":
            if station.line or not rest or not station.paragraphs:
                raise ScriptError(f"{where}: after a paragraph stands one line to type, > LINE")
            station.line = rest
        elif mark in ("=", "+"):
            if not station.line:
                raise ScriptError(f"{where}: {mark} stands after the line to type, > LINE")
            if mark == "+":
                station.praise = f"{station.praise} {rest}".strip()
            else:
                station.conditions.append(_condition(rest, where))
        elif line.startswith("title:"):
            title = line.partition(":")[2].strip()
        else:
            if station.line:
                stations.append(station)
                station, broken = Station(), True
            if line.startswith("graph:"):
                station.graph = line.partition(":")[2].strip()
            elif broken or not station.paragraphs:
                station.paragraphs.append(line)
                broken = False
            else:
                station.paragraphs[-1] += f" {line}"
    if not title or not [*stations, station][0].graph:
        raise ScriptError(f"{file}: a tour begins with title: and graph:")
    if not stations or station.line or not station.paragraphs:
        raise ScriptError(f"{file}: a tour has a line to type, > LINE, and ends with a text")
    return Script(title, _with_steps([*stations, station]))


def _condition(text: str, where: str) -> Condition:
    word, _, value = text.partition(" ")
    value = value.strip()
    if word == TYPED and value:
        return Condition(word, value)
    if word not in CONDITIONS:
        raise ScriptError(f"{where}: = knows {', '.join([TYPED, *CONDITIONS])}, not {word!r}")
    kind = CONDITIONS[word][0]
    try:
        return Condition(word, kind(value))
    except ValueError:
        raise ScriptError(f"{where}: = {word} takes a whole number, got {value!r}") from None


def _with_steps(stations: list[Station]) -> tuple[Station, ...]:
    step = 0
    for station in stations:
        if station.graph:
            step = 0
        station.step = step
        for condition in station.conditions:
            if condition.word == "step":
                step = int(condition.value)
    return tuple(stations)
