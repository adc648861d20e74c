"""Remembered: objects that know what they were made with, and classes that are found by name.

So a layer, a loss or an optimizer can be saved without saying anything about it, also one that is
written outside of tinygraph.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import numpy as np

from tinygraph.errors import DataError, TinygraphError
from tinygraph.types import DType

CLASSES: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Every class of remembered objects by `class_name`; of two with one name the newer."""


class _MadeWith:
    """Arguments of a constructor. No tuple: those among a layer's attributes are searched."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = tuple(map(_kept, args))
        self.kwargs = {name: _kept(value) for name, value in kwargs.items()}


class Remembered:
    """Keeps the arguments it was made with, for `get_config`; its classes are found by name."""

    left_out: ClassVar[tuple[str, ...]] = ()
    """Arguments that are no part of the config."""
    _made_with: _MadeWith

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        object.__setattr__(self, "_made_with", _MadeWith(args, kwargs))  # it may be frozen
        return self

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        CLASSES[class_name(cls)] = cls

    def get_config(self) -> dict[str, Any]:
        """The arguments by name that make another one like it.

        An argument that is kept in an attribute of its name is taken from there, where that was
        changed since: numbers, texts, functions, and lists of such.
        """
        given = self._made_with
        config = _by_name(type(self), given.args, given.kwargs)
        for name in self.left_out:
            config.pop(name, None)
        return {**config, **_changed(self, config)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """One made with these arguments."""
        return _made(cls, config)


def class_name(cls: type) -> str:
    """What a class is called in files: tinygraph.nn.Dense, or mylayers.Scale for one of yours.

    Of our own modules only the first part counts, so that files can be moved.
    """
    module = cls.__module__.split(".")
    if module[0] == "tinygraph":
        return ".".join([*module[:2], cls.__qualname__])
    return f"{cls.__module__}.{cls.__qualname__}"


def find_class(name: str, custom_objects: Mapping[str, Any]) -> type:
    """The class for what a file says.

    One of `custom_objects`, by all of its name or the last part; else one that is imported; else,
    because a script's own module has another name when it is imported, the only one of that last
    part.
    """
    short = name.rpartition(".")[2]
    for key in (name, short):
        if key in custom_objects:
            if not isinstance(custom_objects[key], type):
                raise DataError(f"custom_objects[{key!r}] must be a class")
            return custom_objects[key]
    if name in CLASSES:
        return CLASSES[name]
    if not name.startswith("tinygraph."):
        found = [
            cls
            for full, cls in [*CLASSES.items()]
            if full.rpartition(".")[2] == short and not full.startswith("tinygraph.")
        ]
        if len(found) == 1:
            return found[0]
    raise DataError(
        f"there is no class {name}: import the module it is in before loading, "
        f"or give custom_objects={{{short!r}: {short}}}"
    )


def arguments_of(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments of a class by name, also those it hands on to its bases."""
    found: dict[str, inspect.Parameter] = {}
    for each in cls.__mro__:
        if "__init__" not in vars(each) or each is object:
            continue
        own = _signature(each).parameters.values()
        for parameter in own:
            if parameter.kind is not parameter.VAR_KEYWORD:
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own):
            break
    return found


def _kept(value: Any) -> Any:
    """A list or dict as it is now."""
    return value.copy() if type(value) in (list, dict) else value


def _by_name(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    bound = _signature(cls).bind(*args, **kwargs)
    config: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            config.update(value)
        else:
            config[name] = value
    return config


def _made(cls: type, config: Mapping[str, Any]) -> Any:
    """cls(...) with arguments by name, also those that have to be given by place."""
    args: list[Any] = []
    rest = dict(config)
    parameters = _signature(cls).parameters.values()
    several = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL), "")
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args.extend(rest.pop(parameter.name, ()))
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY or rest.get(several):
            if parameter.name not in rest:
                break
            args.append(rest.pop(parameter.name))
    return cls(*args, **rest)


def _signature(cls: type) -> inspect.Signature:
    parameters = [*inspect.signature(cls.__init__).parameters.values()]
    return inspect.Signature(parameters[1:])


def _changed(made: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments whose attributes were changed since it was made."""
    changed: dict[str, Any] = {}
    fresh = None
    for name, parameter in arguments_of(type(made)).items():
        if name not in vars(made):
            continue
        now = vars(made)[name]
        if not _is_plain(now) or _same(now, config.get(name, parameter.default)):
            continue
        if fresh is None:  # the constructor may keep another form, such as (3, 3) for 3
            fresh = _made(type(made), config)
        if not _same(now, vars(fresh).get(name)):
            changed[name] = now
    if changed:
        again = vars(_made(type(made), {**config, **changed}))
        for name, now in changed.items():
            if not _same(again.get(name), now):
                raise TinygraphError(
                    f"{made!r} was changed after it was made: its {name} is {now!r}, and one made "
                    f"with {name}={now!r} has {again.get(name)!r}; say it when making it"
                )
    return changed


def _is_plain(value: Any) -> bool:
    if isinstance(value, DType):  # a text that was said, in another form
        return False
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str) or inspect.isroutine(value)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return False
    return a is b or (type(a) is type(b) and bool(a == b))
