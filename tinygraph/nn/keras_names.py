"""What Keras calls the parameters of a layer, for loops that are written in its words."""

from __future__ import annotations

from collections.abc import Mapping

from tinygraph.tensor import Parameter


class KerasNames:
    """`parameters` and `state` of a layer by Keras's names.

    `tg.grad(loss, model.trainable_variables)` is `tape.gradient(loss, model.trainable_variables)`.
    """

    @property
    def parameters(self) -> list[Parameter]:
        raise NotImplementedError

    def named_parameters(self) -> Mapping[str, Parameter]:
        raise NotImplementedError

    @property
    def trainable_weights(self) -> list[Parameter]:
        """`parameters`: what an optimizer trains."""
        return self.parameters

    @property
    def trainable_variables(self) -> list[Parameter]:
        """`parameters`: what an optimizer trains."""
        return self.parameters

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The float parameters that no optimizer trains: running statistics, frozen weights."""
        trained = {*self.parameters}
        return [p for p in self.weights if p not in trained]

    @property
    def weights(self) -> list[Parameter]:
        """All float parameters."""
        return [p for p in self.named_parameters().values() if p.dtype.is_float]
