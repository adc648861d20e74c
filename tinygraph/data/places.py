"""Where data sets lie that do not come with tinygraph."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from tinygraph.errors import DataError


def place_of(name: str, path: str | Path | None) -> Path:
    """The folder given, or the one that belongs to the data set: on Linux
    ~/.local/share/tinygraph/NAME."""
    if path is not None:
        return Path(path).expanduser()
    return platformdirs.user_data_path("tinygraph") / name


def missing(what: str, folder: Path, lacks: list[str], get: str, given: bool) -> DataError:
    """The error that says exactly what to put where; `given`: the user named the folder."""
    other = "" if given else ", or say where they are: path=FOLDER"
    return DataError(
        f"{what} is not in {folder}: {', '.join(lacks)} {_is(lacks)} missing. tinygraph downloads "
        f"nothing by itself; {get} and put them there{other}"
    )


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
