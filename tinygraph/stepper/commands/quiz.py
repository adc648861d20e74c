"""Being asked for the next gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tinygraph.journal import Backward, number
from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, no_text
from tinygraph.stepper.commands.touring import skipped
from tinygraph.stepper.quiz import Question, Quiz, guess_of, is_right, question_of, to_question

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

WIDE = 74
"""Columns of an explanation."""


@command("quiz", "", "", "asks for each gradient before it is shown")
def quiz(session: Session, text: str) -> Answer:
    """Asks for the number that comes next in the backward pass, which the screen shows as `?`.
    Type it as a decimal or a fraction; 1 % off is right, and so is what is rounded to the digits
    typed. `skip` shows it, `stop` ends the quiz and tells the score.
    """
    no_text("quiz", text)
    if session.quiz is None:
        session.quiz = Quiz()
    elif question_of(session) is not None:
        raise CommandError("the quiz is on: type the number, `skip` or `stop`")
    ahead = session.journal.records[session.cursor :]
    if to_question(session) is None:
        if any(isinstance(r, Backward) and session.level.shows(r.gate) for r in ahead):
            raise CommandError("the gradients to come are in folded modules; `into` opens one")
        raise CommandError("no gradient comes after this step; `home` leads back to the start")
    return Answer(redraw=True)


@command("answer", "", "NUMBER", "answers the quiz; the number alone does, too")
def answer(session: Session, text: str) -> Answer:
    """`answer -0.53`, `answer 1/3`: what the quiz asked for."""
    score, asked = _asked(session)
    guess = guess_of(text)
    if guess is None:
        raise CommandError("answer takes a number, such as -0.53 or 1/3")
    if is_right(guess, asked.answer):
        score = replace(score, right=score.right + 1)
        return _on(session, score, [f"right: {asked.asks} = {number(asked.answer)}"])
    score = replace(score, wrong=score.wrong + 1)
    return _on(session, score, [f"no: {asked.asks} = {number(asked.answer)}"], asked)


@command("skip", "", "", "on without the answer to the quiz, or the line of the tour")
def skip(session: Session, text: str) -> Answer:
    """In a quiz: gives the answer, with the rule it comes from, and asks for the next. In a tour:
    types the line for you, and goes on whatever comes of it.
    """
    no_text("skip", text)
    if session.tour is not None and question_of(session) is None:
        return skipped(session)
    score, asked = _asked(session)
    score = replace(score, skipped=score.skipped + 1)
    return _on(session, score, [f"{asked.asks} = {number(asked.answer)}"], asked)


@command("stop", "", "", "ends the quiz")
def stop(session: Session, text: str) -> Answer:
    """Ends the quiz and tells the score."""
    no_text("stop", text)
    if session.quiz is None:
        raise CommandError("there is no quiz to stop; `quiz` begins one")
    score, session.quiz = session.quiz.score, None
    return Answer([score], redraw=True)


def _asked(session: Session) -> tuple[Quiz, Question]:
    asked = question_of(session)
    if session.quiz is None or asked is None:
        begin = "`quiz` begins one" if session.quiz is None else "`quiz` goes on to the next"
        raise CommandError(f"there is no question; {begin}")
    return session.quiz, asked


def _on(session: Session, score: Quiz, lines: list[str], asked: Question | None = None) -> Answer:
    """Past the question, with its rule where `asked` is given; on to the next, or to the end."""
    session.quiz = score
    session.next()
    if asked is not None:
        lines += _rule(session, asked)
    if to_question(session) is None:
        lines.append(score.score)
        session.quiz = None
    return Answer(lines, redraw=True)


def _rule(session: Session, asked: Question) -> list[str]:
    """Why it is this number: the rule of the step just done, at the element asked for."""
    from tinygraph.stepper.rules.rule import rule_of

    chosen = session.chosen
    session.chosen = {**chosen, asked.record.wire.source: asked.index}
    try:
        return [f"    {line}" for line in rule_of(session).lines(WIDE)]
    finally:
        session.chosen = chosen
