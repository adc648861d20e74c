"""NumPy's functions called on tensors: an error that says which functions to take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tinygraph.errors import DtypeError, TinygraphError, TraceError
from tinygraph.graph import origin_here, place_of
from tinygraph.tensor.methods import functional
from tinygraph.trace import current_trace

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


def numpy_function(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function of NumPy gives for tensors that have numbers.

    np.mean and others like it call a method of their argument with arguments of NumPy's: the error
    says what to write instead.
    """
    try:
        return function._implementation(*args, **kwargs)
    except TinygraphError:
        raise
    except TypeError as error:
        if current_trace() is not None or not any(sign in str(error) for sign in _SIGNS):
            raise
        name = function.__name__
        ours = f"tg.{name}(x), or " if hasattr(functional(), name) else ""
        raise DtypeError(
            f"np.{name} does not take a tensor: take {ours}np.{name}(x.numpy())"
            f"{place_of(origin_here())}"
        ) from None
