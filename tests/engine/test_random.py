"""Random numbers: keys, counters, distributions, dropout."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.functional.random import Generator, bits, normal, uniform


def test_the_bits_are_threefrys() -> None:
    """The published test vector: key and counter 0 give 6b200159 99ba4efe."""
    assert hex(bits(np.zeros(2, np.uint32)).item()) == "0x6b200159"


def test_a_seed_gives_the_same_numbers_and_each_draw_others() -> None:
    one, two = Generator(7), Generator(7)
    first = one.uniform((3,)).numpy()
    np.testing.assert_array_equal(first, two.uniform((3,)).numpy())
    assert not np.array_equal(first, one.uniform((3,)).numpy())
    assert not np.array_equal(first, Generator(8).uniform((3,)).numpy())
    assert not np.array_equal(Generator((7, 1)).bits(3).numpy(), Generator((7, 2)).bits(3).numpy())


def test_the_state_is_explicit() -> None:
    one = Generator(1)
    one.bits(5)
    saved = one.state.numpy()
    later = one.bits(5).numpy()
    two = Generator(99)
    two.state.assign(saved)
    np.testing.assert_array_equal(two.bits(5).numpy(), later)


def test_uniform_and_normal_are_what_they_say() -> None:
    key = Generator(3).key()
    u = uniform(key, (100_000,), -1, 3).numpy()
    assert u.min() >= -1
    assert u.max() < 3
    assert abs(u.mean() - 1) < 0.02
    assert abs(np.histogram(u, 10, (-1, 3))[0] / 10_000 - 1).max() < 0.05
    z = normal(key, (100_000,), mean=2, std=3).numpy()
    assert z.dtype == np.float32
    assert abs(z.mean() - 2) < 0.05
    assert abs(z.std() - 3) < 0.05
    assert abs((np.abs(z - 2) < 3).mean() - 0.6827) < 0.01
    assert np.isfinite(z).all()


def test_dropout() -> None:
    x = tg.ones((200, 200))
    y = tg.dropout(x, 0.25, Generator(0), training=True).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.01
    assert tg.dropout(x, 0.25, Generator(0)) is x
    assert tg.dropout(x, 0.0, training=True) is x
    with pytest.raises(tg.ShapeError, match="rate of at least 0 and below 1"):
        tg.dropout(x, 1.0, Generator(0), training=True)
    with pytest.raises(tg.ShapeError, match="needs a generator"):
        tg.dropout(x, 0.5, training=True)


def test_dropout_drops_the_gradient_of_the_same_elements() -> None:
    x = tg.ones((10, 10))
    y = tg.dropout(x, 0.5, Generator(0), training=True)
    np.testing.assert_array_equal(tg.grad(y.sum(), x).numpy(), y.numpy())


def test_a_jitted_step_advances_the_counter() -> None:
    generator = Generator(5)
    draw = tg.jit(lambda: (generator.bits(4), generator.bits(4)), backend="numpy")
    eager = Generator(5)
    for _ in range(3):
        for got in draw():
            np.testing.assert_array_equal(got.numpy(), eager.bits(4).numpy())
    np.testing.assert_array_equal(generator.state.numpy(), eager.state.numpy())
