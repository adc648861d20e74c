"""Random graphs with gradients, llvm against NumPy; planted faults are found."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from lowering_runs import on_llvm, on_loops

import tinygraph.lowering.flat as flat
import tinygraph.lowering.nest as nest
import tinygraph.lowering.prepare as prepare
import tinygraph.lowering.regions as regions
from tinygraph.graph import OPS, is_leaf
from tinygraph.loops.index import Index
from tinygraph.testing import random_graph, reference

FAST = range(60)
SLOW = range(60, 2200)


def wrong(seed: int, run: Callable = on_llvm) -> list[str]:
    made = random_graph(seed, special=0.05)
    expected = reference(made.graph, made.arrays)
    return expected.wrong(run(made.graph, made.arrays))


@pytest.mark.parametrize("seed", FAST)
def test_llvm_agrees_with_numpy(seed: int) -> None:
    assert wrong(seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("start", range(SLOW.start, SLOW.stop, 107))
def test_llvm_agrees_with_numpy_on_many_graphs(start: int) -> None:
    for seed in range(start, min(start + 107, SLOW.stop)):
        assert wrong(seed) == [], f"seed {seed}"


@pytest.mark.slow
def test_every_differentiable_op_occurs_often() -> None:
    seen: Counter[str] = Counter()
    for seed in [*FAST, *SLOW]:
        nodes = random_graph(seed, special=0.05).graph.nodes()
        seen.update({node.op.name for node in nodes if not is_leaf(node)})
    rare = {n: seen[n] for n, op in OPS.items() if op.differentiable and seen[n] < 50}
    assert rare == {}


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_the_loops_agree_with_numpy(seed: int) -> None:
    assert wrong(seed, on_loops) == []


def found_somewhere(run: Callable = on_loops, seeds: range = range(40)) -> bool:
    for seed in seeds:
        try:
            if wrong(seed, run):
                return True
        except IndexError:  # the naive evaluator met an address outside its memory
            return True
    return False


def test_a_guard_that_is_off_by_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = regions.bounds
    for module in (regions, flat):
        monkeypatch.setattr(module, "bounds", lambda i, extent: right(i, extent + 1))
    assert found_somewhere()


def test_a_forgotten_tail_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nest, "incomplete", lambda loop, plan: False)
    assert found_somewhere()


def test_a_forgotten_phase_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = prepare.phases

    def without_last(equation: object) -> list:
        found = right(equation)  # type: ignore[arg-type]
        return found[:-1] if len(found) > 1 else found

    monkeypatch.setattr(prepare, "phases", without_last)
    assert found_somewhere(seeds=range(120))


def test_a_shifted_halo_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lower_module = sys.modules[
        "tinygraph.lowering.lower"
    ]  # the package has a function of that name
    right = lower_module.flatten

    def shifted(equation, layouts):
        made = right(equation, layouts)
        if any("halo" in line for line in made.says):
            return replace(made, address=Index(made.address.const, made.address.terms[:-1]))
        return made

    monkeypatch.setattr(lower_module, "flatten", shifted)
    assert found_somewhere(seeds=range(120))
