"""Which elements of an array a computation read: a window, or any other set of positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from typing import Any

import numpy as np

from tinygraph.stepper.elements import Index


class Window(Set[Index]):
    """A set of positions in an array, kept as a mask of the array's shape."""

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = mask

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Any:
        return set(it)  # what `a & b` gives: the shape may not be known

    def __contains__(self, at: object) -> bool:
        fits = isinstance(at, tuple) and len(at) == self.mask.ndim
        fits = fits and all(0 <= k < n for k, n in zip(at, self.mask.shape))  # type: ignore
        return bool(fits and self.mask[at])  # type: ignore

    def __iter__(self) -> Iterator[Index]:
        return iter(map(tuple, np.argwhere(self.mask).tolist()))

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask))

    @cached_property
    def flat(self) -> np.ndarray:
        """The row-major numbers of the positions, rising."""
        return np.flatnonzero(self.mask)

    @cached_property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """For each axis the first and the last position; empty if nothing was read."""
        found = np.argwhere(self.mask)
        if not len(found):
            return ()
        return tuple(zip(found.min(0).tolist(), found.max(0).tolist(), strict=True))

    @property
    def span(self) -> str:
        """The bounds as a slice: `[0,1:4,2:5]`."""
        return f"[{','.join(f'{a}' if a == b else f'{a}:{b + 1}' for a, b in self.bounds)}]"

    def __repr__(self) -> str:
        return f"<{len(self):,} positions in {self.span}>"
