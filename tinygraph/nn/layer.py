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
from weakref import ref

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.nn.arguments import refuse_arguments
from tinygraph.nn.initializers import find_initializer
from tinygraph.nn.keras_names import KerasNames
from tinygraph.nn.layer_errors import layer_in_errors
from tinygraph.nn.penalties import Penalties, one_call, say, say_activity
from tinygraph.nn.seeds import draws_weights, next_rng, rng_for
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Call, Symbol, called
from tinygraph.regularizers import find_regularizer, penalty_of
from tinygraph.saving.remembered import Remembered
from tinygraph.tensor import Parameter, Tensor
from tinygraph.tensor.numbers import is_scalar
from tinygraph.types import DType, dtype_of


class Layer(Remembered, KerasNames):
    """A part of a model. It is built, that is, gets its weights, when it is first called.

    Its parameters are those it made, those among its attributes, and those of the layers among its
    attributes (also in lists, tuples and dicts).
    """

    dtype: DType = DType.float32
    built: bool = False

    activity_regularizer: Any = None
    input_shape: Sequence[int | None] | None = None
    _name: str | None = None
    _trainable: bool = True
    _built_for: Any = None
    _penalties: Penalties | None = None
    _takes_training: ClassVar[bool] = False

    def __init__(
        self,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = "float32",
        activity_regularizer: Any = None,
        input_shape: Sequence[int | None] | None = None,
        **unknown: Any,
    ) -> None:
        """`input_shape` is that of one example: on the first layer of a `Sequential` it stands for
        an `Input`.
        """
        if unknown:
            refuse_arguments(self, unknown)
        self.input_shape = input_shape
        self._name = name
        self._trainable = bool(trainable)
        self.dtype = dtype_of("float32" if dtype is None else dtype)
        self.activity_regularizer = find_regularizer(activity_regularizer)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
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
        regularizer: Any = None,
    ) -> Parameter:
        """A new parameter of this layer. `initializer` is a name or a function of (shape, rng).

        `regularizer`, a name or a function of a tensor, says its penalty in `losses`.
        """
        if any(extent is None for extent in shape):
            raise ShapeError(
                f"layer {self.name}: the weight {name} needs a known shape, got {list(shape)}"
                f"{place_of(origin_here())}"
            )
        initial = find_initializer(initializer)
        wanted = self.dtype if dtype is None else dtype_of(dtype)
        if draws_weights():
            array = _drawn(initial, shape, next_rng(), wanted)
        else:
            array = np.zeros(tuple(shape), wanted.numpy)
        parameter = Parameter(None, array, name, trainable)
        self.__dict__.setdefault("_initial", {})[parameter] = initial
        if (penalty := find_regularizer(regularizer)) is not None:
            self.__dict__.setdefault("_regularizers", {})[parameter] = penalty
        return parameter

    def add_loss(self, loss: Any) -> None:
        """In `call`: adds a scalar to the `losses` of this call."""
        say(self, penalty_of(lambda _: loss, None, f"layer {self.name}"))

    # What it is

    @property
    def name(self) -> str:
        """The name given to it, or one made of its class: conv2d."""
        return self._name or snake_case(type(self).__name__)

    @property
    def is_named(self) -> bool:
        """Whether its name was given."""
        return self._name is not None

    @property
    def trainable(self) -> bool:
        """False freezes this layer: its parameters are not among `parameters`, and a
        BatchNormalization normalises with its running statistics.

        Setting it sets it for all layers in this one too, as in Keras. To train some of them again,
        set theirs to True, and their outer layers' before that.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for _, layer in self.all_layers():
            layer._trainable = bool(value)

    def all_layers(self) -> Iterator[tuple[str, Layer]]:
        """This layer, whose path is empty, and at any depth those in it, each once."""
        return self._walk_layers("", set())

    def get_config(self) -> dict[str, Any]:
        """The arguments by name that make another layer like it, with weights of its own."""
        config = super().get_config()
        config.pop("trainable", None)
        return config if self.trainable else {**config, "trainable": False}

    @property
    def input(self) -> Any:
        """The symbol that it was applied to, when a model was written with it."""
        args = self._use("input").args
        return args[0] if len(args) == 1 else list(args)

    @property
    def output(self) -> Any:
        """The symbol it gave: Model(model.input, Dense(5)(model.layers[-2].output))."""
        return self._use("output").result

    def note_use(self, call: Call) -> None:
        """Remembers a use on symbols, as long as these are alive."""
        self.__dict__.setdefault("_uses", []).append(ref(call))

    def _use(self, what: str) -> Call:
        calls = [call for use in self.__dict__.get("_uses", ()) if (call := use()) is not None]
        if len(calls) != 1:
            raise TinygraphError(
                f"layer {self.name} was applied to symbols {len(calls)} times, so there is no "
                f"one {what}{place_of(origin_here())}"
            )
        return calls[0]

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

    @property
    def losses(self) -> list[Tensor]:
        """Scalars that belong to the loss: penalties on the weights that are trained, and what the
        layers added in the last call (an `activity_regularizer`, `add_loss`).

        What a call in a jitted function added can be read in that function only.
        """
        layers = [layer for _, layer in self.all_layers()]
        penalties = {p: r for layer in layers for p, r in layer._noted("_regularizers").items()}
        found = [
            penalty_of(penalties[p], p, path)
            for path, p, trained in self._walk("", True, set())
            if trained and p in penalties
        ]
        if self._penalties is not None:
            found += self._penalties.of({id(layer) for layer in layers})
        return found

    def count_params(self) -> int:
        """How many numbers its float parameters hold."""
        return sum(p.size for p in self.named_parameters().values() if p.dtype.is_float)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all float parameters, in the order that Keras has for such a layer or model."""
        from tinygraph.weights.keras import to_keras

        return to_keras(self)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Takes what `get_weights` gave, of this layer or of the same one in Keras."""
        from tinygraph.weights.keras import from_keras

        from_keras(self, weights)

    def initialize(self, seed: int = 0) -> None:
        """Draws all weights again. They depend on the seed and their place in the layer alone."""
        layers = [layer for _, layer in self.all_layers()]
        initial = {p: i for layer in layers for p, i in layer._noted("_initial").items()}
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
        named = layer_in_errors(type(self).__name__)
        with scope(name or self.name), named, one_call() as self._penalties:
            self.ensure_built(inputs)
            options = {"training": training} if self._takes_training else {}
            result = self.call(*inputs, **options)
            if self.activity_regularizer is not None:
                say_activity(self, self.activity_regularizer, result)
            return result

    def ensure_built(self, inputs: Sequence[Any]) -> None:
        """Makes the weights, unless they are there already, for such inputs."""
        if self.built:
            return
        beside = any(hasattr(leaf, "shape") for leaf in leaves(inputs))  # x * 2 has a number
        for leaf in leaves(inputs):
            if not (hasattr(leaf, "shape") or (beside and is_scalar(leaf))):
                raise DtypeError(
                    f"layer {self.name} takes tensors and arrays, got {leaf!r}"
                    f"{place_of(origin_here())}"
                )
        shapes = [mapped(value, lambda leaf: tuple(getattr(leaf, "shape", ()))) for value in inputs]
        self.build(shapes[0] if len(shapes) == 1 else shapes)
        self.built = True
        self._built_for = mapped(list(inputs), _kind_of)
        if not self.trainable:
            self.trainable = False  # also for the layers that it has made meanwhile

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {self.count_params():,} parameters>"

    # Going through it

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        """Parameters and layers held by attributes."""
        for name, value in vars(self).items():
            if name in ("_initial", "_regularizers"):
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

    def _walk_layers(self, path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
        seen.add(id(self))
        yield path, self
        for name, layer in self.sublayers():
            if id(layer) not in seen:
                yield from layer._walk_layers(f"{path}/{name}" if path else name, seen)

    def _noted(self, what: str) -> dict[Parameter, Any]:
        """What `add_weight` noted of this layer's weights: "_initial" or "_regularizers"."""
        return self.__dict__.get(what, {})


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d"""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()


def _kind_of(leaf: Any) -> Any:
    """A symbol of the shape and dtype of a tensor; a number stays what it is."""
    return Symbol(tuple(leaf.shape), leaf.dtype) if hasattr(leaf, "shape") else leaf


def _drawn(
    initializer: Any, shape: Sequence[int], rng: np.random.Generator, dtype: DType
) -> np.ndarray:
    """First values for a weight."""
    values = np.asarray(initializer(tuple(shape), rng))
    if values.shape != tuple(shape):
        raise ShapeError(f"an initializer gave {list(values.shape)} for a weight of {list(shape)}")
    return np.array(values, dtype.numpy, order="C")
