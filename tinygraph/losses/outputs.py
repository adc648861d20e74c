"""What made a prediction: softmax, sigmoid, or a layer without activation.

A loss on probabilities that come from a softmax or sigmoid is computed from what went into it:
-log(softmax(z)) is z's own log-sum-exp, exact where the probability is too small for its logarithm.
"""

from __future__ import annotations

from tinygraph.graph import Node
from tinygraph.ops.conv import Conv
from tinygraph.ops.elementwise import Add, Div
from tinygraph.ops.functions import Exp, Sigmoid
from tinygraph.ops.matmul import MatMul
from tinygraph.ops.reduce import Broadcast, Sum
from tinygraph.ops.shape import Reshape
from tinygraph.tensor import Tensor


def last_activation(prediction: Tensor) -> str | None:
    """ "softmax", "sigmoid", "linear" for a plain dense or convolutional layer, None if unknown."""
    node = prediction.node
    while isinstance(node.op, Reshape):
        (node,) = node.inputs
    if isinstance(node.op, Sigmoid):
        return "sigmoid"
    if softmax_parts(node) is not None:
        return "softmax"
    return "linear" if _is_linear(node) else None


def softmax_parts(node: Node) -> tuple[Node, Node] | None:
    """(z, sum) of a softmax exp(z) / sum over the last axis of exp(z); None for anything else."""
    match node:
        case Node(
            op=Div(),
            inputs=(
                Node(op=Exp(), inputs=(z,)) as powers,
                Node(op=Broadcast(axes=spread), inputs=(Node(op=Sum(axes=axes)) as total,)),
            ),
        ) if total.inputs == (powers,) and spread == axes == (node.ndim - 1,):
            return z, total
    return None


def sigmoid_input(node: Node) -> Node | None:
    """z of sigmoid(z); None for anything else."""
    return node.inputs[0] if isinstance(node.op, Sigmoid) else None


def _is_linear(node: Node) -> bool:
    match node:
        case Node(op=MatMul() | Conv()):
            return True
        case Node(op=Add(), inputs=(Node(op=MatMul() | Conv()), Node(op=Broadcast()))):
            return True
    return False
