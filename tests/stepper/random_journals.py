"""Journals of random graphs, for the tests of the stepper."""

from __future__ import annotations

from random_losses import random_loss

import tinygraph as tg
from tinygraph.graph import Node
from tinygraph.journal import Journal


def of_random_graph(seed: int, gates: int, order: int = 1, special: float = 0.0) -> Journal:
    """The journal of a scalar of a random graph; for order 2 of its gradients."""
    return tg.journal(random_loss(seed, gates, order, special)[0])


def named(journal: Journal) -> dict[str, Node]:
    """The nodes of a journal by their names."""
    return {name: node for node, name in journal.names.items()}
