"""Asking about a number: why it is what it is, where it started, and whether it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.graph import Node
from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, complete_names
from tinygraph.stepper.elements import called, top
from tinygraph.stepper.places import Place, PlaceError, find_name, find_place

if TYPE_CHECKING:
    from tinygraph.stepper.questions.why import Why
    from tinygraph.stepper.session import Session

MOST = 100
"""So many terms or paths are listed at most."""


def slope_place(session: Session, text: str) -> tuple[Place, bool]:
    """The place in "x[0]", "dx[0]" or "dL/dx[0]", and whether it was written as a gradient."""
    if not text:
        node = session.focus
        return Place(node, session.chosen.get(node)), False
    try:
        return find_place(session, text), False
    except PlaceError:
        for start in (f"d{top(session.journal)}/d", "dL/d", "d"):
            if text.startswith(start) and len(text) > len(start):
                return find_place(session, text[len(start) :]), True
        raise


def _not_yet(session: Session, node: Node) -> list[str]:
    """What to say if the session has not come to the gradient yet."""
    if node in session.known.gradients or not node.dtype.is_float:
        return []
    return ["(at this step it is not computed yet)"]


# ---- why ----


@command(
    "why",
    "",
    "[X | X paths [K] | X routes [K] | N | up]",
    "where a gradient comes from",
    complete_names,
)
def why(session: Session, text: str) -> Answer:
    """`why w[0,2]`: what comes over each wire to the gradient of that element, and below it the
    largest terms: an element of the gradient above times its coefficient. `why 2` opens the term
    with that number in the same way, `why up` goes back. Without an index: the element with the
    largest gradient.

    `why w[0,2] paths` lists the largest paths up to the output, element by element; `why w[0,2]
    routes` takes all paths through the same gates together. What is not listed is "all others": it
    all adds up to the gradient. A number at the end says how many: `why w paths 10`.
    """
    opened = _opened(session, text)
    if opened is not None:
        return Answer(opened.lines)
    place, kind, k = _question(session, text)
    lines = _found(session, place, kind, k)
    return Answer([*lines, *_not_yet(session, place.node)])


def _opened(session: Session, text: str) -> Why | None:
    """What a number, or `up`, means after a `why`; None for a name."""
    if not (text == "up" or text.isdecimal()) or find_name(session, text) is not None:
        return None
    if not session.whys:
        raise CommandError("`why X` comes first: it numbers the terms that can be opened")
    last = session.whys[-1]
    if text == "up":
        if len(session.whys) == 1:
            raise CommandError("this was the first; `why N` opens a term")
        session.whys.pop()
        return session.whys[-1]
    terms = last.terms
    number = int(text) if len(text) < 9 else 0
    if not 1 <= number <= len(terms):
        raise CommandError(
            f"the last `why` numbered its terms up to {len(terms)}, got {text}"
            if terms
            else "the gradient starts there: no term to open; `why up` goes back"
        )
    session.whys.append(last.open(terms[number - 1]))
    return session.whys[-1]


def _question(session: Session, text: str) -> tuple[Place, str, int]:
    """The place, "terms", "paths" or "routes", and how many."""
    words, k = text.split(), 5
    known = find_name(session, text) is not None
    if not known and len(words) > 1 and words[-1].isdecimal():
        k = int(words[-1][:9])
        words, text = words[:-1], text.rpartition(words[-1])[0].strip()
    if not 1 <= k <= MOST:
        raise CommandError(f"why lists 1 to {MOST}, got {k}")
    kind = "terms"
    if not known and words and words[-1] in ("paths", "routes"):
        kind, text = words[-1], text.rpartition(words[-1])[0].strip()
    return slope_place(session, text)[0], kind, k


def _found(session: Session, place: Place, kind: str, k: int) -> list[str]:
    journal = session.journal
    if kind == "paths":
        from tinygraph.stepper.questions.paths import largest_paths

        return largest_paths(journal, place.node, place.index, k).lines
    if kind == "routes":
        from tinygraph.stepper.questions.routes import largest_routes

        return largest_routes(journal, place.node, place.index, k).lines
    from tinygraph.stepper.questions.why import why as explain

    session.whys = [explain(journal, place.node, place.index, k)]
    return session.whys[-1].lines


# ---- origin ----


@command(
    "origin", "", "[X | dX]", "where a NaN, a zero or the largest number started", complete_names
)
def origin(session: Session, text: str) -> Answer:
    """`origin x`: where the NaN or infinity in x started, or which way its largest element came,
    and the same of its gradient; where that is zero, the gates that let nothing through. `origin
    x[0,2]` asks for one element, `origin dx` for the gradient only.
    """
    from tinygraph.stepper.questions.origin import origin as origin_of

    place, is_slope = slope_place(session, text)
    found = origin_of(session.journal, place.node, place.index)
    slopes = [one for one in found if one.side == "gradient"]
    if is_slope and not slopes:
        raise CommandError(f"{called(session.journal, place.node)} has no gradient here")
    if slopes and (is_slope or (not place.node.inputs and found[0].kind in ("largest", "zero"))):
        found = slopes  # a leaf's value comes from nowhere
    lines: list[str] = []
    for one in found:
        lines += one.lines
        lines += _way(session, *one.where, one.side == "gradient")
    return Answer(lines)


def _way(session: Session, node: Node, index: tuple[int, ...] | None, is_slope: bool) -> list[str]:
    """How the session gets there; its screen then shows the element."""
    if index is not None:
        session.chosen[node] = index
    name = session.names.get(node)
    if is_slope and node in session.journal.gradients and name and node.inputs:
        return [f"(`goto d{name}` leads there)"]
    if node in session.journal.position and name:
        return [f"(`goto {name}` leads there)"]
    return []


# ---- check ----


@command("check", "", "[X]", "a gradient beside finite differences", complete_names)
def check(session: Session, text: str) -> Answer:
    """`check w[0,2]`: makes that element a little larger and a little smaller, computes all that
    depends on it in float64, and compares the slope with the gradient. Without an index at the
    element with the largest gradient and a few others. On a kink, such as a relu at 0, it gives
    the slopes of both sides.
    """
    from tinygraph.stepper.questions.check import check as compare

    place, _ = slope_place(session, text)
    found = compare(session.journal, place.node, place.index)
    return Answer([*found.lines, *_not_yet(session, place.node)])
