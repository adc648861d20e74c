"""NumPy's functions called on tensors: an error that says which functions to take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinygraph.errors import TinygraphError, TraceError
from tinygraph.graph import origin_here, place_of

_SIGNS = ("__array_ufunc__", "Methods.")
"""What NumPy says when its ufuncs, and its functions that call methods, meet a tensor."""


@contextmanager
def explained_numpy_calls(who: str) -> Iterator[None]:
    """Around code that a user wrote and `who` calls: `np.tanh(x)` is told to be `tg.tanh(x)`."""
    try:
        yield
    except TinygraphError:
        raise
    except TypeError as error:
        if not any(sign in str(error) for sign in _SIGNS):
            raise
        raise TraceError(
            f"{who}: a function of NumPy, or with NumPy's arguments, was called on a tensor, which "
            "has no numbers yet; take tinygraph's own, such as tg.mean(x, axis) or tg.exp(x) "
            f"({error}){place_of(origin_here())}"
        ) from error
