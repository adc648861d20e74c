"""Records the stepper at work as pictures, into docs/images or the folder given.

python examples/step_sessions.py [FOLDER]
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from draw_neuron import neuron
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

import tinygraph as tg
from tinygraph.stepper.prompt.interpreter import Interpreter
from tinygraph.stepper.screen.whole import screen
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import subject_of

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH = 80

# As rich's own, but for fonts that would be loaded from elsewhere.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; }}
.{unique_id}-matrix {{ line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True)
class Picture:
    """A screen of the stepper: of which circuit, and what was typed before."""

    name: str
    circuit: Callable[[], tg.Tensor]
    lines: tuple[str, ...] = ()
    height: int = 24


def convolution() -> tg.Tensor:
    """Lecture 1: a 3x3 kernel on a 5x5 image."""
    X = [[5, 4, 3, 8, 2], [8, 1, 2, 4, 1], [1, 7, 3, 2, 6], [2, 4, 0, 1, 4], [3, 1, 7, 3, 2]]
    K = [[1, 0, 1], [0, 2, 1], [0, 0, 2]]
    x = tg.tensor(np.array(X, np.float32)[None, ..., None], name="X")
    return tg.conv2d(x, tg.parameter(np.array(K, np.float32)[..., None, None], name="K"))


def cross_entropy() -> tg.Tensor:
    """By hand, as one should not: the logarithm of a probability that is 0, times a label of 0."""
    score = tg.tensor([3.2, 5.1, -170.0], name="score")
    label = tg.tensor([1.0, 0.0, 0.0], name="label")
    return -tg.sum(label * tg.log(tg.softmax(score)))


PICTURES = (
    Picture("first", neuron),
    Picture("forward", neuron, ("next 4",)),
    Picture("backward", neuron, ("next 12",)),
    Picture("why", convolution, ("end", "why K[1,1,0,0]")),
    Picture("pixel", convolution, ("into conv_1[0,1,1,0]", "next 10"), 32),
    Picture("nudge", neuron, ("end", "nudge w1 0.1")),
    Picture("nan", cross_entropy, ("break isnan", "continue", "origin .")),
)


def recorded(picture: Picture) -> str:
    """The picture as SVG: the screen, the answers to the last line, and the prompt."""
    subject = subject_of(picture.circuit())
    session = Session(subject.journal, subject.title, subject.notes)
    interpreter = Interpreter(session, strict=True)
    answers = []
    for line in picture.lines:
        answers = [*interpreter.run(line)]
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(screen(session, WIDTH, picture.height))
    for answer in answers:
        for line in answer.lines:
            console.print(Text(line) if isinstance(line, str) else line, highlight=False)
    console.print(f"{session.cursor}/{len(session.journal)}> ", highlight=False)
    return console.export_svg(
        title="; ".join(picture.lines) or "python -m tinygraph step neuron.py",
        theme=DEFAULT_TERMINAL_THEME,
        code_format=SVG,
        unique_id=f"stepper-{picture.name}",
    )


def main(folder: Path = IMAGES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = folder / f"stepper_{picture.name}.svg"
        path.write_text(recorded(picture), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
