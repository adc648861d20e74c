"""One element of the value or of the gradient at a gate, and how sentences call it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from tinygraph.errors import IndexingError
from tinygraph.graph import Node
from tinygraph.journal import Journal, Start, Wire
from tinygraph.types import DType

Index = tuple[int, ...]


def called(journal: Journal, node: Node, index: Index | None = None) -> str:
    """The name of a node, with the position of one element: conv_1[0,2,3,5]."""
    return journal.names.get(node, str(node)) + brackets(index or ())


def role_of(journal: Journal, gate: Node) -> str:
    """The lecture's word for what a gate does with gradients; none where no gradient comes."""
    return gate.op.nickname if gate in journal.gradients else ""


def brackets(index: Sequence[int]) -> str:
    """A position as it is written behind a name: [0,2,3,5]; of a single number nothing."""
    return f"[{','.join(map(str, index))}]" if len(index) else ""


def index_of(flat: int | np.integer, shape: Sequence[int]) -> Index:
    """The index of the element with this row-major number."""
    return tuple(int(k) for k in np.unravel_index(flat, tuple(shape)))


def named(journal: Journal, name: str) -> Node | None:
    """The node with exactly this name; a loss without a name is L, as in dL/dx."""
    nodes = (node for node, known in journal.names.items() if known == name)
    return next(nodes, loss(journal) if name == top(journal) else None)


def started(journal: Journal) -> list[Node]:
    """The nodes whose gradients the journal has: where the backward passes begin."""
    return [record.gate for record in journal.records if isinstance(record, Start)]


def top(journal: Journal) -> str:
    """What the gradients are of: L for a loss without a name, and for what is beyond an array: of
    an array's elements come in dL/dy from above."""
    y = next(iter(started(journal)), journal.outputs[0])
    return (y.name if y.type.size == 1 else None) or "L"


def loss(journal: Journal) -> Node | None:
    """The one number that the gradients are of; None where they are of an array."""
    y = next(iter(started(journal)), journal.outputs[0])
    return y if y.type.size == 1 else None


def slope_of(journal: Journal, node: Node, index: Index | None = None) -> str:
    """The gradient as the lectures write it: dL/dx."""
    return f"d{top(journal)}/d{called(journal, node, index)}"


def placed(journal: Journal, node: Node) -> str:
    """The name of a gate with its label where that says more, and the user's line."""
    name, label = called(journal, node), node.op.label
    kind = f" ({label})" if node.inputs and not name.startswith(node.op.name) else ""
    return f"{name}{kind}" + (f", {node.origin}" if node.origin else "")


def checked(node: Node, index: Sequence[int], what: str) -> Index:
    """The position without negative numbers; an `IndexingError` where there is no such element."""
    at = tuple(int(k) for k in index)
    fits = len(at) == node.ndim and all(-n <= k < n for k, n in zip(at, node.shape, strict=True))
    if not fits:
        shape = f"[{','.join(map(str, node.shape))}]"
        raise IndexingError(f"{what} has shape {shape}, and no element {list(at)}")
    return tuple(k % n for k, n in zip(at, node.shape, strict=True))


def largest(array: np.ndarray) -> Index:
    """Where the element with the largest magnitude is; the first NaN, if there is one."""
    numbers = array if array.dtype.kind == "f" else array.astype(np.float64)
    flat = np.abs(numbers).ravel()
    return index_of(np.argmax(flat), array.shape)  # to which NaN is the largest


def magnitude(value: float) -> float:
    """What numbers are sorted by; a NaN is larger than all."""
    return math.inf if math.isnan(value) else abs(value)


def summed(values: Iterable[float]) -> float:
    """The sum without rounding on the way; infinities and NaN go through."""
    several = list(values)
    try:
        return math.fsum(several)
    except (ValueError, OverflowError):  # infinity - infinity, or beyond float64 on the way
        return sum(several)


def together(total: float, value: float, kind: DType) -> str:
    """A sum in float64 beside the number of the run, and how far apart they are."""
    return f"together {total:.9g} in float64, {_ulps(total, value, kind)} {value:.9g} of the run"


def ulps(total: float, value: float, kind: DType) -> float:
    """How far a number of the run is from its value in float64, in units of its last place."""
    if not math.isfinite(total - value):
        return math.nan
    return abs(value - total) / float(np.spacing(kind.numpy.type(abs(value))))


def _ulps(total: float, value: float, kind: DType) -> str:
    apart = ulps(total, value, kind)
    return "beside the" if math.isnan(apart) else f"{apart:.3g} ulp from the"


def ends_of(words: Sequence[str], most: int) -> list[str]:
    """A list for a sentence; of more than `most` the middle ones are counted."""
    if len(words) <= most:
        return [*words]
    half = most // 2
    return [*words[:half], f"({len(words) - 2 * half} more)", *words[-half:]]


def read_by(journal: Journal) -> Mapping[Node, list[Wire]]:
    """For each node the wires over which its gradient comes, in the order of the steps.

    Made once for a journal.
    """
    if journal not in _READERS:
        found = _READERS[journal] = dict[Node, list[Wire]]()
        for wire in journal.contributions:
            found.setdefault(wire.source, []).append(wire)
    return _READERS[journal]


_READERS: WeakKeyDictionary[Journal, dict[Node, list[Wire]]] = WeakKeyDictionary()
