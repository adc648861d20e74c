"""A backend's numbers beside the journal's; planted faults are found where they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from circuits import conv_net, neuron
from hypothesis import given
from hypothesis import strategies as st
from random_losses import random_loss

import tinygraph as tg
from tinygraph.graph import Graph, Node
from tinygraph.journal import Backward, Forward, Record, against, recorded, upstream_of
from tinygraph.journal.segments import segments, shown

Change = Callable[[str, np.ndarray], np.ndarray]


class Faulty:
    """A backend that computes right, then changes what the gates of some names give."""

    name = "faulty"
    target = None

    def __init__(self, change: Change) -> None:
        self.change = change

    def compile(self, work: Graph, threads: int | None, on_progress: Any = None) -> Faulty:
        faulty = Faulty(self.change)
        faulty.graph = work  # type: ignore
        return faulty

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        graph: Graph = self.graph  # type: ignore
        values: dict[Node, np.ndarray] = dict(zip(graph.inputs, inputs, strict=True))
        with np.errstate(all="ignore"):
            for node in graph.nodes():
                if node not in values:
                    value = np.asarray(node.op.evaluate(*(values[x] for x in node.inputs)))
                    values[node] = np.asarray(self.change(node.name or "", value))
        for array, node in zip(outputs, graph.outputs, strict=True):
            array[...] = values[node]

    def source(self, stage: str) -> str:
        return ""


def in_one_element(name: str, by: float = 1e-3) -> Change:
    """The last element of one gate is off by a thousandth."""

    def change(gate: str, value: np.ndarray) -> np.ndarray:
        if gate != name:
            return value
        wrong = np.array(value)
        wrong[(-1,) * wrong.ndim] += wrong.dtype.type(by)
        return wrong

    return change


@pytest.mark.parametrize("make", [neuron, conv_net])
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_right_backend_agrees_in_every_record(make, backend: str) -> None:
    journal = tg.journal(make())
    found = against(journal, backend)
    assert found.first is None
    assert {found.state(record) for record in journal} == {"agrees"}
    assert {found.mark(record) for record in journal} == {f"= {backend}"}
    assert found.worst <= (backend != "numpy")
    assert str(found).startswith(f"{backend} agrees with NumPy in {len(journal)} of {len(journal)}")


@pytest.mark.parametrize("nbytes", [1, 1000, 10**9])
@pytest.mark.parametrize("name", ["conv_1", "relu_4", "sum_1", "div_1"])
def test_a_fault_in_a_gate_is_found_there(name: str, nbytes: int) -> None:
    journal = tg.journal(conv_net())
    found = against(journal, Faulty(in_one_element(name)), nbytes=nbytes)  # type: ignore
    first = found.first
    assert isinstance(first, Forward)
    assert journal.names[first.gate] == name
    verdict = found.verdicts[first.value.node]
    assert (verdict.wrong, verdict.index) == (1, tuple(n - 1 for n in first.gate.shape))
    assert found.mark(first).startswith("faulty: ")
    if nbytes == 1:  # every gate by itself
        assert found.disagreeing == [first]
    assert str(found).startswith(f"faulty disagrees with NumPy in {len(found.disagreeing)} of")
    assert f"{first.number:4}  {name} = " in str(found)


def backward(record: Record, journal: Any, source: str, gate: str) -> bool:
    names = journal.names
    same = isinstance(record, Backward) and names[record.wire.source] == source
    return same and names[record.gate] == gate


@pytest.mark.parametrize("nbytes", [1, 1000, 10**9])
@pytest.mark.parametrize(
    ("source", "gate"),
    [("conv_b_w", "conv_2"), ("image", "conv_1"), ("relu_2", "max_pool_1"), ("sub_1", "exp_1")],
)
def test_a_fault_in_one_element_of_a_gradient_is_found_there(source, gate, nbytes: int) -> None:
    journal = tg.journal(conv_net())
    fault = in_one_element(f"d{source}_over_{gate}")
    found = against(journal, Faulty(fault), nbytes=nbytes)  # type: ignore
    assert found.first is not None
    assert backward(found.first, journal, source, gate)
    (verdict,) = {found.verdicts[node] for node in shown(found.first)[:1]}
    assert verdict.wrong == 1
    assert ", 1 of " in found.mark(found.first)


def test_a_wrong_sum_of_right_contributions() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal((x * x).sum())
    last = journal[-1]
    assert isinstance(last, Backward)
    found = against(journal, Faulty(in_one_element("dx", 1.0)))  # type: ignore
    assert found.disagreeing == [last]
    assert found.mark(last) == "faulty: so far 5.0 instead of 4.0 at [1], 1 of 2 elements"


def test_numbers_that_look_the_same_are_written_out() -> None:
    journal = tg.journal(neuron())
    found = against(journal, Faulty(in_one_element("mul_2", 1e-4)))  # type: ignore
    assert found.first is journal[1]
    assert found.mark(journal[1]) == "faulty: 6.0001 instead of 6.0"
    assert found.mark(journal[0]) == "= faulty"


@pytest.mark.parametrize("kind", ["float32", "int32", "bool"])
@pytest.mark.parametrize("value", [1.0, [1.0, 0.0]])
def test_what_a_backend_does_not_write_is_wrong(kind: str, value: Any) -> None:
    class Idle(Faulty):
        def compile(self, work: Graph, threads: int | None, on_progress: Any = None) -> Idle:
            return self

        def run(self, inputs: Any, outputs: Any) -> None:
            pass

    x = tg.tensor(value, name="x")
    journal = tg.journal((x + 1.0).astype(kind), gradients=False)
    found = against(journal, Idle(lambda name, value: value), nbytes=1)  # type: ignore
    assert found.first is journal[0]
    assert found.disagreeing == journal.records


def test_whole_numbers_must_be_right_and_random_bits_too() -> None:
    journal = tg.journal(tg.tensor([5, 6], name="n") + tg.tensor([1, 1]), gradients=False)
    change = lambda name, value: value + value.dtype.type(1) if name == "add_1" else value  # noqa: E731
    assert against(journal, Faulty(change)).first is journal[0]  # type: ignore
    noise = tg.journal(tg.random.Generator(1).normal((50,)), gradients=False)
    for backend in ("numpy", "llvm"):
        found = against(noise, backend)
        assert found.first is None
        assert all(found.state(record) == "agrees" for record in noise)


def test_what_an_op_leaves_open_is_not_compared() -> None:
    journal = tg.journal(tg.tensor([1e20, 3.0], name="x").astype("int32"), gradients=False)
    off = lambda by: lambda name, value: value + np.array(by, value.dtype)  # noqa: E731
    assert against(journal, Faulty(off([7, 0]))).first is None  # type: ignore
    assert against(journal, Faulty(off([0, 1]))).first is journal[0]  # type: ignore
    alone = tg.journal(tg.tensor([1e20], name="x").astype("int32"), gradients=False)
    found = against(alone, "numpy")
    assert (found.state(alone[0]), found.mark(alone[0])) == ("not compared", "")
    assert "1 could not be compared" in str(found)


def test_values_that_were_set_are_taken_as_they_are() -> None:
    y = neuron()
    gate = tg.journal(y)[2].gate
    told = np.asarray(100.0, np.float32)
    journal = recorded([y.node], upstream_of(y.node, True), given={gate: told})
    found = against(journal, "llvm")
    assert found.first is None
    assert found.state(journal[2]) == "not compared"
    assert found.state(journal[3]) == "agrees"


@given(seed=st.integers(0, 10**6), data=st.data())
def test_random_graphs_with_and_without_a_fault(seed: int, data: st.DataObject) -> None:
    loss, _ = random_loss(seed, 8)
    journal = tg.journal(loss)
    nbytes = data.draw(st.sampled_from([1, 200, 10**9]))
    right = against(journal, "numpy", nbytes=nbytes)
    assert right.first is None
    assert right.worst < 1  # NumPy adds in another order where memory lies otherwise
    known = [r for r in journal if isinstance(r, Forward) and right.state(r) == "agrees"]
    floating = [r for r in known if r.gate.dtype.is_float and r.gate.type.size]
    if not floating:
        return
    chosen = data.draw(st.sampled_from(floating))
    name = journal.names[chosen.gate]
    change = lambda gate, value: value * 3 + 1 if gate == name else value  # noqa: E731
    found = against(journal, Faulty(change), nbytes=nbytes)  # type: ignore
    certain = np.isfinite(journal.value(chosen.gate)).any()
    assert not certain or found.first is chosen


def test_segments_cover_every_gate_once_whatever_their_size() -> None:
    journal = tg.journal(conv_net())
    wanted = {node for record in journal for node in shown(record)}
    for nbytes in (1, 500, 5000, 10**9):
        found = [*segments(journal, nbytes)]
        outputs = [*itertools.chain(*(s.outputs for s in found))]
        assert len(outputs) == len(set(outputs))
        assert set(outputs) == wanted
        assert [s.gates for s in found] == sorted(s.gates for s in found)
        for segment in found:
            size = sum(x.type.nbytes for x in segment.graph.nodes() if x.inputs)
            largest = max((x.type.nbytes for x in segment.graph.outputs), default=0)
            assert size <= max(nbytes, largest)
    assert len(found) == 1


def test_progress_is_told_and_can_stop_it() -> None:
    journal = tg.journal(conv_net())
    told: list[tuple[int, int]] = []
    against(journal, "numpy", nbytes=3000, on_progress=lambda *at: told.append(at))
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1][0] == told[-1][1]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        against(journal, "numpy", nbytes=3000, on_progress=stop)
    assert against(journal, "numpy").first is None


def test_a_journal_from_a_file_has_nothing_to_compute(tmp_path: Path) -> None:
    tg.journal(neuron()).save(tmp_path / "j")
    with pytest.raises(tg.TinygraphError, match=r"cannot be computed; make it again"):
        against(tg.load_journal(tmp_path / "j"))
    with pytest.raises(tg.BackendUnavailable, match="no backend 'fast'"):
        against(tg.journal(neuron()), "fast")


@pytest.mark.slow
def test_a_net_with_batch_normalization_in_several_segments() -> None:
    rng = np.random.default_rng(0)
    model = tg.models.pets_unet(image_size=32)
    image = tg.tensor(rng.uniform(size=(1, 32, 32, 3)).astype(np.float32), name="image")
    labels = tg.tensor(rng.integers(0, 3, (1, 32, 32)).astype(np.int32), name="labels")
    loss = tg.losses.SparseCategoricalCrossentropy()(labels, model(image, training=True))
    journal = tg.journal(loss)
    found = against(journal, "llvm", nbytes=4_000_000)
    assert found.first is None, str(found)
    assert found.worst > 0
    agree = sum(found.state(record) == "agrees" for record in journal)
    assert agree > 0.99 * len(journal)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), special=st.sampled_from([0.0, 0.2]))
def test_compiled_random_graphs_agree(seed: int, special: float) -> None:
    loss, _ = random_loss(seed, 8, special=special)
    found = against(tg.journal(loss), "llvm")
    assert found.first is None, str(found)
