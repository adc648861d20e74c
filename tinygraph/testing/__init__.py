"""Tools for checking ops, functions and backends, for those who write some."""

from tinygraph.testing.equations import evaluate_equation as evaluate_equation
from tinygraph.testing.gradients import check_grads as check_grads
from tinygraph.testing.graphs import RandomGraph as RandomGraph
from tinygraph.testing.graphs import random_graph as random_graph
from tinygraph.testing.ops import check_op as check_op
from tinygraph.testing.rounding import Reference as Reference
from tinygraph.testing.rounding import reference as reference
