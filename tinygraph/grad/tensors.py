"""Gradients of tensors: `tg.grad`, which builds graph, and `backward`, which fills in `grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from tinygraph import ops
from tinygraph.errors import GradientError, TraceError
from tinygraph.evaluate import values_of
from tinygraph.grad.reverse import gradients
from tinygraph.graph import Node, origin_here, place_of, topological
from tinygraph.tensor import Parameter, Tensor, from_array, handles_of, node_of, wrap
from tinygraph.trace import current_trace


@overload
def grad(y: Tensor, xs: Tensor, gradient: Any = None) -> Tensor: ...
@overload
def grad(y: Tensor, xs: Sequence[Tensor], gradient: Any = None) -> list[Tensor]: ...
def grad(y: Tensor, xs: Any, gradient: Any = None) -> Any:
    """The gradient of the scalar y for a tensor, or a list of them for several.

    Zeros where no path leads.

    The result is graph: it can be drawn, compiled and differentiated again. For a y with several
    elements `gradient` says what to multiply each with (what comes in from above).
    """
    if isinstance(xs, Tensor):
        return grad(y, [xs], gradient)[0]
    for x in xs:
        if not isinstance(x, Tensor):
            raise GradientError(f"grad needs the tensors it is for, got {x!r}{_here()}")
        if not x.dtype.is_float:
            raise GradientError(f"only floats have gradients, and x is {x.type}{_here()}")
    upstream = _upstream(y, gradient)
    found = gradients(y.node, [x.node for x in xs], upstream)
    return [
        wrap(ops.full(0.0, x.type) if node is None else node)
        for x, node in zip(xs, found, strict=True)
    ]


def backward(self: Tensor, gradient: Any = None) -> None:
    """Adds to the `grad` of every tensor that is still held and that this one was computed from.

    Its value and all gradients are evaluated together, in one walk. `gradient` is what comes in
    from above, needed unless there is one element.
    """
    if current_trace() is not None:
        raise TraceError(f"in a traced function write tg.grad(loss, [...]) for backward(){_here()}")
    upstream = _upstream(self, gradient)
    nodes = [node for node in topological([self.node]) if _listeners(node)]
    found = gradients(self.node, nodes, upstream)
    reached = [(n, g) for n, g in zip(nodes, found, strict=True) if g is not None]
    _, *values = values_of([self.node, *(g for _, g in reached)])
    for (node, _), value in zip(reached, values, strict=True):
        for tensor in _listeners(node):
            _accumulate(tensor, value)


def _accumulate(tensor: Tensor, value: np.ndarray) -> None:
    before = tensor.grad
    with np.errstate(all="ignore"):
        total = np.array(value) if before is None else before.numpy() + value
    tensor.grad = from_array(np.asarray(total))


def _listeners(node: Node) -> list[Tensor]:
    """The tensors that get a gradient where `node` does."""
    if not node.dtype.is_float:
        return []
    held = handles_of(node)
    return [t for t in held if not isinstance(t, Parameter) or t.trainable]


def _upstream(y: Tensor, gradient: Any) -> Node | None:
    if not isinstance(y, Tensor):
        raise GradientError(f"only tensors have gradients, and y is {y!r}{_here()}")
    if not y.dtype.is_float:
        raise GradientError(f"only floats have gradients, and y is {y.type}{_here()}")
    if gradient is not None:
        node = node_of(gradient, beside=y.node)
        if node.type != y.type:
            raise GradientError(f"gradient= must be {y.type} like y, got {node.type}{_here()}")
        return node
    if y.size != 1:
        raise GradientError(
            f"the gradient of {y.type} needs gradient=..., what comes in for each element; "
            f"or make one number of it first, as in y.sum(){_here()}"
        )
    return None


def _here() -> str:
    return place_of(origin_here())
