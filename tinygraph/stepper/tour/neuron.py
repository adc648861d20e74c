"""The neuron of lecture 5: sigmoid(x1 w1 + x2 w2 + b)."""

from __future__ import annotations

import tinygraph as tg
from tinygraph.stepper.tour.lines import shown


@shown
def neuron() -> tg.Tensor:
    """For x = (-1, -2), w = (2, -3), b = -3, where the slides have 4.0 - 3.0 = 1.0 and 0.731."""
    x1, x2 = tg.tensor(-1.0, name="x1"), tg.tensor(-2.0, name="x2")
    w1, w2 = tg.parameter(2.0, name="w1"), tg.parameter(-3.0, name="w2")
    b = tg.parameter(-3.0, name="b")
    return tg.sigmoid(x1 * w1 + x2 * w2 + b)
