"""The disk cache of compiled objects.

An entry is a file that begins with a digest of its key and its data, so a damaged or foreign file
is noticed and compiled again. Nothing that goes wrong with the disk is an error: at worst every
program is compiled each time. What is executed later comes out of this directory, so it is used
only if nobody but the user can write there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_MAGIC = b"tgobj1\n"
_DIGEST_BYTES = 32
_SUFFIX = ".object"
_DEFAULT_BYTES = 512 * 2**20
# A temporary file this old (in seconds) was left by a process that died while writing.
_ABANDONED = 3600.0


@dataclass(frozen=True)
class CacheStats:
    """What the cache holds; `disabled` says why it is not used, or is None."""

    directory: Path
    entries: int
    bytes: int
    max_bytes: int
    disabled: str | None

    def __str__(self) -> str:
        if self.disabled:
            return f"cache off: {self.disabled}"
        used, room = self.bytes / 2**20, self.max_bytes / 2**20
        return f"{self.directory}: {self.entries} entries, {used:.1f} of {room:.0f} MiB"


class Cache:
    """Bytes by key, on disk, at most `max_bytes` of them; safe to share between processes.

    `directory` defaults to the user's cache directory. `disabled` is None, or says why nothing is
    read or written.
    """

    def __init__(
        self, directory: Path | str | None = None, max_bytes: int = _DEFAULT_BYTES
    ) -> None:
        self.directory = Path(directory or platformdirs.user_cache_dir("tinygraph"))
        self.max_bytes = max_bytes
        self.disabled = _prepare(self.directory)
        self._bytes: int | None = None

    def get(self, key: str) -> bytes | None:
        """The data put under `key`, or None if there is none or it is damaged."""
        if self.disabled:
            return None
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + _DIGEST_BYTES
        data = content[head:]
        if content[:head] != _MAGIC + _digest(key, data):
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # Many file systems do not note reading, and eviction goes by it.
        return data

    def put(self, key: str, data: bytes) -> None:
        """Stores `data` under `key`, then evicts what was not used for longest, if need be."""
        content = _MAGIC + _digest(key, data) + data
        if self.disabled or len(content) > self.max_bytes:
            return
        with contextlib.suppress(OSError):
            self._write(self._path(key), content)
            self._make_room(len(content))

    def clear(self) -> int:
        """Removes all entries and returns how many there were."""
        if self.disabled:
            return 0
        removed = sum(_remove(entry.path) for entry in self._entries())
        for path in self._temporaries():
            _remove(path)
        self._bytes = None
        return removed

    def stats(self) -> CacheStats:
        """Counts what is there now, whoever put it there."""
        entries = [] if self.disabled else list(self._entries())
        size = sum(entry.size for entry in entries)
        return CacheStats(self.directory, len(entries), size, self.max_bytes, self.disabled)

    def _path(self, key: str) -> Path:
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return self.directory / (name + _SUFFIX)

    def _write(self, path: Path, content: bytes) -> None:
        """Readers see the old file or the whole new one, whatever happens meanwhile."""
        handle, temporary = tempfile.mkstemp(dir=self.directory, prefix="writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            _remove(Path(temporary))
            raise

    def _make_room(self, added: int) -> None:
        """Counts along, and looks at the directory only when the sum asks for it."""
        if self._bytes is not None:
            self._bytes += added
        if self._bytes is None or self._bytes > self.max_bytes:
            self._bytes = self._evict()

    def _evict(self) -> int:
        """Removes the entries unused for longest until a tenth is free; returns the bytes left."""
        entries = sorted(self._entries(), key=lambda entry: entry.used)
        size = sum(entry.size for entry in entries)
        if size <= self.max_bytes:
            return size
        for path in self._temporaries():
            if _age(path) > _ABANDONED:
                _remove(path)
        for entry in entries:
            if size <= self.max_bytes * 9 // 10:
                break
            _remove(entry.path)
            size -= entry.size
        return size

    def _entries(self) -> Iterator[_Entry]:
        for path in _files(self.directory, "*" + _SUFFIX):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield _Entry(path, status.st_size, status.st_mtime_ns)

    def _temporaries(self) -> list[Path]:
        return _files(self.directory, "writing-*")


@dataclass(frozen=True)
class _Entry:
    path: Path
    size: int
    used: int


def _prepare(directory: Path) -> str | None:
    """Makes the directory if need be; returns why it cannot be used, or None."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except OSError as error:
        return f"{directory} cannot be used: {error.strerror or error}"
    if not stat.S_ISDIR(status.st_mode):
        return f"{directory} is not a directory"
    if not hasattr(os, "getuid"):
        return None
    if status.st_uid != os.getuid():
        return f"{directory} belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{directory} can be written by others; chmod go-w makes it usable"
    return None


def _digest(key: str, data: bytes) -> bytes:
    name = key.encode()
    digest = hashlib.blake2b(len(name).to_bytes(8, "little"), digest_size=_DIGEST_BYTES)
    digest.update(name)
    digest.update(data)
    return digest.digest()


def _files(directory: Path, pattern: str) -> list[Path]:
    try:
        return list(directory.glob(pattern))
    except OSError:
        return []


def _remove(path: Path) -> bool:
    """Whether there was such a file and it is gone."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _age(path: Path) -> float:
    """Seconds since the file was written; 0 if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
