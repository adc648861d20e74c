"""Tools for checking ops and functions, for those who write some."""

from tinygraph.testing.equations import evaluate_equation as evaluate_equation
from tinygraph.testing.gradients import check_grads as check_grads
from tinygraph.testing.ops import check_op as check_op
