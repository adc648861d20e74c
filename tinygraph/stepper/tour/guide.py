"""Playing a tour inside a session: what to say after each line that is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from tinygraph.errors import TinygraphError
from tinygraph.stepper.tour.script import Script, Station

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import Subject

CODE = re.compile(r"`[^`]+`")


class Tour:
    """A tour on its way. It only listens: every command works as it does without a tour.

    `opened` makes what a graph of the tour is by its name. `plain` leaves out lines and colours.
    """

    def __init__(
        self, script: Script, opened: Callable[[str], Subject], *, plain: bool = False
    ) -> None:
        self.script = script
        self.opened = opened
        self.plain = plain
        self.at = 0
        self.heard = 0
        """So many commands of the session's history are answered."""
        self.skips = False

    @property
    def station(self) -> Station:
        return self.script.stations[self.at]

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to type."""
        return not self.station.line

    def after(self, session: Session) -> list[Any]:
        """What to show after a line was typed: the next paragraph, or which line it waits for."""
        if self.is_over:
            return []
        typed = [text.split()[0] for text in session.history[self.heard :]]
        if not self.skips and not self._is_done(session, typed):
            asked = "tour" in map(_name, typed[-1:])
            return [] if asked or session.quiz is not None else [self._reminder(session)]
        praise = "" if self.skips else self.station.praise
        said = [_styled(praise)] if praise else []
        self.at += 1
        self.skips = False
        if self.station.graph:
            try:
                self._open(session, self.station.graph)
            except TinygraphError as error:  # of a tour that somebody writes just now
                self.at = len(self.script.stations) - 1
                return [*said, f"the tour ends here: {error}"]
        self.heard = len(session.history)
        return [*said, *self.paragraphs(session)]

    def _is_done(self, session: Session, typed: list[str]) -> bool:
        names = {*map(_name, typed)} - {"tour"}
        conditions = self.station.conditions
        return bool(names) and all(each.holds(session, names) for each in conditions)

    def _open(self, session: Session, graph: str) -> None:
        """Goes on with another graph: the session is a new one, but for what was typed."""

        subject = self.opened(graph)
        fresh = subject.session()
        kept = {"tour": self, "history": session.history}
        vars(session).update({**vars(fresh), **kept})

    def paragraphs(self, session: Session) -> list[Any]:
        """What the station says, and the line to type."""
        where = f"tour {self.at + 1} of {len(self.script.stations)}"
        head: Any = f"{where}:" if self.plain else Rule(where, align="left", style="dim")
        texts = [_styled(text) for text in self.station.paragraphs]
        shown: list[Any] = [head, *(texts if self.plain else [Padding(t, (0, 1)) for t in texts])]
        if not self.is_over:
            shown.append(self._line(session))
        return shown

    def _line(self, session: Session) -> Text:
        station = self.station
        away = session.cursor != station.step
        back = f"   (from step {station.step}: `goto {station.step}`, or `skip`)" if away else ""
        return Text.assemble("type: ", (station.line, "bold"), (back, "dim"))

    def _reminder(self, session: Session) -> Text:
        where = f"tour {self.at + 1} of {len(self.script.stations)}, "
        return Text(where, "dim") + self._line(session)


def _name(word: str) -> str:
    """The long name of a command."""
    from tinygraph.stepper.commands import find_command

    try:
        return find_command(word).name
    except TinygraphError:
        return word


def _styled(text: str) -> Text:
    """A paragraph; what stands in backquotes is bold where there is bold."""
    found = Text(text)
    found.highlight_regex(CODE, "bold")
    return found
