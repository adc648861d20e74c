"""The worked backpropagation of lecture 5, number by number, and the exercise after it.

python examples/worked_backprop.py                      all numbers
python examples/worked_backprop.py --draw net.svg       the graph, with its values and gradients
python examples/worked_backprop.py --why F              which way the gradient takes to F
python examples/worked_backprop.py --backend llvm       computed by machine code

A 3x3 image, one 2x2 filter, ReLU, a hidden layer of two neurons without activation, two outputs
with softmax, the label (1, 0), cross-entropy, and one step of gradient descent with rate .5.

Where the slides print another number, both are shown, with a line that says what happened there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import tinygraph as tg
from tinygraph.errors import TinygraphError

Floats = NDArray[np.float64]

RATE = 0.5
IMAGE = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
PARAMETERS = {
    "F": [[0.9, 0.1], [0.1, 0.9]],
    "b1": [0.1],
    "W_h": [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]],
    "b_h": [[0.2], [0.2]],
    "W_o": [[0.1, 0.2], [0.3, 0.4]],
    "b_o": [[0.3], [0.3]],
}
LABEL = [[1], [0]]
"""A column, as everything after the convolution: W @ c + b."""

EXERCISE = {
    "x": [[1, 0, -1], [1, 0, 1], [0, 1, 1]],
    "F": [[-1, 2], [3, 1]],
    "dO": [[-0.2, 0.2], [0.1, -0.1]],
}
TRUE_CLASS = [0.2, 1, 0.7, 0.9, 0.9, 1, 1, 1, 0.9, 1]
"""The probability that each of ten images was given for what it shows."""


@dataclass(frozen=True)
class Net:
    """The parameters by name, and the tensors on the way from the image to the loss."""

    parameters: dict[str, tg.Tensor]
    C: tg.Tensor
    h: tg.Tensor
    z: tg.Tensor
    p: tg.Tensor
    loss: tg.Tensor


def parameters() -> dict[str, tg.Tensor]:
    """The values that the exercise begins with; the filter in the form of one channel to one."""
    arrays = {name: np.array(value, np.float64) for name, value in PARAMETERS.items()}
    arrays["F"] = arrays["F"][..., None, None]
    return {name: tg.parameter(array, name=name) for name, array in arrays.items()}


def network(given: dict[str, tg.Tensor]) -> Net:
    """The forward pass."""
    x = tg.tensor(np.array(IMAGE, np.float64)[None, ..., None], name="x")
    C = tg.relu(tg.conv2d(x, given["F"]) + given["b1"])
    h = given["W_h"] @ C.reshape(4, 1) + given["b_h"]
    z = given["W_o"] @ h + given["b_o"]
    p = tg.softmax(z, axis=0)
    label = tg.tensor(np.array(LABEL, np.float64), name="label")
    return Net(given, C, h, z, p, -tg.sum(label * tg.log(p)))


def numbers(backend: str) -> dict[str, Floats]:
    """Everything that the exercise asks for: C, h, z, p, loss; d... the gradients; new ... after
    the step. `dh from o1` and `dh from o2` are what each output sends back to the hidden layer.
    """
    given = parameters()
    descent = tg.optimizers.SGD(RATE, parameters=[*given.values()])

    @tg.jit(backend=backend)
    def step() -> dict[str, tg.Tensor]:
        net = network(given)
        inner = {"z": net.z, "h": net.h, "C": net.C}
        wanted = {**inner, **given}
        slopes = tg.grad(net.loss, [*wanted.values()])
        found = {**inner, "p": net.p, "loss": net.loss}
        found.update({f"d{name}": slope for name, slope in zip(wanted, slopes)})
        for k in (0, 1):
            only = found["dz"] * np.eye(2)[:, k : k + 1]
            found[f"dh from o{k + 1}"] = tg.grad(net.z, net.h, only)
        descent.apply(slopes[len(inner) :])
        return found

    found = {name: value.numpy().squeeze() for name, value in step().items()}
    found.update({f"new {name}": p.numpy().squeeze() for name, p in given.items()})
    found["new loss"] = step()["loss"].numpy()
    return found


def exercise(backend: str) -> tuple[Floats, Floats]:
    """dF and dX of a convolution, for the dO that comes in from above."""
    x, dO = (np.array(EXERCISE[name], np.float64)[None, ..., None] for name in ("x", "dO"))
    w = np.array(EXERCISE["F"], np.float64)[..., None, None]

    @tg.jit(backend=backend)
    def slopes(x: tg.Tensor, w: tg.Tensor, dO: tg.Tensor) -> Sequence[tg.Tensor]:
        return tg.grad(tg.conv2d(x, w), [w, x], dO)

    dF, dX = slopes(tg.tensor(x), tg.tensor(w), tg.tensor(dO))
    return dF.numpy().squeeze(), dX.numpy().squeeze()


def batch_cross_entropy(backend: str) -> tuple[Floats, float]:
    """-ln p of each image's true class, and the mean."""
    fn = tg.jit(lambda p: (-tg.log(p), -tg.mean(tg.log(p))), backend=backend)
    each, mean = fn(tg.tensor(np.array(TRUE_CLASS, np.float64)))
    return each.numpy(), mean.item()


