"""Being led: what a tour adds to the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, no_text

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.tour import Tour


@command("tour", "", "", "what the tour says here, once more")
def tour(session: Session, text: str) -> Answer:
    """`python -m tinygraph step --tour` begins a tour: a paragraph stands above the prompt, with a
    line to type. Any other command works as well, the tour waits. `skip` goes on without.
    """
    no_text("tour", text)
    return Answer(_tour_of(session).paragraphs(session))


def skipped(session: Session) -> Answer:
    """Does what the tour asks for, and lets it go on."""
    from tinygraph.stepper.prompt.interpreter import Interpreter

    tour = _tour_of(session)
    if tour.is_over:
        raise CommandError("the tour is over; q ends the session")
    station = tour.station
    back = f"goto {station.step}; " if session.cursor != station.step else ""
    answers = [*Interpreter(session).run(f"{back}{station.line}")]
    tour.skips = True
    lines = [line for answer in answers for line in answer.lines]
    return Answer(lines, redraw=any(answer.redraw for answer in answers))


def _tour_of(session: Session) -> Tour:
    if session.tour is None:
        raise CommandError("this is no tour; `python -m tinygraph step --tour` begins one")
    return session.tour
