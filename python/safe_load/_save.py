"""save(): torch.save that never destroys what is there."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Any, BinaryIO, Iterator


def save(obj: Any, f: str | os.PathLike[str] | BinaryIO, **options: Any) -> None:
    """Saves as torch.save does, but beside the file, which it then replaces in one step.

    So there is a whole checkpoint under this name at every moment, also if the process or the machine dies
    meanwhile; and what was loaded from the old one with mmap=True, or through open(), stays as it was.
    torch.save writes into the file itself: it empties what is mapped from it.

    f: a path; a link is followed, and the file that it leads to is replaced, with its permissions. A writable
        binary file is handed to torch.save as it is.
    options: those of torch.save.

    Raises what torch.save raises, and OSError; the old file is then as it was. Needs torch.
    """
    import torch

    if not isinstance(f, (str, os.PathLike)):
        torch.save(obj, f, **options)
        return
    with _replacing(os.path.realpath(os.fspath(f))) as stream:
        torch.save(obj, stream, **options)


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[BinaryIO]:
    """A new file beside `path`, which takes its name when the block ends without an exception."""
    import secrets

    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))
            yield stream
            stream.flush()
            os.fsync(descriptor)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["save"]
