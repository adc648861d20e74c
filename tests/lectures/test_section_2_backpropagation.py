"""Lecture 5's worked backpropagation: every number, on both backends, and the example's text.

The numbers are those of the arithmetic; the slides' own slips are in the example's table.
"""

from __future__ import annotations

import html
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from section_1 import both_backends, compiled, image, kernel, plain

import tinygraph as tg

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import worked_backprop as worked

PRINTED: dict[str, Any] = {
    "C": [[1.9, 0.3], [0.3, 1.9]],
    "h": [1.30, 3.06],
    "z": [1.042, 1.914],
    "p": [0.29484, 0.70516],
    "loss": 1.22133,
    "dz": [-0.70516, 0.70516],
    "dW_o": [[-0.91671, -2.15779], [0.91671, 2.15779]],
    "db_o": [-0.70516, 0.70516],
    "dh from o1": [-0.07052, -0.14103],
    "dh from o2": [0.21155, 0.28206],
    "dh": [0.14103, 0.14103],
    "dW_h": [[0.26796, 0.04231, 0.04231, 0.26796]] * 2,
    "db_h": [0.14103, 0.14103],
    "dC": [[0.084619, 0.112826], [0.141032, 0.169239]],
    "dF": [[0.253858] * 2] * 2,
    "db1": 0.507716,
    "new F": [[0.77307, -0.02693], [-0.02693, 0.77307]],
    "new b1": -0.15386,
    "new W_h": [[-0.03398, 0.17885, 0.27885, 0.26602], [0.36602, 0.57885, 0.67885, 0.66602]],
    "new b_h": [0.12948, 0.12948],
    "new W_o": [[0.55836, 1.27890], [-0.15836, -0.67890]],
    "new b_o": [0.65258, -0.05258],
}
SIX = {"dC", "dF", "db1"}
"""Printed with six decimals; the others have five, or are exact."""


@pytest.fixture(scope="module", params=["numpy", "llvm"])
def computed(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    return worked.numbers(request.param)


@pytest.mark.parametrize("name", PRINTED)
def test_number(name: str, computed: dict[str, np.ndarray]) -> None:
    within = 5.1e-7 if name in SIX else 5.1e-6
    np.testing.assert_allclose(computed[name], PRINTED[name], rtol=0, atol=within)


def test_every_number_is_tested(computed: dict[str, np.ndarray]) -> None:
    assert {*computed} == {*PRINTED, "new loss"}
    assert computed["new loss"] < 0.02  # the step went the right way


def test_the_share_of_each_output_adds_up(computed: dict[str, np.ndarray]) -> None:
    both = computed["dh from o1"] + computed["dh from o2"]
    np.testing.assert_allclose(both, computed["dh"], rtol=1e-14)
    np.testing.assert_allclose(computed["dh"], computed["db_h"], rtol=1e-14)


def test_by_hand() -> None:
    """The same in NumPy, written out as the lecture does."""
    x, F = np.array(worked.IMAGE), np.array(worked.PARAMETERS["F"])
    patches = np.array([x[i : i + 2, j : j + 2].ravel() for i in (0, 1) for j in (0, 1)])
    C = np.maximum(patches @ F.ravel() + 0.1, 0)
    W_h, W_o = np.array(worked.PARAMETERS["W_h"]), np.array(worked.PARAMETERS["W_o"])
    h = W_h @ C + 0.2
    z = W_o @ h + 0.3
    p = np.exp(z) / np.exp(z).sum()
    dz = p - [1, 0]
    dh = W_o.T @ dz
    dC = W_h.T @ dh * (C > 0)
    dF = patches.T @ dC
    found = worked.numbers("numpy")
    for name, value in {"z": z, "dz": dz, "dW_o": np.outer(dz, h), "dh": dh}.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12)
    np.testing.assert_allclose(found["dW_h"], np.outer(dh, C), rtol=1e-12)
    np.testing.assert_allclose(found["dF"].ravel(), dF, rtol=1e-12)
    np.testing.assert_allclose(found["new F"].ravel(), F.ravel() - 0.5 * dF, rtol=1e-12)


