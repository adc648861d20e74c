"""The lines of a tour's own circuits, shown as a user's are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import tinygraph

Circuit = TypeVar("Circuit", bound=Callable[..., Any])
ABOVE = Path(tinygraph.__file__).parent.parent


def shown(circuit: Circuit) -> Circuit:
    """The same function; gates that it makes name its lines.

    A gate names the innermost line outside of tinygraph, which would be somewhere in Python's
    own start. So the function is said to be in a file with a relative name, which Python finds on
    its path, as it did the package.
    """
    function: Any = circuit
    file = Path(function.__code__.co_filename).relative_to(ABOVE).as_posix()
    function.__code__ = function.__code__.replace(co_filename=file)
    return circuit
