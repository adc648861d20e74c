"""Going on with a training that stopped in the stepper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.stepper.commands.answer import Answer
from tinygraph.stepper.commands.table import CommandError, command, no_text

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


@command("train", "", "", "takes the training step that is shown, and goes on training")
def train(session: Session, text: str) -> Answer:
    """Leaves the stepper where `tg.watch` opened it: the step counts as it was, and `fit` goes on.

    The watch stays: it stops again at the next step where its condition holds. With `q` the
    training ends instead, and the model is as it was before this step.
    """
    no_text("train", text)
    if session.training is None:
        raise CommandError("no training waits here: train goes on where tg.watch stopped it")
    session.goes_on = True
    return Answer([f"training goes on after {session.training.where}"], ends=True)
