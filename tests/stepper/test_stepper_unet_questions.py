"""The questions asked of the U-Net at batch 1: in a moment, and the numbers add up."""

from __future__ import annotations

import time

import numpy as np
import pytest
from random_journals import named

import tinygraph as tg
from tinygraph.journal import Journal
from tinygraph.stepper.questions.check import check
from tinygraph.stepper.questions.origin import origin
from tinygraph.stepper.questions.paths import largest_paths
from tinygraph.stepper.questions.routes import largest_routes
from tinygraph.stepper.questions.whatif import nudge, set_value
from tinygraph.stepper.questions.why import why

pytestmark = pytest.mark.slow
FIRST = "entry/conv2d/kernel"


@pytest.fixture(scope="module")
def journal() -> Journal:
    rng = np.random.default_rng(0)
    model = tg.models.pets_unet()
    x = tg.tensor(rng.random((1, 160, 160, 3), np.float32))
    labels = tg.tensor(rng.integers(0, 3, (1, 160, 160)).astype(np.int32))
    out = model(x, training=True)
    return tg.journal(tg.losses.SparseCategoricalCrossentropy()(labels, out))


def test_why_of_a_first_layer_weight_in_three_seconds(journal: Journal) -> None:
    start = time.perf_counter()
    found = why(journal, named(journal)[FIRST])
    assert time.perf_counter() - start < 3
    (c,) = found.contributions
    assert c.count > 6000
    assert abs(found.total - found.gradient) <= 64 * 2.0**-23 * found.size
    levels = 0
    while found.terms:
        found = found.open(found.terms[0])
        assert abs(found.total - found.gradient) <= 64 * 2.0**-23 * found.size + 1e-30
        levels += 1
    assert levels > 20
    assert found.node is journal.outputs[0]


def test_paths_and_routes_stop_in_time(journal: Journal) -> None:
    node = named(journal)[FIRST]
    start = time.perf_counter()
    paths = largest_paths(journal, node)
    routes = largest_routes(journal, node)
    assert time.perf_counter() - start < 20
    assert paths.count is None
    assert sum(p.value for p in paths.paths) + paths.others == pytest.approx(paths.total)
    assert routes.routes
    listed = sum(route.value for route in routes.routes)
    assert listed + routes.others == pytest.approx(routes.gradient)
    assert abs(routes.routes[0].value) > 0.1 * abs(routes.gradient)


def test_check_and_nudge_and_origin(journal: Journal) -> None:
    node = named(journal)[FIRST]
    assert check(journal, node, (0, 0, 0, 0)).ok
    change = nudge(journal, node, 1e-2, (0, 0, 0, 0))
    assert len(change.gates) > 250
    bad = set_value(journal, node, np.nan, (1, 1, 0, 3)).after
    found = origin(bad, bad.outputs[0])[0]
    assert (found.kind, found.where) == ("NaN", (node, (1, 1, 0, 3)))