@dataclass(frozen=True)
class Row:
    """A line of the table; `deck` is what the slides print where that is another number."""

    what: str
    how: str
    value: str
    deck: str = ""
    slip: str = ""


def forward(n: dict[str, Floats]) -> Iterator[Row]:
    yield Row("C", "relu(conv(x, F) + b1)", text(n["C"], 1))
    yield Row("h", "W_h flat(C) + b_h", text(n["h"], 2))
    yield Row("z", "W_o h + b_o", text(n["z"], 3))
    yield Row("p", "softmax(z)", text(n["p"]))
    yield Row("loss", "-ln p1", text(n["loss"]))


def backward(n: dict[str, Floats]) -> Iterator[Row]:
    yield Row("dz", "p - label", text(n["dz"]))
    slip = "the slides round dz to .705 before they multiply"
    yield Row("dW_o", "dz h, swapped", text(n["dW_o"]), "-.9165, -2.1573", slip)
    yield Row("db_o", "dz", text(n["db_o"]))
    yield Row("dh from o1", "W_o's first row dz1", text(n["dh from o1"]))
    slip = "cut, not rounded; and one output's share only: both add up at the copy gate, to .141"
    yield Row("dh from o2", "W_o's second row dz2", text(n["dh from o2"]), ".211, .282", slip)
    yield Row("dh", "their sum", text(n["dh"], 6))
    yield Row("dW_h", "dh flat(C), swapped", text(n["dW_h"]))
    yield Row("db_h", "dh", text(n["db_h"], 6), ".1428", "it is dh; the new bias, .1295, is right")
    yield Row("dC", "W_h's columns dh", text(n["dC"], 6))
    slip = "typing errors: .5238 is .2538 with digits swapped, .238 lacks one"
    yield Row("dF", "conv(x, dC)", text(n["dF"], 6), "dF1 .5238, dF4 .238", slip)
    yield Row("db1", "sum of dC", text(n["db1"], 6))


