"""`keras.models`: the kinds of models. Ready-made architectures are in `tinygraph.models`."""

from __future__ import annotations

from typing import TypeVar

from tinygraph.nn.model import Model as Model
from tinygraph.nn.sequential import Sequential as Sequential
from tinygraph.saving.architecture import model_from_json as model_from_json
from tinygraph.saving.file import load_model as load_model
from tinygraph.saving.file import save_model as save_model

AnyModel = TypeVar("AnyModel", bound=Model)


def clone_model(model: AnyModel) -> AnyModel:
    """Another model of the same architecture, with layers and newly drawn weights of its own.

    `clone.set_weights(model.get_weights())` gives it the same weights. It is not compiled.
    """
    return type(model).from_config(model.get_config())
