"""Errors of one batch say which batch it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinygraph.errors import DataError


@contextmanager
def located(where: str) -> Iterator[None]:
    """Puts `where` before the message of a `DataError`."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