def after_the_step(n: dict[str, Floats]) -> Iterator[Row]:
    yield Row("F", "F - .5 dF", text(n["new F"]))
    yield Row("b1", "b1 - .5 db1", text(n["new b1"]))
    slip = "the fifth is .5 - .5 · .268 = .366"
    yield Row("W_h", "W_h - .5 dW_h", text(n["new W_h"]), "wh5 .364", slip)
    yield Row("b_h", "b_h - .5 db_h", text(n["new b_h"]))
    slip = "it is .4 - .5 · 2.158 = -.679; the .9996 and 2.256 on the last slide are not dW_o"
    yield Row("W_o", "W_o - .5 dW_o", text(n["new W_o"]), "wo4 -.7678", slip)
    slip = "digits swapped in .652; .352 not taken from .3 (on the last slide it is)"
    yield Row("b_o", "b_o - .5 db_o", text(n["new b_o"]), "bo1 .625, bo2 -.352", slip)
    slip = "no step: each output keeps its own; the mean stays .3 because dz adds up to 0"
    yield Row("mean b_o", "", text(n["new b_o"].mean()), "bo = (bo1 + bo2) / 2 = .3 !!", slip)
    yield Row("loss", "of the same image, now", text(n["new loss"]))


def tables(backend: str) -> Iterator[tuple[str, list[Row]]]:
    """All titles with their rows."""
    n = numbers(backend)
    yield "forward", [*forward(n)]
    yield "backward: dX is how much the loss changes with X", [*backward(n)]
    yield "after one step of gradient descent, rate .5", [*after_the_step(n)]
    dF, dX = exercise(backend)
    of_x = Row("dX", "full conv(dO, F turned by 180°)", text(dX, 1))
    yield "the exercise", [Row("dF", "conv(x, dO)", text(dF, 1)), of_x]
    each, mean = batch_cross_entropy(backend)
    row = Row(
        "-ln p", "of ten images", text(each.reshape(2, 5), 3), ".356 for .7", "cut, not rounded"
    )
    yield "cross-entropy of a batch", [row, Row("mean", "the batch's loss", text(mean, 4))]


def text(values: Floats | float, digits: int = 5) -> str:
    """Numbers as a row, a matrix as rows; no minus at a zero."""
    array = np.round(np.asarray(values, np.float64), digits) + 0.0
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    cells = [[f"{value:.{digits}f}" for value in row] for row in rows]
    width = max(len(cell) for row in cells for cell in row)
    if len(cells) == 1:
        return "  ".join(cells[0])
    return "\n".join("  ".join(cell.rjust(width) for cell in row) for row in cells)


def show(console: Console, title: str, rows: Sequence[Row]) -> None:
    """A table; plain where no terminal is. What the slides print stands below our number."""
    if not console.is_terminal:
        console.print(f"\n{title}", highlight=False, soft_wrap=True)
        for row in rows:
            first, *others = row.value.splitlines() or [""]
            lines = [f"  {row.what:<11} {row.how:<31} {first}".rstrip()]
            lines += [" " * 46 + other for other in others]
            if row.deck:
                lines += [f"{'':14}slides: {row.deck}", f"{'':14}  {row.slip}"]
            console.print("\n".join(lines), highlight=False, soft_wrap=True, markup=False)
        return
    table = Table("what", "how", "value", title=title, title_justify="left")
    table.columns[2].min_width = max(len(line) for row in rows for line in row.value.splitlines())
    for row in rows:
        value = row.value
        if row.deck:
            value += f"\n[yellow]slides: {escape(row.deck)}[/]\n[dim]{escape(row.slip)}[/]"
        table.add_row(f"[bold]{row.what}[/]", row.how, value)
    console.print(table)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draw", metavar="FILE", help="draws the graph: .svg, .png, .pdf")
    parser.add_argument("--why", choices=[*PARAMETERS], help="the way of the gradient to it")
    parser.add_argument("--backend", default="numpy", help="numpy or llvm (default numpy)")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    args = arguments(given)
    console = Console()
    try:
        for title, rows in tables(args.backend):
            show(console, title, rows)
        net = network(parameters())
        if args.why:
            way = tg.why(net.loss, net.parameters[args.why])
            console.print(f"\n{way}", highlight=False, soft_wrap=True, markup=False)
        if args.draw:
            path = tg.draw(net.loss, detail="modules", direction="TB").save(args.draw)
            console.print(f"\nwritten: {path}", highlight=False, soft_wrap=True)
    except (OSError, TinygraphError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
