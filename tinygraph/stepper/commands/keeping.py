"""Keeping a session in a file, and going on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import command, file_name

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


def _files(session: Session, text: str) -> list[str]:
    from glob import escape, glob
    from os.path import isdir

    last = text.rpartition(" ")[2]
    return sorted(f"{path}/" if isdir(path) else path for path in glob(escape(last) + "*"))


@command("save", "", "FILE", "keeps the session in a file", _files)
def save(session: Session, text: str) -> Answer:
    """`save a.json` keeps where you are: the step, what is opened, break conditions, watches,
    changed values and the score, as JSON. `load` goes on from there, in the same graph.
    """
    from tinygraph.stepper.kept import save_session

    save_session(session, file_name("save", text))
    return Answer([f"written: {text}"])


@command("load", "", "FILE", "goes on with a session that was saved", _files)
def load(session: Session, text: str) -> Answer:
    """`load a.json` makes the session what it was at `save`. It has to be of the same graph;
    whatever does not fit is refused, and the session stays as it is.
    """
    from tinygraph.stepper.kept import load_session

    load_session(session, file_name("load", text))
    return Answer([f"loaded: {text}"], redraw=True)
