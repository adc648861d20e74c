"""From a Python function to one program for each kind of input."""

from tinygraph.compile.jit import Jitted as Jitted
from tinygraph.compile.jit import jit as jit
from tinygraph.compile.step import Compiled as Compiled
from tinygraph.compile.tracing import Traced as Traced
from tinygraph.compile.tracing import trace_function as trace_function
