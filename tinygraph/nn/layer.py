"""Layer: parameters and how to use them.

A layer of one's own has `build(shape)`, which makes weights, and `call(x)`, which uses them:

    class Scale(tg.nn.Layer):
        def build(self, shape):
            self.factor = self.add_weight(shape[-1:], "ones", name="factor")

        def call(self, x):
            return x * self.factor
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.nn.initializers import Initializer, find_initializer
from tinygraph.nn.seeds import next_rng, rng_for
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Symbol, called
from tinygraph.tensor import Parameter, Tensor
from tinygraph.types import DType, dtype_of


class Layer:
    """A part of a model. It is built, that is, gets its weights, when it is first called.

    Its parameters are those it made, those among its attributes, and those of the layers among its
    attributes (also in lists, tuples and dicts).
    """

    trainable: bool = True
    """False keeps the parameters of this layer, and of those in it, out of `parameters`."""
    dtype: DType = DType.float32
    built: bool = False

    _name: str | None = None
    _takes_training: ClassVar[bool] = False

    def __init__(
        self, name: str | None = None, trainable: bool = True, dtype: Any = "float32"
    ) -> None:
        self._name = name
        self.trainable = trainable
        self.dtype = dtype_of(dtype)

    def __init_subclass__(cls) -> None:
        cls._takes_training = "training" in inspect.signature(cls.call).parameters

    # What a subclass says

    def build(self, shape: Any) -> None:
        """Makes the weights for inputs of `shape`; None there is an extent that is not known.

        For a list of inputs it is a list of shapes. Called once, before the first `call`.
        """

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The result for given tensors: a subclass writes `call(self, x)`.

        With `training` among its parameters it is told whether this is training.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a call(self, x)")

    def remark(self, shape: Any) -> str:
        """What `summary()` says below the table about inputs of `shape`; nothing if empty."""
        return ""

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
        name: str = "weight",
        dtype: Any = None,
    ) -> Parameter:
        """A new parameter of this layer. `initializer` is a name or a function of (shape, rng)."""
        if any(extent is None for extent in shape):
            raise ShapeError(
                f"layer {self.name}: the weight {name} needs a known shape, got {list(shape)}"
                f"{place_of(origin_here())}"
            )
        initial = find_initializer(initializer)
        wanted = self.dtype if dtype is None else dtype_of(dtype)
        parameter = Parameter(None, _drawn(initial, shape, next_rng(), wanted), name, trainable)
        self.__dict__.setdefault("_initial", {})[parameter] = initial
        return parameter

    # What it is

    @property
    def name(self) -> str:
        """The name given to it, or one made of its class: conv2d."""
        return self._name or snake_case(type(self).__name__)

    @property
    def is_named(self) -> bool:
        """Whether its name was given."""
        return self._name is not None

    def sublayers(self) -> Iterator[tuple[str, Layer]]:
        """The layers among the attributes, and what they are called here."""
        for name, value in self._attributes():
            if isinstance(value, Layer):
                yield name, value

    def named_parameters(self) -> dict[str, Parameter]:
        """Every parameter, trainable or not, by a path such as `conv2d_1/kernel`."""
        return {path: parameter for path, parameter, _ in self._walk("", True, set())}

    @property
    def parameters(self) -> list[Parameter]:
        """What an optimizer trains."""
        return [p for _, p, trained in self._walk("", True, set()) if trained]

    @property
    def state(self) -> list[Parameter]:
        """What changes without being trained, such as running means; and what is frozen."""
        return [p for _, p, trained in self._walk("", True, set()) if not trained]

    def count_params(self) -> int:
        """How many numbers its float parameters hold."""
        return sum(p.size for p in self.named_parameters().values() if p.dtype.is_float)

    def initialize(self, seed: int = 0) -> None:
        """Draws all weights again. They depend on the seed and their place in the layer alone."""
        initial = dict(self._initializers(set()))
        for number, parameter in enumerate(self.named_parameters().values()):
            if parameter in initial:
                rng = rng_for(seed, number)
                parameter.assign(
                    Tensor(None, _drawn(initial[parameter], parameter.shape, rng, parameter.dtype))
                )

    # Using it

    def __call__(self, *inputs: Any, training: bool | None = None) -> Any:
        """The result for tensors; for symbols, the symbols of a model that is being written."""
        if any(isinstance(leaf, Symbol) for leaf in leaves(inputs)):
            return called(self, inputs, training)
        return self.run(inputs, bool(training))

    def run(self, inputs: Sequence[Any], training: bool, name: str | None = None) -> Any:
        """Builds the layer if need be, and calls it in a scope of its name."""
        with scope(name or self.name):
            self.ensure_built(inputs)
            if self._takes_training:
                return self.call(*inputs, training=training)
            return self.call(*inputs)

    def ensure_built(self, inputs: Sequence[Any]) -> None:
        """Makes the weights, unless they are there already, for such inputs."""
        if self.built:
            return
        for leaf in leaves(inputs):
            if not hasattr(leaf, "shape"):
                raise DtypeError(
                    f"layer {self.name} takes tensors and arrays, got {leaf!r}"
                    f"{place_of(origin_here())}"
                )
        shapes = [mapped(value, lambda leaf: tuple(leaf.shape)) for value in inputs]
        self.build(shapes[0] if len(shapes) == 1 else shapes)
        self.built = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {self.count_params():,} parameters>"

    # Going through it

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        """Parameters and layers held by attributes."""
        for name, value in vars(self).items():
            if name == "_initial":
                continue
            if isinstance(value, list | tuple):
                for number, item in enumerate(value):
                    yield f"{name}_{number}", item
            elif isinstance(value, dict):
                for key, item in value.items():
                    yield f"{name}_{key}", item
            else:
                yield name, value

    def _walk(
        self, prefix: str, trained: bool, seen: set[int]
    ) -> Iterator[tuple[str, Parameter, bool]]:
        """(path, parameter, whether it is trained), each parameter once."""
        trained = trained and self.trainable
        for name, value in self._attributes():
            if isinstance(value, Parameter) and id(value) not in seen:
                seen.add(id(value))
                yield f"{prefix}{name}", value, trained and value.trainable
        for name, layer in self.sublayers():
            if id(layer) not in seen:
                seen.add(id(layer))
                yield from layer._walk(f"{prefix}{name}/", trained, seen)

    def _initializers(self, seen: set[int]) -> Iterator[tuple[Parameter, Initializer]]:
        yield from self.__dict__.get("_initial", {}).items()
        for _, layer in self.sublayers():
            if id(layer) not in seen:
                seen.add(id(layer))
                yield from layer._initializers(seen)


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d"""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()


def _drawn(
    initializer: Initializer, shape: Sequence[int], rng: np.random.Generator, dtype: DType
) -> np.ndarray:
    """First values for a weight."""
    values = np.asarray(initializer(tuple(shape), rng))
    if values.shape != tuple(shape):
        raise ShapeError(f"an initializer gave {list(values.shape)} for a weight of {list(shape)}")
    return np.array(values, dtype.numpy, order="C")
