"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tinygraph.errors import DataError


@contextmanager
def written_whole(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its name only when all is on the disk.

    A `DataError` where something fails; what was at `path` is then still there.
    """
    target = Path(path)
    own = f"{os.getpid()}-{threading.get_ident()}"  # others may write to the same place
    part = target.with_name(f".{target.name}.{own}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        kept = "; the file there is as it was" if target.exists() else ""
        raise DataError(f"cannot write {target}: {error.strerror or error}{kept}") from error
    finally:
        with suppress(OSError):
            part.unlink()
