"""`tg.stages`."""

from __future__ import annotations

from typing import Any

from tinygraph.backend import Backend, find_backend
from tinygraph.stages.build import Builder
from tinygraph.stages.follow import find
from tinygraph.stages.parts import Stages, chosen
from tinygraph.stages.subject import backend_of, graph_of


def stages(
    y: Any,
    backend: str | Backend | None = None,
    stage: str | None = None,
    only: str | None = None,
) -> Stages:
    """What becomes of `y`, a tensor, a model or a jitted function with `example=`.

    The stages are the graph, the graph after each pass, regions, loops, schedule, and what the
    backend makes of them, such as llvm and assembly. `stage` chooses one, `only` follows one gate
    ("conv_3") or one layer or module ("up1/conv2d") through all of them. Each piece names the gates
    and the line it came from. `backend` is the jitted function's own by default, else llvm.
    """
    chosen_backend = backend_of(y, backend)
    found = find_backend(chosen_backend) if isinstance(chosen_backend, str) else chosen_backend
    graph = graph_of(y)
    followed = find(graph, only) if only is not None else None
    builder = Builder(graph, found, followed, only or "")
    return Stages(builder.names, builder.make, chosen(builder.names, stage))
