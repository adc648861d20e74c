"""Batches to train on: seeded order, augmentation, and the next ones made in the background."""

from __future__ import annotations

import operator
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.data.structure import examples_of, mapped, to_arrays
from tinygraph.errors import DataError, ShapeError

__all__ = ["Augment", "Batches", "sample_rng"]

Array = NDArray[Any]
Augment = Callable[[Array, "Array | None", np.random.Generator], "tuple[Array, Array | None]"]
"""From an image, its mask (None where there is none) and random numbers to a changed pair."""

THREADS = "tinygraph-batches"
"""How the names of the background threads begin."""


def sample_rng(seed: int, epoch: int, sample: int) -> np.random.Generator:
    """The random numbers with which one example is augmented in one epoch, and nothing else is."""
    # NumPy fills short keys up with zeros, so (seed, epoch, 0) would be the key of the order.
    return np.random.default_rng((seed, epoch, sample + 1))


class Batches:
    """The examples in batches. Going through it once gives one epoch:

        for x, y in tg.data.Batches(images, labels, batch_size=32, shuffle=True): ...

    x, y and sample_weight are arrays whose first axis counts the examples, or lists, tuples or
    dicts of such arrays; y and sample_weight may be None. Each batch is a tuple (x,), (x, y) or
    (x, y, sample_weight) of new arrays (sample_weight without y: (x, None, sample_weight)). The
    last batch is shorter if the examples do not divide; `drop_last` leaves it out.

    The order depends on (seed, epoch) alone. `augment(image, mask, rng)` gets each x, and each y
    as its mask if y has the same height and width; other y stay as they are. Its random numbers
    depend on (seed, epoch, example) alone: so neither the batch size, nor `workers`, nor
    resuming changes what an example looks like.

    `prefetch` batches at most are made ahead by `workers` threads, which end with the iteration,
    also if it is left early; what goes wrong in them is raised where the batch is asked for.
    With `prefetch=0` there is no thread.

    epoch     the epoch that the next iteration gives; may be set
    state()   where the last iteration is; `start(**state)` goes on from there, bit for bit

    A `DataError` for no examples, or a batch larger than the data; a `ShapeError` where x, y and
    sample_weight differ in length.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int = 0,
        augment: Augment | None = None,
        prefetch: int = 2,
        drop_last: bool = False,
        workers: int = 1,
    ) -> None:
        self.parts = {
            name: to_arrays(value, name)
            for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight))
            if value is not None
        }
        self.examples = examples_of(self.parts)
        self.batch_size = _count(batch_size, "batch_size", 1)
        self.shuffle = shuffle
        self.seed = _count(seed, "seed", 0)
        if self.seed >= 2**32:
            raise DataError(f"seed must be below 2**32, got {seed}")
        self.augment = augment
        self.prefetch = _count(prefetch, "prefetch", 0)
        self.workers = _count(workers, "workers", 1)
        self.drop_last = drop_last
        if self.batch_size > self.examples:
            raise DataError(
                f"batch_size={batch_size} is larger than the data set, which has {self.examples} "
                f"examples; batch_size={self.examples} or less fits"
            )
        if augment is not None and not isinstance(self.parts["x"], np.ndarray):
            raise DataError("augment needs x to be one array of images, not several inputs")
        self.start()

    def __len__(self) -> int:
        """How many batches an epoch has."""
        whole, rest = divmod(self.examples, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        return f"<Batches: {self.examples} examples, {len(self)} batches of {self.batch_size}>"

    @property
    def epoch(self) -> int:
        return self._epoch

    @epoch.setter
    def epoch(self, value: int) -> None:
        self.start(value)

    def state(self) -> dict[str, int]:
        """The epoch of the last iteration, and how many of its batches were handed out."""
        return {"epoch": self._epoch, "batch": self._batch}

    def start(self, epoch: int = 0, batch: int = 0) -> None:
        """The next iteration gives what is left of an epoch from this batch on."""
        self._epoch = _count(epoch, "epoch", 0)
        self._batch = self._first = _count(batch, "batch", 0)
        if batch > len(self):
            raise DataError(f"there is no batch {batch}: an epoch has {len(self)} batches")

    def order(self, epoch: int) -> NDArray[np.intp]:
        """In which order an epoch takes the examples."""
        if not self.shuffle:
            return np.arange(self.examples)
        return np.random.default_rng((self.seed, epoch)).permutation(self.examples)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        first, self._first = self._first, 0
        self._batch = first
        return self._iterate(self._epoch, first)

    def _iterate(self, epoch: int, first: int) -> Iterator[tuple[Any, ...]]:
        order = self.order(epoch)
        numbers = range(first, len(self))
        for number, batch in zip(numbers, self._made(epoch, order, numbers)):
            self._epoch, self._batch = epoch, number + 1
            yield batch
        self.start(epoch + 1)

    def _made(
        self, epoch: int, order: NDArray[np.intp], numbers: range
    ) -> Iterator[tuple[Any, ...]]:
        """The batches in turn; no more than `prefetch` are made before they are asked for."""

        def make(number: int) -> tuple[Any, ...]:
            start = number * self.batch_size
            return self._batch_of(order[start : start + self.batch_size], epoch)

        if self.prefetch == 0:
            yield from map(make, numbers)
            return
        pool = ThreadPoolExecutor(min(self.workers, self.prefetch), thread_name_prefix=THREADS)
        ahead: deque[Future[tuple[Any, ...]]] = deque()
        try:
            for number in numbers:
                ahead.append(pool.submit(make, number))
                if len(ahead) > self.prefetch:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            # The garbage collector may have come here in one of the threads themselves.
            inside = threading.current_thread().name.startswith(THREADS)
            pool.shutdown(wait=not inside, cancel_futures=True)

    def _batch_of(self, which: NDArray[np.intp], epoch: int) -> tuple[Any, ...]:
        chosen = {
            name: mapped(part, lambda array: array[which]) for name, part in self.parts.items()
        }
        if self.augment is not None:
            chosen["x"], chosen["y"] = self._augmented(chosen["x"], chosen.get("y"), which, epoch)
        if "sample_weight" in chosen:
            return chosen["x"], chosen.get("y"), chosen["sample_weight"]
        if chosen.get("y") is None:
            return (chosen["x"],)
        return chosen["x"], chosen["y"]

    def _augmented(
        self, images: Array, y: Any, which: NDArray[np.intp], epoch: int
    ) -> tuple[Array, Any]:
        assert self.augment is not None
        masks = y if _are_masks(images, y) else [None] * len(images)
        pairs = [
            self.augment(image, mask, sample_rng(self.seed, epoch, int(sample)))
            for image, mask, sample in zip(images, masks, which)
        ]
        changed = _stacked([image for image, _ in pairs])
        return changed, (_stacked([mask for _, mask in pairs]) if masks is y else y)


def _are_masks(images: Array, y: Any) -> bool:
    """Whether y has a value for each pixel of the images."""
    return isinstance(y, np.ndarray) and y.ndim >= 3 and y.shape[1:3] == images.shape[1:3]


def _stacked(arrays: list[Any]) -> Array:
    for array in arrays:
        if np.shape(array) != np.shape(arrays[0]):
            raise ShapeError(
                "augment gave arrays of different shapes, which make no batch: "
                f"{list(np.shape(arrays[0]))} and {list(np.shape(array))}"
            )
    return np.stack(arrays)


def _count(value: int, name: str, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise DataError(f"{name} must be a whole number, got {value!r}") from None
    if number < least:
        raise DataError(f"{name} must be at least {least}, got {value}")
    return number
