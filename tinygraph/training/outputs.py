"""What a model's outputs are called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tinygraph.nn.structure import leaves

if TYPE_CHECKING:
    from tinygraph.nn.model import Model


def output_names(model: Model, example: Any = None) -> list[str]:
    """One name an output, each once: a dict's keys, or the layers that make them.

    `example` is what a model with a `call` of its own gave; its outputs are output, output_1 ...
    """
    nest = model.outputs if model.outputs is not None else example
    if isinstance(nest, dict) and not any(
        isinstance(v, dict | list | tuple) for v in nest.values()
    ):
        return [str(key) for key in nest]
    if model.outputs is None:
        return _distinct(["output" for _ in leaves(nest)])
    paths = {layer: path for path, layer in model.sublayers()}
    return _distinct([paths[s.call.layer] if s.call else "output" for s in leaves(nest)])


def _distinct(names: list[str]) -> list[str]:
    """head, head_1 ... where several outputs come from one layer."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        found.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found
