"""What a model is made of, as JSON and back.

Written are the arguments of each layer and, for models of layers, how these are connected. A layer
that is met again is {"again": its number}. A symbol is {"symbol": its number}: first come the
inputs of its model, then the results of the calls in their order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import Context
from importlib import import_module
from typing import Any

import numpy as np

from tinygraph.errors import DataError, TinygraphError
from tinygraph.graph import scope
from tinygraph.nn.layer import Layer
from tinygraph.nn.model import Model
from tinygraph.nn.seeds import undrawn
from tinygraph.nn.sequential import Sequential
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Symbol
from tinygraph.saving.remembered import class_name, find_class
from tinygraph.saving.values import Reader, Writer
from tinygraph.tensor import wrap
from tinygraph.tensor.numbers import to_array
from tinygraph.trace import Trace
from tinygraph.types import TensorType, dtype_of

OURS = ("nn", "regularizers", "losses", "metrics", "optimizers", "models")
"""Modules with classes that a file may name."""
VERSION = 1
"""Of the JSON. Newer ones are refused."""


def model_to_json(
    model: Layer, custom_objects: Mapping[str, Any] | None = None, indent: int | None = 2
) -> str:
    """What `model` is made of, without its numbers: `model_from_json` makes such a model of it.

    `custom_objects` names functions that are not tinygraph's.
    """
    return json.dumps(write_model(model, custom_objects), indent=indent, allow_nan=False)


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `model_to_json` described, with weights drawn anew."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is no JSON: {error}") from None
    return read_model(said, custom_objects, "the JSON")


def write_model(model: Layer, custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What JSON can say of a model."""
    writer = _Writer(custom_objects)
    return {
        "version": VERSION,
        "model": writer.layer(model, model.name),
        "built_for": writer.shapes(model._built_for),
        "frozen_layers": [path for path, layer in model.all_layers() if not layer.trainable],
        "untrained_parameters": [
            path for path, p in model.named_parameters().items() if not p.trainable
        ],
    }


def read_model(
    said: Any, custom_objects: Mapping[str, Any] | None, what: str, draw: bool = True
) -> Any:
    """The model that `write_model` described; `what` names the file in an error.

    Without `draw` all weights are 0.
    """
    if not isinstance(said, dict) or not isinstance(said.get("version"), int):
        raise DataError(f"{what} describes no model")
    if said["version"] > VERSION:
        raise DataError(
            f"{what} has version {said['version']}, this tinygraph reads up to {VERSION}: "
            "it was written by a newer one"
        )
    with explained(f"{what}: the model"):
        # a context of its own: scopes that are open here would be part of the layers' paths
        return Context().run(_model, said, custom_objects, draw)


def is_structural(layer: Any) -> bool:
    """Whether it is a model by its layers and their connections, not by arguments of its own."""
    made = type(layer).__init__ if isinstance(layer, Model) else None
    if made is Sequential.__init__:
        return True
    return made is Model.__init__ and layer.outputs is not None


class _Writer:
    """One file's layers, numbered, and the symbols of the model that is being written."""

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self._values = Writer(custom_objects, self._special)
        self._layers: dict[Layer, int] = {}
        self._symbols: dict[Symbol, int] = {}

    def layer(self, layer: Layer, where: str) -> dict[str, Any]:
        if layer in self._layers:
            return {"again": self._layers[layer]}
        number = self._layers[layer] = len(self._layers)
        said: dict[str, Any] = {"layer": class_name(type(layer)), "number": number}
        if not is_structural(layer):
            return {**said, "arguments": self._values.arguments(layer, where)}
        assert isinstance(layer, Model)
        config = Layer.get_config(layer)
        options = {k: v for k, v in config.items() if k not in ("layers", "inputs", "outputs")}
        said["options"] = {k: self._values.write(v, f"{where}: {k}") for k, v in options.items()}
        outer, self._symbols = self._symbols, {}
        if isinstance(layer, Sequential):
            said.update(self._sequential(layer))
        else:
            said.update(self._functional(layer))
        self._symbols = outer
        return said

    def shapes(self, symbols: Any) -> Any:
        """Inputs, nested as they are, with their shapes and dtypes."""
        if symbols is None:
            return None
        told = {
            s: {"shape": list(s.shape), "dtype": str(s.dtype), "name": s.name}
            for s in leaves(symbols)
            if isinstance(s, Symbol)
        }
        special = lambda v, _: {"input": told[v]} if isinstance(v, Symbol) else None  # noqa: E731
        return Writer(None, special).write(symbols, "")

    def _sequential(self, model: Sequential) -> dict[str, Any]:
        first = None if model._any_shape else self.shapes(model.inputs)
        return {"input": first, "layers": [self._inner(layer, model) for layer in model._stack]}

    def _functional(self, model: Model) -> dict[str, Any]:
        for symbol in leaves(model.inputs):
            self._symbols.setdefault(symbol, len(self._symbols))
        said: dict[str, Any] = {"inputs": self.shapes(model.inputs), "calls": []}
        for call in model.calls:
            layer = self._inner(call.layer, model)
            args = self._values.write(list(call.args), f"{model.name}: {call.layer.name}")
            for symbol in leaves(call.result):
                self._symbols[symbol] = len(self._symbols)
            calling: dict[str, Any] = {"call": layer, "on": args}
            if call.training is not None:
                calling["training"] = call.training
            if call.origin and call.origin.scope:
                calling["scope"] = list(call.origin.scope)
            said["calls"].append(calling)
        return {**said, "outputs": self._values.write(model.outputs, f"{model.name}: outputs")}

    def _inner(self, layer: Layer, model: Model) -> dict[str, Any]:
        return self.layer(layer, f"{model.name}/{layer.name}")

    def _special(self, value: Any, where: str) -> Any:
        if isinstance(value, Layer):
            return self.layer(value, where)
        if isinstance(value, Symbol):
            if value not in self._symbols:
                raise DataError(f"{where}: the symbol {value} belongs to another model")
            return {"symbol": self._symbols[value]}
        return None


