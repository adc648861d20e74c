"""Every network of the lectures can be stepped: its blocks, its layers, its gates."""

from __future__ import annotations

import pytest

from tinygraph import models
from tinygraph.journal import Forward
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import subject_of

QUICK = {"lenet5", "mnist_mlp", "mnist_convnet", "smiley_classifier", "two_conv", "mlp_small"}
"""Walked in every run of the tests; the others take seconds each."""
SMALLER = {"unet": {"image_size": 204}}
"""At its own size this one takes minutes."""


def walked(session: Session) -> int:
    """The steps of a level, each with its screen."""
    count = 0
    while session.next():
        count += 1
        lines = screen(session, 80, 24).plain.split("\n")
        assert len(lines) <= 24
        assert "bug" not in lines[-1]
    return count


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in models.MODELS],
)
def test_a_network_is_walked_block_by_block(name: str) -> None:
    session = subject_of(models.build(name, 0, **SMALLER.get(name, {}))).session()
    journal = session.journal
    assert walked(session) == len(session.level.stops) - 1
    assert session.cursor == len(journal)
    gradients = [node for node in journal.names if node in journal.gradients and not node.inputs]
    assert gradients
    last = next(r for r in reversed(journal.records) if isinstance(r, Forward))
    session.goto(last.number + 1)
    assert session.record is last
    session.home()
    if session.unit.module is not None:
        session.into()
        assert session.level.kind == "module"
        assert walked(session)
