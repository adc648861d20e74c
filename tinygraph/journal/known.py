"""What is known after some steps of a run: values, gradients as far as they are added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from tinygraph.graph import Node
from tinygraph.journal.readings import Reading
from tinygraph.journal.records import Wire

K = TypeVar("K")


@dataclass(frozen=True, eq=False)
class Known:
    """The numbers at nodes and wires after some steps."""

    values: Mapping[Node, Reading]
    gradients: Mapping[Node, Reading]
    """As far as they are added up."""
    contributions: Mapping[Wire, Reading]


class Timeline(Mapping[K, Reading], Generic[K]):
    """For each key the readings it has had, by the number of the step that gave them.

    As a mapping it shows those of the first `until` steps: of several the last.
    """

    def __init__(self, seen: dict[K, list[tuple[int, Reading]]], until: int) -> None:
        self._seen, self._until = seen, until

    def __getitem__(self, key: K) -> Reading:
        history = self._seen[key]
        count = bisect_left(history, self._until, key=_number)
        if not count:
            raise KeyError(key)
        return history[count - 1][1]

    def __iter__(self) -> Iterator[K]:
        return (key for key, history in self._seen.items() if history[0][0] < self._until)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        history = self._seen.get(key)  # type: ignore[arg-type]
        return history is not None and history[0][0] < self._until


def _number(entry: tuple[int, Reading]) -> int:
    return entry[0]
