"""What optimizers are given, checked: learning rates, decay rates, strengths."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of


def given_rate(kind: type, learning_rate: Any, lr: Any) -> Any:
    """The number or schedule that an optimizer of `kind` was given, under either name."""
    if lr is not None:
        if learning_rate != default_rate(kind):
            raise TinygraphError(
                f"lr= is the older name of learning_rate=; {kind.__name__} got both, "
                f"{lr!r} and {learning_rate!r}{_here()}"
            )
        learning_rate = lr
    return learning_rate if callable(learning_rate) else sound_rate(kind.__name__, learning_rate)


def sound_rate(kind: str, value: Any) -> float:
    """A learning rate as a float: finite and at least 0."""
    if not is_number(value) or value < 0:
        raise TinygraphError(
            f"{kind} needs a learning rate that is a number of at least 0, or a schedule, "
            f"got {value!r}{_here()}"
        )
    return float(value)


def at_least_0(kind: str, **given: Any) -> None:
    """An error unless each is a finite number of at least 0."""
    _require(kind, given, "of at least 0", lambda value: value >= 0)


def above_0(kind: str, **given: Any) -> None:
    """An error unless each is a finite number above 0."""
    _require(kind, given, "above 0", lambda value: value > 0)


def below_1(kind: str, **given: Any) -> None:
    """An error unless each is at least 0 and below 1, as what a running mean keeps."""
    _require(kind, given, "of at least 0 and below 1", lambda value: 0 <= value < 1)


def refuse_unknown(kind: str, unknown: Mapping[str, Any]) -> None:
    """An error for arguments that no optimizer has."""
    for name in unknown:
        way = "; give learning_rate= a schedule instead" if name == "decay" else ""
        raise TinygraphError(f"{kind} has no argument {name}={way}{_here()}")


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def default_rate(kind: type) -> Any:
    """The learning rate of an optimizer of `kind` that was given none."""
    parameters = inspect.signature(kind).parameters
    return parameters["learning_rate"].default if "learning_rate" in parameters else None


def takes_rate(kind: type) -> bool:
    """Whether an optimizer of `kind` can be made with `learning_rate=`."""
    parameters = inspect.signature(kind).parameters.values()
    return any(p.name == "learning_rate" or p.kind is p.VAR_KEYWORD for p in parameters)


def _require(kind: str, given: Mapping[str, Any], what: str, sound: Any) -> None:
    for name, value in given.items():
        if not is_number(value) or not sound(value):
            raise TinygraphError(f"{kind} needs {name}= a number {what}, got {value!r}{_here()}")


def _here() -> str:
    return place_of(origin_here())
