"""The disk cache: never wrong, never an error, never larger than allowed."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tinygraph_llvm.cache import Cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", max_bytes=100_000)


def files(cache: Cache) -> list[Path]:
    return sorted(cache.directory.iterdir())


def test_get_returns_what_was_put(cache: Cache):
    assert cache.get("a") is None
    cache.put("a", b"one")
    cache.put("b", b"")
    cache.put("a", b"two")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"two", b"", None)
    assert Cache(cache.directory).get("a") == b"two"


def test_keys_are_any_text(cache: Cache):
    for key in ["../../etc/passwd", "", "ä" * 5000, "a\nb"]:
        cache.put(key, key.encode())
        assert cache.get(key) == key.encode()
    assert all(path.parent == cache.directory for path in files(cache))


@pytest.mark.parametrize("place", [0, 10, 39, 45, -1])
def test_a_damaged_entry_is_missing_and_removed(cache: Cache, place: int):
    cache.put("a", b"machine code")
    (path,) = files(cache)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert cache.get("a") is None
    assert files(cache) == []


@pytest.mark.parametrize("size", [0, 5, 20, 45])
def test_a_truncated_entry_is_missing_and_removed(cache: Cache, size: int):
    cache.put("a", b"machine code")
    (path,) = files(cache)
    os.truncate(path, size)
    assert cache.get("a") is None
    assert files(cache) == []


def test_an_entry_under_another_name_is_not_believed(cache: Cache):
    cache.put("a", b"code of a")
    (path,) = files(cache)
    cache.put("b", b"code of b")
    (other,) = [file for file in files(cache) if file != path]
    os.replace(path, other)
    assert cache.get("b") is None


def test_the_directory_is_for_the_user_only(cache: Cache):
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    assert cache.disabled is None


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_directory_that_others_can_write_is_refused(tmp_path: Path, mode: int):
    Cache(tmp_path / "cache").put("a", b"planted")
    (tmp_path / "cache").chmod(mode)
    refusing = Cache(tmp_path / "cache")
    assert refusing.disabled
    assert "written by others" in refusing.disabled
    assert refusing.get("a") is None
    refusing.put("b", b"x")
    assert refusing.clear() == 0
    assert str(refusing.stats()) == f"cache off: {refusing.disabled}"
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    refusing = Cache(tmp_path)
    assert refusing.disabled
    assert "another user" in refusing.disabled


def test_a_directory_that_cannot_be_made_disables_the_cache(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for directory in [tmp_path / "file", tmp_path / "file" / "cache"]:
        cache = Cache(directory)
        assert cache.disabled
        cache.put("a", b"x")
        assert cache.get("a") is None


def test_a_full_disk_is_no_error(cache: Cache, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache.put("a", b"old")
    monkeypatch.setattr(os, "replace", full)
    cache.put("a", b"new")
    cache.put("b", b"new")
    assert (cache.get("a"), cache.get("b")) == (b"old", None)
    assert len(files(cache)) == 1, "the temporary file was left behind"


def test_a_directory_that_disappears_is_no_error(cache: Cache):
    cache.put("a", b"x")
    cache.clear()
    cache.directory.rmdir()
    cache.put("a", b"x")
    assert cache.get("a") is None
    assert cache.stats().entries == 0
    assert cache.clear() == 0


def test_the_size_is_capped_and_the_longest_unused_goes_first(cache: Cache):
    for number in range(9):
        cache.put(str(number), bytes(10_000))
    for number, path in enumerate(sorted(files(cache), key=lambda path: path.stat().st_mtime_ns)):
        os.utime(path, (number, number))
    assert cache.get("0") == bytes(10_000)  # Used now, so no longer the oldest.
    for number in range(9, 12):
        cache.put(str(number), bytes(10_000))
    assert cache.stats().bytes <= cache.max_bytes
    assert cache.get("0") == bytes(10_000)
    assert cache.get("1") is None
    assert cache.get("2") is None
    assert cache.get("11") == bytes(10_000)


def test_what_is_larger_than_the_cache_is_not_kept(cache: Cache):
    cache.put("a", b"x")
    cache.put("big", bytes(100_000))
    assert cache.get("big") is None
    assert cache.get("a") == b"x"


def test_clear_and_stats(cache: Cache):
    for key in "abc":
        cache.put(key, b"123")
    stats = cache.stats()
    assert (stats.entries, stats.bytes) == (3, sum(file.stat().st_size for file in files(cache)))
    assert stats.disabled is None
    assert "3 entries" in str(stats)
    assert cache.clear() == 3
    assert files(cache) == []
    assert cache.stats().entries == 0


def test_what_a_dead_writer_left_is_cleared_away(cache: Cache):
    for name, age in [("writing-old", 7200), ("writing-new", 0)]:
        path = cache.directory / name
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    for number in range(12):
        cache.put(str(number), bytes(10_000))
    assert not (cache.directory / "writing-old").exists()
    assert (cache.directory / "writing-new").exists()
    cache.clear()
    assert files(cache) == []


def test_threads_and_small_caps_together(tmp_path: Path):
    def work(thread: int) -> int:
        cache, right = Cache(tmp_path / "cache", max_bytes=20_000), 0
        for number in range(100):
            key = str(number % 7)
            cache.put(key, key.encode() * 1000)
            right += cache.get(key) in (None, key.encode() * 1000)
        return right

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [100] * 4
    assert Cache(tmp_path / "cache").stats().bytes <= 20_000 + 4 * 1100


WRITER = """
import sys
from tinygraph_llvm.cache import Cache
cache = Cache(sys.argv[1])
for number in range(300):
    cache.put("same", bytes([number % 256]) * 50_000)
    data = cache.get("same")
    assert data is not None and data == data[:1] * 50_000
"""


def test_processes_write_the_same_entry(tmp_path: Path):
    """Atomic: whoever reads sees one writer's entry, whole."""
    paths = os.pathsep.join(path for path in sys.path if path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "cache")],
            env=os.environ | {"PYTHONPATH": paths},
        )
        for _ in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(files(Cache(tmp_path / "cache"))) == 1


def test_a_writer_killed_in_the_middle_leaves_whole_entries(tmp_path: Path):
    paths = os.pathsep.join(path for path in sys.path if path)
    forever = WRITER.replace("range(300)", "range(10**9)")
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", forever, str(tmp_path / "cache")],
            env=os.environ | {"PYTHONPATH": paths},
        )
        deadline = time.monotonic() + 20
        while Cache(tmp_path / "cache").get("same") is None and time.monotonic() < deadline:
            time.sleep(0.01)
        writer.kill()
        writer.wait()
        data = Cache(tmp_path / "cache").get("same")
        assert data is not None
        assert data == data[:1] * 50_000
