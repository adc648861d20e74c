"""The questions of the stepper asked of a training step: forward, backward, update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_journals import named

import tinygraph as tg
from tinygraph.graph import Node
from tinygraph.journal import Journal
from tinygraph.stepper.questions.check import check
from tinygraph.stepper.questions.origin import origin
from tinygraph.stepper.questions.paths import largest_paths
from tinygraph.stepper.questions.whatif import nudge, set_value
from tinygraph.stepper.questions.why import why
from tinygraph.stepper.subject import subject_of

X = np.random.default_rng(1).standard_normal((6, 3)).astype(np.float32)
Y = np.array([0, 1, 1, 0, 1, 0], np.int32)


@pytest.fixture(scope="module")
def journal() -> Journal:
    """One step of gradient descent with momentum."""
    rng = np.random.default_rng(2)
    w1 = tg.parameter(rng.standard_normal((3, 4)).astype(np.float32), name="w1")
    w2 = tg.parameter(rng.standard_normal((4, 2)).astype(np.float32), name="w2")
    opt = tg.optimizers.SGD(0.1, momentum=0.9)
    opt.build([w1, w2])

    @tg.jit(backend="numpy", example=(X, Y))
    def step(x: Any, y: Any) -> Any:
        loss = tg.cross_entropy(tg.tanh(x @ w1) @ w2, y)
        opt.apply(tg.grad(loss, [w1, w2]))
        return loss

    return subject_of(step).journal


def new_value(journal: Journal, name: str) -> Node:
    return next(new for new, old in journal.updates.items() if journal.names[old] == name)


def test_why_and_paths(journal: Journal) -> None:
    w1 = named(journal)["w1"]
    found = why(journal, w1)
    assert found.total == pytest.approx(found.gradient, rel=1e-5)
    exact = largest_paths(journal, w1)
    assert exact.count is not None
    assert exact.total == pytest.approx(exact.gradient, rel=1e-4)


def test_check(journal: Journal) -> None:
    for name in ("w1", "w2", "tanh_1"):
        found = check(journal, named(journal)[name])
        assert {e.verdict for e in found.elements} == {"agrees"}, str(found)


def test_set_changes_the_new_values_too(journal: Journal) -> None:
    w1 = named(journal)["w1"]
    change = set_value(journal, w1, 0.0, (0, 0))
    new = new_value(journal, "w2")
    assert new in {d.node for d in change.gates}
    gradient = change.after.gradient(named(journal)["w2"])
    moved = change.after.value(new) - journal.value(named(journal)["w2"])
    np.testing.assert_allclose(moved, -0.1 * gradient, rtol=1e-4, atol=1e-6)
    assert change.after.records[-1].number == journal.records[-1].number


def test_nudge(journal: Journal) -> None:
    change = nudge(journal, named(journal)["w2"], 1e-2, (1, 1))
    before, after = change.output
    assert change.predicted == pytest.approx(after - before, rel=0.05)


def test_a_nan_in_a_new_value_comes_from_the_data(journal: Journal) -> None:
    x = next(n for n in journal.order if n.shape == X.shape and not n.inputs)
    bad = set_value(journal, x, np.nan, (2, 1)).after
    new = new_value(journal, "w1")
    assert np.isnan(bad.value(new)).any()
    found = origin(bad, new)[0]
    assert (found.kind, found.where) == ("NaN", (x, (2, 1)))


def test_a_nan_of_the_backward_pass_in_a_new_value() -> None:
    w = tg.parameter(np.array([4.0, 0.0], np.float32), name="w")
    opt = tg.optimizers.SGD(0.1)
    opt.build([w])

    @tg.jit(backend="numpy", example=())
    def step() -> Any:
        loss = (tg.sqrt(w) * 0.0).sum()
        opt.apply(tg.grad(loss, [w]))
        return loss

    journal = subject_of(step).journal
    new = new_value(journal, "w")
    assert np.isnan(journal.value(new)).tolist() == [False, True]
    found = origin(journal, new)[0]
    assert found.kind == "NaN"
    assert found.where == (named(journal)["w"], (1,))
    assert "on the way back over sqrt_1" in " ".join(found.lines)
    assert "0.0 / 0.0 = NaN" in " ".join(found.lines)
