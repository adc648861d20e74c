"""Which gate of one journal is which of another: the same ones, inserted ones, removed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tinygraph.graph import Node
from tinygraph.journal.recording import Journal

MANY = 2000
"""Between longer lists of gates the comparison passes over ops that occur often."""


@dataclass(frozen=True)
class Aligned:
    """The gates of journal a, and of journal b what corresponds."""

    pairs: dict[Node, Node]
    """From a to b."""
    removed: list[Node]
    """Only a has them."""
    inserted: list[Node]
    """Only b has them."""
    rewired: list[tuple[Node, Node]]
    """Pairs whose inputs are no pairs, though each input is part of one."""

    @property
    def same(self) -> bool:
        return not (self.removed or self.inserted or self.rewired)


def aligned(a: Journal, b: Journal) -> Aligned:
    """Pairs gates of one op with the same attributes, type and given name, in order."""
    mine, other = [_key(node) for node in a.order], [_key(node) for node in b.order]
    start = _common(mine, other)
    end = _common(mine[start:][::-1], other[start:][::-1])
    pairs = dict(zip(a.order[:start], b.order[:start], strict=True))
    middle = [keys[start : len(keys) - end] for keys in (mine, other)]
    matcher = SequenceMatcher(None, *middle, autojunk=max(map(len, middle)) > MANY)
    for block in matcher.get_matching_blocks():
        first, second = start + block.a, start + block.b
        found = a.order[first : first + block.size], b.order[second : second + block.size]
        pairs.update(zip(*found, strict=True))
    pairs.update(zip(a.order[len(mine) - end :], b.order[len(other) - end :], strict=True))
    taken = set(pairs.values())
    return Aligned(
        pairs,
        [node for node in a.order if node not in pairs],
        [node for node in b.order if node not in taken],
        [(x, y) for x, y in pairs.items() if _rewired(x, y, pairs, taken)],
    )


def _key(node: Node) -> tuple[str, str, str, str | None]:
    return node.op.name, str(node.op), str(node.type), node.name


def _common(a: Sequence[object], b: Sequence[object]) -> int:
    """How many of the first are equal."""
    for k, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return k
    return min(len(a), len(b))


def _rewired(x: Node, y: Node, pairs: dict[Node, Node], taken: set[Node]) -> bool:
    if len(x.inputs) != len(y.inputs):
        return True
    return any(
        pairs.get(source, other) is not other and (source in pairs and other in taken)
        for source, other in zip(x.inputs, y.inputs, strict=True)
    )
