"""Faults that the kernel hands to a real process: it is stopped, killed or refused at a chosen system call, by strace.

`System calls that change files` are the only instants at which a kill can leave another state behind: between two of
them a process computes, and what it computed is lost wherever it is killed. So whoever goes through all of them has
been everywhere. Nothing of the program is replaced, and a call that is new in the program is a new point by itself.
"""

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tinylm.training_runs import Child

CHANGING_FILES = (
    "open,openat,creat,write,pwrite64,writev,pwritev,sendfile,copy_file_range,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,chmod,fchmod,fchmodat,flock"
)


@contextmanager
def traced(
    work: Callable[[], object], *rules: str, calls: str = CHANGING_FILES, only: Path | None = None
) -> Iterator[tuple[Child, Iterator[str]]]:
    """Run a function in a fork under strace; yield the fork and the lines that strace writes about it, as they come.

    Args:
        rules: strace's own expressions, such as "inject=fsync:error=EIO:when=3".
        calls: the system calls that are told of.
        only: the one path whose calls count, for the telling and for the rules.
    """
    gate, open_gate = os.pipe()
    out, into = os.pipe()

    def at_the_gate() -> None:
        os.close(open_gate)
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER: strace is no ancestor of this process
        os.read(gate, 1)
        work()

    with Child(at_the_gate) as child:
        words = ["strace", "-p", str(child.pid), "-s", "200", "-o", f"/dev/fd/{into}", "-e", f"trace={calls}"]
        words += [word for rule in rules for word in ("-e", rule)]
        words += [] if only is None else ["-P", str(only)]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, pass_fds=[into]) as strace:
            os.close(into)
            assert strace.stderr is not None
            said = strace.stderr.readline()
            assert "attached" in said, said
            os.close(open_gate)
            os.close(gate)
            with os.fdopen(out, encoding="utf-8", errors="replace") as lines:
                yield child, lines
                for _ in lines:  # a full pipe would hold it up
                    pass


def states_at_every_point(work: Callable[[], object], place: Path, states: Path) -> tuple[int, list[Path]]:
    """Freeze a process after every call that changes files, and keep a copy of `place` whenever it is another one.

    A kill at that instant would leave exactly these bytes: it writes nothing and undoes nothing.

    Returns:
        The number of points, and the copies in order, below `states`.
    """
    n_points, copies, last = 0, [], b""
    names = tuple(f"{name}(" for name in CHANGING_FILES.split(","))
    stops = CHANGING_FILES.replace("sendfile,", "") + ",close"  # a signal would begin sendfile again, for ever
    with traced(work, f"inject={stops}:signal=SIGSTOP", calls=f"{CHANGING_FILES},close") as (child, lines):
        for line in lines:
            n_points += line.startswith(names)
            if "stopped by SIGSTOP" not in line:
                continue
            now = _digest(place)
            if now != last:
                copies.append(states / f"{n_points:04d}")
                _copy(place, copies[-1])
                last = now
            child.send(signal.SIGCONT)
        code, text = child.finish()
        assert code == 0, text
    return n_points, copies


def _digest(place: Path) -> bytes:
    digest = hashlib.sha256()
    for path in sorted(place.rglob("*")):
        digest.update(str(path).encode() + b"\0")
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.digest()


def _copy(place: Path, copy: Path) -> None:
    if place.exists():
        shutil.copytree(place, copy)


assert sys.platform != "linux" or shutil.which("strace"), "these tests need strace: apt-get install strace"
