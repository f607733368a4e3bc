"""Count the pre-tokens of a corpus, in this process or in several, from a stream that is never held in memory.

Documents are gathered into batches of about a megabyte and each batch goes to a process that is free. The processes
keep their own counts and hand them over once, at the end. The sum does not depend on how many there are or on where
batches end: the last batch, however short, is sent like the others. What a process does is in `worker.py`.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import regex

from tinylm.data.batches import batches_of
from tinylm.errors import Cancelled, EnvironmentProblem
from tinylm.tokenizer_training import worker
from tinylm.tokens.pretokens import boundary_after
from tinylm.tokens.spans import replace_surrogates

__all__ = ["CountingProgress", "PretokenCounts", "count_corpus", "default_workers"]

BATCH_CHARS = 1 << 20

# Text between two looks at `should_stop`, some 10 ms of work. Longer documents are counted in pieces.
_PIECE_CHARS = 1 << 16

# A process costs about 0.1 s to start, in which this one counts about as much text as this.
_CHARS_BEFORE_WORKERS = 2 << 20
_REPORT_EVERY_S = 0.1


@dataclass(frozen=True)
class CountingProgress:
    """How far counting is: documents and UTF-8 bytes taken from the stream, and the seconds since the start."""

    n_documents: int
    n_bytes: int
    seconds: float


@dataclass(frozen=True)
class PretokenCounts:
    """How often each pre-token occurs, with the size of what was counted."""

    counts: Counter[str]
    n_documents: int
    n_bytes: int
    n_pretokens: int


def default_workers() -> int:
    """Return the number of processors this process may use, at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(8, len(affinity(0)) if affinity else os.cpu_count() or 1)


def count_corpus(
    documents: Iterable[str],
    *,
    workers: int,
    progress: Callable[[CountingProgress], None],
    should_stop: Callable[[], bool],
) -> PretokenCounts:
    """Count every pre-token of every document.

    Args:
        workers: processes to use; 1 counts in this one. A small corpus is counted in this one in any case.
        progress: called about ten times a second.
        should_stop: polled between documents and while waiting, at least every 0.1 s.
    Raises: Cancelled when `should_stop` says so, with no process left behind.
    """
    tally = _Tally(progress, should_stop)
    batches = batches_of(tally.watch(documents), BATCH_CHARS)
    counter = worker.PretokenCounter()
    counted_elsewhere: list[Counter[str]] = []
    n_chars = 0
    for batch in batches:
        for text in batch:
            counter.add(text)
            n_chars += len(text)
            tally.poll()
        if workers > 1 and n_chars >= _CHARS_BEFORE_WORKERS:
            counted_elsewhere = _count_in_processes(batches, workers, tally)
            break
    tally.report()
    counts = counter.counts()
    for part in counted_elsewhere:
        counts.update(part)
        tally.poll()
    return PretokenCounts(counts, tally.n_documents, tally.n_bytes, counts.total())


class _Tally:
    """Counts what passes through, reports it now and then, and stops the work when asked."""

    def __init__(self, progress: Callable[[CountingProgress], None], should_stop: Callable[[], bool]) -> None:
        self.n_documents = 0
        self.n_bytes = 0
        self._progress = progress
        self._should_stop = should_stop
        self._started = self._reported = time.monotonic()

    def watch(self, documents: Iterable[str]) -> Iterator[str]:
        for text in documents:
            self.n_documents += 1
            text = replace_surrogates(text)
            self.n_bytes += len(text) if text.isascii() else len(text.encode())
            self.poll()
            yield from _pieces(text)

    def poll(self) -> None:
        if self._should_stop():
            raise Cancelled("stopped while counting; nothing was written")
        if time.monotonic() - self._reported >= _REPORT_EVERY_S:
            self.report()

    def report(self) -> None:
        self._reported = time.monotonic()
        self._progress(CountingProgress(self.n_documents, self.n_bytes, self._reported - self._started))


def _pieces(text: str) -> Iterator[str]:
    """Cut a long document into pieces, only where no pre-token can reach across."""
    start = 0
    while start < len(text):
        end = boundary_after(text, start + _PIECE_CHARS)
        yield text[start:end]
        start = end


def _count_in_processes(batches: Iterator[list[str]], workers: int, tally: _Tally) -> list[Counter[str]]:
    """Count the remaining batches in processes and return what each counted."""
    jobs: queue.Queue[bytes] = queue.Queue(maxsize=1)
    results: queue.Queue[Counter[str] | OSError] = queue.Queue()
    processes = [_start_process() for _ in range(workers)]
    threads = [threading.Thread(target=_feed, args=(process, jobs, results)) for process in processes]
    try:
        for thread in threads:
            thread.start()
        for batch in batches:
            _put(jobs, json.dumps(batch).encode(), results, tally)
        for _ in processes:
            _put(jobs, b"", results, tally)
        return [_take(results, tally) for _ in processes]
    finally:
        # However we leave: killing is safe, since a process holds nothing but counts; its thread then ends.
        for process in processes:
            process.kill()
        _end_threads(threads, jobs)
        for process in processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    _close(stream)


def _start_process() -> "subprocess.Popen[bytes]":
    folder_of_regex = str(Path(regex.__file__).parent.parent)
    command = [sys.executable, "-I", str(Path(worker.__file__)), folder_of_regex]
    # A process group of its own: a Ctrl-C of the terminal, also one during its start, is for the parent to handle.
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)


def _feed(
    process: "subprocess.Popen[bytes]",
    jobs: "queue.Queue[bytes]",
    results: "queue.Queue[Counter[str] | OSError]",
) -> None:
    """Hand jobs to one process until the empty one, then put what it counted into `results`. Runs in a thread."""
    source, sink = cast(BinaryIO, process.stdout), cast(BinaryIO, process.stdin)
    try:
        while True:
            job = jobs.get()
            worker.write_frame(sink, job)
            answer = worker.read_frame(source)
            if answer is None:
                raise BrokenPipeError
            if not job:
                results.put(Counter(cast("dict[str, int]", json.loads(answer))))
                return
    except OSError as error:
        results.put(error)


def _put(
    jobs: "queue.Queue[bytes]",
    job: bytes,
    results: "queue.Queue[Counter[str] | OSError]",
    tally: _Tally,
) -> None:
    while True:
        tally.poll()
        if not results.empty() and isinstance(results.queue[0], OSError):
            _take(results, tally)
        try:
            return jobs.put(job, timeout=0.05)
        except queue.Full:
            continue


def _take(results: "queue.Queue[Counter[str] | OSError]", tally: _Tally) -> Counter[str]:
    while True:
        tally.poll()
        try:
            part = results.get(timeout=0.05)
        except queue.Empty:
            continue
        if isinstance(part, OSError):
            raise EnvironmentProblem(
                "a counting process ended early (perhaps killed for memory); try again with --workers 1"
            )
        return part


def _end_threads(threads: list[threading.Thread], jobs: "queue.Queue[bytes]") -> None:
    """Wake the threads that still wait for a job; their process is dead, so each ends at its next write."""
    while any(thread.is_alive() for thread in threads):
        try:
            jobs.put(b"", timeout=0.01)
        except queue.Full:
            time.sleep(0.001)


def _close(stream: object) -> None:
    try:
        cast(BinaryIO, stream).close()
    except OSError:
        return  # Bytes that the dead process never took.
