"""Every example of every op of tinygraph, for tests that go through all of them."""

from __future__ import annotations

import pytest

from tinygraph.graph import OPS

CASES = [
    pytest.param(kind, number, id=f"{name}_{number}")
    for name, kind in sorted(OPS.items())
    if kind.__module__.startswith("tinygraph.")
    for number in range(len(kind.examples()))
]
"""A kind of op, and the number of its example."""

DIFFERENTIABLE = [case for case in CASES if case.values[0].differentiable]  # type: ignore[union-attr]
