"""The commonest functions as methods of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygraph.tensor.handle import Tensor

Axes = int | Sequence[int] | None


class Methods:
    """What `x.sum()` and its like are: the functions of `tinygraph.functional`."""

    __slots__ = ()

    def astype(self, dtype: Any) -> Tensor:
        """The same numbers as another dtype."""
        return functional().cast(self, dtype)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements with another shape; one extent may be -1."""
        return functional().reshape(self, shape[0] if _one_sequence(shape) else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, or reversed."""
        return functional().transpose(self, (axes[0] if _one_sequence(axes) else axes) or None)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.transpose()

    def flatten(self) -> Tensor:
        """All elements in one axis."""
        return self.reshape(-1)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().sum(self, axis, keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().mean(self, axis, keepdims)

    def var(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().var(self, axis, keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().max(self, axis, keepdims)

    def min(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().min(self, axis, keepdims)

    def argmax(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().argmax(self, axis, keepdims)

    def argmin(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().argmin(self, axis, keepdims)

    def all(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().all(self, axis, keepdims)

    def any(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return functional().any(self, axis, keepdims)

    def exp(self) -> Tensor:
        return functional().exp(self)

    def log(self) -> Tensor:
        return functional().log(self)

    def sqrt(self) -> Tensor:
        return functional().sqrt(self)

    def abs(self) -> Tensor:
        return functional().abs(self)

    def tanh(self) -> Tensor:
        return functional().tanh(self)

    def sigmoid(self) -> Tensor:
        return functional().sigmoid(self)

    def relu(self) -> Tensor:
        return functional().relu(self)


def functional() -> Any:
    """The functions that the methods stand for; they need the tensors, so they come late."""
    from tinygraph import functional

    return functional


def _one_sequence(args: tuple[Any, ...]) -> bool:
    return len(args) == 1 and (args[0] is None or isinstance(args[0], list | tuple))
