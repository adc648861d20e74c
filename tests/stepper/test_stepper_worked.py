"""The questions asked of the worked backpropagation of lecture 5: the deck's numbers are met."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from random_journals import named

import tinygraph as tg
from tinygraph.graph import Node
from tinygraph.journal import Journal
from tinygraph.stepper.questions.check import check
from tinygraph.stepper.questions.paths import largest_paths
from tinygraph.stepper.questions.routes import largest_routes
from tinygraph.stepper.questions.whatif import changed, nudge
from tinygraph.stepper.questions.why import why

sys.path.append(str(Path(__file__).parents[2] / "examples"))
import worked_backprop as worked  # pyright: ignore


@pytest.fixture(scope="module")
def journal() -> Journal:
    return tg.journal(worked.network(worked.parameters()).loss)


@pytest.fixture(scope="module")
def deck() -> dict[str, np.ndarray]:
    """The numbers of the example, which its own tests compare with the slides."""
    return worked.numbers("numpy")


NAMES = ["F", "b1", "W_h", "b_h", "W_o", "b_o"]


@pytest.mark.parametrize("name", NAMES)
def test_every_gradient_is_the_sum_of_its_terms_paths_and_routes(
    journal: Journal, deck: dict[str, np.ndarray], name: str
) -> None:
    node = named(journal)[name]
    expected = deck[f"d{name}"].reshape(node.shape)
    for index in np.ndindex(*node.shape):
        found = why(journal, node, index)
        assert found.gradient == pytest.approx(expected[index], rel=1e-12)
        assert found.total == pytest.approx(expected[index], rel=1e-12)
        paths = largest_paths(journal, node, index, k=1000)
        assert paths.count == len(paths.paths)
        assert paths.total == pytest.approx(expected[index], rel=1e-12)
        routes = largest_routes(journal, node, index, k=1000)
        assert routes.is_all
        assert routes.others == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_finite_differences_agree(journal: Journal, name: str) -> None:
    found = check(journal, named(journal)[name])
    assert {e.verdict for e in found.elements} == {"agrees"}


def test_the_hidden_gradient_has_a_share_of_each_output(
    journal: Journal, deck: dict[str, np.ndarray]
) -> None:
    """Slide: .211, .282 is one output's share only; both add up at the copy gate."""
    hidden = _reads(journal, "W_o")
    found = why(journal, hidden, (0, 0))
    assert [round(term.product, 4) for term in found.terms] == [
        pytest.approx(deck["dh from o2"][0], abs=1e-4),
        pytest.approx(deck["dh from o1"][0], abs=1e-4),
    ]
    assert found.gradient == pytest.approx(deck["dh"][0])


def _reads(journal: Journal, name: str) -> Node:
    """The other operand of the matrix product with a parameter."""
    weights = named(journal)[name]
    return next(n.inputs[1] for n in journal.order if n.inputs[:1] == (weights,))


def test_the_step_of_gradient_descent_as_what_if(
    journal: Journal, deck: dict[str, np.ndarray]
) -> None:
    after = journal
    for name in NAMES:
        node = named(journal)[name]
        after = changed(after, node, deck[f"new {name}"].reshape(node.shape))
    loss = journal.outputs[0]
    assert journal.value(loss).item() == pytest.approx(deck["loss"].item())
    assert after.value(loss).item() == pytest.approx(deck["new loss"].item())
    assert after.value(loss) < journal.value(loss)


def test_a_small_step_against_the_gradient(journal: Journal) -> None:
    change = nudge(journal, named(journal)["b1"], -1e-6)
    before, after = change.output
    assert change.predicted == pytest.approx(after - before, rel=1e-4)
