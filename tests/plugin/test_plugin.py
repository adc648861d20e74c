"""The door for backends of others: a real package, built and installed, found and used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import backend as door

PACKAGE = Path(__file__).parent / "naive"
OURS = ["naive", "equations"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the package is installed into, as pip does it, without network."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(folder), str(PACKAGE)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return folder


@pytest.fixture(autouse=True)
def plugged_in(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder is on the path during a test, and forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr(door, "_loaded", {})
    yield
    for name in set(sys.modules) - before:
        if name.startswith("tinygraph_naive"):
            del sys.modules[name]


def test_they_are_listed_beside_the_others() -> None:
    states = tg.backends()
    assert {name for name, state in states.items() if state == "ready"} >= {*OURS, "numpy"}
    assert states["needy"] != "ready"


@pytest.mark.parametrize("name", OURS)
def test_a_training_step_with_convolutions(name: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 6, 5, 2)).astype(np.float32)
    labels = np.array([1])

    def trained(backend: str) -> list[np.ndarray]:
        w = tg.parameter(np.random.default_rng(1).normal(size=(3, 3, 2, 3)) / 4, dtype=tg.float32)
        v = tg.parameter(np.random.default_rng(2).normal(size=(3, 2)), dtype=tg.float32)
        optimizer = tg.optimizers.Adam(0.1, parameters=[w, v])

        @tg.jit(backend=backend)
        def step(x: tg.Tensor, labels: tg.Tensor) -> tg.Tensor:
            hidden = tg.relu(tg.conv2d(x, w, padding="same"))
            scores = tg.global_avg_pool2d(tg.max_pool2d(hidden, 2)) @ v
            loss = tg.cross_entropy(scores, labels)
            optimizer.apply(tg.grad(loss, optimizer.parameters))
            return loss

        losses = [step(x, labels).numpy() for _ in range(2)]
        return [*losses, w.numpy(), v.numpy()]

    for ours, right in zip(trained(name), trained("numpy"), strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OURS)
def test_two_plus_three(name: str) -> None:
    add = tg.jit(lambda x, y: x + y, backend=name)
    assert add(tg.tensor(2.0), tg.tensor(3.0)).item() == 5


def test_programs_are_lowered_for_the_machine_that_the_plugin_describes() -> None:
    @tg.jit(backend="naive")
    def scaled(x: tg.Tensor) -> tg.Tensor:
        return x * 2

    x = tg.ones((64,))
    assert "vector" in scaled.source("loops", x)
    assert "in 0..4 vector" in scaled.source("loops", x), "16 bytes are 4 elements"
    with pytest.raises(tg.CompileError, match="no stage 'llvm'"):
        scaled.source("llvm", x)


def test_stages_of_a_plugin() -> None:
    assert "in 0..4 vector" in str(tg.stages(tg.ones((64,)) * 2, backend="naive"))
    assert "mul" in str(tg.stages(tg.ones((64,)) * 2, backend="equations"))


def test_a_backend_can_be_given_as_an_object() -> None:
    backend = door.find_backend("equations")
    assert tg.jit(lambda x: x * x, backend=backend)(tg.tensor(3.0)).item() == 9


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "needy",
            "the needy backend needs a_package_that_is_not_there: "
            'pip install "tinygraph-naive[needy]"',
        ),
        ("broken", "the broken backend fails when it is loaded: IndexError: pop from empty list"),
        ("outdated", "cannot import name 'WholeProgramOptimizer' from 'tinygraph.lowering'"),
        ("misspelt", "the misspelt backend is not whole"),
        (
            "unfinished",
            "tinygraph_naive:Unfinished is no backend: it needs name, target and compile",
        ),
        ("gone", "the gone backend is installed wrongly: No module named 'tinygraph_gone'"),
    ],
)
def test_what_is_wrong_with_a_plugin_is_said(name: str, says: str) -> None:
    with pytest.raises(tg.BackendUnavailable) as caught:
        tg.jit(lambda x: x + 1, backend=name)(tg.ones(1))
    assert says in str(caught.value)
    assert says in tg.backends()[name]


def test_without_the_plugin_the_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[1:])
    with pytest.raises(tg.BackendUnavailable, match=r"no backend 'naive'; installed are .*numpy"):
        tg.jit(lambda x: x + 1, backend="naive")(tg.ones(1))
