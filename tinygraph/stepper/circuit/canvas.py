"""A grid of characters with styles, and lines on it that know how they meet."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8

LIGHT = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
HEAVY = " ╹╺┗╻┃┏┣╸┛━┻┓┫┳╋"
"""A character for each set of directions."""


class Canvas:
    """Characters in rows and columns; what falls outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = [[" "] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._ways = [[0] * width for _ in range(height)]
        self._heavy = [[False] * width for _ in range(height)]

    def write(self, row: int, column: int, text: str, style: str = "") -> None:
        """Text from a place on; a wide character takes two columns."""
        for character in text:
            size = cell_len(character)
            if size and column >= 0 and column + size <= self.width and 0 <= row < self.height:
                self._cells[row][column] = character
                self._styles[row][column] = style
                self._ways[row][column] = 0
                if size == 2:
                    self._cells[row][column + 1] = ""
                    self._styles[row][column + 1] = style
            column += size

    def across(self, row: int, start: int, stop: int, style: str = "", heavy: bool = False) -> None:
        """A line from column `start` up to and with `stop`, as long as whole characters are."""
        for column in range(start, stop + 1):
            self._lay(row, column, EAST | WEST, style, heavy)

    def turn(self, row: int, column: int, ways: int, style: str = "", heavy: bool = False) -> None:
        """One character where a line goes another way."""
        self._lay(row, column, ways, style, heavy)

    def down(
        self, column: int, start: int, stop: int, style: str = "", heavy: bool = False
    ) -> None:
        """A line between the rows `start` and `stop`, without these."""
        for row in range(start + 1, stop):
            self._lay(row, column, NORTH | SOUTH, style, heavy)

    def _lay(self, row: int, column: int, ways: int, style: str, heavy: bool) -> None:
        if not (0 <= row < self.height and 0 <= column < self.width and ways):
            return
        if heavy and not self._heavy[row][column]:
            self._ways[row][column], self._heavy[row][column] = ways, True  # it lies on top
        else:
            self._ways[row][column] |= ways
        table = HEAVY if self._heavy[row][column] else LIGHT
        self._cells[row][column] = table[self._ways[row][column]]
        self._styles[row][column] = style

    def lines(self) -> list[Text]:
        """The rows as text, without blanks at their ends."""
        found: list[Text] = []
        for cells, styles in zip(self._cells, self._styles, strict=True):
            stop = len(cells)
            while stop and cells[stop - 1] == " " and "reverse" not in styles[stop - 1]:
                stop -= 1
            text = Text(no_wrap=True)
            start = 0
            for k in range(1, stop + 1):
                if k == stop or styles[k] != styles[start]:
                    text.append("".join(cells[start:k]), styles[start] or None)
                    start = k
            found.append(text)
        return found
