"""Understanding one typed line: commands, several of them, a comment, Python, an answer to the
quiz. No input or output of its own."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygraph.errors import GrammarError, TinygraphError
from tinygraph.graph import PACKAGE
from tinygraph.stepper.commands import Answer, CommandError, find_command
from tinygraph.stepper.places import find_name
from tinygraph.stepper.prompt.python_line import Names, run_python
from tinygraph.stepper.quiz import guess_of, question_of

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session

_COMMENT = re.compile(r"(^|\s)#.*")
_WORD = re.compile(r"\?|[^\s?]+")


class Interpreter:
    """Runs lines on a session.

    With `strict` an exception inside a command, which is a bug, is raised: for tests.
    """

    def __init__(self, session: Session, *, strict: bool = False) -> None:
        self.session = session
        self.names = Names(session)
        self.strict = strict
        self.last = ""

    def run(self, line: str) -> Iterator[Answer]:
        """The answers to a line, one for each command on it; nothing that is typed is an error.

        An empty line repeats the last move.
        """
        parts = commands_of(line)
        if not parts and not line.strip() and self.last:
            parts = [self.last]
        for part in parts:
            answer = self._run_one(part)
            yield answer
            if answer.ends:
                return

    def _run_one(self, text: str) -> Answer:
        session = self.session
        if text.startswith("!"):
            return self._guarded(lambda: self._python(text[1:].strip()), text)
        return self._guarded(lambda: self._command(session, text), text)

    def _python(self, text: str) -> Answer:
        where = _seen(self.session)
        lines = run_python(self.names, text) if text else ["!PYTHON, as in !x.shape"]
        return Answer(lines, redraw=_seen(self.session) != where)

    def _command(self, session: Session, text: str) -> Answer:
        asked = question_of(session)
        if asked is not None and guess_of(text) is not None:
            text = f"answer {text}"
        word = _WORD.match(text)
        assert word is not None  # a part is not empty
        try:
            known = find_command(word[0])
        except CommandError as error:
            named = find_name(session, text) is not None
            says = f"{text} is no command; `show {text}` has its numbers" if named else str(error)
            hint = f"; the quiz asks for {asked.asks}: a number, skip or stop" if asked else ""
            raise CommandError(f"{says}{hint}") from None
        answer = known.run(session, text[word.end() :].strip())
        session.history.append(text)
        if known.repeats:
            self.last = text
        return answer

    def _guarded(self, run: Callable[[], Answer], text: str) -> Answer:
        """What a command answers; where it fails or is interrupted, one line that says so."""
        before = _State(self.session)
        try:
            return run()
        except GrammarError as error:
            before.restore()
            return Answer(str(error).splitlines()[:1])  # without the picture of where
        except TinygraphError as error:
            before.restore()
            return Answer([" ".join(str(error).split())])
        except KeyboardInterrupt:
            before.restore_unless_moved()
            return Answer([f"stopped: this is step {self.session.cursor}"], redraw=True)
        except (OSError, MemoryError) as error:
            before.restore()
            return Answer([f"{type(error).__name__}: {error}"])
        except Exception as error:
            if self.strict:
                raise
            before.restore()
            return Answer([bug(error, text.split()[0])])


def commands_of(line: str) -> list[str]:
    """The commands of a line, which `;` separates; without the comment. Python takes the rest."""
    parts: list[str] = []
    rest = line.strip()
    while rest:
        if rest.startswith("!"):
            return [*parts, rest]
        if rest.startswith("#"):
            return parts
        end = rest.find(";")
        part, rest = (rest, "") if end < 0 else (rest[:end], rest[end + 1 :].lstrip())
        if _COMMENT.search(part):
            part, rest = _COMMENT.sub("", part), ""
        if part.strip():
            parts.append(part.strip())
    return parts


class _State:
    """What a session is, to put it back after a command that failed half way."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.fields = {
            name: value.copy() if isinstance(value, list | dict) else value
            for name, value in vars(session).items()
        }
        self.times = [(level.time, vars(level.time).copy()) for level in session.levels]

    def restore(self) -> None:
        vars(self.session).clear()
        vars(self.session).update(self.fields)
        for time, fields in self.times:
            vars(time).clear()
            vars(time).update(fields)

    def restore_unless_moved(self) -> None:
        """After Ctrl-C: a move that got some way stays where it got, all else is put back."""
        cursor, where = self.session.cursor, _seen(self.session)[1:]
        self.restore()
        if _seen(self.session)[1:] == where and cursor in self.session.level.stops:
            self.session.cursor = cursor


def _seen(session: Session) -> tuple[Any, ...]:
    return (session.cursor, tuple(map(id, session.levels)), id(session.journal))


def bug(error: Exception, what: str) -> str:
    """The line that is shown instead of a traceback."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(PACKAGE)
    ]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    says = " ".join(str(error).split())[:100]
    return (
        f"{what}: a bug in tinygraph, please report it: {type(error).__name__}"
        f"{': ' if says else ''}{says}{where}; the session goes on"
    )
