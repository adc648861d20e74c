"""The stepper in a notebook: an object that shows the screen, with the commands as methods."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from tinygraph.errors import TinygraphError
from tinygraph.stepper.commands import COMMANDS
from tinygraph.stepper.prompt.interpreter import Interpreter
from tinygraph.stepper.subject import Subject
from tinygraph.tensor import Tensor

SIZE = (100, 30)
"""Columns and rows of a screen in a notebook."""

STYLE = "font-family:monospace; line-height:1.2; white-space:pre; overflow-x:auto"


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this: there is no terminal to talk at."""
    found = sys.modules.get("IPython")
    shell = found.get_ipython() if found is not None else None
    return shell is not None and hasattr(shell, "kernel")


class Stepping:
    """A session in a notebook. A cell that ends with it shows the screen as it is then.

    Each command is a method, with what is typed after its name: `s.next(3)`, `s.why("w[0,1]")`;
    names that Python has taken end with _: `s.continue_()`. `s.do("n 3; why w")` runs lines as
    they are typed at the prompt.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        width: int | None = None,
        height: int | None = None,
        plain: bool = False,
    ) -> None:
        self.session = subject.session()
        self.size = width or SIZE[0], height or SIZE[1]
        self.plain = plain
        self._interpreter = Interpreter(self.session)
        self._lines: list[Any] = [*subject.notes]

    def do(self, *lines: str) -> Stepping:
        """Runs lines as they are typed at the prompt; shown are the answers to the last."""
        for line in lines:
            self._lines = [x for answer in self._interpreter.run(line) for x in answer.lines]
        return self

    def __getattr__(self, name: str) -> Callable[..., Stepping]:
        word = name.rstrip("_").replace("_", "-")
        if name.startswith("_") or word not in COMMANDS:
            raise AttributeError(f"no command {name!r}; s.help() lists them", name=name, obj=self)

        def run(*arguments: Any) -> Stepping:
            return self.do(" ".join([word, *map(self._word, arguments)]))

        run.__doc__ = COMMANDS[word].long_help
        return run

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *map(_method, COMMANDS)]

    def _word(self, argument: Any) -> str:
        """An argument as it is typed: a tensor by its name."""
        if not isinstance(argument, Tensor):
            return str(argument)
        name = self.session.names.get(argument.node)
        if name is None:
            raise TinygraphError(f"{argument!r} is no gate or leaf of what is stepped")
        return f"`{name}`"

    def __repr__(self) -> str:
        return self._console().export_text()

    def _repr_html_(self) -> str:
        form = f'<pre style="{STYLE}">{{code}}</pre>'
        return self._console().export_html(inline_styles=True, code_format=form)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _console(self) -> Console:
        """The screen and the last answers, recorded."""
        from tinygraph.stepper.screen.whole import screen

        width, height = self.size
        console = Console(
            record=True,
            file=io.StringIO(),
            width=width,
            height=height,
            force_terminal=True,
            force_jupyter=False,
            color_system=None if self.plain else "truecolor",
            legacy_windows=False,
            markup=False,
            highlight=False,
            emoji=False,
        )
        console.print(screen(self.session, width, height, plain=self.plain))
        for line in self._lines:
            console.print(line, soft_wrap=isinstance(line, str | Text))
        return console


def _method(word: str) -> str:
    """The name of a command as a method."""
    import keyword

    name = word.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name
