"""What is said about arguments that a layer does not have."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.saving.remembered import arguments_of


def refuse_arguments(layer: Any, unknown: Iterable[str]) -> NoReturn:
    """Raises a `TinygraphError` that names the first of `unknown` and what was meant by it."""
    wrong = next(iter(unknown))
    known = [*arguments_of(type(layer))]
    close = get_close_matches(wrong, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}"
    raise TinygraphError(
        f"{type(layer).__name__} has no argument {wrong!r}; {hint}{place_of(origin_here())}"
    )
