"""Running a graph gate by gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph.backend import Executable, Progress
from tinygraph.errors import CompileError
from tinygraph.evaluate import evaluate


class NumpyBackend:
    """Takes graphs as they are; one thread, apart from what NumPy does by itself."""

    name = "numpy"
    target = None

    def compile(
        self, work: Any, threads: int | None, on_progress: Progress | None = None
    ) -> Executable:
        """A walk over `work`, a graph. `threads` has no meaning here, and nothing takes long."""
        return Walk(work)

    def describe(self) -> dict[str, str]:
        """The version of NumPy."""
        return {"machine": f"NumPy {np.__version__}, one operation after the other"}

    def clear_cache(self) -> int:
        """Nothing: it keeps nothing on disk."""
        return 0


class Walk:
    """A graph that is evaluated at each run."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """Evaluates the graph for `inputs` and copies the results into `outputs`."""
        given = dict(zip(self._graph.inputs, inputs, strict=True))
        for array, value in zip(outputs, evaluate(self._graph.outputs, given), strict=True):
            np.copyto(array, value)

    def source(self, stage: str) -> str:
        """The graph, which is all that runs here."""
        if stage != "graph":
            raise CompileError(f'the numpy backend has no stage {stage!r}; it runs the "graph"')
        return str(self._graph)
