"""What is said for each of several inputs or outputs: one thing, a list in order, or a dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinygraph.errors import ShapeError


def for_each(value: Any, names: Sequence[str], what: str, shared: bool = False) -> list[Any]:
    """One of `value` for each name, None where it says nothing.

    A list goes by order, a dict by name. Anything else belongs to the only one; or, where `shared`,
    to each of several.
    """
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise ShapeError(f"{what} is given for {unknown[0]!r}; there are {', '.join(names)}")
        return [value.get(name) for name in names]
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise ShapeError(
                f"{what} is given for {len(value)}, but there are {len(names)}: {', '.join(names)}"
            )
        return list(value)
    if value is None:
        return [None] * len(names)
    if len(names) > 1 and not shared:
        raise ShapeError(
            f"{what} is needed for each of {', '.join(names)}: give a list, or a dict by name"
        )
    return [value] * len(names)
