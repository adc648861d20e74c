"""What is said about arguments that a layer does not have."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of


def refuse_arguments(layer: Any, unknown: Iterable[str]) -> NoReturn:
    """Raises a `TinygraphError` that names the first of `unknown` and what was meant by it."""
    wrong = next(iter(unknown))
    known = known_arguments(type(layer))
    close = get_close_matches(wrong, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}"
    raise TinygraphError(
        f"{type(layer).__name__} has no argument {wrong!r}; {hint}{place_of(origin_here())}"
    )


def known_arguments(kind: type) -> list[str]:
    """The arguments of a class by name, also those it hands on to its bases."""
    names: dict[str, None] = {}
    for cls in kind.__mro__:
        if "__init__" not in vars(cls) or cls is object:
            continue
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        names.update((p.name, None) for p in parameters if p.kind is not p.VAR_KEYWORD)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return list(names)
