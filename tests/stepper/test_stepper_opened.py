"""What an opened element is made of: leaves, padding, copy gates, the window, the other terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import numpy as np
import pytest
from opened_elements import gate_of, require_same

import tinygraph as tg
from tinygraph import ops
from tinygraph.errors import IndexingError, ShapeError, TinygraphError
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import OPS, Graph, Node, Op, leaf, make, topological
from tinygraph.journal import recorded
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis, index
from tinygraph.ops.base import FloatElementwise
from tinygraph.stepper.scalars.gates import gate_for
from tinygraph.stepper.scalars.opened import Opened, open_element
from tinygraph.tensor import node_of
from tinygraph.types import TensorType, int32

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1, 4, 5, 2)).astype(np.float32)
W = RNG.normal(size=(3, 3, 2, 3)).astype(np.float32)
ONE = ((1, 1), (1, 1))


def conv() -> Node:
    return ops.conv(leaf(X, "x"), leaf(W, "w"), padding=ONE)


def words(opened: Opened) -> list[str]:
    return [node.op.name for node in opened.gates]


def test_a_pixel_is_products_and_sums() -> None:
    opened = open_element(conv(), (0, 1, 2, 1), [X, W], ["image", "w"])
    assert words(opened).count("mul") == opened.count == 18
    assert words(opened).count("add") == 17
    assert opened.outside == 0
    assert opened.padding == {}
    assert opened.leaves[0, (0, 0, 1, 0)].name == "image[0,0,1,0]"
    assert set(opened.reads[0]) == {
        (0, i, j, c) for i in range(3) for j in range(1, 4) for c in (0, 1)
    }
    assert opened.reads[0].bounds == ((0, 0), (0, 2), (1, 3), (0, 1))
    assert opened.reads[1] == {(u, v, c, 1) for u in range(3) for v in range(3) for c in range(2)}


def test_terms_come_in_the_order_of_the_axes() -> None:
    opened = open_element(conv(), (0, 1, 2, 1), [X, W], ["x", "w"])
    first = [node.name for node in opened.terms[0].inputs]
    last = [node.name for node in opened.terms[-1].inputs]
    assert first == ["x[0,0,1,0]", "w[0,0,0,1]"]
    assert last == ["x[0,2,3,1]", "w[2,2,1,1]"]
    assert opened.y.inputs[1] is opened.terms[-1]


def test_padding_is_seen_or_left_out() -> None:
    corner = open_element(conv(), (0, 0, 0, 0), [X, W], ["x", "w"])
    assert corner.outside == len(corner.padding) == 10
    assert corner.count == 18
    beyond = corner.padding[0, (0, -1, -1, 0)]
    assert beyond.name == "x[0,-1,-1,0]"
    assert evaluate([beyond]) == [0.0]
    assert len(corner.reads[0]) == 8
    inside = open_element(conv(), (0, 0, 0, 0), [X, W], ["x", "w"], padding=False)
    assert inside.outside == 0
    assert inside.count == 8
    assert evaluate([inside.y]) == evaluate([corner.y])
    assert inside.reads[0] == corner.reads[0]


def test_padding_that_matters_stays() -> None:
    pad = OPS["pad"](((1, 0),), 1.5)  # type: ignore[call-arg]
    summed = make(OPS["sum"]((0,)), gate_of(pad, [X[0, 0, :, 0]]))  # type: ignore[call-arg]
    opened = open_element(summed.inputs[0], (0,), [X[0, 0, :, 0]], ["x"], padding=False)
    assert evaluate([opened.y]) == [1.5]
    assert opened.outside == 1
    infinite = W.copy()
    infinite[0, 0, 0, 0] = np.inf
    opened = open_element(conv(), (0, 0, 0, 0), [X, infinite], ["x", "w"], padding=False)
    assert opened.count == 9
    assert np.isnan(evaluate([opened.y])[0])


def test_the_same_element_is_one_leaf() -> None:
    x = leaf(np.array([3.0, 4.0]), "x")
    square = ops.mul(x, x)
    opened = open_element(square, (1,), [np.array([3.0, 4.0])] * 2, ["x", "x"])
    assert opened.leaves[0, (1,)] is opened.leaves[1, (1,)]
    assert len(Graph((), (opened.y,)).consumers()[opened.leaves[0, (1,)]]) == 2
    (slope,) = gradients(opened.y, [opened.leaves[0, (1,)]])
    assert slope is not None
    assert evaluate([slope]) == [8.0]


def test_an_element_of_a_constant_is_a_constant() -> None:
    x = np.array([3.0, 4.0])
    opened = open_element(ops.mul(leaf(x, "x"), 2.0), (0,), [x, np.full(2, 2.0)])
    assert opened.y.inputs[1].op.name == "full"
    assert str(opened.y.inputs[1].op) == "full(2)"
    assert list(opened.constants) == [(1, (0,))]
    assert list(opened.leaves) == [(0, (0,))]
    assert opened.reads[1] == {(0,)}
    both = open_element(ops.mul(ops.full(3.0, leaf(x)), 2.0), (0,), [np.full(2, k) for k in x])
    assert words(both) == ["mul"]


def test_the_element_type_is_the_ops_own() -> None:
    for dtype in (np.float32, np.float64):
        arrays = [X.astype(dtype), W.astype(dtype)]
        opened = open_element(gate_of(conv().op, arrays), (0, 0, 0, 0), arrays)
        assert {str(node.dtype) for node in topological([opened.y])} == {np.dtype(dtype).name}


def test_moved_elements_are_leaves() -> None:
    a, b = X[0, :, :, 0], X[0, :, :, 1]
    opened = open_element(ops.concatenate([leaf(a), leaf(b)], 1), (2, 7), [a, b], ["a", "b"])
    assert opened.y.name == "b[2,2]"
    assert opened.gates == []
    assert list(opened.leaves) == [(1, (2, 2))]
    assert {k: set(v) for k, v in opened.reads.items()} == {1: {(2, 2)}}
    assert opened.outside == 0


def test_the_rest_is_one_leaf() -> None:
    x = RNG.normal(size=(40, 50)).astype(np.float32)
    opened = open_element(gate_of(OPS["sum"]((0, 1)), [x]), (), [x], ["x"], limit=100, largest=10)  # type: ignore[call-arg]
    (rest,) = opened.others
    assert rest.name == "(1,990 others)"
    assert opened.terms[-1] is rest
    assert opened.count == 2000
    assert len(opened.reads[0]) == 2000
    assert {at for _, at in opened.leaves} == {
        tuple(map(int, np.unravel_index(k, x.shape)))
        for k in np.argsort(-np.abs(x), axis=None)[:10]
    }
    places = [at for _, at in opened.leaves]
    assert [opened.leaves[0, at] for at in sorted(places)] == list(opened.terms[:-1])
    (value,) = evaluate([opened.y])
    np.testing.assert_allclose(value, x.astype(np.float64).sum(), rtol=1e-5, atol=1e-4)
    alone = x.astype(np.float64).sum() - sum(float(x[at]) for at in places)
    np.testing.assert_allclose(evaluate([rest])[0], alone, rtol=1e-5)


def test_up_to_the_limit_every_term_is_a_gate() -> None:
    x = RNG.normal(size=(4096,))
    assert len(open_element(gate_of(OPS["sum"]((0,)), [x]), (), [x]).gates) == 4095  # type: ignore[call-arg]
    x = RNG.normal(size=(4097,))
    assert len(open_element(gate_of(OPS["sum"]((0,)), [x]), (), [x]).gates) == 64  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["sum", "max", "min", "argmax", "argmin"])
def test_a_million_terms(name: str) -> None:
    x = RNG.normal(size=(1000, 1000)).astype(np.float32)
    op = OPS[name]((0, 1))  # type: ignore[call-arg]
    gate = gate_of(op, [x])
    opened = open_element(gate, (), [x])
    assert len(opened.gates) < 1000
    (value,) = evaluate([opened.y])
    np.testing.assert_allclose(value, op.evaluate(x.astype(np.float64)), rtol=1e-5, atol=1e-3)
    assert opened.reads[0].mask.all()


def test_the_winner_of_many_ties_gets_the_gradient() -> None:
    x = np.zeros((100, 100))
    x[30:, 7] = 1.0
    gate = gate_of(OPS["max"]((0, 1)), [x])  # type: ignore[call-arg]
    opened = open_element(gate, (), [x], limit=50, largest=5)
    found = gradients(opened.y, list(opened.leaves.values()))
    slopes = evaluate([g for g in found if g is not None])
    assert dict(zip([at for _, at in opened.leaves], slopes))[30, 7] == 1.0
    assert sum(slopes) == 1.0


def test_numbers_that_are_none_count_as_large() -> None:
    x = np.ones(1000)
    x[700] = np.nan
    opened = open_element(gate_of(OPS["sum"]((0,)), [x]), (), [x], limit=10, largest=3)  # type: ignore[call-arg]
    assert (0, (700,)) in opened.leaves
    assert np.isnan(evaluate([opened.y])[0])
    assert evaluate(list(opened.others)) == [997.0]


# ---- ops that tinygraph does not have ----


class SquareEach(FloatElementwise):
    """x * x, whose gradient rule is its own: nothing"""

    name: ClassVar[str] = "test_square_each"

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0] * inputs[0]

    def scalar(self, *values: Expr) -> Expr:
        return values[0] * values[0]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)


class Rounded(FloatElementwise):
    """the nearest whole number: a function that no op is; its gradient goes straight through"""

    name: ClassVar[str] = "test_rounded"
    function: ClassVar[str] = "round"

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g,)


class Nested(Op):
    """y[i] = max over j of (i + 1) * sum over k of x[j + k] * w[k]; it has no gradient rule"""

    name: ClassVar[str] = "test_nested"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_shape((3,))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x, w = inputs
        padded = np.pad(x, (0, len(w)))
        sums = np.array([padded[j : j + len(w)] @ w for j in range(len(x))])
        return np.array([(sums * (i + 1)).max() for i in range(3)], x.dtype)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, w = operands
        j, k = Axis("j", x.shape[0]), Axis("k", w.shape[0])
        row = expr.total((k,), x.at(index(j) + k, outside=0) * w[k])
        return expr.largest((j,), expr.index_value(index(i[0]) + 1, x.dtype) * row)


class Weighted(Op):
    """y = sum over k of x[k] * w[k], in which w gets no gradient"""

    name: ClassVar[str] = "test_weighted"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_shape(())

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.asarray(inputs[0] @ inputs[1])

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, w = operands
        k = Axis("k", x.shape[0])
        return expr.total((k,), x[k] * w[k])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return ops.mul(ops.broadcast(g, inputs[0].shape, (0,)), inputs[1]), None


class Flat(Weighted):
    """the same sum, taken as a constant"""

    name: ClassVar[str] = "test_flat"
    differentiable: ClassVar[bool] = False


@dataclass(frozen=True)
class Split(Op):
    """y = sum over k of x[0] where k < at, else w[k]"""

    at: int
    name: ClassVar[str] = "test_split"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_shape(())

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.asarray(inputs[0][0] * self.at + inputs[1][self.at :].sum())

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, w = operands
        k = Axis("k", w.shape[0])
        here = expr.index_value(k, int32) < self.at
        return expr.total((k,), expr.select(here, x[0], w[k]))


for _kind in (SquareEach, Rounded, Nested, Weighted, Flat, Split):
    del OPS[_kind.name]  # other tests go through all ops


@pytest.mark.parametrize("kind", [SquareEach, Rounded])
def test_an_op_with_a_rule_of_its_own_stays_one_gate(kind: type[Op]) -> None:
    x = np.array([1.6, -2.2])
    opened = open_element(gate_of(kind(), [x]), (1,), [x])
    assert words(opened) == [kind.name]
    require_same(kind(), [x], Random(0))


def test_reductions_in_reductions() -> None:
    arrays = [RNG.normal(size=7), RNG.normal(size=3)]
    for how in ({}, {"padding": False}, {"limit": 4, "largest": 2}, {"limit": 2, "largest": 1}):
        require_same(Nested(), arrays, Random(0), gradients=False, **how)
    opened = open_element(gate_of(Nested(), arrays), (1,), arrays, ["x", "w"], limit=3, largest=1)
    assert set(opened.reads[0]) == {(k,) for k in range(7)}
    assert opened.outside == 3


def test_gates_in_reductions_in_reductions_are_few_too() -> None:
    arrays = [RNG.normal(size=100), RNG.normal(size=100)]
    opened = open_element(gate_of(Nested(), arrays), (1,), arrays, limit=200, largest=4)
    assert len(opened.gates) < 1000


@pytest.mark.parametrize("limit", [2, 100])
@pytest.mark.parametrize("at", [0, 4])
def test_a_branch_that_is_never_taken_is_not_read(at: int, limit: int) -> None:
    arrays = [RNG.normal(size=3), RNG.normal(size=10)]
    require_same(Split(at), arrays, Random(0), gradients=False, limit=limit, largest=2)
    opened = open_element(gate_of(Split(at), arrays), (), arrays, limit=limit, largest=2)
    assert {k: set(v) for k, v in opened.reads.items()} == {
        **({0: {(0,)}} if at else {}),
        1: {(k,) for k in range(at, 10)},
    }


def test_an_op_that_computes_otherwise_is_not_taken_for_its_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Odd(Rounded):
        """not the mantissa"""

        function: ClassVar[str] = "mantissa"

        def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
            return inputs[0]

    monkeypatch.setitem(OPS, "test_odd", Odd)
    x = leaf(np.array(6.0))
    assert evaluate([gate_for("mantissa", x.dtype, x)]) == [1.5]


def test_a_gradient_that_an_op_withholds() -> None:
    arrays = [RNG.normal(size=4), RNG.normal(size=4)]
    require_same(Weighted(), arrays, Random(0))
    require_same(Flat(), arrays, Random(0))
    assert words(open_element(gate_of(Flat(), arrays), (), arrays))[-1] == "detach"


def test_functions_without_an_op_are_plain_gates() -> None:
    key = np.array([1, 2], np.uint32)
    opened = open_element(gate_of(OPS["random_bits"]((5,)), [key]), (3,), [key], ["key"])  # type: ignore[call-arg]
    assert {"add", "xor", "or", "shl", "shr"} == set(words(opened))
    (shift,) = {node.op.label for node in opened.gates if node.op.name == "shl"}
    assert shift == "<<"
    assert not {"xor", "or", "shl", "shr"} & OPS.keys()


def test_an_elementwise_op_without_an_equation_is_one_gate() -> None:
    class Opaque(SquareEach):
        """no equation"""

        equation = Op.equation

    x = np.array([1.6, -2.2])
    assert words(open_element(gate_of(Opaque(), [x]), (1,), [x])) == ["test_square_each"]


# ---- gradients are graph, so their gates open too ----


def backward(loss: tg.Tensor, *xs: tg.Tensor) -> list[Node]:
    """All gates of a loss and its gradients, forward and backward."""
    found = [g for g in gradients(node_of(loss), map(node_of, xs)) if g is not None]
    return [node for node in topological([node_of(loss), *found]) if node.inputs]


def require_gates(gates: Sequence[Node], seed: int = 0) -> set[str]:
    """Opens elements of every gate, with the values that the whole graph has there."""
    values: dict[Node, np.ndarray] = {}
    evaluate(gates, watch=values.__setitem__)
    for gate in gates:
        require_same(gate.op, [values[x] for x in gate.inputs], Random(seed))
    return {gate.op.name for gate in gates}


def images(*shape: int) -> tg.Tensor:
    return tg.tensor(RNG.normal(size=shape))


def test_convolution_and_max_pool_backward() -> None:
    x, w = images(2, 5, 6, 2), images(3, 3, 2, 3)
    y = tg.max_pool2d(tg.relu(tg.conv2d(x, w, padding="same")), 2)
    names = require_gates(backward(tg.sum(y * y), x, w))
    assert {"conv_data_gradient", "conv_weight_gradient", "max_pool_gradient"} <= names


def test_the_pixels_make_up_the_gradient() -> None:
    """What comes back from the gates of all output elements adds up to what the op sends."""
    x, w = tg.tensor(X.astype(np.float64)), tg.tensor(W.astype(np.float64))
    y = tg.conv2d(x, w, stride=2, padding="same")
    journal = tg.journal(tg.sum(y * y))
    gate, arrays = node_of(y), [journal.value(x), journal.value(w)]
    above = journal.gradient(y)
    sums = [np.zeros_like(a) for a in arrays]
    for k in np.ndindex(gate.shape):
        opened = open_element(gate, k, arrays)
        inside = recorded([opened.y], ops.full(float(above[k]), opened.y))
        for (position, at), x_at in opened.leaves.items():
            sums[position][at] += inside.gradient(x_at)
    for position, total in enumerate(sums):
        np.testing.assert_allclose(total, journal.contribution(gate, position), rtol=1e-12)


def test_batch_norm_in_its_pieces() -> None:
    x, scale, shift = images(3, 4, 2), images(2), images(2)
    mean = tg.mean(x, (0, 1), keepdims=True)
    spread = tg.mean((x - mean) ** 2, (0, 1), keepdims=True)
    y = (x - mean) / tg.sqrt(spread + 1e-3) * scale + shift
    assert {"sum", "sqrt", "div", "broadcast"} <= require_gates(backward(tg.sum(y * y), x, scale))


def test_softmax_cross_entropy_in_its_pieces() -> None:
    scores = images(4, 3)
    loss = tg.cross_entropy(scores, tg.tensor([0, 2, 1, 1]))
    assert {"exp", "log", "max", "where"} <= require_gates(backward(loss, scores))


def test_a_weight_gradient_says_which_pixels_contribute() -> None:
    g = RNG.normal(size=(1, 4, 5, 3)).astype(np.float32)
    gate = ops.conv_weight_gradient(leaf(X), leaf(g), (3, 3), padding=ONE)
    opened = open_element(gate, (0, 0, 1, 2), [X, g], ["x", "dy"], padding=False)
    assert opened.count == 12
    assert opened.reads[0].bounds == ((0, 0), (0, 2), (0, 3), (1, 1))
    assert opened.reads[1].bounds == ((0, 0), (1, 3), (1, 4), (2, 2))
    assert [x.name for x in opened.terms[0].inputs] == ["x[0,0,0,1]", "dy[0,1,1,2]"]


# ---- what cannot be opened ----


def test_errors_say_what_would_fit() -> None:
    gate = conv()
    with pytest.raises(IndexingError, match=r"conv.*no element \[0, 9, 0, 0\]"):
        open_element(gate, (0, 9, 0, 0), [X, W])
    with pytest.raises(IndexingError, match="no element"):
        open_element(gate, (0,), [X, W])
    with pytest.raises(ShapeError, match=r"conv is opened with .* float32\[1,4,5,2\]"):
        open_element(gate, (0, 0, 0, 0), [X])
    with pytest.raises(ShapeError, match="conv is opened with"):
        open_element(gate, (0, 0, 0, 0), [X.astype(np.float64), W])
    with pytest.raises(TinygraphError, match="is a leaf"):
        open_element(leaf(X), (0, 0, 0, 0), [])


def test_an_op_without_an_equation_says_so() -> None:
    class Opaque(Weighted):
        """no equation"""

        equation = Op.equation

    arrays = [RNG.normal(size=4), RNG.normal(size=4)]
    with pytest.raises(TinygraphError, match="no equation"):
        open_element(gate_of(Opaque(), arrays), (), arrays)


def test_negative_positions_count_from_the_end() -> None:
    assert open_element(conv(), (0, -1, -1, -1), [X, W]).index == (0, 3, 4, 2)
