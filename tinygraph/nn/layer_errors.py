"""Which layer an error comes from: its path in the model, before what the op says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinygraph.errors import TinygraphError
from tinygraph.graph import scope_here


@contextmanager
def layer_in_errors(kind: str) -> Iterator[None]:
    """Around the call of a layer of class `kind`, in its scope.

    In a model an error begins "Concatenate unet/up1/concatenate: ". It is said by the innermost
    layer; a layer that stands alone needs no path.
    """
    try:
        yield
    except TinygraphError as error:
        names = scope_here()
        if error.layer is None and len(names) > 1:
            error.layer = "/".join(names)
            text = str(error)
            rest = text.removeprefix(f"{kind} {names[-1]} ")  # it may say who it is, less exactly
            error.args = (f"{kind} {error.layer}{':' if rest == text else ''} {rest}",)
        raise
