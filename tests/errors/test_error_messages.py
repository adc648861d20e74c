"""What users do wrong, and what they are told: the op, the types, a way out, their own line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import graph

X = tg.tensor(np.ones((2, 3), np.float32), name="x")
D = tg.tensor(np.ones((2, 3)), name="d")
I = tg.tensor([1, 2, 3], name="i")
W = tg.parameter(np.ones((4, 5), np.float32), name="w")
IMAGE = tg.tensor(np.ones((1, 8, 8, 3), np.float32))

Do = Callable[[], Any]

SHAPES: dict[str, tuple[Do, str]] = {
    "matmul": (lambda: X @ W, "matmul needs (m, k) @ (k, n), got float32[2,3] @ float32[4,5]"),
    "add": (
        lambda: X + tg.ones((4,)),
        "add needs shapes that broadcast: from the last axis on extents that are equal or 1; "
        "got float32[2,3], float32[4]",
    ),
    "conv2d, channels": (
        lambda: tg.conv2d(IMAGE, tg.ones((3, 3, 4, 2))),
        "got x float32[1,8,8,3] and w float32[3,3,4,2]; w[..., 3, 2] would fit",
    ),
    "conv2d, axes": (lambda: tg.conv2d(X, W), "conv2d needs x [N,H,W,C] and w [F,G,C_in,C_out]"),
    "conv2d, window": (
        lambda: tg.conv2d(IMAGE, tg.ones((9, 9, 3, 1))),
        "the window [9, 9] does not fit into x float32[1,8,8,3]",
    ),
    "conv2d, padding": (
        lambda: tg.conv2d(IMAGE, tg.ones((3, 3, 3, 1)), padding="full"),
        'conv2d: padding is "valid", "same", a number',
    ),
    "max_pool2d": (lambda: tg.max_pool2d(IMAGE, 9), "the window [9, 9] does not fit into x"),
    "concatenate": (
        lambda: tg.concatenate([X, tg.ones((2, 4))], 0),
        "concatenate along axis 0 needs inputs that are equal in all other axes, got float32[2,3]",
    ),
    "reshape": (
        lambda: X.reshape(4, 2),
        "reshape of float32[2,3], which has 6 elements, to [4, 2]",
    ),
    "sum": (lambda: X.sum(5), "sum along axis 5 of float32[2,3], which has 2 axes"),
    "index": (lambda: X[5], "x[5] is outside axis 0 of float32[2,3], which has positions 0 to 1"),
    "pad": (lambda: tg.pad(X, [(1,)]), "pad of float32[2,3] needs (before, after) for each axis"),
    "cross_entropy": (
        lambda: tg.cross_entropy(X, I),
        "cross_entropy of logits float32[2,3] needs integer labels [2] or probabilities [2, 3], "
        "got int32[3]",
    ),
    "a layer": (lambda: tg.nn.Conv2D(4, 3)(X), "Conv2D conv2d needs [N,H,W,C]"),
    "a truth value": (lambda: bool(X > 0), "bool() needs one element, got bool[2,3]; reduce it"),
    "ragged data": (lambda: tg.tensor([[1.0, 2.0], [3.0]]), "this data makes no array"),
}

DTYPES: dict[str, tuple[Do, str]] = {
    "add": (
        lambda: X + D,
        "add needs operands of one dtype, got float32[2,3], float64[2,3]; cast with "
        ".astype('float32')",
    ),
    "exp": (lambda: tg.exp(I), "exp needs floats, got int32[3]; cast with .astype('float32')"),
    "neg": (lambda: -(X > 0), "neg needs numbers, got bool[2,3]"),
    "where": (lambda: tg.where(X, X, X), "where needs a bool condition, got float32[2,3]"),
    "assign": (
        lambda: W.assign(np.ones((4, 5))),
        "assign to w needs float32[4,5], got float64[4,5]; cast with .astype('float32')",
    ),
    "cross_entropy": (
        lambda: tg.cross_entropy(X, tg.tensor([0.0, 1.0])),
        "cross_entropy needs integer labels, got float32[2]",
    ),
    "text": (lambda: tg.tensor("abc"), "tensors hold numbers or truth values, got a str"),
    "nothing": (lambda: tg.relu(None), "tensors hold numbers or truth values, got a NoneType"),
    "large": (lambda: tg.tensor(np.array([2**40])), "does not fit into int32, which goes from"),
    "a number": (lambda: I + 0.5, "0.5 is no int32; cast the tensor first, as in .astype("),
}

GRADIENTS: dict[str, tuple[Do, str]] = {
    "of several": (lambda: tg.grad(X * 2, X), "the gradient of float32[2,3] needs gradient=..."),
    "of integers": (lambda: tg.grad(I.sum(), X), "only floats have gradients, and y is int32[]"),
    "for integers": (lambda: tg.grad(X.sum(), I), "only floats have gradients, and x is int32[3]"),
    "for text": (lambda: tg.grad(X.sum(), "x"), "grad needs the tensors it is for, got 'x'"),
    "of a number": (lambda: tg.grad(3.0, X), "only tensors have gradients, and y is 3.0"),
}


def jitted(fn: Callable[..., Any], **options: Any) -> Any:
    return tg.jit(fn, **options)(X)


def branching(x: tg.Tensor) -> tg.Tensor:
    if x.sum() > 0:
        return x
    return -x


TRACES: dict[str, tuple[Do, str]] = {
    "a branch": (lambda: jitted(branching), "choose with tg.where instead of if"),
    "a loop": (lambda: jitted(lambda x: [0] * int(x.sum())), "has no value while its function is"),
    "a number": (lambda: jitted(lambda x: float(x.sum())), "has no value while its function is"),
    "an array": (lambda: jitted(lambda x: x.numpy()), "x: float32[2,3] has no value while"),
    "no function": (lambda: tg.jit(3), "jit compiles functions, got a int"),  # type: ignore
}


def lines_of(fn: Do) -> range:
    """The lines of this file that the user of `fn` has written."""
    lines, start = inspect.getsourcelines(fn)
    return range(start, start + len(lines))


def check(do: Do, says: str, kind: type[tg.TinygraphError], place: Any = None) -> None:
    with pytest.raises(tg.TinygraphError) as caught:
        do()
    message = str(caught.value)
    assert type(caught.value) is kind or isinstance(caught.value, kind)
    assert says in message
    lines = lines_of(place or do)
    assert any(f"(test_error_messages.py:{line})" in message for line in lines), message


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    check(*SHAPES[name], tg.ShapeError)


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name: str) -> None:
    check(*DTYPES[name], tg.DtypeError)


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    check(*GRADIENTS[name], tg.GradientError)


@pytest.mark.parametrize("name", TRACES)
def test_what_a_traced_function_cannot_do(name: str) -> None:
    check(*TRACES[name], tg.TraceError, branching if name == "a branch" else None)


def test_errors_in_a_traced_function_name_its_line() -> None:
    def step(x: tg.Tensor) -> tg.Tensor:
        hidden = x * 2
        return hidden @ W

    check(lambda: jitted(step), "matmul needs (m, k) @ (k, n)", tg.ShapeError, step)


def test_errors_of_a_model_name_the_line_that_builds_it() -> None:
    def build() -> tg.Tensor:
        hidden = tg.nn.Dense(3)(X)
        return tg.nn.Conv2D(2, 3)(hidden)

    check(build, "Conv2D conv2d needs [N,H,W,C]", tg.ShapeError)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_labels_that_are_no_class(backend: str) -> None:
    labels = tg.tensor([0, 7])
    says = "cross_entropy: labels go from 0 to 2, got 0 to 7"
    check(lambda: tg.cross_entropy(X, labels), says, tg.DataError)

    def loss(x: tg.Tensor, labels: tg.Tensor) -> tg.Tensor:
        return tg.cross_entropy(x, labels)

    check(lambda: tg.jit(loss, backend=backend)(X, labels), says, tg.DataError, loss)


def test_a_missing_backend_names_those_there_are() -> None:
    with pytest.raises(tg.BackendUnavailable, match=r"no backend 'cuda'; installed are .*numpy"):
        jitted(lambda x: x, backend="cuda")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"backend": None}, "backend= takes a name, or an object with name, target and compile"),
        ({"threads": 0}, "threads= takes None or a number of at least 1, got 0"),
        ({"threads": "two"}, "threads= takes None or a number of at least 1, got 'two'"),
    ],
)
def test_wrong_options_of_jit(options: dict[str, Any], says: str) -> None:
    check(lambda: jitted(lambda x: x, **options), says, tg.TinygraphError, jitted)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_wrong_call_leaves_the_function_usable(backend: str) -> None:
    double = tg.jit(lambda x, y: x @ y, backend=backend)
    with pytest.raises(tg.ShapeError):
        double(X, W)
    assert double(X, tg.ones((3, 1))).shape == (2, 1)


def test_a_call_that_failed_is_no_reason_to_announce_compiling(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fail = [True]

    def double(x: tg.Tensor) -> tg.Tensor:
        return x @ W if fail.pop() else x * 2

    twice = tg.jit(double)
    with pytest.raises(tg.ShapeError):
        twice(X)
    fail.append(False)
    twice(X)
    assert not caplog.messages


def _made_in_tinygraph(_: object) -> tg.Tensor:
    return tg.ones((2,)) + 1.0


def test_the_users_line_is_found_through_a_cached_property() -> None:
    """Python's own modules may stand between two of tinygraph's calls, and are not the user's."""
    code = _made_in_tinygraph.__code__.replace(co_filename=graph.__file__)

    class Held:
        y = cached_property(FunctionType(code, globals()))

    origin = Held().y.node.origin
    assert origin is not None
    assert origin.file == __file__