def test_the_journal_has_the_same_gradients() -> None:
    given = worked.parameters()
    net = worked.network(given)
    journal, found = tg.journal(net.loss), worked.numbers("numpy")
    for name, parameter in given.items():
        gradient = journal.gradient(parameter).squeeze()
        np.testing.assert_allclose(gradient, found[f"d{name}"], rtol=1e-13)
    assert "a gradient distributor, to conv_1" in tg.why(net.loss, given["F"])


@both_backends
def test_the_exercise(backend: str) -> None:
    dF, dX = worked.exercise(backend)
    np.testing.assert_allclose(dF, [[-0.1, -0.3], [-0.3, 0.2]], atol=1e-12)
    expected = [[0.2, -0.6, 0.4], [-0.7, 0.7, 0], [0.3, -0.2, -0.1]]
    np.testing.assert_allclose(dX, expected, atol=1e-12)


@both_backends
def test_the_gradients_are_convolutions(backend: str) -> None:
    """dF: of the input with dO. dX: of the padded dO with the filter turned by 180 degrees."""
    x, F, dO = (worked.EXERCISE[name] for name in ("x", "F", "dO"))
    dF, dX = worked.exercise(backend)
    of_filter = compiled(backend, tg.conv2d, image(x), kernel(dO))
    np.testing.assert_allclose(plain(of_filter), dF, atol=1e-6)
    turned = np.array(F)[::-1, ::-1]
    of_image = compiled(backend, lambda g, w: tg.conv2d(g, w, padding=1), image(dO), kernel(turned))
    np.testing.assert_allclose(plain(of_image), dX, atol=1e-6)


@both_backends
def test_batch_cross_entropy(backend: str) -> None:
    each, mean = worked.batch_cross_entropy(backend)
    printed = [1.609, 0, 0.357, 0.105, 0.105, 0, 0, 0, 0.105, 0]
    np.testing.assert_allclose(each, printed, atol=5e-4)
    assert mean == pytest.approx(0.2282, abs=5e-5)


@both_backends
def test_batch_cross_entropy_as_a_loss(backend: str) -> None:
    """The same numbers from `tg.losses`, for ten images of which each shows class 0."""
    right = np.array(worked.TRUE_CLASS)
    predicted = np.stack([right, 1 - right], axis=1)
    label, one_hot = np.zeros(10, np.int32), np.eye(2)[np.zeros(10, int)]
    for loss, target in [
        (tg.losses.SparseCategoricalCrossentropy(), label),
        (tg.losses.CategoricalCrossentropy(), one_hot),
    ]:
        mean = compiled(backend, loss, tg.tensor(target), tg.tensor(predicted))
        assert mean.item() == pytest.approx(0.2282, abs=5e-5)


@both_backends
def test_the_exercise_compared_with_its_slips(backend: str, golden: Any, capsys: Any) -> None:
    assert worked.main(["--backend", backend]) == 0
    golden.check("worked_backprop.txt", capsys.readouterr().out)


def test_it_draws_and_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "net.svg"
    assert worked.main(["--draw", str(picture), "--why", "b1"]) == 0
    assert "to b1." in capsys.readouterr().out
    drawn = html.unescape(picture.read_text())
    for number in ("[[1.9, 0.3], [0.3, 1.9]]", "[0.2948, 0.7052]", "-0.7052", "1.221", "0.5077"):
        assert number in drawn
    assert worked.main(["--draw", str(tmp_path / "net.xyz")]) == 1
    assert "error: " in capsys.readouterr().err


def test_the_tables_fit_a_terminal_of_80_columns() -> None:
    out = io.StringIO()
    console = Console(width=80, force_terminal=True, color_system=None, file=out)
    for title, rows in worked.tables("numpy"):
        worked.show(console, title, rows)
    lines = [line for line in out.getvalue().splitlines() if line.startswith("│")]
    assert len(lines) > 40
    assert all(line.endswith("│") for line in lines)
    assert any("-0.03398   0.17885   0.27885   0.26602" in line for line in lines)
