"""The prompt: reads lines, draws the screen, prints the answers."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.text import Text

from tinygraph.stepper.prompt.completion import completions
from tinygraph.stepper.prompt.interpreter import Interpreter, bug
from tinygraph.stepper.prompt.line_editing import line_editing
from tinygraph.stepper.quiz import question_of
from tinygraph.stepper.writing.numbers_short import NOT_YET

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

SAID = "not computed yet"

SIZE = (80, 24)
"""Columns and rows where there is no terminal to ask."""


def run(
    session: Session,
    script: Iterable[str] | None = None,
    *,
    plain: bool = False,
    width: int | None = None,
    height: int | None = None,
) -> None:
    """Talks with the user until `q`, the end of the input or Ctrl-D.

    In a terminal the screen is drawn again in place, and what was above it can be scrolled to.
    Else, and with `plain`, everything is printed once, line after line, without escape codes. The
    lines of a `script` come first; at its end the session goes on if there is a terminal.
    """
    terminal = is_terminal()
    with _writing_anything(sys.stdout):
        if script is not None:
            first = Repl(session, plain=plain, width=width, height=height)
            if first.follow(script) or not terminal:
                return
        repl = Repl(session, terminal=terminal, plain=plain, width=width, height=height)
        if not terminal:
            repl.follow(_lines_of(sys.stdin))
            return
        with line_editing(lambda line: completions(session, line)), repl.following_the_size():
            repl.talk(input)


def is_terminal() -> bool:
    """Whether somebody sits there: both ends of the program are a terminal."""
    ends = (sys.stdin, sys.stdout)
    return all(end is not None and end.isatty() for end in ends)


class Repl:
    """A session at a prompt; `out` is where it is printed, by default the standard output."""

    def __init__(
        self,
        session: Session,
        out: TextIO | None = None,
        *,
        terminal: bool = False,
        plain: bool = False,
        width: int | None = None,
        height: int | None = None,
        strict: bool = False,
    ) -> None:
        self.session = session
        self.interpreter = Interpreter(session, strict=strict)
        self.out = out or sys.stdout
        self.terminal, self.plain = terminal, plain
        dumb = Console(file=self.out, force_terminal=terminal).is_dumb_terminal
        self.in_place = terminal and not plain and not dumb
        self.given = (width, height)
        self.prompting = False
        self.answered: list[Any] = []
        """What was answered last, below the screen."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows: those asked for, else the terminal's now."""
        columns, rows = SIZE
        if self.terminal:
            with suppress(OSError, ValueError):
                columns, rows = os.get_terminal_size(self.out.fileno())
        return self.given[0] or columns, self.given[1] or rows

    @property
    def prompt(self) -> str:
        asked = question_of(self.session)
        if asked is not None:
            return asked.prompt
        return f"{self.session.cursor}/{len(self.session.journal)}> "

    def follow(self, lines: Iterable[str]) -> bool:
        """Runs lines, each echoed behind its prompt; whether one of them ended the session."""
        self.draw(self._opening())
        for line in lines:
            self._write(f"{self.prompt}{line.rstrip()}\n")
            if self.take(line):
                return True
        self._end()
        return False

    def talk(self, read: Callable[[str], str]) -> None:
        """Reads lines with `read`, given the prompt, until the end. Ctrl-C clears the line."""
        if self.in_place:  # what is on the screen moves to where it can be scrolled to
            self._write("\n" * self.size[1])
        self.draw(self._opening())
        while True:
            try:
                self.prompting = True
                try:
                    line = read(self.prompt)
                finally:
                    self.prompting = False
                if self.take(line):
                    return
            except EOFError:
                self._write("\n")
                self._end()
                return
            except KeyboardInterrupt:
                self._write("\n")

    def take(self, line: str) -> bool:
        """Runs one line, then draws once and prints the answers; whether the session is over."""
        answers = [*self.interpreter.run(line)]
        lines = [line for answer in answers for line in answer.lines]
        ends = any(answer.ends for answer in answers)
        if self.session.tour is not None and not ends:
            lines += self.session.tour.after(self.session)
        if any(answer.redraw for answer in answers) and not ends:
            self.draw(lines)
        else:
            self.answered = lines
            self._write(self._rendered(lines))
        if ends:
            self._end()
        return ends

    def _opening(self) -> list[Any]:
        """What stands below the first screen."""
        tour = self.session.tour
        return [*self.session.notes, *(tour.paragraphs(self.session) if tour else ())]

    def draw(self, lines: Iterable[Any] = ()) -> None:
        """Draws the screen with lines below it."""
        self.answered = list(lines)
        width, height = self.size
        below = self._rendered([*self._disagreement(), *self.answered])
        if not self.in_place:
            self._write(self._rendered([self._screen(width, height)]) + below)
            return
        room = max(height - below.count("\n") - 2, height // 2)  # Enter must not scroll
        whole = self._rendered([self._screen(width, room)]) + below
        # Each line is cleared before it is written: behind one that is full there is no room.
        self._write("\x1b[H\x1b[K" + whole.replace("\n", "\n\x1b[K") + "\x1b[J")

    def _disagreement(self) -> list[str]:
        """What the backend that is compared has different at the step just done."""
        comparison, record = self.session.comparison, self.session.record
        if comparison is None or record is None or comparison.journal is not self.session.journal:
            return []
        return [comparison.mark(record)] if comparison.state(record) == "disagrees" else []

    @contextmanager
    def following_the_size(self) -> Iterator[None]:
        """While inside, a window that changes its size is drawn again at once."""
        change = getattr(signal, "SIGWINCH", None)
        if change is None:
            yield
            return
        try:
            before = signal.signal(change, self._resized)
        except ValueError:  # not the main thread
            yield
            return
        try:
            yield
        finally:
            signal.signal(change, before if before is not None else signal.SIG_DFL)

    def _resized(self, *_: object) -> None:
        if self.prompting and self.in_place:
            from readline import get_line_buffer

            self.draw(self.answered)
            self._write(self.prompt + get_line_buffer())

    def _screen(self, width: int, height: int) -> Text:
        from tinygraph.stepper.screen.whole import screen

        try:
            return screen(self.session, width, height, plain=self.plain)
        except Exception as error:
            if self.interpreter.strict:
                raise
            return Text(bug(error, "the screen"))

    def _rendered(self, lines: list[Any]) -> str:
        """What is printed for lines of text and other things; in a file no line is broken."""
        width, height = self.size
        console = Console(
            width=width,
            height=height,
            force_terminal=self.in_place,
            color_system="auto" if self.in_place else None,
            markup=False,
            highlight=False,
            emoji=False,
            file=self.out,
        )
        try:
            with console.capture() as capture:
                for line in lines:
                    console.print(
                        line, soft_wrap=isinstance(line, str | Text) and not self.in_place
                    )
        except Exception as error:
            if self.interpreter.strict:
                raise
            return f"{bug(error, 'printing')}\n"
        text = capture.get()
        if self.plain:  # said rather than shown
            text = text.replace(f"{NOT_YET}, {SAID}", SAID).replace(NOT_YET, SAID)
        return text if self.in_place else re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)

    def _end(self) -> None:
        if self.session.quiz is not None and self.session.quiz.asked:
            self._write(f"{self.session.quiz.score}\n")

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


@contextmanager
def _writing_anything(stream: Any) -> Iterator[None]:
    """Inside, a character that the stream has no code for is no error."""
    before = getattr(stream, "errors", None)
    with suppress(AttributeError, ValueError):
        stream.reconfigure(errors="replace")
    try:
        yield
    finally:
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors=before)


def _lines_of(stream: TextIO) -> Iterator[str]:
    """Lines of a pipe or file, as they come; bytes that are no text end nothing."""
    with suppress(AttributeError, ValueError):
        stream.reconfigure(errors="replace")  # pyright: ignore
    for line in iter(stream.readline, ""):
        yield line.rstrip("\n")
