"""Every analysis on graphs full of NaN and infinities: an answer in words, never a crash."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from circuits import conv_net
from hypothesis import given
from hypothesis import strategies as st
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal import Journal, load_journal
from tinygraph.stepper.questions.check import check
from tinygraph.stepper.questions.origin import origin
from tinygraph.stepper.questions.paths import largest_paths
from tinygraph.stepper.questions.routes import largest_routes
from tinygraph.stepper.questions.whatif import nudge, set_value
from tinygraph.stepper.questions.why import why


def ask_everything(journal: Journal, seed: int) -> None:
    """All analyses at some nodes."""
    rng = np.random.default_rng(seed)
    for k in rng.permutation(len(journal.order))[:2]:
        node = journal.order[k]
        ask(journal, node, None, seed)
        if node.type.size:
            ask(journal, node, tuple(int(rng.integers(n)) for n in node.shape), seed)


def ask(journal: Journal, node: Node, index: tuple[int, ...] | None, seed: int) -> None:
    """All analyses at one place; a `TinygraphError` is an answer, too."""
    for question in (
        lambda: why(journal, node, index),
        lambda: largest_paths(journal, node, index, 2, places=60, work=40),
        lambda: largest_routes(journal, node, index, 2, work=40),
        lambda: origin(journal, node, index),
        lambda: check(journal, node, index, seed),
        lambda: nudge(journal, node, None, index),
        lambda: set_value(journal, node, 1, index),
        lambda: set_value(journal, node, np.nan, index),
    ):
        with suppress(TinygraphError):
            found = question()
            for one in found if isinstance(found, list) else [found]:
                assert all(one.lines)
                assert "Node(" not in str(one)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 9), order=st.integers(1, 2))
def test_special_numbers(seed: int, gates: int, order: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask_everything(of_random_graph(seed, gates, order, special=0.5), seed)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 9))
def test_usual_numbers(seed: int, gates: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask_everything(of_random_graph(seed, gates), seed)


def test_a_nan_weight_in_a_net() -> None:
    journal = tg.journal(conv_net())
    node = named(journal)["conv_b_w"]
    change = set_value(journal, node, np.nan, (1, 1, 0, 1))
    assert any("NaN" in line for line in change.lines)
    assert np.isnan(change.output[1])
    after = change.after
    (value, slope) = origin(after, named(after)["image"])
    assert value.kind == "largest"
    assert slope.where == (node, (1, 1, 0, 1))
    assert "conv_b_w[1,1,0,1] is NaN from the start" in slope.lines[-1]
    for seed in range(4):
        ask_everything(after, seed)


def test_an_empty_tensor_and_a_lone_leaf() -> None:
    x = tg.tensor(np.zeros((0, 3), np.float32), name="x")
    ask_everything(tg.journal((x * 2).sum()), 0)
    ask_everything(tg.journal(tg.tensor(1.0, name="y")), 0)


def test_a_journal_from_a_file_has_numbers_only(tmp_path: Path) -> None:
    journal = tg.journal(conv_net())
    journal.save(tmp_path / "run.jsonl")
    loaded = load_journal(tmp_path / "run.jsonl")
    node = named(loaded)["conv_a_w"]
    for question in (why, largest_paths, largest_routes, origin, check, nudge):
        with pytest.raises(TinygraphError, match="from a file"):
            question(loaded, node)
