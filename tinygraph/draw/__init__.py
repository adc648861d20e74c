"""Pictures of graphs: circuits as on a blackboard, with values above the wires, gradients below."""

from tinygraph.draw.drawing import Drawing as Drawing
from tinygraph.draw.picture import draw as draw
