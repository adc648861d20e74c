"""What the benchmark measures, and how it counts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.bench import Workload, timing, versus
from tinygraph.bench.flops import contraction_flops
from tinygraph.bench.peak import peak_program
from tinygraph.graph import Graph
from tinygraph.lowering import Target


@pytest.mark.parametrize(
    ("name", "batch", "infer", "train"),
    [
        ("mlp_small", 10, 259_200, 526_720),
        ("mlp_big", 128, 171_180_032, 410_779_648),
        ("mnist_cnn", 128, 624_885_760, 1_824_817_152),
    ],
)
def test_operations_are_those_of_the_published_layers(
    name: str, batch: int, infer: int, train: int
) -> None:
    """2 for each multiply-add of the layers; training adds both gradients, but none for the
    images."""
    for mode, expected in (("infer", infer), ("train", train)):
        workload = Workload(name, mode, backend="numpy")
        assert workload.size == batch
        assert contraction_flops(workload.function.graph()) == expected


def test_a_strided_transposed_convolution_counts_what_it_multiplies() -> None:
    x, w = tg.zeros((1, 8, 8, 4)), tg.zeros((2, 2, 4, 3))
    y = tg.conv_transpose2d(x, w, stride=2)
    assert contraction_flops(Graph((), (y.node,))) == 2 * 8 * 8 * 4 * 2 * 2 * 3


def test_the_workload_trains() -> None:
    workload = Workload("mlp_small", backend="numpy")
    before = workload.model.parameters[0].numpy().copy()
    losses = [float(workload.step()) for _ in range(20)]
    assert losses[-1] < losses[0]
    assert not np.array_equal(before, workload.model.parameters[0].numpy())


def test_a_profile_changes_no_parameter() -> None:
    workload = Workload("mlp_small")
    workload.step()
    before = [p.numpy().copy() for p in workload.model.parameters]
    inputs, outputs = workload.arrays()
    executable: Any = workload.compiled.executable
    executable.profile(inputs, outputs)
    for old, p in zip(before, workload.model.parameters, strict=True):
        np.testing.assert_array_equal(old, p.numpy())


def test_the_peak_program_does_what_it_counts() -> None:
    program = peak_program(Target(vector_bytes=16))
    (call,) = program.calls
    text = str(call.kernel)
    assert "c[4*k+l] = c[4*k+l] * x[l] + x[l+4]" in text
    assert program.flops == 2 * 32 * 20_000 * 12 * 4


def test_the_peak_of_the_llvm_backend_is_more_than_any_kernel_reaches() -> None:
    from tinygraph.backend import find_backend
    from tinygraph.bench.peak import peak_gflops

    assert peak_gflops(find_backend("llvm"), 1, seconds=0.05) > 1


def test_disturbed_blocks_count_only_if_there_is_nothing_else() -> None:
    quiet, loud = timing.Block((1.0, 1.0, 2.0), 0.0), timing.Block((9.0,), 0.9)
    assert timing.Timing((quiet, loud)).median == 1.0
    assert timing.Timing((quiet, loud)).clean
    assert timing.Timing((loud,)).median == 9.0
    assert not timing.Timing((loud,)).clean


def test_short_calls_are_timed_many_at_once() -> None:
    calls = []
    measured = timing.measure(lambda: calls.append(0), 0.02)
    assert measured.calls_per_sample > 100
    assert 0 < measured.best <= measured.median < 1e-3


def test_without_torch_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versus, "find_spec", lambda _: None)
    with pytest.raises(tg.TinygraphError, match=r'pip install "tinygraph\[reference\]"'):
        versus.compare(Workload("mlp_small"))


@pytest.mark.reference
def test_torch_computes_the_same_net_in_turn_with_ours() -> None:
    result = versus.compare(Workload("mlp_small", "infer", threads=1), seconds=0.1)
    figures = json.loads(json.dumps(result.as_dict()))
    assert figures["torch_median_ms"] > 0
    assert len(figures["pair_ratios"]) >= 1
    assert figures["ratio"] > 0


@pytest.mark.parametrize("name", ["two_conv", "mnist_mlp"])
def test_models_of_probabilities(name: str) -> None:
    assert 0 < Workload(name, backend="numpy", batch=1).step().item() < 30


def test_models_with_several_outputs() -> None:
    x, *targets = Workload("googlenet_auxiliary", backend="numpy", batch=2).inputs
    assert x.shape == (2, 224, 224, 3)
    assert [target.shape for target in targets] == [(2,)] * 3


@pytest.mark.reference
@pytest.mark.parametrize("name", versus.NAMES)
def test_torch_has_the_same_parameters(name: str) -> None:
    from tinygraph.bench.torch_nets import NETS

    ours = Workload(name).model.parameters
    assert sum(p.numel() for p in NETS[name]().parameters()) == sum(p.type.size for p in ours)
