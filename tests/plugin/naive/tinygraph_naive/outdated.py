"""A backend written for a tinygraph that had other names."""

from tinygraph.lowering import WholeProgramOptimizer

backend = WholeProgramOptimizer()
