"""Journals of training steps: saved, loaded, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.journal import Journal, against, diff
from tinygraph.stepper.subject import subject_of


def training_step(optimizer: str = "adam") -> Journal:
    """A dense layer with a ReLU, and what its optimizer computes."""
    rng = np.random.default_rng(0)
    w = tg.parameter(rng.normal(size=(6, 4)), name="w", dtype="float32")
    v = tg.parameter(rng.normal(size=(4, 3)), name="v", dtype="float32")
    parameters: Any = {"parameters": [w, v]}
    made = {
        "adam": lambda: tg.optimizers.Adam(0.1, **parameters),
        "sgd": lambda: tg.optimizers.SGD(0.1, momentum=0.9, **parameters),
    }
    opt = made[optimizer]()
    x = rng.normal(size=(5, 6)).astype(np.float32)
    labels = np.array([0, 1, 2, 1, 0], np.int32)

    @tg.jit(example=(x, labels))
    def step(x: tg.Tensor, labels: tg.Tensor) -> tg.Tensor:
        loss = tg.cross_entropy(tg.relu(x @ w) @ v, labels)
        opt.apply(tg.grad(loss, opt.parameters))
        return loss

    return subject_of(step).journal


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_training_step_comes_back_from_a_file(optimizer: str, tmp_path: Path) -> None:
    journal = training_step(optimizer)
    journal.save(tmp_path / "step.jsonl")
    loaded = tg.load_journal(tmp_path / "step.jsonl")
    assert str(loaded) == str(journal)
    assert " := it" in str(loaded)
    assert diff(journal, loaded).same
    assert diff(training_step(optimizer), loaded).same
    for steps in range(0, len(journal) + 1, 7):
        known = {journal.names[x] for x in journal.until(steps).values if x in journal.names}
        mine = {loaded.names[x] for x in loaded.until(steps).values}
        assert mine <= known
        assert {journal.names[x] for x in journal.order} & known <= mine
    loaded.save(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "step.jsonl").read_bytes()


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_training_step_agrees(backend: str) -> None:
    journal = training_step()
    found = against(journal, backend)
    assert found.first is None, str(found)
    assert sum(found.state(record) == "agrees" for record in journal) > 0.9 * len(journal)


def test_the_first_gates_of_another_optimizer_are_the_same() -> None:
    found = diff(training_step("adam"), training_step("sgd"))
    assert not found.same
    assert found.graphs.removed
    assert not any(d.a.number < 10 for d in found.differences)
