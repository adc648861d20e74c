"""Graph -> regions -> equations over arrays -> flat equations -> kernels -> program."""

from tinygraph.lowering.lower import lower as lower
from tinygraph.lowering.program import Call as Call
from tinygraph.lowering.program import Program as Program
from tinygraph.lowering.target import Target as Target
