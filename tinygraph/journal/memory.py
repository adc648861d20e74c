"""The numbers of a run, within a budget of bytes: kept whole, or computed again when asked for.

Keeping every array of a large graph is too much, and computing everything again for one number
takes too long. So the walk measures what each value costs, and keeps those that others would
have to wait for, spread evenly over the graph: from them any other value is near.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.graph import Leaf, Node
from tinygraph.journal.one_thread import one_thread
from tinygraph.journal.readings import Reading, Summary

ALWAYS = 64
"""Arrays of at most so many elements are kept whole whatever the budget."""

NEAR = 0.002
"""Seconds: what takes no longer from what is kept is computed again rather than kept."""

Progress = Callable[[int, int], None]
"""Told how many nodes of how many are computed."""


class Memory:
    """The values of nodes, each known by a summary at least."""

    def __init__(self, keep: int, given: Mapping[Node, np.ndarray] | None = None) -> None:
        self.budget = keep
        self.given = frozenset(given or ())
        """The nodes whose values were told, not computed."""
        self.kept: dict[Node, np.ndarray] = dict(given or {})
        """What is never computed again; values `given` for gates stand instead of theirs."""
        self._recent: OrderedDict[Node, np.ndarray] = OrderedDict()
        self._recent_bytes = 0
        self._summaries: dict[Node, Summary] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays held now."""
        return sum(array.nbytes for array in self.kept.values()) + self._recent_bytes

    def walk(
        self, wanted: Iterable[Node], seen: set[Node], on_progress: Progress | None = None
    ) -> None:
        """Computes all of `wanted` at once; of the nodes in `seen` summaries are made."""
        wanted = list(wanted)
        share = self.budget * 3 // 4  # the rest is for what was looked at last
        total = sum(node.type.nbytes for node in seen)
        everything = total <= share
        held, passed, count = 0, 0, 0
        waits: dict[Node, float] = {}
        start = time.perf_counter()

        def watch(node: Node, array: np.ndarray) -> None:
            nonlocal held, passed, count, start
            taken = time.perf_counter() - start
            waits[node] = taken + sum(waits.get(x, 0) for x in node.inputs if x not in self.kept)
            if node in seen:
                count += 1
                passed += array.nbytes
                if array.size > ALWAYS:  # others are kept, so their summaries can wait
                    self._summaries[node] = Summary.of(array)
                due = waits[node] > NEAR and held + array.nbytes <= share * passed / max(total, 1)
                if array.size <= ALWAYS or everything or due:
                    self.kept.setdefault(node, array)
                    held += array.nbytes
                if on_progress is not None:
                    on_progress(count, len(seen))
            start = time.perf_counter()

        with one_thread():
            evaluate(wanted, self.kept.copy(), watch, results=False)

    def summary(self, node: Node) -> Summary:
        """The range and mean of a node's value."""
        found = self._summaries.get(node)
        if found is None:
            found = self._summaries[node] = Summary.of(self.array(node))
        return found

    def array(self, node: Node) -> np.ndarray:
        """A node's value, read-only; of any node that can be computed from those of the run."""
        if node in self.kept:
            found = self.kept[node]
        elif isinstance(node.op, Leaf):
            found = node.op.storage.array
        elif node in self._recent:
            self._recent.move_to_end(node)
            found = self._recent[node]
        else:
            known = self._near(node)
            with one_thread():
                (found,) = evaluate([node], known, lambda n, a: self._remember(n, a, known))
        view = found.view()
        view.flags.writeable = False
        return view

    def _near(self, node: Node) -> dict[Node, np.ndarray]:
        """What is held of that which the node is computed from; no further than needed."""
        found: dict[Node, np.ndarray] = {}
        stack, seen = [*node.inputs], {node}
        while stack:
            source = stack.pop()
            if source in seen:
                continue
            seen.add(source)
            for held in (self.kept, self._recent):
                if source in held:
                    found[source] = held[source]
                    break
            else:
                stack.extend(source.inputs)
        return found

    def _remember(self, node: Node, array: np.ndarray, known: Mapping[Node, np.ndarray]) -> None:
        """What was computed on the way is likely to be asked for next."""
        limit = self.budget // 4
        if node in known or not node.inputs or array.nbytes > limit:
            return
        self._recent[node] = array
        self._recent_bytes += array.nbytes
        while self._recent_bytes > limit:
            _, oldest = self._recent.popitem(last=False)
            self._recent_bytes -= oldest.nbytes


class Recalled(Reading):
    """The value of a node in a memory."""

    def __init__(self, node: Node, memory: Memory) -> None:
        self.node, self.memory = node, memory
        self.type = node.type

    @property
    def array(self) -> np.ndarray:
        return self.memory.array(self.node)

    @property
    def summary(self) -> Summary:
        return self.memory.summary(self.node)
