"""Running graphs: every gate by its equation, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygraph.backend import Progress
from tinygraph.errors import CompileError
from tinygraph.graph import Graph
from tinygraph.testing import evaluate_equation


class EquationsBackend:
    """Takes graphs as they are."""

    name = "equations"
    target = None

    def compile(
        self, work: Graph, threads: int | None, on_progress: Progress | None = None
    ) -> EquationsExecutable:
        """Nothing is compiled; `threads` has no meaning here."""
        return EquationsExecutable(work)


class EquationsExecutable:
    """A graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """Computes the gates in order."""
        values = dict(zip(self.graph.inputs, inputs, strict=True))
        for node in self.graph.nodes():
            if node not in values:
                values[node] = evaluate_equation(node.op, [values[x] for x in node.inputs])
        for array, node in zip(outputs, self.graph.outputs, strict=True):
            array[...] = values[node]

    def source(self, stage: str) -> str:
        """The graph, which is what runs."""
        if stage != "graph":
            raise CompileError(f'the equations backend has no stage {stage!r}; it runs the "graph"')
        return str(self.graph)
