"""Passes: from a graph to a graph that computes the same with less.

A pass is a named list of rules, and a rule is a sentence with a rewrite. Every application is
recorded, so what the compiler did can be printed and replayed.
"""

from tinygraph.passes.pipeline import dead as dead
from tinygraph.passes.pipeline import default_passes as default_passes
from tinygraph.passes.pipeline import fold as fold
from tinygraph.passes.pipeline import run as run
from tinygraph.passes.pipeline import share as share
from tinygraph.passes.pipeline import simplify as simplify
from tinygraph.passes.pipeline import trace_passes as trace_passes
from tinygraph.passes.pipeline import upsample as upsample
from tinygraph.passes.rewrite import Applied as Applied
from tinygraph.passes.rewrite import Pass as Pass
from tinygraph.passes.rewrite import Rewrite as Rewrite
from tinygraph.passes.rewrite import Rule as Rule
from tinygraph.passes.rewrite import instead as instead
from tinygraph.passes.rewrite import rule as rule
