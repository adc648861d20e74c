"""Section 1, pooling and its opposites, on numpy and llvm."""

from __future__ import annotations

import numpy as np
from section_1 import both_backends, compiled, image, plain

import tinygraph as tg

FOUR = [[1, 2, 4, 1], [7, 3, 2, 6], [4, 0, 1, 4], [1, 7, 3, 2]]
REMEMBERED = [[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]]
SMALL = [[1, 2], [3, 4]]


@both_backends
def test_max_pooling(backend: str) -> None:
    y = compiled(backend, lambda x: tg.max_pool2d(x, 2, 1), image(FOUR))
    assert plain(y) == [[7, 4, 6], [7, 3, 6], [7, 7, 4]]


@both_backends
def test_mean_and_sum_pooling(backend: str) -> None:
    mean = compiled(backend, lambda x: tg.avg_pool2d(x, 2), image(FOUR))
    total = compiled(backend, lambda x: tg.sum_pool2d(x, 2), image(FOUR))
    assert plain(mean) == [[3.25, 3.25], [3, 2.5]]
    assert plain(total) == [[13, 13], [12, 10]]
    assert plain(compiled(backend, lambda x: tg.max_pool2d(x, 2), image(FOUR))) == [[7, 6], [7, 4]]


@both_backends
def test_overlapping_pooling(backend: str) -> None:
    """f=3, s=2, as AlexNet has it: 55 -> 27 -> 13 -> 6; and lecture 3's 224 -> 112 with f=2."""
    x = image(np.arange(25).reshape(5, 5))
    assert plain(compiled(backend, lambda x: tg.max_pool2d(x, 3, 2), x)) == [[12, 14], [22, 24]]
    sizes = [int(tg.output_size(n, 3, 2)) for n in (55, 27, 13)]
    assert sizes == [27, 13, 6]
    assert int(tg.output_size(224, 2, 2)) == 112


@both_backends
def test_global_pooling(backend: str) -> None:
    x = tg.tensor(np.stack([FOUR, np.eye(4)], -1)[None].astype(np.float32))
    assert compiled(backend, tg.global_avg_pool2d, x).numpy().tolist() == [[3, 0.25]]
    assert compiled(backend, tg.global_max_pool2d, x).numpy().tolist() == [[7, 1]]


@both_backends
def test_the_gradient_is_routed_to_the_winner(backend: str) -> None:
    x, g = image(FOUR), image([[1, 2], [3, 4]])
    best = compiled(backend, lambda x, g: tg.grad((tg.max_pool2d(x) * g).sum(), x), x, g)
    assert plain(best) == [[0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 4], [0, 3, 0, 0]]
    mean = compiled(backend, lambda x, g: tg.grad((tg.avg_pool2d(x) * g).sum(), x), x, g)
    assert plain(mean) == [[0.25, 0.25, 0.5, 0.5]] * 2 + [[0.75, 0.75, 1, 1]] * 2


@both_backends
def test_the_gradient_of_overlapping_pools_adds_up(backend: str) -> None:
    x = image(FOUR)
    g = compiled(backend, lambda x: tg.grad(tg.max_pool2d(x, 2, 1).sum(), x), x)
    assert plain(g) == [[0, 0, 1, 0], [2, 1, 0, 2], [0, 0, 0, 1], [0, 2, 0, 0]]


@both_backends
def test_max_unpooling(backend: str) -> None:
    x = image(REMEMBERED)
    assert plain(compiled(backend, tg.max_pool2d, x)) == [[5, 6], [7, 8]]
    position = compiled(backend, tg.max_pool_position2d, x)
    assert plain(position) == [[3, 0], [2, 3]]
    back = compiled(backend, lambda y, at: tg.max_unpool2d(y, at, 4), image(SMALL), position)
    assert plain(back) == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


@both_backends
def test_bed_of_nails_and_nearest_neighbour(backend: str) -> None:
    nails = compiled(backend, tg.bed_of_nails, image(SMALL))
    assert plain(nails) == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    near = compiled(backend, tg.upsample_nearest, image(SMALL))
    assert plain(near) == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
