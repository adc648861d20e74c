"""Going forward, backward, to a place, into a part and out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tinygraph.graph import Node
from tinygraph.journal import Backward, Record, Start
from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import (
    CommandError,
    command,
    complete_names,
    no_text,
    whole_number,
    words_beginning,
)
from tinygraph.stepper.places import PlaceError, find_name, find_place

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

SEEN = Answer(redraw=True)


@command("next", "n", "[K]", "one step forward, or K", repeats=True)
def next_(session: Session, text: str) -> Answer:
    """Does the next step: a gate computes its value, or sends a gradient back over one wire. A
    folded module is one step forward and one backward; `into` goes inside.
    """
    if session.next(whole_number("next", text, 1, 1)):
        return SEEN
    raise CommandError(_no_further(session, "the last step", "`back` and `home` lead back"))


@command("back", "p", "[K]", "one step back in time, or K", repeats=True)
def back(session: Session, text: str) -> Answer:
    """Undoes the last step: the screen is as it was before `next`."""
    if session.back(whole_number("back", text, 1, 1)):
        return SEEN
    raise CommandError(_no_further(session, "the start", "`next` does the first step"))


def _no_further(session: Session, where: str, hint: str) -> str:
    if len(session.levels) > 1:
        return f"this is {where} in {session.level.title}; `out` leads out of it"
    return f"this is {where}; {hint}"


@command(
    "goto",
    "g",
    "N or GATE",
    "to where N steps are done, or to where a gate computes",
    complete_names,
)
def goto(session: Session, text: str) -> Answer:
    """`goto 12` is where 12 steps are done. `goto conv2d_1` is the step in which that gate
    computes its value, `goto dconv2d_1` that in which its gradient is complete. Modules that hide
    the place are opened.
    """
    if not text:
        raise CommandError("goto takes the number of a step, or the name of a gate")
    if text.lstrip("+-").isdigit():
        session.goto(whole_number("goto", text))
        return SEEN
    session.goto(_step_of(session, text))
    return SEEN


def _step_of(session: Session, text: str) -> int:
    journal = session.journal
    node = find_name(session, text)
    if node is None and text.startswith("d") and (node := find_name(session, text[1:])) is not None:
        numbers = [r.number for r in journal if _receives(r) is node]
        if numbers:
            return numbers[-1] + 1
        raise CommandError(f"no gradient comes to {text[1:]}")
    if node is None:
        node = find_place(session, text).node
    if node not in journal.position:
        raise CommandError(
            f"{session.names.get(node, text)} is there from the start: no step computes it"
        )
    return journal.position[node] + 1


def _receives(record: Record) -> Node | None:
    """What a step computes a gradient of."""
    match record:
        case Start():
            return record.gate
        case Backward():
            return record.wire.source
    return None


@command("home", "h", "", "to the start, where nothing is computed")
def home(session: Session, text: str) -> Answer:
    """Back to the start of what is seen."""
    no_text("home", text)
    session.home()
    return SEEN


@command("end", "e", "", "to the last step")
def end(session: Session, text: str) -> Answer:
    """To the end of what is seen: everything is computed, forward and backward."""
    no_text("end", text)
    session.end()
    return SEEN


@command("continue", "c", "", "on to where a break condition holds, else to the end")
def continue_(session: Session, text: str) -> Answer:
    """Does steps until one of the conditions of `break` holds. Ctrl-C stops it where it is."""
    no_text("continue", text)
    return _run(session, range(session.cursor + 1, len(session.journal) + 1), session.end)


@command("reverse-continue", "rc", "", "back to where a break condition held, else to the start")
def reverse_continue(session: Session, text: str) -> Answer:
    """Undoes steps until one of the conditions of `break` holds. Ctrl-C stops it where it is."""
    no_text("reverse-continue", text)
    return _run(session, range(session.cursor - 1, 0, -1), session.home)


def _run(session: Session, numbers: Sequence[int], otherwise: Callable[[], None]) -> Answer:
    """Tries each number of steps; where a condition holds the session halts."""
    from tinygraph.stepper.grammar import SessionScope

    scope = SessionScope(session)  # one for all steps: it remembers what they share
    start = session.cursor
    cursor = start
    try:
        for cursor in numbers if session.breaks else ():
            session.cursor = cursor
            held = [b for b in session.breaks if b.holds(scope)]
            if held:
                session.cursor = start
                session.goto(cursor)
                return Answer([f"stopped: {b}" for b in held], redraw=True)
    except KeyboardInterrupt:
        session.cursor = start
        session.goto(cursor)
        return Answer([f"interrupted after step {cursor}"], redraw=True)
    except BaseException:
        session.cursor = start
        raise
    session.cursor = start
    otherwise()
    said = (
        "no condition held" if session.breaks else "there is no break condition; `break` sets one"
    )
    return Answer([said], redraw=True)


def _complete_into(session: Session, text: str) -> list[str]:
    modules = [unit.title for unit in session.level.modules]
    return words_beginning([*modules, *session.names.values(), "kernel"], text)


@command(
    "into",
    "i",
    "[MODULE | GATE | X[i,j] | kernel [GATE]]",
    "inside a module, a kernel or a gate",
    _complete_into,
)
def into(session: Session, text: str) -> Answer:
    """Alone: into the folded module that is looked at, or, of a gate, into the scalar gates of its
    shown element; where it has just sent a gradient, into those of what it sent.

    `into down1` opens a module, `into down1 2` the second of that name, `into conv2d_1[0,2,3,5]`
    the scalar gates that compute that element, forward and backward, `into dw[0,0,1,2]` those of
    an element of a gradient. `into kernel` shows the gates that one compiled kernel computes
    together with the one looked at.
    `out` leads out again.
    """
    words = text.split(None, 1)
    if not text:
        session.into()
    elif words[0] == "kernel" and find_name(session, text) is None:
        gate = find_place(session, words[1]).node if len(words) > 1 else session.unit.node
        session.into_region(gate)
    elif (module := _module(session, text)) is not None:
        session.into_module(*module)
    else:
        _into_element(session, text)
    return SEEN


def _module(session: Session, text: str) -> tuple[str, int] | None:
    """The module that `text` names, and which of those with that name: "sgd 3" is the third."""
    titles = [unit.title for unit in session.level.modules]
    if text in titles:
        return text, 0
    name, _, which = text.rpartition(" ")
    return (name, int(which) - 1) if name in titles and which.isdecimal() else None


def _into_element(session: Session, text: str) -> None:
    gradient = False
    try:
        place = find_place(session, text)
    except PlaceError as error:
        if not text.startswith("d"):
            modules = [unit.title for unit in session.level.modules]
            hint = f"; modules here are {_few(modules)}" if modules else ""
            raise CommandError(f"{error}{hint}") from None
        place, gradient = find_place(session, text[1:]), True
    node, index = place.node, place.index
    if gradient:
        session.open_gradient(node, index)
    else:
        session.open_element(node, session.element(node) if index is None else index)


def _few(words: Iterable[str]) -> str:
    words = list(dict.fromkeys(words))
    return ", ".join(words[:6]) + (", …" if len(words) > 6 else "")


@command("out", "o", "", "out of what was opened")
def out(session: Session, text: str) -> Answer:
    """Back to the level around, where what was opened is one step."""
    no_text("out", text)
    session.out()
    return SEEN
