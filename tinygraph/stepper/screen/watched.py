"""What is watched, with its value now."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from tinygraph.errors import TinygraphError
from tinygraph.journal import Held, number
from tinygraph.stepper.grammar import Expression, NotYet, Scope, SessionScope
from tinygraph.stepper.screen.numbers_view import statistics
from tinygraph.stepper.session import Session
from tinygraph.stepper.writing.tidy import tidy


def watched(session: Session) -> list[str]:
    """The expressions with their values: `grad(w) = float32[3,4] -1.0 … 2.0, mean 0.5`."""
    scope = SessionScope(session)
    return [f"{expression} = {_value(expression, scope)}" for expression in session.watches]


def watch_lines(session: Session, width: int) -> list[Text]:
    """A line of the screen for each."""
    return [Text(tidy(f"watch {each}", width), no_wrap=True) for each in watched(session)]


def _value(expression: Expression, scope: Scope) -> str:
    try:
        value = expression.evaluate(scope)
    except TinygraphError as error:  # on another level it may have no meaning
        return str(error)
    if isinstance(value, np.ndarray):
        return statistics(Held(value))
    return str(value) if isinstance(value, str | NotYet) else number(value)
