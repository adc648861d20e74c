"""The NumPy interpreter: one walk over a graph, each gate by its op's own NumPy meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from weakref import WeakKeyDictionary

import numpy as np

from tinygraph.errors import TinygraphError, TraceError
from tinygraph.graph import Leaf, Node, Placeholder, origin_here, place_of, topological

Watch = Callable[[Node, np.ndarray], None]


def evaluate(
    nodes: Iterable[Node],
    given: Mapping[Node, np.ndarray] | None = None,
    watch: Watch | None = None,
    results: bool = True,
) -> list[np.ndarray]:
    """The values of `nodes`, in one walk that computes each gate once and remembers nothing.

    `given` holds values that are known already (of placeholders, say); the walk goes no further
    there. An intermediate value is freed after its last use; `watch` sees each as it appears,
    inputs first. NaN and infinity are values, so NumPy's warnings about them are off. A result may
    share memory with a leaf, a given value or another result: copy before writing. Without
    `results` nothing is given back, and the values of `nodes` are freed like others.
    """
    wanted = list(nodes)
    given = {} if given is None else given
    order = topological(wanted, given)
    kept = wanted if results else []
    uses = _uses(order, kept, given)
    values: dict[Node, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for node in order:
            known = node in given
            value = given[node] if known else _value(node, values)
            values[node] = value
            if watch is not None:
                watch(node, value)
            if not uses[node]:
                del values[node]
            if known:
                continue
            for source in node.inputs:
                uses[source] -= 1
                if not uses[source]:
                    del values[source]
    return [values[node] for node in kept]


_known: WeakKeyDictionary[Node, np.ndarray] = WeakKeyDictionary()


def values_of(nodes: Iterable[Node], remember: bool = True) -> list[np.ndarray]:
    """As `evaluate`, but what was asked for is remembered as long as its node lives."""
    wanted = list(nodes)
    values = [_compact(value) for value in evaluate(wanted, _known)]
    if remember:
        _known.update((n, value) for n, value in zip(wanted, values, strict=True) if n.inputs)
    return values


def _compact(value: np.ndarray) -> np.ndarray:
    """The value in C order, in memory of its own size."""
    base = value.base
    if isinstance(base, np.ndarray) and base.nbytes > 2 * value.nbytes:
        return value.copy(order="C")
    return np.asarray(value, order="C")


def _uses(
    order: list[Node], wanted: list[Node], given: Mapping[Node, np.ndarray]
) -> dict[Node, int]:
    """How often each value is still needed; one more for each time it is asked for."""
    uses = dict.fromkeys(order, 0)
    for node in order:
        if node not in given:
            for source in node.inputs:
                uses[source] += 1
    for node in wanted:
        uses[node] += 1
    return uses


def _value(node: Node, values: Mapping[Node, np.ndarray]) -> np.ndarray:
    match node.op:
        case Leaf(storage):
            return storage.array
        case Placeholder():
            raise TraceError(
                f"{node} has no value while its function is traced, nor after that: choose with "
                "tg.where instead of if, and return what you want to see"
                f"{place_of(origin_here())}"
            )
    result = np.asarray(node.op.evaluate(*[values[source] for source in node.inputs]))
    if result.shape != node.shape or result.dtype != node.dtype.numpy:
        got = f"{result.dtype}{list(result.shape)}"
        raise TinygraphError(
            f"{node.op.name}.evaluate gave {got}, its result_type says {node.type}"
        )
    return result
