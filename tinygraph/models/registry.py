"""Models by name."""

from __future__ import annotations

from collections.abc import Callable

from tinygraph.errors import TinygraphError
from tinygraph.models.mlp import mlp_big, mlp_small
from tinygraph.models.mnist_cnn import mnist_cnn
from tinygraph.models.pets_unet import pets_unet
from tinygraph.models.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from tinygraph.models.unet import classic_unet
from tinygraph.nn import Model

MODELS: dict[str, Callable[[], Model]] = {
    fn.__name__: fn
    for fn in (
        classic_unet,
        mnist_cnn,
        mlp_big,
        mlp_small,
        pets_unet,
        resnet18,
        resnet34,
        resnet50,
        resnet101,
        resnet152,
    )
}
"""Every model that `build` knows."""


def build(name: str, seed: int = 0) -> Model:
    """The model called `name`, with weights that depend on the seed alone."""
    if name not in MODELS:
        raise TinygraphError(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    model = MODELS[name]()
    model.initialize(seed)
    return model
