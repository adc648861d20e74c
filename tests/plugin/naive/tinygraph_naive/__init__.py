"""Two backends that run tinygraph's own slow definitions. A third party would write them so.

`naive` is given a program, lowered for the machine that it describes, and runs its loops one by
one. `equations` is given the graph, and computes each gate from its equation.
"""

from tinygraph_naive.equations import EquationsBackend
from tinygraph_naive.loops import LoopsBackend

loops_backend = LoopsBackend()
equations_backend = EquationsBackend()


class Unfinished:
    """Not a backend yet: there is no `compile`."""

    name = "unfinished"
    target = None
