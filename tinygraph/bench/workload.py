"""What is timed: a model with random data, as one jitted function."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import add
from typing import Any

import numpy as np

from tinygraph import models, optimizers
from tinygraph.backend import find_backend
from tinygraph.bench.flops import contraction_flops
from tinygraph.compile import Compiled, Jitted, jit
from tinygraph.errors import TinygraphError
from tinygraph.functional import cross_entropy
from tinygraph.grad import grad
from tinygraph.nn import Model
from tinygraph.nn.structure import leaves
from tinygraph.tensor import Tensor, arrays_of, from_array

BATCHES = {"classic_unet": 4, "resnet18": 32, "mnist_cnn": 128, "mlp_small": 10, "mlp_big": 128}
"""The usual batch; 8 for a model that is not listed."""
ADAM = {"mnist_cnn"}
"""Trained with Adam 1e-3; the others with SGD 0.01."""
FREE_SIZE = 128
"""The height and width of images for a model that takes any."""
MODES = ("train", "infer")


def workload_names() -> list[str]:
    """Every model that can be timed."""
    return list(models.MODELS)


@dataclass(frozen=True)
class Workload:
    """A model in training (loss, gradients, optimizer) or inference (the forward pass)."""

    name: str
    mode: str = "train"
    batch: int | None = None
    backend: str = "llvm"
    threads: int | None = None
    seed: int = 0
    image_size: int | None = None
    """The height and width of the images, for a model that can be built for several."""

    def __post_init__(self) -> None:
        if self.name not in models.MODELS:
            known = ", ".join(workload_names())
            raise TinygraphError(f"there is no workload {self.name!r}; there are {known}")
        if self.mode not in MODES:
            raise TinygraphError(f"a workload is timed in mode train or infer, not {self.mode!r}")
        numbers = (("batch", self.batch), ("threads", self.threads), ("size", self.image_size))
        for what, value in numbers:
            if value is not None and value < 1:
                raise TinygraphError(f"{what} is at least 1, got {value}")

    @property
    def size(self) -> int:
        """The batch."""
        return self.batch if self.batch is not None else BATCHES.get(self.name, 8)

    @property
    def most_threads(self) -> int:
        """The threads that may be used: one for each core if nothing else is said."""
        if self.threads is not None:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @cached_property
    def model(self) -> Model:
        """It gives logits, where it has a choice."""
        known = models.find(self.name).option_names
        options: dict[str, Any] = {"activation": None} if "activation" in known else {}
        if self.image_size is not None and {"image_size", "options"} & {*known}:
            options["image_size"] = self.image_size
        return models.build(self.name, self.seed, **options)

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """Random images and, for training, labels or numbers for each output."""
        rng = np.random.default_rng(self.seed)
        free = self.image_size or FREE_SIZE
        shape = [free if n is None else n for n in self.model.inputs.shape[1:]]
        x = from_array(rng.random((self.size, *shape), np.float32))
        if self.mode == "infer":
            return (x,)
        shapes = [y.shape for y in leaves(self.model(x))]  # builds a graph, computes nothing
        return x, *(from_array(_target(shape, rng)) for shape in shapes)

    @cached_property
    def function(self) -> Jitted:
        """The whole of it, for the inputs."""
        model, backend, threads = self.model, find_backend(self.backend), self.most_threads
        if self.mode == "infer":

            def infer(x: Tensor) -> Tensor:
                return model(x, training=False)

            return jit(infer, backend=backend, threads=threads, example=self.inputs)
        if self.name in ADAM:
            optimizer = optimizers.Adam(1e-3, parameters=model.parameters)
        else:
            optimizer = optimizers.SGD(0.01, parameters=model.parameters)

        def train(x: Tensor, *targets: Tensor) -> Tensor:
            outputs = leaves(model(x, training=True))
            loss = reduce(add, map(_loss, outputs, targets))
            optimizer.apply(grad(loss, optimizer.parameters))
            return loss

        return jit(train, backend=backend, threads=threads, example=self.inputs)

    @cached_property
    def step(self) -> Callable[[], Tensor]:
        """What is timed: runs it once, compiling it the first time."""
        return partial(self.function, *self.inputs)

    @property
    def compiled(self) -> Compiled:
        return self.function.compiled()

    @property
    def flops(self) -> int:
        """Floating-point operations of the convolutions and matrix products, as their equations
        say."""
        return contraction_flops(self.compiled.graph)

    def arrays(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Inputs and outputs for a run of the executable alone, which changes no parameter."""
        traced = self.compiled.traced
        given = [x.numpy() for x in self.inputs]
        inputs = [*given, *arrays_of(traced.parameters), *traced.captured]
        outputs = [np.empty(n.shape, n.dtype.numpy) for n in self.compiled.graph.outputs]
        return inputs, outputs


def _target(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Labels, or for an output with one channel numbers."""
    if shape[-1] == 1:
        return rng.random(shape, np.float32)
    return rng.integers(0, shape[-1], shape[:-1], dtype=np.int32)


def _loss(y: Tensor, target: Tensor) -> Tensor:
    return ((y - target) ** 2).mean() if target.dtype.is_float else cross_entropy(y, target)
