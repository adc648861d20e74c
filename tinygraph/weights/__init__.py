"""Weights in files, and those of other frameworks.

`save_arrays` and `load_arrays` are safetensors files; `from_pytorch`, `from_keras`, `to_pytorch`
and `to_keras` translate between models here and weights there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygraph.weights.archive import Archive as Archive
from tinygraph.weights.archive import load_arrays as load_arrays
from tinygraph.weights.archive import save_arrays as save_arrays
from tinygraph.weights.files import written_whole as written_whole
from tinygraph.weights.parameters import Loaded as Loaded
from tinygraph.weights.parameters import assign_arrays as assign_arrays
from tinygraph.weights.parameters import load_parameters as load_parameters
from tinygraph.weights.parameters import save_parameters as save_parameters

if TYPE_CHECKING:
    from tinygraph.weights.keras import from_keras as from_keras
    from tinygraph.weights.keras import to_keras as to_keras
    from tinygraph.weights.pytorch import from_pytorch as from_pytorch
    from tinygraph.weights.pytorch import to_pytorch as to_pytorch

_CONVERTERS = {
    "from_keras": "keras",
    "from_pytorch": "pytorch",
    "to_keras": "keras",
    "to_pytorch": "pytorch",
}
"""Imported when first used: they know the layers, and models know this package."""


def __getattr__(name: str) -> Any:
    if name in _CONVERTERS:
        return getattr(import_module(f"{__name__}.{_CONVERTERS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_CONVERTERS})
