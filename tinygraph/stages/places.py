"""Words about a piece: the user's lines it came from, and what it costs."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Iterator

from tinygraph.graph import Node, Origin
from tinygraph.lowering import Call

MOST_LINES = 4


def place(origin: Origin) -> str:
    """Where a gate was made: line of the user's, module, and whether it belongs to a gradient."""
    written = "" if _is_ours(origin.file) else str(origin)
    where = " in ".join(part for part in (written, "/".join(origin.scope)) if part)
    return f"gradient of {where}" if origin.backward and where else where


def lines_of(nodes: Iterable[Node]) -> Iterator[str]:
    """The lines of the user's that the gates came from, each once, with their text."""
    origins = dict.fromkeys(node.origin for node in nodes if node.origin)
    texts = [*dict.fromkeys(text for origin in origins if (text := _line(origin)))]
    yield from texts[:MOST_LINES]
    if len(texts) > MOST_LINES:
        yield f"and {count(len(texts) - MOST_LINES, 'more line')}"


def _line(origin: Origin) -> str:
    text = "" if _is_ours(origin.file) else linecache.getline(origin.file, origin.line).strip()
    return f"{place(origin)}: {text}" if text else place(origin)


def _is_ours(file: str) -> bool:
    """Whether it is no file of the user's but the way into this program."""
    return file.startswith("<") or file == sys.argv[0]


def facts(call: Call) -> str:
    """Operations, bytes, their quotient, and how the work is divided."""
    text = (
        f"{amount(call.flops, 'FLOP')}, {amount(call.bytes, 'B')}, "
        f"{call.intensity:.3g} FLOP/B, {count(call.tasks, 'task')}"
    )
    return f"{text}, after a barrier" if call.barrier else text


def count(number: int, word: str) -> str:
    """1 task, 2 tasks."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def amount(value: float, unit: str) -> str:
    """With a prefix: 1234567 FLOP are 1.23 MFLOP."""
    prefixes = ["", "k", "M", "G", "T"]
    while abs(value) >= 999.5 and len(prefixes) > 1:
        value /= 1000
        prefixes.pop(0)
    return f"{value:.3g} {prefixes[0]}{unit}"
