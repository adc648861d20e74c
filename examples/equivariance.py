"""Move the image: what a convolution makes of it moves along, what max pooling keeps stays.

    python examples/equivariance.py                     numbers, and equivariance.png
    python examples/equivariance.py --number 7 --shift 3

Lectures 2 and 3: convolution is *equivariant* under translation, exactly; max pooling is *partly
invariant*: the wider its windows, the less its output changes, and with one window over
everything (global max pooling) a thing may stand anywhere.

The moved image is another window of the same photograph, so nothing is wrapped around.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tinygraph as tg
from tinygraph.data import nuclei
from tinygraph.errors import DataError, TinygraphError

Floats = NDArray[np.float32]
SIDE = 128
MOST = 16
POOLS = (1, 2, 4, 8, 16)
KERNEL = np.array([[1, 0, -1]] * 3, np.float32)[:, :, None, None]


def window(photograph: Floats, down: int, right: int) -> Floats:
    """The photograph moved by (down, right), as an image [1,SIDE,SIDE,1] cut out of its middle."""
    top, left = MOST - down, MOST - right
    return photograph[None, top : top + SIDE, left : left + SIDE, None]


def convolved(backend: str) -> Callable[[Floats], Floats]:
    """relu(conv2d(x, vertical edges)): [1,H,W,1] -> [1,H-2,W-2,1]."""
    layer = tg.jit(lambda x: tg.relu(tg.conv2d(x, KERNEL)), backend=backend)
    return lambda x: layer(tg.tensor(x)).numpy()


def pooled(backend: str, size: int) -> Callable[[Floats], Floats]:
    """Max pooling with windows of `size`; 0 for one window over everything."""
    if size == 1:
        return lambda x: x
    pool = tg.global_max_pool2d if size == 0 else lambda x: tg.max_pool2d(x, size)
    layer = tg.jit(pool, backend=backend)
    return lambda x: layer(tg.tensor(x)).numpy()


def largest_difference(y: Floats, z: Floats, shift: int) -> float:
    """Between z and y moved by (shift, shift), where both are known."""
    rest = y.shape[1] - shift
    return float(np.abs(z[:, shift:, shift:] - y[:, :rest, :rest]).max())


def change(y: Floats, z: Floats) -> float:
    """Mean change, as a part of the mean of what was there before."""
    return float(np.abs(z - y).mean() / np.abs(y).mean())


def table(
    photograph: Floats, shifts: Sequence[int], backend: str
) -> list[tuple[int, float, list[float]]]:
    """For each shift: the largest difference to the moved map, and how much pooled maps change."""
    layer = convolved(backend)
    pools = [pooled(backend, size) for size in (*POOLS, 0)]
    y = layer(window(photograph, 0, 0))
    rows = []
    for shift in shifts:
        z = layer(window(photograph, shift, shift))
        changes = [change(pool(y), pool(z)) for pool in pools]
        rows.append((shift, largest_difference(y, z, shift), changes))
    return rows


def print_table(name: str, rows: Sequence[tuple[int, float, list[float]]]) -> None:
    print(f"{name}, relu(conv2d(x, vertical edges)), moved down and right by so many pixels")
    print("  largest difference between conv(moved x) and moved conv(x), and")
    print("  how much the map changes after max pooling with windows of")
    sizes = [f"{size} x {size}" for size in POOLS]
    print(f"  {'shift':>5}  {'difference':>10}  " + "".join(f"{s:>9}" for s in (*sizes, "all")))
    for shift, difference, changes in rows:
        cells = "".join(f"{100 * part:8.1f}%" for part in changes)
        print(f"  {shift:>5}  {difference:>10.0f}  {cells}")


def save_figure(path: Path, photograph: Floats, shift: int, backend: str) -> None:
    """Two rows, the image and the moved image: itself, its map, and its map pooled."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layer = convolved(backend)
    sizes = POOLS[1:]
    figure = Figure(figsize=(2.4 * (2 + len(sizes)), 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2 + len(sizes))
    for row, moved in zip(axes, (0, shift)):
        x = window(photograph, moved, moved)
        y = layer(x)
        titles = [f"moved by {moved}" if moved else "the image", "convolution"]
        maps = [x, y, *(pooled(backend, size)(y) for size in sizes)]
        titles += [f"max pooling {size} x {size}" for size in sizes]
        for axis, values, title in zip(row, maps, titles):
            axis.imshow(values[0, ..., 0], cmap="gray", vmin=0, vmax=maps[0].max())
            axis.set_title(title, fontsize=9)
            axis.set_axis_off()
    figure.savefig(path, dpi=110)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Translation: convolution is equivariant, max pooling partly invariant."
    )
    parser.add_argument(
        "--number", type=int, default=0, help="which of the 30 shipped test images (default 0)"
    )
    parser.add_argument(
        "--shift", type=int, default=2, help=f"pixels, 1 to {MOST}, for the figure (default 2)"
    )
    parser.add_argument(
        "--out", default="equivariance.png", metavar="FILE", help='the figure; "" for none'
    )
    parser.add_argument("--backend", default="llvm", help="numpy or llvm (default llvm)")
    return parser.parse_args(given)


def chosen_photograph(number: int, shift: int) -> tuple[str, Floats]:
    test = nuclei().test
    if not 0 <= number < len(test):
        raise DataError(f"there are {len(test)} test images, numbered from 0; {number} is none")
    if not 1 <= shift <= MOST:
        raise DataError(f"the shift is 1 to {MOST} pixels, got {shift}")
    return f"nuclei {number} ({test.kinds[number]})", test.images[number].astype(np.float32)


def main(given: Sequence[str] | None = None) -> int:
    args = arguments(given)
    try:
        name, photograph = chosen_photograph(args.number, args.shift)
        rows = table(photograph, sorted({1, 2, 4, 8, args.shift}), args.backend)
    except TinygraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print_table(name, rows)
    if args.out:
        try:
            save_figure(Path(args.out), photograph, args.shift, args.backend)
        except (OSError, ValueError) as error:  # no such folder, no such kind of picture
            print(f"error: cannot write {args.out}: {error}", file=sys.stderr)
            return 1
        print(f"written: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
