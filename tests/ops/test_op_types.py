"""Each op refuses what does not fit, in a sentence that names the op and the types."""

from __future__ import annotations

import re

import numpy as np
import pytest
from op_samples import NAMES

from tinygraph import ops
from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import OPS, Op, leaf, make
from tinygraph.types import DType, TensorType, bool_, float32, float64, int32, uint32


def t(*shape: int, dtype: DType = float32) -> TensorType:
    return TensorType(shape, dtype)


F, G, I, U, B = t(2, 3), t(3, 2), t(2, 3, dtype=int32), t(2, 3, dtype=uint32), t(2, 3, dtype=bool_)
D = t(2, 3, dtype=float64)
BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "lt", "le", "gt", "ge", "eq"]
FLOATS = ["exp", "log", "sqrt", "tanh", "sigmoid", "sin", "cos", "floor", "erf"]
CONV = (1, 1), ((0, 0), (0, 0)), (1, 1), 1
X, W = t(1, 5, 5, 2), t(3, 3, 2, 4)
POOL = (2, 2), (2, 2), ((0, 0), (0, 0))
POSITION = t(1, 2, 2, 2, dtype=int32)


def refused(name: str) -> list[tuple[Op, list[TensorType], type[TinygraphError]]]:
    """Ops of this name with types that do not fit."""
    op = OPS[name]
    if name in [*BINARY, "ne"]:
        return [(op(), [F, G], ShapeError), (op(), [F, D], DtypeError), (op(), [B, B], DtypeError)]
    if name in FLOATS:
        return [(op(), [I], DtypeError), (op(), [B], DtypeError)]
    if name in ("neg", "abs", "relu"):
        return [(op(), [B], DtypeError)]
    if name in ("logical_and", "logical_or", "logical_not"):
        arity = 1 if name == "logical_not" else 2
        return [(op(), [F] * arity, DtypeError)]
    if name in ("sum", "max", "min", "argmax", "argmin"):
        rows = [(op((2,)), [F], ShapeError), (op((0, 0)), [F], ShapeError)]
        empty = [(op((0,)), [t(0, 2)], ShapeError)] if name != "sum" else []
        return [*rows, *empty, (op((0,)), [B], DtypeError)]
    if name in ("max_pool", "max_pool_position", "sum_pool"):
        return [
            (op(*POOL), [F], ShapeError),
            (op(*POOL), [t(1, 1, 5, 2)], ShapeError),
            (op(*POOL), [t(1, 4, 4, 2, dtype=int32)], DtypeError),
            (op((2, 2), (2, 2), ((2, 0), (0, 0))), [X], ShapeError),
            (op((2, 2), (0, 2), ((0, 0), (0, 0))), [X], ShapeError),
            (op((2, 2), (2,), ((0, 0), (0, 0))), [X], ShapeError),
        ]
    return [(op_, list(types), error) for op_, types, error in SPECIAL[name](op)]


