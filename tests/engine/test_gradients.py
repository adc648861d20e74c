"""Gradients: `tg.grad`, `backward`, second order, and `tg.why`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygraph as tg


def test_the_neuron_of_lecture_5() -> None:
    """CS231n, "Backpropagation": the sigmoid neuron with two inputs."""
    w0, w1, w2 = tg.tensor(2.0), tg.tensor(-3.0), tg.tensor(-3.0)
    x0, x1 = tg.tensor(-1.0), tg.tensor(-2.0)
    f = 1 / (1 + tg.exp(-(w0 * x0 + w1 * x1 + w2)))
    f.backward()
    assert round(float(f), 2) == 0.73
    grads = [round(float(t.grad), 2) for t in (w0, x0, w1, x1, w2) if t.grad is not None]
    assert grads == [-0.2, 0.39, -0.39, -0.59, 0.2]


def test_grad_is_none_then_accumulates_then_zeroes() -> None:
    x = tg.tensor(3.0)
    assert x.grad is None
    (x * x).backward()
    (x * x).backward()
    assert x.grad is not None
    assert float(x.grad) == 12.0
    x.zero_grad()
    assert x.grad is None


def test_tensors_in_between_get_a_gradient_if_held() -> None:
    x = tg.tensor([1.0, 2.0])
    q = x * 3
    y = (q * q).sum()
    y.backward()
    assert q.grad is not None
    assert y.grad is not None
    assert q.grad.numpy().tolist() == [6, 12]
    assert float(y.grad) == 1.0


def test_backward_of_several_elements_needs_what_comes_in() -> None:
    x = tg.tensor([1.0, 2.0])
    with pytest.raises(tg.GradientError, match=r"float32\[2\] needs gradient=.*y\.sum\(\)"):
        (x * x).backward()
    (x * x).backward(gradient=[1.0, 10.0])
    assert x.grad is not None
    assert x.grad.numpy().tolist() == [2, 40]
    with pytest.raises(tg.GradientError, match=r"must be float32\[2\] like y"):
        (x * x).backward(gradient=np.ones(3, np.float32))
    with pytest.raises(tg.ShapeError, match="has that type too"):
        x.grad = tg.tensor(1.0)


def test_only_floats_have_gradients() -> None:
    n = tg.tensor([1, 2])
    with pytest.raises(tg.GradientError, match="only floats"):
        n.sum().backward()
    with pytest.raises(tg.GradientError, match="only floats"):
        tg.grad(tg.tensor(1.0), n)


def test_no_path_gives_zeros() -> None:
    x, y = tg.tensor([1.0, 2.0]), tg.tensor(3.0)
    assert tg.grad(y * 2, x).numpy().tolist() == [0, 0]
    assert tg.grad(tg.detach(x).sum(), x).numpy().tolist() == [0, 0]
    (tg.detach(x) * 2).sum().backward()
    assert x.grad is None


def test_gradients_at_kinks_and_ties() -> None:
    x = tg.tensor([-1.0, 0.0, 1.0])
    assert tg.grad(tg.relu(x).sum(), x).numpy().tolist() == [0, 0, 1]
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 3.0])
    ga, gb = tg.grad(tg.maximum(a, b).sum(), [a, b])
    assert (ga.numpy().tolist(), gb.numpy().tolist()) == ([1, 0], [0, 1])
    tie = tg.tensor([[2.0, 2.0, 1.0]])
    assert tg.grad(tie.max(1).sum(), tie).numpy().tolist() == [[1, 0, 0]]
    pooled = tg.max_pool1d(tie.reshape(1, 3, 1), 3)
    assert tg.grad(pooled.sum(), tie).numpy().tolist() == [[1, 0, 0]]


def test_a_value_used_twice_adds_up() -> None:
    x = tg.tensor(3.0)
    y = x
    for _ in range(10):
        y = y + y
    assert float(tg.grad(y, x)) == 1024


def test_second_and_third_order() -> None:
    x = tg.tensor(2.0)
    first = tg.grad(x**4, x)
    second = tg.grad(first, x)
    third = tg.grad(second, x)
    assert [float(g) for g in (first, second, third)] == [32, 48, 48]


def test_the_backward_pass_names_the_forward_lines_and_scopes() -> None:
    x = tg.tensor([[1.0, 2.0]])
    g = tg.grad(tg.cross_entropy(x, [0]), x)
    from tinygraph.graph import topological

    made = [n for n in topological([g.node]) if n.origin and n.origin.backward]
    assert made
    assert all(n.origin and "cross_entropy" in n.origin.scope for n in made if n.origin)
    assert {n.origin.file for n in made if n.origin} == {__file__}


def test_why_tells_the_way_and_what_stops_it() -> None:
    x, other = tg.tensor(-1.0, name="x"), tg.tensor(1.0, name="other")
    y = tg.relu(x * 3)
    assert "mul_1" in tg.why(y, x)
    assert "swap multiplier" in tg.why(y, x)
    assert "zero all over, on this way from relu_1 (test_gradients.py" in tg.why(y, x)
    assert "does not depend on other" in tg.why(y, other)
    stopped = tg.why(tg.detach(x) * 2, x)
    assert "no gradient flows: detach_1" in stopped
    assert "takes its input as a constant" in stopped
    assert "makes int32 of it" in tg.why(x.astype("int32").astype("float32"), x)
    assert "its gradient for itself is 1" in tg.why(x, x)
    assert "only floats have gradients" in tg.why(y, tg.tensor(1, name="n"))
    w = tg.parameter(1.0, name="w")
    y = w * 2
    w.assign(5.0)
    assert "earlier version of w" in tg.why(y, w)


RNG = np.random.default_rng(0)


def data(*shape: int) -> np.ndarray:
    """Distinct numbers, away from 0 and from each other, in random order."""
    count = int(np.prod(shape))
    return RNG.permutation(np.linspace(-1.95, 2.05, count)).reshape(shape)


def positive(*shape: int) -> np.ndarray:
    return np.abs(data(*shape)) + 0.3


LABELS = np.array([0, 2], np.int32)
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "add": (tg.add, [data(2, 3), data(3)]),
    "sub": (tg.sub, [data(2, 1), data(2, 3)]),
    "mul": (tg.mul, [data(2, 3), data()]),
    "div": (tg.div, [data(2, 3), positive(2, 3)]),
    "pow": (tg.pow, [positive(2, 3), data(2, 3)]),
    "cube": (lambda x: x**3, [data(2, 3)]),
    "root": (lambda x: x**0.5, [positive(2, 3)]),
    "exp": (tg.exp, [data(4)]),
    "log": (tg.log, [positive(4)]),
    "sqrt": (tg.sqrt, [positive(4)]),
    "abs": (tg.abs, [data(4)]),
    "sin": (tg.sin, [data(4)]),
    "cos": (tg.cos, [data(4)]),
    "tanh": (tg.tanh, [data(4)]),
    "sigmoid": (tg.sigmoid, [data(4)]),
    "relu": (tg.relu, [data(4)]),
    "leaky_relu": (tg.leaky_relu, [data(4)]),
    "elu": (tg.elu, [data(4)]),
    "selu": (tg.selu, [data(4)]),
    "softplus": (tg.softplus, [data(4)]),
    "softsign": (tg.softsign, [data(4)]),
    "silu": (tg.silu, [data(4)]),
    "mish": (tg.mish, [data(4)]),
    "gelu": (tg.gelu, [data(4)]),
    "gelu, the approximation": (lambda x: tg.gelu(x, approximate=True), [data(4)]),
    "erf": (tg.erf, [data(6)]),
    "relu6": (lambda x: tg.relu6(x * 5), [data(6)]),
    "hard_sigmoid": (lambda x: tg.hard_sigmoid(x * 2), [data(6)]),
    "hard_silu": (lambda x: tg.hard_silu(x * 2), [data(6)]),
    "maxout": (lambda x: tg.maxout(x, 2), [data(2, 6)]),
    "softmax": (tg.softmax, [data(2, 3)]),
    "softmax over the first axis": (lambda x: tg.softmax(x, 0), [data(3, 2)]),
    "log_softmax": (tg.log_softmax, [data(2, 3)]),
    "logsumexp": (lambda x: tg.logsumexp(x, (0, 2)), [data(2, 3, 2)]),
    "maximum": (tg.maximum, [data(2, 3), data(3) + 0.01]),
    "clip": (lambda x: tg.clip(x, -1, 1), [data(6)]),
    "where": (lambda x, y: tg.where(x > 0, x * y, y), [data(2, 3), data(2, 3)]),
    "sum": (lambda x: tg.sum(x, 1, keepdims=True), [data(2, 3, 2)]),
    "mean": (lambda x: tg.mean(x, (0, -1)), [data(2, 3, 2)]),
    "var": (lambda x: tg.var(x, 0), [data(4, 3)]),
    "max": (lambda x: tg.max(x, (0, 1)), [data(2, 3, 2)]),
    "min": (lambda x: tg.min(x), [data(2, 3)]),
    "reshape": (lambda x: tg.reshape(x, (3, -1)) ** 2, [data(2, 3)]),
    "transpose": (lambda x: tg.transpose(x, (2, 0, 1)) ** 2, [data(2, 3, 2)]),
    "pad": (lambda x: tg.pad(x, [(1, 2), (0, 1)]) ** 2, [data(2, 3)]),
    "concatenate": (lambda x, y: tg.concatenate([x, y, x], 1) ** 2, [data(2, 2), data(2, 1)]),
    "stack": (lambda x, y: tg.stack([x, y], -1) ** 2, [data(2, 2), data(2, 2)]),
    "flip": (lambda x: tg.flip(x, 1) * x, [data(2, 3)]),
    "index": (lambda x: x[::-2, None, 1] ** 2, [data(5, 3)]),
    "update": (lambda x, y: tg.update(x, (slice(None), 1), y) ** 2, [data(2, 3), data(2)]),
    "broadcast_to": (lambda x: tg.broadcast_to(x, (4, 2, 3)) ** 2, [data(2, 1)]),
    "matmul": (tg.matmul, [data(2, 3), data(3, 2)]),
    "matmul of stacks": (tg.matmul, [data(2, 1, 2, 3), data(3, 3, 2)]),
    "matmul of vectors": (tg.matmul, [data(3), data(3)]),
    "conv1d": (lambda x, w: tg.conv1d(x, w, 2, "same"), [data(2, 5, 2), data(3, 2, 2)]),
    "conv2d": (
        lambda x, w: tg.conv2d(x, w, (2, 1), ((1, 0), 1), (1, 2), 2),
        [data(1, 4, 5, 4), data(2, 2, 2, 4)],
    ),
    "conv3d": (tg.conv3d, [data(1, 2, 3, 2, 1), data(2, 2, 1, 1, 2)]),
    "depthwise_conv2d": (
        lambda x, w: tg.depthwise_conv2d(x, w, padding="same"),
        [data(1, 3, 3, 2), data(2, 2, 2, 2)],
    ),
    "depthwise_conv1d": (
        lambda x, w: tg.depthwise_conv1d(x, w, 2),
        [data(1, 5, 2), data(2, 2, 2)],
    ),
    "separable_conv1d": (
        lambda x, d, p: tg.separable_conv1d(x, d, p, padding="same"),
        [data(1, 4, 2), data(3, 2, 1), data(1, 2, 2)],
    ),
    "separable_conv2d": (
        lambda x, d, p: tg.separable_conv2d(x, d, p, 2, "same"),
        [data(1, 3, 3, 2), data(2, 2, 2, 2), data(1, 1, 4, 2)],
    ),
    "true_conv1d": (lambda x, w: tg.true_conv1d(x, w, 2, 1), [data(1, 4, 2), data(2, 2, 2)]),
    "true_conv2d": (
        lambda x, w: tg.true_conv2d(x, w, 1, "same", groups=2),
        [data(1, 3, 3, 2), data(2, 2, 1, 2)],
    ),
    "patches": (lambda x: tg.patches(x, (2, 3), (2, 1), 1) ** 2, [data(1, 4, 3, 2)]),
    "locally_connected1d": (
        lambda x, w: tg.locally_connected1d(x, w, 2, 1),
        [data(2, 4, 2), data(2, 3, 2, 2)],
    ),
    "locally_connected2d": (
        lambda x, w: tg.locally_connected2d(x, w, (1, 2), "same", (2, 1)),
        [data(2, 3, 3, 1), data(3, 2, 2, 2, 1, 2)],
    ),
    "conv_transpose1d": (
        lambda x, w: tg.conv_transpose1d(x, w, 2, 1, 1),
        [data(1, 3, 2), data(3, 2, 2)],
    ),
    "conv_transpose2d": (
        lambda x, w: tg.conv_transpose2d(x, w, 2, "same", groups=2),
        [data(1, 2, 3, 4), data(3, 3, 4, 1)],
    ),
    "conv_transpose3d": (
        lambda x, w: tg.conv_transpose3d(x, w, (1, 2, 1), "valid", (0, 1, 0)),
        [data(1, 2, 2, 2, 1), data(2, 2, 1, 1, 2)],
    ),
    "max_pool3d": (lambda x: tg.max_pool3d(x, 2, 1) ** 2, [data(1, 3, 2, 3, 1)]),
    "avg_pool3d": (lambda x: tg.avg_pool3d(x, 2, 1, "same") ** 2, [data(1, 2, 2, 3, 1)]),
    "max_unpool1d": (
        lambda x: tg.max_unpool1d(x, tg.max_pool_position1d(x, 2, 1, "same"), 4, 2, 1, "same") ** 2,
        [data(1, 4, 2)],
    ),
    "global_max_pool1d": (lambda x: tg.global_max_pool1d(x) ** 2, [data(2, 3, 2)]),
    "global_avg_pool3d": (lambda x: tg.global_avg_pool3d(x) ** 2, [data(2, 1, 2, 2, 2)]),
    "max_pool2d": (lambda x: tg.max_pool2d(x, 3, 2, "same") ** 2, [data(1, 5, 4, 2)]),
    "avg_pool2d": (lambda x: tg.avg_pool2d(x, 3, 2, "same") ** 2, [data(1, 5, 4, 2)]),
    "sum_pool1d": (lambda x: tg.sum_pool1d(x, 3, 1) ** 2, [data(1, 5, 2)]),
    "upsample_nearest": (lambda x: tg.upsample_nearest(x, (2, 3)) ** 2, [data(1, 2, 2, 2)]),
    "bed_of_nails": (lambda x: tg.bed_of_nails(x) ** 2, [data(1, 2, 2, 1)]),
    "global_avg_pool2d": (lambda x: tg.global_avg_pool2d(x) ** 2, [data(2, 2, 3, 2)]),
    "cross_entropy": (lambda x: tg.cross_entropy(x, LABELS), [data(2, 3)]),
    "cross_entropy with probabilities": (
        lambda x, p: tg.cross_entropy(x, tg.softmax(p), reduction="none"),
        [data(2, 3), data(2, 3)],
    ),
    "batch_norm": (
        lambda x, s, b: tg.batch_norm(x, s, b, np.zeros(3), np.ones(3), True)[0] ** 2,
        [data(4, 3), data(3), data(3)],
    ),
    "batch_norm when used": (
        lambda x, s, b, m, v: tg.batch_norm(x, s, b, m, v, False)[0],
        [data(4, 3), data(3), data(3), data(3), positive(3)],
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_both_orders_agree_with_finite_differences(name: str) -> None:
    fn, inputs = FUNCTIONS[name]
    tg.check_grads(fn, inputs, order=2)


def test_check_grads_finds_a_wrong_gradient() -> None:
    with pytest.raises(tg.GradientError, match="gradient of order 1"):
        tg.check_grads(lambda x: x * tg.detach(x), [data(3)])


def test_an_op_without_a_rule_says_so() -> None:
    from tinygraph.graph import OPS, make
    from tinygraph.ops.base import Elementwise
    from tinygraph.tensor import wrap

    class Mystery(Elementwise):
        name = "mystery"
        function = "exp"

    try:
        x = tg.tensor(1.0)
        with pytest.raises(tg.GradientError, match="mystery has no gradient rule"):
            tg.grad(wrap(make(Mystery(), x.node)), x)
    finally:
        del OPS["mystery"]