class _Reader:
    """The other way round."""

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self._values = Reader(custom_objects, self._special)
        self._layers: dict[int, Layer] = {}
        self._symbols: list[Symbol] = []

    def layer(self, said: Any) -> Any:
        if "again" in said:
            return self._layers[said["again"]]
        cls: Any = find_class(said["layer"], self._values.custom_objects)
        if not issubclass(cls, Layer):
            raise DataError(f"{said['layer']} is no layer")
        if "arguments" in said:
            layer = cls.from_config(self._values.arguments(said["arguments"]))
        else:
            layer = self._structural(cls, said)
        self._layers[said["number"]] = layer
        return layer

    def shapes(self, said: Any, make: Callable[..., Any] = Symbol) -> Any:
        def special(said: dict[str, Any]) -> Any:
            if "input" not in said:
                return None
            entry = said["input"]
            dtype = dtype_of(to_array(np.zeros(0, entry["dtype"])).dtype)
            return make(tuple(entry["shape"]), dtype, name=entry["name"])

        return Reader(None, special).read(said)

    def _structural(self, cls: Any, said: dict[str, Any]) -> Any:
        options = self._values.arguments(said["options"])
        if "layers" in said:
            layers = [self.layer(each) for each in said["layers"]]
            first = [] if said["input"] is None else [self.shapes(said["input"])]
            return cls([*first, *layers], **options)
        outer = self._symbols
        inputs = self.shapes(said["inputs"])
        here = self._symbols = [*leaves(inputs)]
        for calling in said["calls"]:
            layer = self.layer(calling["call"])  # may be a model with symbols of its own
            self._symbols = here
            with ExitStack() as stack:
                for name in calling.get("scope", ()):
                    stack.enter_context(scope(name))
                result = layer(*self._values.read(calling["on"]), training=calling.get("training"))
            here.extend(leaves(result))
        outputs = self._values.read(said["outputs"])
        self._symbols = outer
        return cls(inputs, outputs, **options)

    def _special(self, said: dict[str, Any]) -> Any:
        if "layer" in said or "again" in said:
            return self.layer(said)
        if "symbol" in said:
            return self._symbols[said["symbol"]]
        return None


def _model(said: dict[str, Any], custom_objects: Mapping[str, Any] | None, draw: bool) -> Any:
    for module in OURS:
        import_module(f"tinygraph.{module}")
    reader = _Reader(custom_objects)
    with nullcontext() if draw else undrawn():
        model = reader.layer(said["model"])
        if said["built_for"] is not None and not model.built:
            _build(model, reader.shapes(said["built_for"]))
    layers = dict(model.all_layers())
    parameters = model.named_parameters()
    for path, layer in layers.items():
        layer._trainable = path not in said["frozen_layers"]
    for path, parameter in parameters.items():
        parameter.trainable = path not in said["untrained_parameters"]
    unknown = {*said["frozen_layers"]} - {*layers} | {*said["untrained_parameters"]} - {*parameters}
    if unknown:
        raise DataError(f"it has no {sorted(unknown)[0]}")
    return model


def _build(layer: Layer, inputs: list[Any]) -> None:
    """Runs the layer on placeholders, so that it and all layers in it make their weights."""
    trace = Trace()
    with trace.active():

        def placeholder(leaf: Any) -> Any:
            if not hasattr(leaf, "shape"):  # a number, as in model(x, 2)
                return leaf
            return wrap(trace.input(TensorType(leaf.shape, leaf.dtype)))

        layer.run(mapped(inputs, placeholder), False)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Whatever goes wrong in here is a `DataError` that says so; `what` is the file."""
    try:
        yield
    except Exception as error:  # constructors of any class are called in here
        told = str(error)
        if not isinstance(error, TinygraphError):
            told = f"{type(error).__name__}: {error}"
        raise DataError(f"{what} cannot be made again: {told}") from error
