"""scan(): whether a file could run code when somebody opens it, what exactly, and where."""

from __future__ import annotations

import itertools
import os
from collections import deque
from typing import TYPE_CHECKING, Any, Iterable, Iterator

from . import _core, _later
from ._errors import Error, from_issue
from ._source import is_plain_file, of_file
from ._stream import as_stream

if TYPE_CHECKING:
    import concurrent.futures


def _report(text: str) -> _later.ScanReport:
    from ._scan import read_report

    return read_report(text)


def _scan_stream(f: Any, options: tuple[_core.Limits, bool, bool, int]) -> _later.ScanReport:
    stream = as_stream(f)
    if stream is not None:
        return _report(_core.scan_stream(stream, stream.size, "the stream", *options))
    content = f.read()
    if isinstance(content, str):
        raise TypeError("f gives text; open it in binary mode")
    return _report(_core.scan_bytes(bytes(content), "the stream", *options))


def scan(
    f: Any,
    *,
    strict: bool = False,
    deep: bool = False,
    limits: _core.Limits | None = None,
    max_findings: int = 1000,
) -> _later.ScanReport:
    """Says whether a file could run code when somebody opens it. Runs, imports and writes nothing.

    f: a path (str or PathLike), the content as bytes, a binary file object or a file descriptor. The position of a
    descriptor and of a file of the file system is not used; another stream is scanned from where it stands.
    strict: some notes count as unknown.
    deep: the checksum of every record is checked, which reads the file.
    limits: what the file may make us do; what it would exceed is INCOMPLETE.
    max_findings: how many are kept; all count.

    What the file holds is a verdict and never an error; OSError or Error if it cannot be opened as one file.
    Thread-safe; the GIL is released.
    """
    options = (limits or _core.Limits(), bool(strict), bool(deep), int(max_findings))
    try:
        if isinstance(f, int):
            return _report(_core.scan_descriptor(f, f"descriptor {f}", *options))
        if isinstance(f, (str, os.PathLike)):
            return _report(_core.scan_path(os.fsencode(f), os.fsdecode(f), *options))
        if isinstance(f, (bytes, bytearray, memoryview)):
            return _report(_core.scan_bytes(bytes(f), "the bytes", *options))
        if is_plain_file(f):
            return _report(_core.scan_descriptor(f.fileno(), str(getattr(f, "name", "the file")), *options))
        if hasattr(f, "read"):
            return _scan_stream(f, options)
    except OSError as error:
        raise (of_file(f, error) if isinstance(f, (str, os.PathLike)) else error) from None
    except Error as error:
        raise from_issue(error.issues[0]) from None
    raise TypeError(f"f must be a path, bytes, a file or a descriptor, not {type(f).__name__}")


def scan_many(paths: Iterable[Any], *, jobs: int | None = None, **options: Any) -> Iterator[_later.ScanReport]:
    """scan() of many files on several threads, in the order of the paths.

    paths: what scan() takes, any number of them.
    jobs: how many threads; without it one for each core.
    options: those of scan().

    Takes no more paths than it needs to keep the threads busy. An error is raised where its file comes.
    """
    import concurrent.futures

    count = jobs or os.cpu_count() or 1
    waiting: deque[concurrent.futures.Future[_later.ScanReport]] = deque()
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        rest = iter(paths)
        for path in itertools.islice(rest, 2 * count):
            waiting.append(pool.submit(scan, path, **options))
        while waiting:
            done = waiting.popleft()
            for path in itertools.islice(rest, 1):
                waiting.append(pool.submit(scan, path, **options))
            yield done.result()


__all__ = ["scan", "scan_many"]
