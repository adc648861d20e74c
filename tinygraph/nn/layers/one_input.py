"""OneInput: what layers share that take one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tinygraph.errors import ShapeError
from tinygraph.graph import scope
from tinygraph.nn.layer import Layer
from tinygraph.nn.layer_errors import layer_in_errors
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Shape


class OneInput(Layer):
    """A layer that takes one tensor, and says so if it is given several."""

    takes_list: ClassVar[bool] = False
    """Whether a subclass takes several after all, in a list."""

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        """The axes whose extents decide how many weights there are."""
        return ()

    def run(self, inputs: Sequence[Any], training: bool, name: str | None = None) -> Any:
        with scope(name or self.name), layer_in_errors(type(self).__name__):
            self._check_inputs(inputs)
        return super().run(inputs, training, name)

    def _check_inputs(self, inputs: Sequence[Any]) -> None:
        if self.takes_list:
            return
        several = inputs[0] if len(inputs) == 1 else inputs
        tensors = all(hasattr(leaf, "shape") for leaf in leaves(several))
        if isinstance(several, list | tuple | dict) and tensors:
            raise ShapeError(
                f"{who(self)} takes one tensor, got {len(several)}; layers.concatenate or "
                f"layers.add make one of several{here()}"
            )
        if self.built and self._built_for:
            self._check_weights(self._built_for[0].shape, tuple(getattr(inputs[0], "shape", ())))

    def _check_weights(self, built: Shape, shape: Shape) -> None:
        """Refuses a shape that the weights, made for inputs of shape `built`, do not fit."""
        fixed = [axis % len(built) for axis in self.fixed_axes(built)]
        if len(shape) == len(built) and any(shape[axis] != built[axis] for axis in fixed):
            needs = (n if axis in fixed else None for axis, n in enumerate(built))
            raise ShapeError(
                f"{who(self)} has weights for {shown(tuple(needs))}, got {shown(shape)}{here()}"
            )
