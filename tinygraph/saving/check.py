"""Whether a file says enough: a layer made of its arguments anew may differ from the one there is.

That can be where a layer makes other layers itself, and one of those was changed afterwards. It is
noticed when saving, not when it is too late.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.nn.layer import Layer
from tinygraph.saving.architecture import is_structural, read_model
from tinygraph.saving.values import Writer


def warn_of_differences(
    model: Layer, architecture: dict[str, Any], custom_objects: Mapping[str, Any] | None
) -> None:
    """Warns if what `architecture` describes is not the model.

    Only layers that make layers can differ, and models that were not called yet, so nothing is
    done without any.
    """
    layers = dict(model.all_layers())
    if model.built and not any(
        not is_structural(each) and [*each.sublayers()] for each in layers.values()
    ):
        return
    difference = _difference(model, layers, architecture, custom_objects)
    if difference:
        warnings.warn(
            f"the saved file will not give this model back: {difference}. "
            "model.load_weights reads its numbers into a model that was made as this one was",
            stacklevel=4,
        )


def _difference(
    model: Layer,
    layers: dict[str, Layer],
    architecture: dict[str, Any],
    custom_objects: Mapping[str, Any] | None,
) -> str:
    """A sentence; empty if there is none."""
    try:
        again = read_model(architecture, custom_objects, "it", draw=False)
    except TinygraphError as error:
        return str(error)
    others = dict(again.all_layers())
    if [*others] != [*layers]:
        return f"made anew, {model.name} has other layers"
    for path, layer in layers.items():
        if _arguments(layer, custom_objects) != _arguments(others[path], custom_objects):
            return (
                f"{path} was changed after {path.rpartition('/')[0] or model.name} had made it; "
                "make what is to be changed an argument of the outer layer"
            )
    mine, others_ = model.named_parameters(), again.named_parameters()
    for name, p in mine.items():
        if name not in others_ or others_[name].type != p.type:
            return f"made anew, {model.name} has no {name} of {p.type}"
    return ""


def _arguments(layer: Layer, custom_objects: Mapping[str, Any] | None) -> Any:
    """What a layer was made with, as far as it is no layer itself."""
    if is_structural(layer):
        return None
    writer = Writer(custom_objects, lambda v, _: {"a layer": 0} if isinstance(v, Layer) else None)
    config = layer.get_config()
    config.pop("trainable", None)
    return {name: writer.write(value, name) for name, value in config.items()}
