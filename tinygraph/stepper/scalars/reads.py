"""Which elements of its inputs one element of a gate reads, straight from the op's equation.

Of a `where` only the side that is taken counts, of a window only what lies inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.stepper.elements import Index
from tinygraph.stepper.scalars.choice import Marks
from tinygraph.stepper.scalars.grids import Grid
from tinygraph.stepper.scalars.opened import equation_of
from tinygraph.stepper.scalars.window import Window


def reads(gate: Node, index: Index, arrays: Sequence[np.ndarray]) -> dict[int, Window]:
    """For each input of a gate that element `index` depends on the elements that it reads.

    `arrays` are the values of the inputs: they say which side of a `where` is taken. Of an op
    without an equation every element of every input.
    """
    try:
        axes, element = equation_of(gate)
    except TinygraphError:
        return {k: Window(np.ones(x.shape, bool)) for k, x in enumerate(gate.inputs)}
    marks = Marks(taken=True)
    marks.mark(element, Grid(arrays, dict(zip(axes, index, strict=True))))
    return {k: Window(mask) for k, mask in sorted(marks.masks.items())}
