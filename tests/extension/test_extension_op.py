"""An op that no file of the package knows: it does all that the others do."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import ops
from tinygraph.graph import OPS, Example, Node, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr
from tinygraph.ops.base import FloatElementwise
from tinygraph.tensor import Tensor, as_tensor, wrap
from tinygraph.testing import check_op


class Softplus(FloatElementwise):
    """ln(1 + e ** x), without overflow"""

    name: ClassVar[str] = "softplus"
    symbol: ClassVar[str] = "s+"
    low: ClassVar[float] = -4.0
    high: ClassVar[float] = 4.0

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.logaddexp(inputs[0], inputs[0].dtype.type(0))

    def scalar(self, *values: Expr) -> Expr:
        (x,) = values
        power = expr.apply("exp", -expr.apply("abs", x))
        return expr.apply("max", x, 0) + expr.apply("log", power + 1)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * ops.sigmoid(inputs[0]),)


REGISTERED = OPS.pop("softplus")  # entered by its definition; other tests shall not meet it


@pytest.fixture(autouse=True)
def in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS, "softplus", Softplus)


def softplus(x: object) -> Tensor:
    return wrap(make(Softplus(), as_tensor(x).node))


X = np.linspace(-30, 90, 37, dtype=np.float32)


def test_a_definition_is_a_registration() -> None:
    assert REGISTERED is Softplus
    assert Softplus() == Softplus()
    assert hash(Softplus()) == hash(Softplus())
    assert Softplus() != ops.exp(tg.tensor(1.0).node).op


def test_it_passes_what_the_registry_tests_ask_of_an_op() -> None:
    check_op(Softplus, backends=["numpy", "llvm"])


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_runs(backend: str, dtype: str) -> None:
    x = X.astype(dtype)
    value = tg.jit(softplus, backend=backend)(x).numpy()
    assert str(value.dtype) == dtype
    np.testing.assert_allclose(value, np.log1p(np.exp(x.astype(np.float64))), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_it_is_differentiated_twice(backend: str) -> None:
    def slopes(x: Tensor) -> tuple[Tensor, Tensor]:
        first = tg.grad(softplus(x).sum(), x)
        return first, tg.grad(first.sum(), x)

    first, second = tg.jit(slopes, backend=backend)(X)
    sigmoid = 1 / (1 + np.exp(-X.astype(np.float64)))
    np.testing.assert_allclose(first.numpy(), sigmoid, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(second.numpy(), sigmoid * (1 - sigmoid), rtol=1e-4, atol=1e-6)
    tg.check_grads(softplus, [tg.tensor([-2.0, 0.0, 0.5, 3.0])], order=2)


def test_it_fuses_with_what_stands_beside_it() -> None:
    program = tg.jit(lambda x: softplus(x * 2) + 1).program(X)
    assert len(program.calls) == 1


def test_it_appears_in_every_stage() -> None:
    shown = tg.stages(softplus(tg.tensor(X, name="x")))
    assert {"graph", "regions", "loops", "llvm", "assembly"} <= set(shown.names)
    for stage in ("graph", "regions", "loops"):
        assert "softplus" in shown[stage].text
        assert "test_extension_op.py" in shown[stage].text, "the line it came from"


def test_it_is_drawn_with_values_and_gradients() -> None:
    y = softplus(tg.tensor([0.0], name="x")).sum()
    picture = str(tg.draw(y))
    assert "s+" in picture
    assert "0.6931" in picture
    assert "0.5" in picture


def test_it_refuses_what_does_not_fit_in_the_words_of_its_base() -> None:
    with pytest.raises(
        tg.DtypeError, match=r"softplus needs floats, got int32\[3\].*test_extension_op.py:"
    ):
        softplus(tg.tensor([1, 2, 3]))


class Wrong(Softplus):
    """Softplus with a fault in one part; nameless, so not in the registry."""


class WrongEquation(Wrong):
    def scalar(self, *values: Expr) -> Expr:
        return super().scalar(*values) + 0.01


class WrongGradient(Wrong):
    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * ops.tanh(inputs[0]),)


class WrongSecondGradient(Wrong):
    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * ops.detach(ops.sigmoid(inputs[0])),)


class WrongType(Wrong):
    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return super().evaluate(inputs[0].astype(np.float64))


class WithoutExample(Wrong):
    @classmethod
    def examples(cls) -> list[Example]:
        return []


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (WrongEquation, r"softplus: the equation gives .* at \[0, 0\], evaluate gives"),
        (WrongGradient, "softplus: gradient of order 1"),
        (WrongSecondGradient, "softplus: gradient of order 2"),
        (WrongType, r"softplus: evaluate gives float64\[2,3\], the type rule says float32\[2,3\]"),
        (WithoutExample, "softplus has no example"),
    ],
)
def test_a_fault_is_found(kind: type[Softplus], says: str) -> None:
    with pytest.raises(tg.TinygraphError, match=says):
        check_op(kind)
