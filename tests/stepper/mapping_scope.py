"""A scope of given numbers, for tests of the language of conditions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.journal import Held, Reading
from tinygraph.stepper.grammar import FACTS, NOT_YET, NotYet, Operand
from tinygraph.stepper.grammar.scope import Fact
from tinygraph.types import DType


@dataclass(frozen=True)
class MappingScope:
    """Numbers by name: for expressions without a session.

    Values are numbers, texts or arrays, those of `gradients` arrays; one that is a function is
    called when an expression asks for it; None stands for what is not known yet.
    """

    values: Mapping[str, Any]
    gradients: Mapping[str, Any] = field(default_factory=dict)

    def lookup(self, name: str) -> Operand | None:
        if name not in self.values and name not in self.gradients:
            return None
        value = _reading(name, self.values.get(name))
        gradient = _reading(name, self.gradients.get(name))
        return Operand(value, gradient, value.type.shape if isinstance(value, Reading) else None)

    def fact(self, word: str) -> Fact | None:
        if word not in self.values:
            return None
        value = self.values[word]
        return value if isinstance(value, str) else _reading(word, value)

    def just_done(self, name: str) -> bool | None:
        return None

    def names(self) -> Collection[str]:
        return dict.fromkeys(n for n in (*self.values, *self.gradients) if n not in FACTS)

    def words(self) -> Collection[str]:
        return [word for word in FACTS if word in self.values]


def _reading(name: str, value: Any) -> Reading | NotYet:
    value = value() if callable(value) else value
    if value is None or isinstance(value, NotYet):
        return NOT_YET
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TinygraphError(f"{name} is no number: {value!r}")
    known = array.dtype.name in DType.__members__ and isinstance(value, np.ndarray)
    return Held(array if known or array.dtype.kind == "b" else array.astype(np.float64))
