"""Counts batches of text in processes of its own, which hand over what they counted when a round ends.

It knows nothing of documents or of how the work goes on. What a process does is in `worker.py`.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy
import regex

import tinylm
from tinylm.errors import Cancelled, EnvironmentProblem
from tinylm.tokenizer_training import worker
from tinylm.tokens.splitting import join_texts

__all__ = ["Round", "count_round"]


@dataclass(frozen=True)
class Round:
    """What each process counted, whether the batches came to their end, and the wish to stop, if there was one."""

    counts: list[Counter[str]]
    is_over: bool
    stopped: Cancelled | None


def count_round(
    batches: Iterator[list[str]],
    workers: int,
    most_chars: int,
    passed: Callable[[list[str]], None],
    poll: Callable[[], None],
    wait: Callable[[], None],
) -> Round:
    """Count batches until they end, hold `most_chars` characters, or somebody asks to stop.

    Args:
        passed: told of each batch that will be among the counts.
        poll: called while there is work to hand out; raises Cancelled to stop: what is on its way is counted still.
        wait: called while the counts are handed over.
    Raises: EnvironmentProblem when a process ended early. No process is left behind in any case.
    """
    jobs: queue.Queue[bytes] = queue.Queue(maxsize=1)
    results: queue.Queue[Counter[str] | OSError] = queue.Queue()
    processes = [_start_process() for _ in range(workers)]
    threads = [threading.Thread(target=_feed, args=(process, jobs, results)) for process in processes]
    is_over, stopped = False, None
    try:
        for thread in threads:
            thread.start()
        try:
            is_over = _hand_out(batches, jobs, results, most_chars, passed, poll)
        except Cancelled as reason:
            stopped = reason
        for _ in processes:
            _put(jobs, b"", results, wait)
        return Round([_take(results, wait) for _ in processes], is_over, stopped)
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


def _hand_out(
    batches: Iterator[list[str]],
    jobs: "queue.Queue[bytes]",
    results: "queue.Queue[Counter[str] | OSError]",
    most_chars: int,
    passed: Callable[[list[str]], None],
    poll: Callable[[], None],
) -> bool:
    n_chars = 0
    for batch in batches:
        _put(jobs, join_texts(batch), results, poll)
        passed(batch)
        n_chars += sum(map(len, batch))
        if n_chars >= most_chars:
            return False
    return True


def _start_process() -> "subprocess.Popen[bytes]":
    folders = {str(Path(str(package.__file__)).parent.parent) for package in (numpy, regex, tinylm)}
    command = [sys.executable, "-I", str(Path(worker.__file__)), *sorted(folders)]
    # It multiplies no matrices; without this, starting threads for that takes longer than all the rest.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    # A process group of its own: a Ctrl-C of the terminal, also one during its start, is for the parent to handle.
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, env=environment)


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
    poll: Callable[[], None],
) -> None:
    while True:
        poll()
        if not results.empty() and isinstance(results.queue[0], OSError):
            _take(results, poll)
        try:
            return jobs.put(job, timeout=0.05)
        except queue.Full:
            continue


def _take(results: "queue.Queue[Counter[str] | OSError]", poll: Callable[[], None]) -> Counter[str]:
    while True:
        poll()
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