SPECIAL = {
    "full": lambda op: [(op(0.5, I), [], DtypeError), (op(-1, U), [], DtypeError)],
    "pow_int": lambda op: [(op(2), [B], DtypeError), (op(-1), [I], DtypeError)],
    "where": lambda op: [
        (op(), [F, F, F], DtypeError),
        (op(), [B, G, G], ShapeError),
        (op(), [B, F, D], DtypeError),
    ],
    "cast": lambda op: [],
    "detach": lambda op: [],
    "reshape": lambda op: [(op((4, 2)), [F], ShapeError)],
    "transpose": lambda op: [(op((0, 0)), [F], ShapeError), (op((0,)), [F], ShapeError)],
    "broadcast": lambda op: [
        (op((2, 4), (1,)), [F], ShapeError),
        (op((2, 3, 4), (3,)), [F], ShapeError),
    ],
    "pad": lambda op: [(op(((1, 1),)), [F], ShapeError), (op(((-1, 0),) * 2), [F], ShapeError)],
    "slice": lambda op: [
        (op((0, 0), (2, 4), (1, 1)), [F], ShapeError),
        (op((0, 0), (2, 2), (1, 0)), [F], ShapeError),
        (op((0,), (2,), (1,)), [F], ShapeError),
    ],
    "unslice": lambda op: [(op((2, 4), (0, 0), (1, 2)), [F], ShapeError)],
    "concatenate": lambda op: [
        (op(0), [F, G], ShapeError),
        (op(0), [F, D], DtypeError),
        (op(2), [F, F], ShapeError),
    ],
    "iota": lambda op: [(op(B, (0,)), [], ShapeError), (op(F, (1, 0)), [], ShapeError)],
    "matmul": lambda op: [
        (op(), [F, F], ShapeError),
        (op(), [F, t(3, 2, dtype=float64)], DtypeError),
        (op(), [t(4, 2, 3), t(5, 3, 2)], ShapeError),
        (op(), [t(3), t(3, 2)], ShapeError),
    ],
    "conv": lambda op: [
        (op(*CONV), [X, t(3, 3, 3, 4)], ShapeError),
        (op(*CONV), [F, W], ShapeError),
        (op(*CONV), [X, t(6, 6, 2, 4)], ShapeError),
        (op(*CONV), [X.with_dtype(float64), W], DtypeError),
        (op((0, 1), *CONV[1:]), [X, W], ShapeError),
        (op(CONV[0], ((-1, 0), (0, 0)), *CONV[2:]), [X, W], ShapeError),
        (op(CONV[0], CONV[1], (1,), 1), [X, W], ShapeError),
    ],
    "conv_data_gradient": lambda op: [(op(*CONV, space=(9, 9)), [t(1, 3, 3, 4), W], ShapeError)],
    "conv_weight_gradient": lambda op: [(op(*CONV, window=(2, 2)), [X, t(1, 3, 3, 4)], ShapeError)],
    "max_pool_gradient": lambda op: [
        (op(*POOL, space=(9, 9)), [t(1, 2, 2, 2), POSITION], ShapeError),
        (op(*POOL, space=(4, 4)), [t(1, 2, 2, 2), t(1, 2, 2, 2)], DtypeError),
    ],
    "max_pool_gather": lambda op: [
        (op(*POOL), [t(1, 8, 4, 2), POSITION], ShapeError),
        (op(*POOL), [t(1, 4, 4, 2), t(1, 2, 2, 2)], DtypeError),
    ],
    "sum_pool_gradient": lambda op: [(op(*POOL, space=(9, 9)), [t(1, 2, 2, 2)], ShapeError)],
    "upsample_nearest": lambda op: [(op((2,)), [X], ShapeError), (op((2, 0)), [X], ShapeError)],
    "random_bits": lambda op: [
        (op((3,)), [t(3, dtype=uint32)], ShapeError),
        (op((3,)), [t(2)], DtypeError),
    ],
    "uniform_from_bits": lambda op: [(op(), [F], DtypeError)],
}
TAKES_ANYTHING = {"cast", "detach"}


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    cases = refused(name)
    assert cases or name in TAKES_ANYTHING
    for op, types, error in cases:
        leaves = [leaf(np.zeros(x.shape, x.dtype.numpy)) for x in types]
        with pytest.raises(error) as caught:
            make(op, *leaves)
        message = str(caught.value)
        assert re.search(rf"\b{name}\b", message), message
        assert "test_op_types.py:" in message
        shown = types or [op.type]  # type: ignore[attr-defined]
        told = any(str(x) in message for x in shown) or "stride" in message
        assert told, message


def test_messages_show_the_way_out() -> None:
    x, w = leaf(np.zeros((3, 4), np.float32)), leaf(np.zeros((2, 3), np.float32))
    with pytest.raises(
        ShapeError, match=re.escape("matmul needs (m, k) @ (k, n), got float32[3,4] @ float32[2,3]")
    ):
        ops.matmul(x, w)
    with pytest.raises(
        DtypeError, match=r"add needs operands of one dtype, .*\.astype\('float32'\)"
    ):
        x + leaf(np.zeros((3, 4)))
    with pytest.raises(DtypeError, match=r"exp needs floats, got int32\[2\]; cast with"):
        ops.exp(leaf(np.zeros(2, np.int32)))


def test_numbers_take_the_dtype_of_the_tensor() -> None:
    x = leaf(np.arange(3, dtype=np.int32))
    assert (x * 2 + 1).dtype is int32
    with pytest.raises(DtypeError, match=r"0\.5 is no int32"):
        x + 0.5
    with pytest.raises(DtypeError, match=r"-1 is no uint32"):
        ops.cast(x, uint32) + -1
