"""What is seen now as a Graphviz picture: `·` where nothing is computed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygraph.draw import Drawing
from tinygraph.draw.circuit import End, Net, Source
from tinygraph.draw.dot import dot_of
from tinygraph.draw.fold import folded
from tinygraph.draw.numbers import NOT_YET, Numbers, Writing
from tinygraph.draw.picture import GATES, WIDE
from tinygraph.graph import Node
from tinygraph.stepper.part import part_of

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


class _SoFar(Numbers):
    """Numbers of a run that is not at its end: what will have a gradient has `·` until then."""

    def _gradient(self, node: Node) -> str:
        return super()._gradient(node) or (NOT_YET if node in self.sloped else "")

    def branch(self, net: Net, end: End) -> Writing:
        written = super().branch(net, end)
        if written.gradient or net.nodes[0] not in self.sloped or net.source.backward:
            return written
        return Writing(written.type, written.value, NOT_YET)


def picture_of(session: Session) -> Drawing:
    """The gates of the level that is seen, with the numbers known at this step."""
    journal, level = session.journal, session.level
    known, names, nodes = session.known, journal.names, journal.outputs
    sloped = set(journal.gradients)
    outputs = [(node, level.output_name(node) if node.inputs else "") for node in nodes]
    if level.gates is not None:
        part = part_of(journal, level.gates)
        known, names = part.known(known), part.names
        sloped = {new for old, new in part.becomes.items() if old in sloped}
        outputs = [(node, names[node] if node.inputs else "") for node in part.outputs]
    source = Source(outputs, names)
    circuit = folded(source, "auto", GATES)
    numbers = _SoFar(known, sloped, bool(known.gradients), names)
    direction = "LR" if circuit.depth <= WIDE else "TB"
    text = dot_of(circuit, numbers, names, direction, level.title)
    count = sum(bool(node.inputs) for node in source.order)
    return Drawing(text, count, sum(unit.kind == "gate" for unit in circuit.units))
