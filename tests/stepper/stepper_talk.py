"""Talking with the stepper in tests."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph.stepper.prompt.repl import Repl
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import subject_of


def circuit() -> tg.Tensor:
    """The first circuit of lecture 5: (x + y) * z at -2, 5, -4."""
    x, y, z = tg.tensor(-2.0, name="x"), tg.tensor(5.0, name="y"), tg.tensor(-4.0, name="z")
    return (x + y) * z


def small_net() -> tg.Tensor:
    """A convolution in a module, relu, sum."""
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.normal(size=(1, 5, 5, 2)).astype(np.float32), name="x")
    w = tg.parameter(rng.normal(size=(3, 3, 2, 2)).astype(np.float32), name="w")
    with tg.scope("block"):
        y = tg.relu(tg.conv2d(x, w, padding="same") * x.sum())
    return tg.sum(y)


def session_of(y: Any) -> Session:
    subject = subject_of(y)
    return subject.session()


def talk(lines: Iterable[str], session: Session | None = None, **options: Any) -> str:
    """What is printed when these lines are typed; a bug inside a command is raised."""
    out = io.StringIO()
    Repl(session or session_of(circuit()), out, strict=True, **options).follow(lines)
    return out.getvalue()


def answer_to(line: str, session: Session | None = None, **options: Any) -> str:
    """What is printed below the prompt for one line."""
    said = talk([line], session, **options)
    return said.split(line + "\n", 1)[1].strip("\n")
