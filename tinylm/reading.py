"""Read a file that somebody else wrote: a regular file, of bounded size, whole.

A path that a person or a workspace names can be a FIFO, a device, a directory or fifty gigabytes. Opening such a thing
must cost nothing and say what is wrong. Nothing here looks at the content.
"""

import stat
from pathlib import Path

from tinylm.errors import BadData, DiskProblem

__all__ = ["check_file", "read_file"]


def check_file(path: Path, *, max_bytes: int, what: str, advice: str) -> int:
    """Return the size of a regular file without opening it.

    Args:
        path: the file; symbolic links are followed.
        max_bytes: the largest size that is accepted.
        what: what the file should be, for the message ("a tokenizer").
        advice: what to do when it is missing, one clause.

    Returns:
        The size in bytes.

    Raises:
        BadData: it is missing, is no regular file, or is too large.
        DiskProblem: it may not be looked at.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise BadData(f"{path}: no such file, expected {what}; {advice}") from None
    except (OSError, ValueError) as error:
        raise DiskProblem(f"{path}: cannot be read ({_reason(error)}); check its permissions") from error
    if not stat.S_ISREG(status.st_mode):
        raise BadData(f"{path}: is no regular file, expected {what}; {advice}")
    if status.st_size > max_bytes:
        raise BadData(f"{path}: {status.st_size:,} bytes, but {what} has at most {max_bytes:,}; {advice}")
    return status.st_size


def read_file(path: Path, *, max_bytes: int, what: str, advice: str) -> bytes:
    """Return the bytes of a regular file of at most `max_bytes`; arguments and errors as in `check_file`."""
    check_file(path, max_bytes=max_bytes, what=what, advice=advice)
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise DiskProblem(f"{path}: cannot be read ({_reason(error)}); check its permissions") from error
    if len(data) > max_bytes:  # it grew between the two calls
        raise BadData(f"{path}: more than {max_bytes:,} bytes, the most that {what} has; {advice}")
    return data


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
