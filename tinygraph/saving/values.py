"""Python values as JSON and back.

Numbers, texts, lists and None are themselves. Anything else is an object of one tag:

    {"tuple": [...]}  {"dict": [[key, value], ...]}  {"number": "nan"}
    {"array": [...], "shape": [...], "dtype": "float32"}
    {"dtype": "float32"}  {"numpy": "uint8"}  {"class": "tinygraph.nn.Dense"}
    {"function": "relu"}  {"custom": "name in custom_objects"}
    {"partial": function, "args": [...], "keywords": {...}}
    {"object": "tinygraph.regularizers.L2", "arguments": {...}}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.saving.functions import (
    described,
    find_function,
    function_name,
    given_name,
    is_function,
)
from tinygraph.saving.remembered import Remembered, class_name, find_class
from tinygraph.tensor import Parameter, Tensor
from tinygraph.types import DType, dtype_of


class Writer:
    """Makes JSON of values. `special` is asked first; what it leaves is None."""

    def __init__(
        self,
        custom_objects: Mapping[str, Any] | None = None,
        special: Callable[[Any, str], Any] | None = None,
    ) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._special = special

    def write(self, value: Any, where: str) -> Any:
        """The JSON for `value`; `where` names it in an error."""
        if self._special is not None and (said := self._special(value, where)) is not None:
            return said
        match value:
            case DType():
                return {"dtype": str(value)}
            case None | bool() | str():
                return value
            case np.generic():
                return self.write(value.item(), where)
            case int():
                return int(value)
            case float():
                return float(value) if math.isfinite(value) else {"number": repr(float(value))}
            case list():
                return [self.write(item, where) for item in value]
            case tuple():
                return {"tuple": [self.write(item, where) for item in value]}
            case dict():
                pairs = [[self.write(k, where), self.write(v, where)] for k, v in value.items()]
                return {"dict": pairs}
            case Parameter():
                raise DataError(
                    f"{where}: the parameter {value.name or ''} belongs to no layer; "
                    "make it with add_weight in a layer of your own"
                )
            case Tensor() | np.ndarray():
                return self._array(value)
        return self._named(value, where)

    def arguments(self, made: Remembered, where: str) -> dict[str, Any]:
        """The JSON for what an object was made with."""
        config = made.get_config()
        return {name: self.write(value, f"{where}: {name}") for name, value in config.items()}

    def _array(self, value: Any) -> dict[str, Any]:
        array = value.numpy() if isinstance(value, Tensor) else value
        flat = self.write(array.ravel().tolist(), "array")
        return {"array": flat, "shape": list(array.shape), "dtype": str(array.dtype)}

    def _named(self, value: Any, where: str) -> dict[str, Any]:
        """Functions and objects, which a file can only name."""
        if (own := given_name(value, self.custom_objects)) is not None:
            return {"custom": own}
        if isinstance(value, Remembered):
            name = class_name(type(value))
            return {"object": name, "arguments": self.arguments(value, f"{where}, {name}")}
        if isinstance(value, partial):
            keywords = {name: self.write(v, where) for name, v in value.keywords.items()}
            args = [self.write(v, where) for v in value.args]
            return {"partial": self.write(value.func, where), "args": args, "keywords": keywords}
        if isinstance(value, type) and issubclass(value, Remembered):
            return {"class": class_name(value)}
        if isinstance(value, np.dtype) or (
            isinstance(value, type) and issubclass(value, np.generic)
        ):
            return {"numpy": str(np.dtype(value))}
        if (name := function_name(value)) is not None:
            return {"function": name}
        if is_function(value):
            raise DataError(
                f"{where}: the function {described(value)} has no name that a file could hold. "
                "Take a function of tinygraph, write a layer, or name it when saving and loading: "
                'custom_objects={"some_name": function}'
            )
        raise DataError(
            f"{where}: {value!r} cannot be saved, as it is {_kind(value)}; a file holds numbers, "
            "texts, lists, arrays, layers, and objects of classes derived from tinygraph's"
        )


class Reader:
    """Makes values of JSON. `special` is asked first for anything with a tag."""

    def __init__(
        self,
        custom_objects: Mapping[str, Any] | None = None,
        special: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._special = special

    def read(self, said: Any) -> Any:
        """The value that the JSON stands for."""
        if isinstance(said, list):
            return [self.read(item) for item in said]
        if not isinstance(said, dict):
            return said
        if self._special is not None and (value := self._special(said)) is not None:
            return value
        match said:
            case {"tuple": items}:
                return tuple(map(self.read, items))
            case {"dict": pairs}:
                return {self.read(key): self.read(value) for key, value in pairs}
            case {"number": text}:
                return float(text)
            case {"array": flat, "shape": shape, "dtype": dtype}:
                return np.array(self.read(flat), dtype).reshape(shape)
            case {"dtype": name}:
                return dtype_of(name)
            case {"numpy": name}:
                return np.dtype(name)
            case {"function": name}:
                return find_function(name)
            case {"class": name}:
                return find_class(name, self.custom_objects)
            case {"custom": name}:
                return self._custom(name)
            case {"partial": function, "args": args, "keywords": keywords}:
                return partial(self.read(function), *self.read(args), **self.arguments(keywords))
            case {"object": name, "arguments": arguments}:
                return self.made(name, arguments)
        raise DataError(f"a file says {', '.join(said)}, which this tinygraph does not know")

    def made(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """An object of a class by name."""
        found: Any = find_class(name, self.custom_objects)
        return found.from_config(self.arguments(arguments))

    def arguments(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name."""
        return {name: self.read(value) for name, value in said.items()}

    def _custom(self, name: str) -> Any:
        if name not in self.custom_objects:
            raise DataError(f"it was saved with {name}: give custom_objects={{{name!r}: ...}}")
        return self.custom_objects[name]


def _kind(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
