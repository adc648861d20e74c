"""The tours there are, and beginning one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.stepper.tour.guide import Tour
from tinygraph.stepper.tour.script import Script, ScriptError, parse

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import Subject

TOURS = ("neuron", "backpropagation")
"""Each is a text beside this file."""


def file_of(name: str) -> Path:
    """The text of a tour of ours, or the file with this name."""
    if name in TOURS:
        return Path(__file__).parent / f"{name}.txt"
    if not Path(name).is_file():
        raise TinygraphError(
            f"there is no tour {name!r}, only {' and '.join(TOURS)}, and no such file"
        )
    return Path(name)


def script_of(name: str) -> Script:
    """The tour of this name, or in this file."""
    file = file_of(name)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"cannot read {file}: {error}") from error
    return parse(text, file.name)


def opened(graph: str, folder: Path | None = None) -> Subject:
    """A graph that a tour is about, computed: one of ours, else FILE[:NAME] in `folder`."""
    from tinygraph.loading import load
    from tinygraph.stepper.subject import subject_of
    from tinygraph.stepper.tour.neuron import neuron
    from tinygraph.stepper.tour.worked import batch, exercise, worked

    graphs: dict[str, Callable[[], Subject]] = {
        "neuron": lambda: subject_of(neuron()),
        "worked": worked,
        "exercise": exercise,
        "batch": lambda: subject_of(batch()),
    }
    if graph in graphs:
        return graphs[graph]()
    if folder is None:
        raise TinygraphError(f"a tour's graphs are {', '.join(graphs)}, not {graph!r}")
    return subject_of(load(str(folder / graph)))


def begin(name: str, *, plain: bool = False) -> Session:
    """A session at the first station of a tour: one of `TOURS`, or in a file of this name."""

    script = script_of(name)
    folder = file_of(name).parent
    subject = opened(script.stations[0].graph, folder)
    session = subject.session()
    session.tour = Tour(script, lambda graph: opened(graph, folder), plain=plain)
    return session


def listing() -> list[str]:
    """A line for each tour."""
    width = max(map(len, TOURS))
    return [f"{name:{width}}  {script_of(name).title}" for name in TOURS]
