"""Whether an op's parts fit together, for those who write one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygraph.compile import jit
from tinygraph.errors import TinygraphError
from tinygraph.graph import Example, Op, make
from tinygraph.tensor import Tensor, wrap
from tinygraph.testing.equations import evaluate_equation
from tinygraph.testing.gradients import check_grads
from tinygraph.types import TensorType, dtype_of, float64

CLOSE = {"float32": 2e-5, "float64": 1e-11}
"""How far two ways to compute an element may be apart, relative to the largest one."""


def check_op(kind: type[Op], backends: Sequence[str] = ("llvm",), order: int = 2) -> None:
    """Checks all that an op says, on its examples.

    The type rule, the NumPy meaning, the equation and each of `backends` must agree; the gradient,
    and up to `order` the gradient's, with finite differences in float64. A `TinygraphError` names
    the part that does not fit.
    """
    examples = kind.examples()
    if not examples:
        raise TinygraphError(f"{kind.name} has no example")
    for example in examples:
        _check_values(example, backends)
        _check_gradients(example, order)


def _check_values(example: Example, backends: Sequence[str]) -> None:
    op, arrays = example.op, example.arrays()
    says = op.result_type(*example.inputs)
    with np.errstate(all="ignore"):
        meaning = np.asarray(op.evaluate(*arrays))
    _require_type(f"{op}: evaluate", meaning, says)
    _require_equal(f"{op}: the equation", evaluate_equation(op, arrays), meaning)
    for backend in backends:
        compiled = jit(lambda *xs: _applied(op, *xs), backend=backend)
        _require_equal(f"{op}: the {backend} backend", compiled(*arrays).numpy(), meaning)


def _check_gradients(example: Example, order: int) -> None:
    op, arrays = example.op, example.arrays(0, float64)
    types = [TensorType(a.shape, dtype_of(a.dtype)) for a in arrays]
    moving = op.differentiable and float64 in [t.dtype for t in types]
    if not moving or op.result_type(*types).dtype is not float64:
        return
    if not np.isfinite(op.evaluate(*arrays)).all():  # padding with -inf, say
        return
    try:
        check_grads(lambda *xs: _applied(op, *xs), arrays, order)
    except TinygraphError as error:
        raise type(error)(f"{op}: {error}") from None


def _applied(op: Op, *inputs: Tensor) -> Tensor:
    return wrap(make(op, *(x.node for x in inputs)))


def _require_type(what: str, array: np.ndarray, says: TensorType) -> None:
    if array.dtype != says.dtype.numpy or array.shape != says.shape:
        got = TensorType(array.shape, dtype_of(array.dtype))
        raise TinygraphError(f"{what} gives {got}, the type rule says {says}")


def _require_equal(what: str, got: np.ndarray, meaning: np.ndarray) -> None:
    _require_type(what, got, TensorType(meaning.shape, dtype_of(meaning.dtype)))
    if meaning.dtype.kind != "f":
        wrong = got != meaning
    else:
        largest = np.max(np.abs(meaning), initial=1, where=np.isfinite(meaning))
        close = CLOSE[str(meaning.dtype)]
        wrong = ~np.isclose(got, meaning, rtol=close, atol=close * largest, equal_nan=True)
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise TinygraphError(f"{what} gives {got[at]} at {list(at)}, evaluate gives {meaning[at]}")
