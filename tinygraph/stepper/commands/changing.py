"""What if: other numbers at a place, and what that changes. The user's own tensors stay as are."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, complete_names, no_text
from tinygraph.stepper.places import Place, find_name, find_place
from tinygraph.stepper.questions.whatif import Change, set_value
from tinygraph.stepper.questions.whatif import nudge as nudged

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


@command("set", "", "X VALUE", "another value at X, and what that changes", complete_names)
def set_(session: Session, text: str) -> Answer:
    """`set x 3`, `set w[0,2] = -1`, `set w [1, 2, 3]`: computes all that depends on it again, and
    lists what changed. A gate can be set, too: then it keeps that value. `undo` takes it back.
    """
    _in_the_graph(session)
    place, value = _parted(session, text)
    return _changed(session, set_value(session.journal, place.node, value, place.index))


@command("nudge", "", "X [EPS]", "a little more at X, and what comes of it", complete_names)
def nudge(session: Session, text: str) -> Answer:
    """`nudge w[0,2] 0.01` adds 0.01 to that element, `nudge w` a thousandth (of 1 at least) to
    every element of w; it shows how much the output should change by the gradient, how much it
    does, and what else changed. `undo` takes it back.
    """
    _in_the_graph(session)
    if not text:
        raise CommandError("nudge takes a place, and perhaps how much: nudge w[0,2] 0.01")
    place, eps = _amount(session, text)
    if eps is not None and not math.isfinite(eps):
        raise CommandError(f"nudge takes a finite number, got {eps}")
    return _changed(session, nudged(session.journal, place.node, eps, place.index))


@command("undo", "", "", "takes back the last `set` or `nudge`")
def undo(session: Session, text: str) -> Answer:
    """All numbers are what they were before the last `set` or `nudge`."""
    no_text("undo", text)
    _in_the_graph(session)
    if not session.changes:
        raise CommandError("nothing was set or nudged")
    change = session.changes.pop()
    session.replace(change.before)
    session.whys = []
    name = session.names.get(change.node, str(change.node))
    return Answer([f"{name} is what it was before"], redraw=True)


def _in_the_graph(session: Session) -> None:
    if session.level.kind == "scalars":
        raise CommandError("inside of an element nothing can be set; `out` leads out")


def _changed(session: Session, change: Change) -> Answer:
    session.changes.append(change)
    session.replace(change.after)
    session.whys = []
    return Answer(change.lines, redraw=True)


def _parted(session: Session, text: str) -> tuple[Place, Any]:
    """The place and the value in "w[0, 2] = 3", "x 3", "w [1, 2]"."""
    place, equals, value = text.rpartition("=")
    if not equals:
        at = text.rfind("[") if text.endswith("]") else text.rfind(" ")
        nested = text.find(" [[")
        at = nested + 1 if nested > 0 and text.endswith("]]") else at
        place, value = text[: max(at, 0)], text[max(at, 0) :]
    if not place.strip() or not value.strip() or find_name(session, text) is not None:
        raise CommandError("set takes a place and a value, as in set w[0,2] 3 or set w [1, 2]")
    return find_place(session, place.strip()), _value(value.strip())


def _value(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, bool | list):
        raise CommandError(f"a value is a number or a list, as in 3 or [1, 2], got {text!r}")
    return found


def _amount(session: Session, text: str) -> tuple[Place, float | None]:
    """The place, and the number after it if there is one."""
    name, _, last = text.rpartition(" ")
    try:
        eps = float(last) if name.strip() and find_name(session, text) is None else None
    except ValueError:
        eps = None
    if eps is None:
        return find_place(session, text), None
    return find_place(session, name.strip()), eps
