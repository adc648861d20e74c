"""A training run as a program of its own, to be killed.

    python resumed_run.py FOLDER BACKEND [STEPS_BETWEEN_CHECKPOINTS] [SLEEP]

Dropout, batch normalisation, Adam with a schedule, augmentation, shuffling, a callback that stops
and one that changes nothing but files. Prints a digest of all weights and of the history.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np

import tinygraph as tg
from tinygraph import callbacks, nn


def turned(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator) -> tuple:
    """An augmentation: quarter turns, noise."""
    return np.rot90(image, int(rng.integers(4))) + rng.normal(0, 0.1, image.shape), mask


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 52)
    x = rng.normal(size=(52, 6, 6, 1)) + y[:, None, None, None] * np.eye(6)[..., None]
    return x.astype(np.float32), y


def model() -> nn.Model:
    net = nn.Sequential(
        [
            nn.Input((6, 6, 1)),
            nn.Conv2D(4, 3),
            nn.BatchNormalization(),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Flatten(),
            nn.Dense(2, "softmax"),
        ]
    )
    net.initialize(5)
    return net


def main(folder: Path, backend: str, between: int, sleep: float) -> None:
    net = model()
    x, y = data()
    batches = tg.data.Batches(x[:40], y[:40], batch_size=8, shuffle=True, seed=3, augment=turned)
    rate = tg.optimizers.schedules.ExponentialDecay(0.01, 7, 0.9)
    net.compile(
        tg.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        ["accuracy"],
        backend=backend,
        threads=1,
    )
    slow = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(sleep))
    history = net.fit(
        batches,
        validation_data=(x[40:], y[40:]),
        epochs=8,
        verbose=0,
        resume=tg.training.Resume(folder / "run", seconds=None, steps=between),
        callbacks=[
            callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
            callbacks.CSVLogger(folder / "log.csv"),
            callbacks.TensorBoard(folder / "logs", update_freq="batch"),
            slow,
        ],
    )
    digest = hashlib.sha256()
    assert net.optimizer.iterations is not None
    for name, parameter in sorted(
        {**net.named_parameters(), **net.optimizer.named_state()}.items()
    ):
        digest.update(name.encode() + parameter.numpy().tobytes())
    print(json.dumps([digest.hexdigest(), history.epoch, history.history]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
