"""Writes files and directories that are whole or absent, and checks what was written against a manifest.

A directory is built beside its place under a temporary name; each file is flushed to the disk, the manifest (size and
SHA-256 of every file) is written last, and one rename makes it visible. Killing the process at any instruction leaves
the old state or the new one, plus at worst a `.tmp-` or `.del-` directory that the next run sweeps away. It knows
nothing of what the files hold.

Follows the checkpoint protocol of "All File Systems Are Not Created Equal" (Pillai et al., OSDI 2014): fsync the data,
fsync the directory that names it, rename, fsync the parent.
"""

import ctypes
import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tinylm.errors import BadData, DiskProblem

__all__ = [
    "MANIFEST_NAME",
    "disk_errors",
    "finish_directory",
    "flush_to_disk",
    "new_directory",
    "read_manifest",
    "remove_directory",
    "sha256_of_file",
    "sweep_leftovers",
    "write_file",
]

MANIFEST_NAME = "manifest.json"
MANIFEST_FORMAT = 2  # 1 had no checksum of its own
_TEMPORARY, _DELETED = ".tmp-", ".del-"


@contextmanager
def disk_errors(path: Path, doing: str, n_bytes: int | None = None) -> Iterator[None]:
    """Turn an operating system's refusal inside the block into `DiskProblem` with advice.

    Args:
        path: what was being written or read; it is named in the message.
        doing: the action as a present participle phrase, such as "saving the checkpoint".
        n_bytes: about how much is to be written, to be told where there is no room.
    """
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "make room and try again",
            errno.EDQUOT: "your disk quota is used up: make room and try again",
            errno.EACCES: "check the permissions or choose another place",
            errno.EPERM: "check the permissions or choose another place",
            errno.EROFS: "the file system is read-only: choose another place",
            errno.ENOENT: "check that the folder still exists",
            errno.EEXIST: "something of that name is in the way: move it or choose another place",
            errno.ENOTDIR: "a file is where a folder should be: choose another place",
            errno.EFBIG: "files of this size are not allowed here: raise the limit or choose another place",
        }.get(error.errno or 0, "check the disk and try again")
        reason = (error.strerror or str(error)).lower()
        room = _room(path, n_bytes) if error.errno == errno.ENOSPC else ""
        raise DiskProblem(f"{path}: {doing} failed: {reason}{room}; {advice}") from error


