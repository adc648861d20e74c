"""Functions by name: those of tinygraph that a file may speak of, and those given for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from tinygraph.errors import DataError

PLACES = {
    "": ("tinygraph.functional", "tinygraph.nn.activations"),
    "initializers.": ("tinygraph.nn.initializers",),
    "regularizers.": ("tinygraph.regularizers",),
    "losses.": ("tinygraph.losses",),
    "metrics.": ("tinygraph.metrics",),
    "random.": ("tinygraph.functional.random",),
    "models.": ("tinygraph.models.lenet",),
}
"""Where the functions are made, by what their names begin with. None of them touches files."""


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """Every function that a file may name: relu, initializers.zeros."""
    found: dict[str, Callable[..., Any]] = {}
    for start, modules in PLACES.items():
        for path in modules:
            for name, value in vars(import_module(path)).items():
                if inspect.isfunction(value) and value.__module__.startswith(path):
                    found.setdefault(f"{start}{name}", value)
    return found


@cache
def _names() -> dict[Callable[..., Any], str]:
    return {function: name for name, function in reversed([*functions().items()])}


def function_name(function: Callable[..., Any]) -> str | None:
    """What a function of ours is called in files; None for others."""
    return _names().get(function) if inspect.isfunction(function) else None


def find_function(name: str) -> Callable[..., Any]:
    """The function of ours that a file names."""
    if name not in functions():
        raise DataError(f"tinygraph has no function {name!r}")
    return functions()[name]


def given_name(value: Any, custom_objects: Mapping[str, Any]) -> str | None:
    """What somebody's own function or object is called in `custom_objects`."""
    return next((name for name, own in custom_objects.items() if own is value), None)


def described(function: Any) -> str:
    """For messages: what and where a function is."""
    name = getattr(function, "__qualname__", None) or repr(function)
    code = getattr(function, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def is_function(value: Any) -> bool:
    """Whether it is something to call that is no class and no module."""
    return callable(value) and not isinstance(value, type | ModuleType)
