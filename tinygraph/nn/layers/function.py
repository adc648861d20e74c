"""A function as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph.nn.layer import Layer


class Lambda(Layer):
    """Any function of tensors that has no weights: Lambda(tg.exp)(x)."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs)


class Operator(Lambda):
    """What `x * 2 + y` between symbols is: layers called mul, add, add_1 ..."""

    @property
    def name(self) -> str:
        return self._name or self.function.__name__
