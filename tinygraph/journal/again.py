"""The same steps once more, with other numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinygraph.graph import Node
from tinygraph.journal.memory import Memory, Progress
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Backward, Forward, Record, Start


def again(
    journal: Journal, given: Mapping[Node, np.ndarray], *, on_progress: Progress | None = None
) -> Journal:
    """The journal with the values `given` for some nodes instead of what they hold or compute.

    Its steps are the same ones, in the same order, also those of a training step.
    """
    memory = Memory(journal.memory.budget, given)
    result = Journal(journal.outputs, journal.order, journal.names, memory)
    result.updates = journal.updates
    wanted = [node for record in journal.records for node in _read(record)]
    memory.walk(wanted, {*journal.order, *wanted}, on_progress)
    beside = journal.beside()
    for record in journal.records:
        match record:
            case Forward():
                result.forward(record.gate)
            case Start():
                result.start(record.gate, record.gradient.node)
            case Backward():
                result.backward(record.wire, *_read(record))
        for node in beside.get(record.number, ()):
            result.gives(node)
    return result


def _read(record: Record) -> list[Node]:
    """The nodes whose numbers a record has; the local derivative is made when it is asked for."""
    match record:
        case Forward():
            return [record.gate]
        case Start():
            return [record.gradient.node]
        case Backward():
            return [r.node for r in (record.upstream, record.contribution, record.total)]
