"""Loading what a user's file defines: `FILE`, or `FILE:NAME` for one thing in it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygraph.compile import Jitted
from tinygraph.errors import DataError, TinygraphError
from tinygraph.nn import Model
from tinygraph.tensor import Parameter, Tensor


def load(what: str) -> Any:
    """The tensor, model or jitted function that `what` says.

    Without a name it is the last scalar tensor, or jitted function with `example=`, at module
    level; if there is none, the last other tensor or model. The name of a plain function without
    arguments stands for what it makes. The file runs with a `__name__` other
    than "__main__". A `DataError` says what is missing or where the file fails.
    """
    return load_named(what)[1]


def load_named(what: str) -> tuple[str, Any]:
    """As `load`, with the name that it has in the file."""
    path, name = split(what)
    module = run_file(path)
    if name:
        return name, _made(_named(module, path, name), path)
    found = [*_things(module)]
    preferred = [(known, value) for known, value in found if _stands_for_the_file(value)]
    if not found:
        raise DataError(f"{path} defines no tensor, model or jitted function to look at")
    return (preferred or found)[-1]


def split(what: str) -> tuple[Path, str]:
    """`FILE:NAME` as both parts; the name is empty where there is none."""
    if not Path(what).is_file() and ":" in what:
        file, _, name = what.rpartition(":")
        return Path(file), name
    return Path(what), ""


def run_file(path: Path) -> ModuleType:
    """The file as a module; its folder can be imported from, as if it were run."""
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    name = f"_tinygraph_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise DataError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with _running(path):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


@contextmanager
def _running(path: Path) -> Iterator[None]:
    """Inside runs code of the file; where that fails the error says at which line."""
    try:
        yield
    except TinygraphError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(f"{path} fails{_where(error, path)}: {_described(error)}") from error


def _where(error: BaseException, path: Path) -> str:
    """The line of the file that was being run."""
    if isinstance(error, SyntaxError):
        return f" at line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if Path(f.filename) == path.resolve()]
    return f" at line {lines[-1]}" if lines else ""


def _described(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]


def _named(module: ModuleType, path: Path, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            there = ", ".join(known for known, _ in _things(module)) or "nothing to look at"
            raise DataError(f"{path} has no {name!r}; it has {there}")
        value = getattr(value, part)
    return value


def _made(value: Any, path: Path) -> Any:
    """What a plain function without arguments makes; anything else as it is."""
    if not inspect.isfunction(value):
        return value
    required = [p for p in inspect.signature(value).parameters.values() if p.default is p.empty]
    if required:
        return value
    with _running(path):
        return value()


def _things(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if isinstance(value, Tensor | Jitted | Model) and not isinstance(value, Parameter):
            yield name, value


def _stands_for_the_file(value: Any) -> bool:
    if isinstance(value, Jitted):
        return value.example is not None
    return isinstance(value, Tensor) and value.shape == ()
