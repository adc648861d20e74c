"""Where batches come from: arrays, a `tg.data.Batches`, or anything that can be gone through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np

from tinygraph.data.batches import Batches
from tinygraph.data.examples import Examples, TrainTest, TrainValidationTest
from tinygraph.errors import DataError
from tinygraph.nn.structure import leaves
from tinygraph.tensor import Tensor
from tinygraph.training.batch import Batch, as_batch, batch_of


class Feed(Protocol):
    """Batches of one epoch after the other."""

    steps: int | None
    """Batches an epoch, None if not known."""

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from number `start` on; they depend on nothing else."""
        ...

    def first(self) -> Batch:
        """A batch like those to come, without taking it away."""
        ...

    def examples(self, epoch: int, number: int) -> np.ndarray | None:
        """Which examples of the data a batch has, None if not known."""
        ...

    def facts(self) -> dict[str, Any]:
        """What must be the same in a run that is resumed."""
        ...


class BatchesFeed:
    """A `tg.data.Batches`, which shuffles and augments by itself."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self.steps: int | None = len(batches)
        if not self.steps:
            raise DataError("the data set is empty: there are no batches")

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        self._batches.start(epoch, start)
        return map(batch_of, self._batches)

    def first(self) -> Batch:
        return _some(self.batches(0))

    def examples(self, epoch: int, number: int) -> np.ndarray | None:
        size = self._batches.batch_size
        return self._batches.order(epoch)[number * size : (number + 1) * size]

    def facts(self) -> dict[str, Any]:
        batches = self._batches
        names = ("examples", "batch_size", "shuffle", "seed", "drop_last")
        return {name: getattr(batches, name) for name in names}


class IterableFeed:
    """An iterable of batches; each epoch goes through it anew.

    An iterator can be gone through once: the epochs share what it gives.
    """

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable
        self._once = iter(iterable) if iter(iterable) is iterable else None
        self.given = 0
        """How many batches an iterator has given."""
        length = getattr(iterable, "__len__", None)
        self.steps: int | None = length() if length is not None else None
        if self.steps == 0:
            raise DataError("the data set is empty: there are no batches")

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        if self._once is None:
            return islice(map(batch_of, iter(self._iterable)), start, None)
        return islice(self._rest(), max(0, start - self.given), None)  # a resumed run's are gone

    def first(self) -> Batch:
        if self._once is None:
            return _some(self.batches(0))
        first = next(self._once, None)
        if first is None:
            raise DataError("the data set is empty: it gave no batch")
        self._once = chain([first], self._once)
        return batch_of(first)

    def examples(self, epoch: int, number: int) -> np.ndarray | None:
        return None

    def facts(self) -> dict[str, Any]:
        return {"steps": self.steps}

    @property
    def is_once(self) -> bool:
        """Whether it can be gone through once only."""
        return self._once is not None

    def _rest(self) -> Iterator[Batch]:
        assert self._once is not None
        for item in self._once:
            self.given += 1
            yield batch_of(item)


class StepsFeed:
    """Epochs of a given number of batches, whatever the data's own epochs are."""

    def __init__(self, feed: Feed, steps: int) -> None:
        self._feed = feed
        self.steps: int | None = steps

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        steps = self.steps or 0
        return islice(self._from(epoch * steps + start), steps - start)

    def first(self) -> Batch:
        return self._feed.first()

    def examples(self, epoch: int, number: int) -> np.ndarray | None:
        position, each = epoch * (self.steps or 0) + number, self._feed.steps
        return None if each is None else self._feed.examples(*divmod(position, each))

    def facts(self) -> dict[str, Any]:
        return {**self._feed.facts(), "steps_per_epoch": self.steps}

    def _from(self, position: int) -> Iterator[Batch]:
        """All batches from a position on, the data's epochs one after the other."""
        feed = self._feed
        if isinstance(feed, IterableFeed) and feed.is_once:
            yield from islice(feed.batches(0), max(0, position - feed.given), None)
        elif feed.steps is None:
            yield from islice(_again_and_again(feed), position, None)
        else:
            epoch, start = divmod(position, feed.steps)
            while True:
                yield from feed.batches(epoch, start)
                epoch, start = epoch + 1, 0


def feed_of(
    data: Batch, batch_size: int | None, shuffle: bool, seed: int, steps: int | None = None
) -> Feed:
    """The feed for what a user gave as x, y and sample_weight, in batches of 32 if nothing is said.

    A `DataError` where a batch is larger than the data set.
    """
    feed: Feed
    if isinstance(data.x, Examples | TrainTest | TrainValidationTest):
        part = "" if isinstance(data.x, Examples) else " of one part"
        raise DataError(
            f"x is a data set; give the arrays{part}, as in x, y = examples.scaled(); got {data.x}"
        )
    if _is_arrays(data):
        feed = BatchesFeed(_batches_of(data, batch_size, shuffle, seed))
    else:
        if data.y is not None or data.weight is not None:
            raise DataError("y and sample_weight come with x, where x gives batches (x, y, weight)")
        if batch_size is not None:
            raise DataError(f"x gives batches that are made already; leave out {batch_size=}")
        feed = BatchesFeed(data.x) if isinstance(data.x, Batches) else IterableFeed(data.x)
    if steps is None:
        return feed
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise DataError(f"steps_per_epoch is a number of at least 1, got {steps!r}")
    return StepsFeed(feed, steps)


def _is_arrays(data: Batch) -> bool:
    """Whether x is data itself, not something that gives batches of it."""
    x = data.x
    if isinstance(x, Batches):
        return False
    if isinstance(x, np.ndarray | Tensor | dict) or data.y is not None:
        return True
    if isinstance(x, list | tuple):
        return not x or not isinstance(x[0], tuple)
    if not isinstance(x, Iterable):
        raise DataError(
            f"x is an array, a list or dict of arrays, or gives batches (x, y); got {x!r}"
        )
    return hasattr(x, "__array__")


def _batches_of(data: Batch, batch_size: int | None, shuffle: bool, seed: int) -> Batches:
    x, y, weight = as_batch(*data)
    size = min(32, max(1, _count(x))) if batch_size is None else batch_size
    return Batches(x, y, weight, size, shuffle, seed, prefetch=0)


def at_most(batch_size: int | None, data: Batch) -> int | None:
    """The batch size, cut to the data set; None where the data come in batches."""
    if isinstance(data.x, Examples | TrainTest | TrainValidationTest) or not _is_arrays(data):
        return None
    if not isinstance(batch_size, int):
        return batch_size
    return min(batch_size, max(1, _count(as_batch(*data).x)))


def _count(x: Any) -> int:
    return len(next(leaves(x)))


def _again_and_again(feed: Feed) -> Iterator[Batch]:
    epoch, found = 0, True
    while found:
        found = False
        for batch in feed.batches(epoch):
            found = True
            yield batch
        epoch += 1


def _some(batches: Iterator[Batch]) -> Batch:
    for batch in batches:
        return batch
    raise DataError("the data set is empty: it gave no batch")
