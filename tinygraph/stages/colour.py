"""Stages in colour, for terminals."""

from __future__ import annotations

from collections.abc import Iterator

from rich.syntax import Syntax
from rich.text import Text

from tinygraph.stages.parts import Stage

LEXERS = {"llvm": "llvm", "assembly": "gas"}
COLOURS = {
    r"(?<![\w.])-?\d+(\.\d+)?(e[+-]?\d+)?\b": "cyan",
    r"\b(for|in|of|if|else|return|graph|kernel|region|barrier)\b": "bold magenta",
    r"\b(sum|max|min|select)(?=\()": "magenta",
    r"\b(task|vector|unroll|serial|item|lanes|loops|tasks)\b": "yellow",
    r"\b(float32|float64|int32|uint32|bool)\b": "blue",
    r"^\s*[\w/'.]+(?=: |\[)": "bold",
}
"""For graphs, equations and loops; LLVM IR and assembly have lexers."""
COMMENT = "green"


def coloured(stage: Stage) -> Iterator[Text]:
    """The title and the text, to be printed without wrapping."""
    yield Text(stage.title, style="bold reverse")
    lexer = LEXERS.get(stage.language)
    if lexer is None:
        yield _painted(stage.text)
    else:
        yield Syntax("", lexer, theme="ansi_dark").highlight(stage.text)
    yield Text("")


def _painted(text: str) -> Text:
    result = Text()
    for line in text.splitlines(keepends=True):
        code, mark, comment = line.partition("#")
        piece = Text(code)
        for pattern, style in COLOURS.items():
            piece.highlight_regex(pattern, style)
        result.append_text(piece).append(mark + comment, COMMENT)
    return result
