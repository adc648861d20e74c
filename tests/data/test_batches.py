"""tg.data.Batches: order, structures, resuming, augmentation, and background threads."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.data import Batches
from tinygraph.errors import DataError, ShapeError

X = np.arange(20).reshape(10, 2)
Y = np.arange(10)


def background_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("tinygraph-batches")]


def jitter(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator) -> Any:
    """An augmentation that shows which random numbers it was given."""
    draw = rng.integers(1_000_000)
    return image + draw, None if mask is None else mask + draw


def test_one_epoch_in_order() -> None:
    batches = list(Batches(X, Y, batch_size=4))
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    assert np.array_equal(np.concatenate([x for x, _ in batches]), X)
    assert np.array_equal(np.concatenate([y for _, y in batches]), Y)


def test_drop_last() -> None:
    batches = Batches(X, Y, batch_size=4, drop_last=True)
    assert len(batches) == 2
    assert [len(x) for x, _ in batches] == [4, 4]


def test_what_a_batch_is() -> None:
    w = np.linspace(0, 1, 10)
    (x,) = next(iter(Batches(X, batch_size=10)))
    assert np.array_equal(x, X)
    x, y, weight = next(iter(Batches(X, Y, w, batch_size=3)))
    assert np.array_equal(weight, w[:3])
    x, y, weight = next(iter(Batches(X, sample_weight=w, batch_size=3)))
    assert y is None
    assert np.array_equal(x, X[:3])


def test_batches_are_new_arrays() -> None:
    x = X.copy()
    (batch,) = next(iter(Batches(x, batch_size=4)))
    batch[:] = -1
    assert np.array_equal(x, X)


def test_structures_are_kept() -> None:
    x = {"left": X, "right": [X + 1, (X + 2,)]}
    batch, y = list(Batches(x, [Y, tg.tensor(Y)], batch_size=4))[1]
    assert np.array_equal(batch["left"], X[4:8])
    assert np.array_equal(batch["right"][0], X[4:8] + 1)
    assert isinstance(batch["right"][1], tuple)
    assert np.array_equal(batch["right"][1][0], X[4:8] + 2)
    assert isinstance(y, list)
    assert np.array_equal(y[1], Y[4:8])


def test_lists_of_numbers_are_arrays() -> None:
    x, y = next(iter(Batches([[1, 2], [3, 4]], [0, 1], batch_size=2)))
    assert x.tolist() == [[1, 2], [3, 4]]
    assert y.tolist() == [0, 1]


@given(
    n=st.integers(1, 40),
    size=st.integers(1, 40),
    prefetch=st.integers(0, 3),
    workers=st.integers(1, 3),
    drop_last=st.booleans(),
    shuffle=st.booleans(),
)
def test_every_example_once(
    n: int, size: int, prefetch: int, workers: int, drop_last: bool, shuffle: bool
) -> None:
    size = min(size, n)
    batches = Batches(
        np.arange(n),
        batch_size=size,
        shuffle=shuffle,
        prefetch=prefetch,
        workers=workers,
        drop_last=drop_last,
    )
    seen = [x for (x,) in batches]
    assert len(seen) == len(batches)
    assert all(len(x) == size for x in seen[:-1])
    every = np.concatenate(seen)
    kept = n - n % size if drop_last else n
    assert len(set(every)) == len(every) == kept
    if not shuffle:
        assert every.tolist() == list(range(kept))


def test_order_depends_on_seed_and_epoch_alone() -> None:
    def order(**options: Any) -> list[list[int]]:
        batches = Batches(Y, shuffle=True, **{"batch_size": 3, **options})
        return [np.concatenate([x for (x,) in batches]).tolist() for _ in range(3)]

    first = order(seed=5)
    assert first == order(seed=5, batch_size=7, prefetch=0)
    assert first[0] != first[1] != first[2]
    assert first != order(seed=6)
    expected = np.random.default_rng((5, 1)).permutation(10).tolist()
    assert first[1] == expected


def test_epochs_are_counted_and_can_be_set() -> None:
    batches = Batches(Y, batch_size=3, shuffle=True)
    assert batches.epoch == 0
    first, second = list(batches), list(batches)
    assert batches.epoch == 2
    batches.epoch = 1
    again = list(batches)
    assert all(np.array_equal(a, b) for (a,), (b,) in zip(second, again))
    assert not all(np.array_equal(a, b) for (a,), (b,) in zip(first, again))


def test_a_look_at_the_first_batch_moves_nothing() -> None:
    batches = Batches(Y, batch_size=3, shuffle=True)
    (peek,) = next(iter(batches))
    (x,) = next(iter(batches))
    assert np.array_equal(peek, x)
    assert batches.epoch == 0


@pytest.mark.parametrize("done", range(8))
def test_resuming_gives_what_an_undisturbed_run_gives(done: int) -> None:
    """After any number of batches, in one epoch or at its end, with augmentation."""

    def fresh() -> Batches:
        return Batches(
            X.reshape(10, 2, 1), batch_size=3, shuffle=True, seed=9, augment=jitter, workers=2
        )

    def run(batches: Batches, count: int) -> list[Any]:
        got: list[Any] = []
        while len(got) < count:
            for (x,) in batches:
                got.append((x, json.dumps(batches.state())))
                if len(got) == count:
                    break
        return got

    whole = run(fresh(), 12)
    state = json.loads(whole[done][1])
    resumed = fresh()
    resumed.start(**state)
    rest = run(resumed, 11 - done)
    assert len(rest) == 11 - done
    for (a, said), (b, expected) in zip(rest, whole[done + 1 :]):
        assert np.array_equal(a, b)
        assert said == expected


def test_state_counts_what_was_handed_out() -> None:
    batches = Batches(Y, batch_size=3, prefetch=2)
    assert batches.state() == {"epoch": 0, "batch": 0}
    states = [batches.state() for _ in batches]
    assert [state["batch"] for state in states] == [1, 2, 3, 4]
    assert batches.state() == {"epoch": 1, "batch": 0}


def test_augmentation_depends_on_seed_epoch_and_example_alone() -> None:
    images = np.arange(30, dtype=np.int64).reshape(10, 3, 1) * 10_000_000

    def seen(**options: Any) -> list[np.ndarray]:
        batches = Batches(images, augment=jitter, **{"seed": 3, "shuffle": True, **options})
        epochs = [np.concatenate([x for (x,) in batches]) for _ in range(2)]
        return [epoch[epoch[:, 0, 0].argsort()] for epoch in epochs]

    first = seen(batch_size=3)
    for options in ({"batch_size": 1}, {"batch_size": 10, "workers": 4}, {"batch_size": 4}):
        assert all(np.array_equal(a, b) for a, b in zip(first, seen(**options)))
    unshuffled = seen(batch_size=5, prefetch=0, shuffle=False)
    assert all(np.array_equal(a, b) for a, b in zip(first, unshuffled))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], seen(batch_size=3, seed=4)[0])
    draws = (first[0] - images)[:, 0, 0]
    assert len(set(draws)) == 10


def test_masks_are_augmented_with_their_images() -> None:
    images = np.zeros((4, 6, 5), np.int64)
    x, y = next(iter(Batches(images, images + 1, batch_size=4, augment=jitter)))
    assert np.array_equal(y, x + 1)
    assert x.any()


@pytest.mark.parametrize("y", [np.arange(4), np.zeros((4, 6)), np.zeros((4, 5, 6))])
def test_labels_are_no_masks(y: np.ndarray) -> None:
    images = np.zeros((4, 6, 5, 1), np.int64)
    x, same = next(iter(Batches(images, y, batch_size=4, augment=jitter)))
    assert np.array_equal(same, y)
    assert x.any()


def test_augmentation_may_change_the_size_but_not_image_by_image() -> None:
    images = np.zeros((4, 6, 6))
    (x,) = next(iter(Batches(images, batch_size=4, augment=lambda i, m, rng: (i[1:], m))))
    assert x.shape == (4, 5, 6)
    uneven = Batches(images, batch_size=4, augment=lambda i, m, r: (i[r.integers(5) :], m))
    with pytest.raises(ShapeError, match="different shapes, which make no batch"):
        next(iter(uneven))


@pytest.mark.parametrize("prefetch", [0, 1, 3])
@pytest.mark.parametrize("workers", [1, 3])
def test_errors_reach_whoever_asks(prefetch: int, workers: int) -> None:
    def fails(image: np.ndarray, mask: Any, rng: np.random.Generator) -> Any:
        if image[0, 0] == 10:
            raise FloatingPointError("the fifth image")
        return image, mask

    batches = Batches(
        np.arange(20).reshape(10, 2, 1),
        batch_size=2,
        prefetch=prefetch,
        workers=workers,
        augment=fails,
    )
    got: list[Any] = []
    with pytest.raises(FloatingPointError, match="the fifth image"):
        got.extend(iter(batches))
    assert len(got) == 2
    assert background_threads() == []
    assert batches.state() == {"epoch": 0, "batch": 2}


def test_threads_end_with_the_iteration() -> None:
    batches = Batches(Y, batch_size=2, workers=2)
    assert len(list(batches)) == 5
    assert background_threads() == []


def test_threads_end_when_the_loop_is_left() -> None:
    for _ in Batches(Y, batch_size=2, workers=2):
        assert background_threads()
        break
    gc.collect()
    assert background_threads() == []


def test_threads_end_when_the_iterator_is_closed_or_lost() -> None:
    batches = Batches(Y, batch_size=2)
    iterator: Any = iter(batches)
    next(iterator)
    assert background_threads()
    iterator.close()
    assert background_threads() == []

    lost: Any = iter(batches)
    next(lost)
    gone = weakref.ref(lost)
    assert background_threads()
    del lost
    gc.collect()
    assert gone() is None
    assert background_threads() == []


def test_batches_are_not_kept_alive_by_their_threads() -> None:
    batches = Batches(Y, batch_size=2)
    iterator = iter(batches)
    next(iterator)
    gone = weakref.ref(batches)
    del batches, iterator
    gc.collect()
    assert gone() is None


def test_batches_are_made_ahead_and_not_too_far() -> None:
    made = []

    def note(image: np.ndarray, mask: Any, rng: np.random.Generator) -> Any:
        made.append(int(image[0, 0]))
        return image, mask

    iterator = iter(Batches(np.arange(9).reshape(9, 1, 1), batch_size=1, augment=note))
    assert made == []
    next(iterator)
    deadline = time.monotonic() + 5
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert made == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"x": np.zeros((0, 3))}, DataError, "the data set is empty"),
        ({"x": []}, DataError, "the data set is empty"),
        ({"x": {}}, DataError, "there is no data"),
        ({"x": X, "y": np.arange(9)}, ShapeError, "x has 10, y has 9"),
        ({"x": X, "sample_weight": np.ones(3)}, ShapeError, "x has 10, sample_weight has 3"),
        ({"x": [X, X[:4]]}, ShapeError, r"x\[0\] has 10, x\[1\] has 4"),
        ({"x": X, "batch_size": 11}, DataError, "11 is larger than the data set, which has 10"),
        ({"x": X, "batch_size": 0}, DataError, "batch_size must be at least 1"),
        ({"x": X, "batch_size": 2.5}, DataError, "batch_size must be a whole number"),
        ({"x": X, "seed": -1}, DataError, "seed must be at least 0"),
        ({"x": X, "seed": 2**40}, DataError, "seed must be below"),
        ({"x": np.array(["a", "b"])}, DataError, "x must hold numbers"),
        ({"x": np.array([None, {}])}, DataError, "x must hold numbers"),
        ({"x": [[1, 2], [3]]}, DataError, "its rows differ in length"),
        ({"x": 3.0}, DataError, "one entry an example"),
        ({"x": [X, X], "augment": jitter}, DataError, "augment needs x to be one array"),
    ],
)
def test_bad_input(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Batches(**{"batch_size": 2, **arguments})


def test_there_is_no_such_batch() -> None:
    with pytest.raises(DataError, match="an epoch has 5 batches"):
        Batches(Y, batch_size=2).start(0, 6)


def test_a_process_can_end_in_the_middle_of_an_iteration() -> None:
    """With batches under way in the background, and with nothing heavy imported by then."""
    code = (
        "import sys, numpy as np, tinygraph as tg\n"
        "batches = iter(tg.data.Batches(np.arange(100), batch_size=3, workers=2))\n"
        "tg.augment.Flip()(np.zeros((3, 3)), None, np.random.default_rng(0))\n"
        "heavy = {'PIL', 'matplotlib', 'llvmlite', 'rich'} & {*sys.modules}\n"
        "print(next(batches)[0], *heavy)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0 1 2]\n", "")
