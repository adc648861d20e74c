"""Model: layers applied to symbols, from inputs to outputs; or a class of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of, scope, written_at
from tinygraph.nn.layer import Layer
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Call, Shape, Symbol
from tinygraph.tensor import Tensor, from_array
from tinygraph.tensor.numbers import to_array
from tinygraph.training.trainer import Trainer
from tinygraph.weights import Loaded, assign_arrays, load_arrays, save_parameters


class Model(Trainer, Layer):
    """A layer made of layers.

    `Model(inputs, outputs)` computes the symbols `outputs` from the symbols `inputs`; each may be
    one, a list or a dict. Layers that were applied several times share their weights. A subclass
    makes its layers in `__init__` and applies them in `call` instead.
    """

    _any_shape: bool = False

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(name, **options)
        self.inputs: Any = None
        self.outputs: Any = None
        self._calls: list[Call] = []
        self._paths: dict[Layer, str] = {}
        if outputs is not None:
            self._connect(inputs, outputs)
        elif inputs is not None:
            raise TinygraphError(f"Model(inputs, outputs) needs outputs too{_here()}")

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Makes it the model from those symbols to these."""
        self._calls = _calls_between(inputs, outputs)
        self._paths = _paths(self._calls)
        self.inputs, self.outputs = inputs, outputs
        self.built = True
        for path, parameter in self.named_parameters().items():  # for messages and drawings
            parameter.name = path

    @property
    def layers(self) -> list[Layer]:
        """The layers of this model, each once, in the order of their first use."""
        return [layer for _, layer in self.sublayers()]

    def get_layer(self, name: str) -> Layer:
        """The layer at a path such as `down1/conv2d`."""
        found = dict(self.sublayers())
        if name not in found:
            raise TinygraphError(f"model {self.name} has no layer {name!r}; it has {[*found]}")
        return found[name]

    def sublayers(self) -> Iterator[tuple[str, Layer]]:
        if self._paths:
            return iter([(path, layer) for layer, path in self._paths.items()])
        return super().sublayers()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuses `pickle` and `copy`: compiled code and files that run code are no part of it."""
        raise TinygraphError(
            f"model {self.name} is not pickled or copied: model.save(path) writes it, "
            "tg.nn.models.clone_model(model) makes another, and set_weights(model.get_weights()) "
            "gives that the same weights"
        )

    @property
    def calls(self) -> Sequence[Call]:
        """Each use of a layer, in the order they are computed; none in a model with a `call`."""
        return tuple(self._calls)

    def call(self, *inputs: Any, training: bool = False) -> Any:
        """The outputs for inputs nested as the model's own."""
        if self.outputs is None:
            raise TinygraphError(
                f"model {self.name} needs inputs and outputs, or a call() of its own"
            )
        values = self._given(inputs[0] if len(inputs) == 1 else list(inputs))
        for call in self._calls:
            args = mapped(call.args, lambda leaf: _value(leaf, values))
            trains = training if call.training is None else call.training
            result = self._applied(call, args, trains)
            values.update(zip(leaves(call.result), leaves(result), strict=True))
        return mapped(self.outputs, lambda symbol: values[symbol])

    @property
    def input(self) -> Any:
        """Its inputs, by Keras's other name."""
        return self.inputs if self.outputs is not None else super().input

    @property
    def output(self) -> Any:
        """Its outputs, by Keras's other name."""
        return self.outputs if self.outputs is not None else super().output

    def summary(
        self, *, print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False
    ) -> None:
        """Prints a table of the layers: output shapes, parameters, what they are connected to.

        With `expand_nested` also the layers of the models in it. `print_fn` takes the table as
        text, instead of printing it.
        """
        from tinygraph.nn.summary import print_summary, summary_text

        if print_fn is not None:
            print_fn(summary_text(self, expand_nested))
        else:
            print_summary(self, expand_nested=expand_nested)

    def save(
        self,
        path: str | Path,
        custom_objects: Mapping[str, Any] | None = None,
        include_optimizer: bool = True,
    ) -> None:
        """Writes the whole model as one safetensors file. See `tg.nn.models.load_model`.

        Where it is compiled, the optimizer and its state too, so that training goes on.
        `custom_objects={"name": function}` names functions that are not tinygraph's.
        """
        from tinygraph.saving.file import save_model

        save_model(self, path, custom_objects, include_optimizer)

    @staticmethod
    def load(path: str | Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that `save` wrote. See `tg.nn.models.load_model`."""
        from tinygraph.saving.file import load_model

        return load_model(path, custom_objects)

    def to_json(self, custom_objects: Mapping[str, Any] | None = None) -> str:
        """What the model is made of, without its numbers. See `tg.nn.models.model_from_json`."""
        from tinygraph.saving.architecture import model_to_json

        return model_to_json(self, custom_objects)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes another such model of, with weights of its own."""
        from tinygraph.saving.architecture import is_structural, write_model

        return write_model(self) if is_structural(self) else super().get_config()

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A model like the one whose `get_config` this is."""
        from tinygraph.saving.architecture import read_model

        if {"version", "model"} <= config.keys():
            return read_model(dict(config), None, "the config")
        return super().from_config(config)

    def save_weights(self, path: str | Path) -> None:
        """Writes all parameters as safetensors.

        The file is there whole or not at all: one that was there survives a full disk.
        """
        save_parameters(path, self.named_parameters())

    def load_weights(
        self, path: str | Path, by_name: bool = False, skip_mismatch: bool = False
    ) -> Loaded:
        """Reads what `save_weights` or `save` wrote.

        A `DataError` names what does not fit; then nothing is changed. With `by_name` only what
        model and file both have is loaded; with `skip_mismatch` also what has another shape there
        is left as it was. Printing the result says what became of each.
        """
        from tinygraph.saving.file import model_arrays

        arrays = model_arrays(load_arrays(path))
        parameters = self.named_parameters()
        return assign_arrays(parameters, arrays, str(path), by_name, skip_mismatch)

    def _applied(self, call: Call, args: Any, training: bool) -> Any:
        """The layer's result. Its nodes have the scope and line that the call was written in."""
        with ExitStack() as stack:
            for name in call.origin.scope if call.origin else ():
                stack.enter_context(scope(name))
            stack.enter_context(written_at(call.origin))
            own_name = self._paths[call.layer].rpartition("/")[2]
            return call.layer.run(args, training, own_name)

    def _given(self, given: Any) -> dict[Symbol, Tensor]:
        """The tensor for each input symbol."""
        symbols = [*leaves(self.inputs)]
        if isinstance(self.inputs, dict) and isinstance(given, dict):
            missing = [key for key in self.inputs if key not in given]
            if missing:
                raise ShapeError(f"model {self.name} lacks the input {missing[0]!r}{_here()}")
            given = {key: given[key] for key in self.inputs}
        if isinstance(self.inputs, Symbol):
            tensors = [given]
        else:
            tensors = [*leaves(given)]
        if len(tensors) != len(symbols):
            raise ShapeError(
                f"model {self.name} takes {len(symbols)} inputs, got {len(tensors)}{_here()}"
            )
        return {s: self._fitting(s, t) for s, t in zip(symbols, tensors, strict=True)}

    def _fitting(self, symbol: Symbol, value: Any) -> Tensor:
        if not isinstance(value, Tensor):  # data without a type of its own takes the input's
            value = from_array(to_array(value, symbol.dtype))
        name = f" {symbol.name}" if symbol.name else ""
        needs = f"model {self.name}: input{name} needs {symbol}, got {value.type}"
        if value.dtype is not symbol.dtype:
            raise DtypeError(f"{needs}; cast with .astype({str(symbol.dtype)!r}){_here()}")
        if not self._any_shape and not _fits(symbol.shape, value.shape):
            raise ShapeError(f"{needs}{_here()}")
        return value


def _fits(wanted: Shape, shape: tuple[int, ...]) -> bool:
    return len(wanted) == len(shape) and all(
        extent in (None, found) for extent, found in zip(wanted, shape)
    )


def _value(leaf: Any, values: dict[Symbol, Tensor]) -> Any:
    return values[leaf] if isinstance(leaf, Symbol) else leaf


def _calls_between(inputs: Any, outputs: Any) -> list[Call]:
    """What computes the outputs from the inputs, in the order the user wrote it."""
    for symbol in [*leaves(inputs), *leaves(outputs)]:
        if not isinstance(symbol, Symbol):
            raise TinygraphError(
                f"Model(inputs, outputs) needs symbols that begin at Input, got {symbol!r}{_here()}"
            )
    known = set(leaves(inputs))
    calls: set[Call] = set()
    stack: list[Symbol] = [*reversed([*leaves(outputs)])]
    while stack:
        symbol = stack.pop()
        if symbol in known or symbol.call in calls:
            continue
        if symbol.call is None:
            raise TinygraphError(
                f"the outputs need the input {symbol}, which is not among the inputs{_here()}"
            )
        calls.add(symbol.call)
        stack.extend(reversed(symbol.call.inputs()))
    return sorted(calls, key=lambda call: call.number)


def _paths(calls: Sequence[Call]) -> dict[Layer, str]:
    """A unique path for each layer: the scope it was first called in, and its name."""
    paths: dict[Layer, str] = {}
    taken: set[str] = set()
    for call in calls:
        layer = call.layer
        if layer in paths:
            continue
        outer = call.origin.scope if call.origin else ()
        stem = "/".join((*outer, layer.name))
        path, number = stem, 0
        while path in taken:
            if layer.is_named:
                raise TinygraphError(f"two layers are called {path!r}; names are unique")
            number += 1
            path = f"{stem}_{number}"
        taken.add(path)
        paths[layer] = path
    return paths


def _here() -> str:
    return place_of(origin_here())
