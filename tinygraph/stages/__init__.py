"""Every form that a computation has on its way from graph to machine code, as text."""

from tinygraph.stages.look import stages as stages
from tinygraph.stages.parts import Part as Part
from tinygraph.stages.parts import Stage as Stage
from tinygraph.stages.parts import Stages as Stages
