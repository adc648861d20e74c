"""Long chains, and what importing costs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

import tinygraph as tg
from tinygraph.evaluate import evaluate
from tinygraph.graph import topological

GATES = 50_000


def test_a_chain_of_50_000_gates_builds_differentiates_and_runs() -> None:
    x = tg.tensor(1.0)
    y = x
    for _ in range(GATES):
        y = y * 1.0001
    (g,) = tg.grad(y, [x])
    value, slope = tg.evaluate(y, g)
    assert value == slope
    assert abs(float(value) - 1.0001**GATES) < 0.2
    assert "49988 more" in tg.why(y, x)
    assert repr(y.node) == "<mul: float32[]>"
    fn = tg.jit(lambda x: _chain(x, 2000), backend="numpy")
    assert float(fn(x)) > 1
    y.backward()


def _chain(x: tg.Tensor, count: int) -> tg.Tensor:
    for _ in range(count):
        x = x * 1.0001
    return x


def test_intermediate_values_are_freed_after_their_last_use() -> None:
    x = tg.tensor(np.zeros(100_000, np.float32))
    y = x
    for _ in range(50):
        y = y + 1
    alive, most = 0, 0

    def watch(node: object, value: np.ndarray) -> None:
        nonlocal alive, most
        import weakref

        alive += 1
        most = max(most, alive)
        weakref.finalize(value, gone)

    def gone() -> None:
        nonlocal alive
        alive -= 1

    evaluate([y.node], watch=watch)
    assert most <= 5


def test_each_gate_is_computed_once_and_inputs_come_first() -> None:
    x = tg.tensor(1.0)
    y = x
    for _ in range(40):
        y = y + y
    seen: list[object] = []
    evaluate([y.node, y.node], watch=lambda node, value: seen.append(node))
    assert seen == topological([y.node])


def test_importing_is_light() -> None:
    code = "import sys, tinygraph; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"llvmlite", "rich", "graphviz", "matplotlib", "PIL", "torch", "scipy", "safetensors"}
    assert not heavy & {name.partition(".")[0] for name in modules}
    assert "tinygraph.testing" not in modules


def test_names_stay_functions_when_their_modules_are_imported() -> None:
    code = (
        "import tinygraph as tg, types\n"
        "import tinygraph.grad, tinygraph.evaluate, tinygraph.tensor\n"
        "for name in ('grad', 'evaluate', 'tensor'):\n"
        "    assert isinstance(getattr(tg, name), types.FunctionType), name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
