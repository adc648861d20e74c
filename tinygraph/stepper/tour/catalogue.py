"""The tours there are, and beginning one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.stepper.tour.guide import Tour
from tinygraph.stepper.tour.script import Script, parse

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import Subject

TOURS = ("neuron", "backpropagation")
"""Each is a text beside this file."""


def script_of(name: str) -> Script:
    """The tour of this name."""
    if name not in TOURS:
        raise TinygraphError(f"there is no tour {name!r}, only {' and '.join(TOURS)}")
    file = Path(__file__).parent / f"{name}.txt"
    return parse(file.read_text(encoding="utf-8"), file.name)


def opened(graph: str) -> Subject:
    """A graph that a tour is about, computed."""
    from tinygraph.stepper.subject import subject_of
    from tinygraph.stepper.tour.neuron import neuron
    from tinygraph.stepper.tour.worked import batch, exercise, worked

    graphs: dict[str, Callable[[], Subject]] = {
        "neuron": lambda: subject_of(neuron()),
        "worked": worked,
        "exercise": exercise,
        "batch": lambda: subject_of(batch()),
    }
    if graph not in graphs:
        raise TinygraphError(f"a tour's graphs are {', '.join(graphs)}, not {graph!r}")
    return graphs[graph]()


def begin(name: str, *, plain: bool = False) -> Session:
    """A session at the first station of a tour."""
    from tinygraph.stepper.session import Session

    script = script_of(name)
    subject = opened(script.stations[0].graph)
    session = Session(subject.journal, subject.title, subject.notes)
    session.tour = Tour(script, opened, plain=plain)
    return session


def listing() -> list[str]:
    """A line for each tour."""
    width = max(map(len, TOURS))
    return [f"{name:{width}}  {script_of(name).title}" for name in TOURS]