def sha256_of_file(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, reading it in pieces of 1 MiB; `check` may raise between."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            check()
            digest.update(piece)
    return digest.hexdigest()


def write_file(path: Path, content: bytes) -> None:
    """Replace a file in one step: readers see the old bytes or the new ones, also after a power cut.

    Raises:
        DiskProblem: the place cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with disk_errors(path, "writing"):
        try:
            temporary.write_bytes(content)
            flush_to_disk(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        flush_to_disk(path.parent)


@contextmanager
def new_directory(
    path: Path, *, details: Mapping[str, object] | None = None, replace: bool = False, n_bytes: int | None = None
) -> Iterator[Path]:
    """Yield a temporary directory that becomes `path` when the block ends, and vanishes when the block raises.

    Args:
        path: the directory to make; its parent must exist.
        details: facts about the content, stored in the manifest under "details". None: no manifest is written.
        replace: allow an existing directory at `path`; it is exchanged for the new one and then removed.
        n_bytes: about how much it will hold, to be told where there is no room.

    Raises:
        DiskProblem: something could not be written, or `path` exists and `replace` is false.
    """
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with disk_errors(path, "writing", n_bytes):
        try:
            temporary.mkdir()
            yield temporary
            _finish(temporary, path, details, lambda: None, replace)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def finish_directory(building: Path, path: Path, *, details: Mapping[str, object], check: Callable[[], None]) -> None:
    """Give a directory that was built over several attempts its manifest and its name, both at once.

    Args:
        building: a directory beside `path`, whole by now.
        details: as in `new_directory`.
        check: called often while the files are read once more; may raise.

    Raises:
        DiskProblem: something could not be written, or `path` exists.
    """
    with disk_errors(path, "writing"):
        _finish(building, path, details, check, replace=False)


def _finish(
    building: Path, path: Path, details: Mapping[str, object] | None, check: Callable[[], None], replace: bool
) -> None:
    _flush_tree(building)
    if details is not None:
        _write_manifest(building, details, check)
    flush_to_disk(building)
    _move_into_place(building, path, replace)


def read_manifest(directory: Path, check: Callable[[], None] = lambda: None) -> dict[str, object]:
    """Check every file of a directory against its manifest and return the manifest's details.

    Args:
        check: called after each megabyte; may raise.

    Raises:
        BadData: the manifest is missing or unreadable, or a file is missing, has another size or another SHA-256.
    """
    try:
        content = (directory / MANIFEST_NAME).read_bytes()
        manifest = json.loads(content)
        files, details, version = manifest["files"], manifest["details"], manifest["format"]
        if "sha256" in manifest and content != _manifest_text(files, details).encode():
            raise ValueError("it differs from what was written")
        expected = {str(name): (int(entry["bytes"]), str(entry["sha256"])) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadData(f"{directory}: {MANIFEST_NAME} is missing or damaged; this directory cannot be used") from error
    is_known = version == MANIFEST_FORMAT if "sha256" in manifest else version == 1
    if not is_known or not isinstance(details, dict):
        raise BadData(f"{directory}: manifest format {version}, this version of TinyLM reads {MANIFEST_FORMAT}")
    for name, (size, digest) in expected.items():
        file = directory / name
        if Path(name).name != name or not file.is_file():
            raise BadData(f"{file}: the file is missing; this directory cannot be used")
        if file.stat().st_size != size:
            raise BadData(f"{file}: {file.stat().st_size} bytes where the manifest says {size}")
        if sha256_of_file(file, check) != digest:
            raise BadData(f"{file}: the content differs from what was written (SHA-256); the file is damaged")
    return details


def remove_directory(path: Path) -> None:
    """Remove a directory that this program made; it loses its name first, so that nobody sees half of it."""
    doomed = path.with_name(f"{_DELETED}{path.name}-{secrets.token_hex(4)}")
    with disk_errors(path, "removing"):
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def sweep_leftovers(parent: Path) -> None:
    """Remove what a killed process left half-written or half-removed. Call it only while holding the lock."""
    for entry in sorted(parent.iterdir()):
        if not entry.name.startswith((_TEMPORARY, _DELETED)):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Ask the system to put a file's bytes, or a directory's names, on the disk before returning."""
    if path.is_dir() and sys.platform == "win32":
        return  # Windows cannot open a directory for this; its renames are journalled.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _room(path: Path, n_bytes: int | None) -> str:
    """Say what is needed and what is there."""
    needed = "" if n_bytes is None else f"{n_bytes / 1e6:.1f} MB are needed, "
    try:
        return f" ({needed}{shutil.disk_usage(path.parent).free / 1e6:.1f} MB are free)"
    except OSError:
        return ""


def _flush_tree(directory: Path) -> None:
    for entry in sorted(directory.rglob("*")):
        entry.chmod(0o755 if entry.is_dir() else 0o644)  # safetensors writes 0600, which breaks shared folders
        flush_to_disk(entry)


def _write_manifest(directory: Path, details: Mapping[str, object], check: Callable[[], None]) -> None:
    files = {
        entry.name: {"bytes": entry.stat().st_size, "sha256": sha256_of_file(entry, check)}
        for entry in sorted(directory.iterdir())
        if entry.is_file() and entry.name != MANIFEST_NAME
    }
    path = directory / MANIFEST_NAME
    path.write_text(_manifest_text(files, details), encoding="utf-8")
    flush_to_disk(path)


def _manifest_text(files: Mapping[str, object], details: Mapping[str, object]) -> str:
    """Return a manifest sealed by the SHA-256 of its own content, in the one form that a reader accepts."""
    content = {"format": MANIFEST_FORMAT, "details": dict(details), "files": dict(files)}
    seal = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps({**content, "sha256": seal}, indent=1, sort_keys=True) + "\n"


def _move_into_place(temporary: Path, path: Path, replace: bool) -> None:
    if not (replace and path.exists()):
        temporary.rename(path)
    elif _exchange(temporary, path):
        remove_directory(temporary)  # this name now holds the old directory
    else:
        doomed = path.with_name(f"{_DELETED}{path.name}-{secrets.token_hex(4)}")
        path.rename(doomed)
        temporary.rename(path)
        shutil.rmtree(doomed, ignore_errors=True)
    flush_to_disk(path.parent)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two names in one step with Linux's renameat2; False where the system or file system cannot."""
    if sys.platform != "linux":
        return False
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return False
    at_fdcwd, rename_exchange = -100, 2  # <fcntl.h>, <linux/fs.h>
    return bool(function(at_fdcwd, os.fsencode(first), at_fdcwd, os.fsencode(second), rename_exchange) == 0)
