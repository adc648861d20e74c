"""A training step of a small U-Net, and the bits of its state."""

from __future__ import annotations

import hashlib

import numpy as np

import tinygraph as tg
from tinygraph.models import classic_unet
from tinygraph.optimizers import Adam


class Training:
    """A net, an optimizer and a compiled step. Step k always sees the same batch."""

    def __init__(self, threads: int | None, base: int = 8, size: int = 64, batch: int = 2) -> None:
        self.model = classic_unet(base, 2, 1)
        self.model.initialize(0)
        self.optimizer = Adam(1e-3, parameters=self.model.parameters)
        self.shape = (batch, size, size)

        @tg.jit(backend="llvm", threads=threads)
        def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
            loss = tg.cross_entropy(self.model(x, training=True), y)
            self.optimizer.apply(tg.grad(loss, self.optimizer.parameters))
            return loss

        self.step = step

    @property
    def done(self) -> int:
        """Steps done."""
        return int(self.optimizer.iterations)

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """What the next step sees."""
        rng = np.random.default_rng(self.done)
        y = rng.integers(0, 2, self.shape, dtype=np.int32)
        noise = rng.normal(size=(*self.shape, 1))
        return (y[..., None] + noise).astype(np.float32), y

    def train(self) -> float:
        """One step; its loss."""
        return float(self.step(*self.batch()))

    def threads(self) -> int:
        """How many threads the step really uses."""
        executable = self.step.compiled(*self.batch()).executable
        return getattr(executable, "threads", 0)

    def bits(self) -> str:
        """A digest of parameters, slots and counters."""
        named = {**self.model.named_parameters(), **self.optimizer.named_state()}
        digest = hashlib.sha256()
        for name, parameter in sorted(named.items()):
            digest.update(name.encode() + parameter.numpy().tobytes())
        return digest.hexdigest()
