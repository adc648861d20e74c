"""Names of losses, metrics and the like: how they are written, and how they are looked up."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def plain(name: str) -> str:
    """A name without case, underscores, hyphens, dots and spaces: how it is looked up."""
    return re.sub(r"[\s_.\-]", "", name).lower()


def snake_case(name: str) -> str:
    """KLDivergence -> kl_divergence"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def no_such(what: str, name: str, known: Iterable[str]) -> str:
    """What an error says of a name that nothing has."""
    known = sorted(known)
    near = difflib.get_close_matches(name.lower(), known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"no {what} is named {name!r}.{meant} There are {', '.join(known)}"
