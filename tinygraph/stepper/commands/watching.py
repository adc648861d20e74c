"""Conditions that stop, and expressions that are shown at every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, words_beginning
from tinygraph.stepper.screen.watched import watched

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

_Kept = TypeVar("_Kept")

EDITS = ("clear", "delete")
"""The words that take something off a list; a gate called so is put in backquotes."""


def _complete(session: Session, text: str) -> list[str]:
    from tinygraph.stepper.grammar import SessionScope, complete

    edits = words_beginning(EDITS, text) if " " not in text else []
    return [*edits, *complete(text, SessionScope(session).names())]


@command("break", "b", "[CONDITION | delete N | clear]", "where `continue` is to stop", _complete)
def break_(session: Session, text: str) -> Answer:
    """`continue` and `reverse-continue` stop where a condition holds. Alone it lists them; `break
    delete 2` takes off the second, `break clear` all.

    A gate, an op or a module: `break conv2d_1`, `break relu`, `break decoder_2`. Numbers: `break
    isnan`, `break abs(grad) > 10`, `break grad(w)[0, 1] < 0`, `break max(x) > 1 and step > 50`. A
    ReLU that lets nothing through: `break dead`. Of an array a comparison holds if it does for any
    element; what is not computed yet makes it false. docs/commands.md has the whole language.
    """
    from tinygraph.stepper.grammar import Condition, SessionScope

    if not text:
        return Answer(_listed(session.breaks) or ["no conditions; `break CONDITION` adds one"])
    if _edited("break", session.breaks, text):
        return Answer(_listed(session.breaks) or ["no conditions are left"])
    condition = Condition(text)
    condition.check(SessionScope(session))
    _add(session.breaks, condition)
    return Answer([f"`continue` stops where {condition} (number {len(session.breaks)})"])


@command("watch", "w", "[EXPR | delete N | clear]", "show a value at every step", _complete)
def watch(session: Session, text: str) -> Answer:
    """The value of an expression stands on the screen from now on. Alone it lists them; `watch
    delete 2` takes off the second, `watch clear` all.

    `watch x[0, 2]`, `watch grad(w)`, `watch norm(grad(w)) / norm(w)`, `watch count(relu_1 > 0)`.
    What is not computed yet shows as `·`.
    """
    from tinygraph.stepper.grammar import SessionScope, parse

    if not text:
        return Answer(_listed(watched(session)) or ["nothing is watched; `watch EXPR` begins"])
    if _edited("watch", session.watches, text):
        return Answer(_listed(session.watches) or ["nothing is watched now"], redraw=True)
    expression = parse(text)
    expression.check(SessionScope(session))
    _add(session.watches, expression)
    return Answer(_listed(watched(session))[-1:], redraw=True)


def _edited(name: str, several: list[_Kept], text: str) -> bool:
    """Takes something off a list, if that is what `text` says."""
    word, *which = text.split()
    if word == "clear" and not which:
        several.clear()
        return True
    if word != "delete":
        return False
    if len(which) != 1 or not (which[0].isascii() and which[0].isdigit()):
        raise CommandError(f"{name} delete takes the number that `{name}` lists")
    place = int(which[0][:9])
    if not 1 <= place <= len(several):
        raise CommandError(
            f"there is no number {place}; `{name}` lists {len(several)}"
            if several
            else f"there is no number {place}: the list is empty"
        )
    del several[place - 1]
    return True


def _add(several: list[_Kept], new: _Kept) -> None:
    if new in several:
        raise CommandError(f"{new} is number {several.index(new) + 1} already")
    several.append(new)


def _listed(several: Sequence[object]) -> list[str]:
    return [f"{k}  {one}" for k, one in enumerate(several, 1)]
