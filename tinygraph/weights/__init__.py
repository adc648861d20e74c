"""Weights in files, and those of other frameworks.

`save_arrays` and `load_arrays` are safetensors files; `from_pytorch`, `from_keras`, `to_pytorch`
and `to_keras` translate between models here and weights there.
"""

from __future__ import annotations

from tinygraph.weights.archive import Archive as Archive
from tinygraph.weights.archive import load_arrays as load_arrays
from tinygraph.weights.archive import save_arrays as save_arrays
from tinygraph.weights.files import written_whole as written_whole
from tinygraph.weights.parameters import Loaded as Loaded
from tinygraph.weights.parameters import assign_arrays as assign_arrays
from tinygraph.weights.parameters import load_parameters as load_parameters
from tinygraph.weights.parameters import save_parameters as save_parameters
