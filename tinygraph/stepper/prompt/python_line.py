"""What `!` does: running the Python that the user types."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.stepper.places import find_name
from tinygraph.tensor.handle import wrap

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

FEW = 200
"""Arrays of more elements are printed with dots for most of them."""


class Names(dict[str, Any]):
    """What the user's Python sees: its own names first, then those of the session.

    A node's name is its value at this step, read-only; values are looked up when asked for, since
    there may be thousands.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def __missing__(self, name: str) -> Any:
        import tinygraph as tg

        session = self.session
        known = {"tg": tg, "np": np, "session": session, "journal": session.journal}
        if name in known:
            return known[name]
        if (node := find_name(session, name)) is not None:
            return self._value(node, name)
        if name == "y":
            return wrap(session.journal.outputs[0])
        if name in ("exit", "quit"):  # Python's own close standard input, too
            return sys.exit
        raise KeyError(name)

    def _value(self, node: Node, name: str) -> np.ndarray:
        reading = self.session.known.values.get(node)
        if reading is None:
            raise TinygraphError(f"{name} is not computed yet at this step")
        if reading.array is None:
            raise TinygraphError(f"of {name} only a summary was kept: {reading.summary}")
        view = reading.array.view()
        view.flags.writeable = False
        return view


def run_python(names: Names, text: str) -> list[str]:
    """Runs an expression or statements; the lines printed, and the result's, which is `_` then.

    Whatever goes wrong is one line.
    """
    printed = io.StringIO()
    result: list[str] = []
    try:
        with redirect_stdout(printed), np.printoptions(threshold=FEW):
            value = _run(text, names)
            if value is not None:
                names["_"] = value
                result = repr(value).splitlines()
    except (Exception, SystemExit) as error:
        result = [_in_one_line(error)]
    return [*printed.getvalue().splitlines(), *result]


def _run(text: str, names: Names) -> Any:
    try:
        code = compile(text, "<what you typed>", "eval")
    except SyntaxError:
        exec(compile(text, "<what you typed>", "exec"), names)
        return None
    return eval(code, names)


def _in_one_line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "q ends the session"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    try:
        says = " ".join(str(error).split())
    except Exception:
        says = ""
    return f"{type(error).__name__}: {says}".rstrip(": ")
