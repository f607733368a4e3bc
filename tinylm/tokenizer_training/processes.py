"""Counts batches of text in processes of its own and in this one, and adds up what they counted when a round ends.

This process counts whenever no other has time, so nobody waits while they start. It knows nothing of documents or of
how the work goes on. What a process does is in `worker.py`.
"""

import json
import os
import queue
import subprocess
import sys
import threading
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

# A process has one batch in work and one to begin with at once: this one may be busy for 15 ms.
_BATCHES_AHEAD = 2


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
        workers: how many processes count, this one among them.
        passed: told of each batch that will be among the counts.
        poll: called before each batch; raises Cancelled to stop: what is on its way is counted still.
        wait: called while the counts are handed over.
    Raises: EnvironmentProblem when a process ended early. No process is left behind in any case.
    """
    free: queue.SimpleQueue[_Helper] = queue.SimpleQueue()
    results: queue.SimpleQueue[Counter[str] | OSError] = queue.SimpleQueue()
    here = worker.PretokenCounter()
    busy: set[_Helper] = set()
    helpers = [_Helper(free, results) for _ in range(workers - 1)]
    is_over, stopped, n_chars = False, None, 0
    try:
        try:
            while not is_over and n_chars < most_chars:
                poll()
                batch = next(batches, None)
                if batch is None:
                    is_over = True
                    break
                if not results.empty():
                    _take(results, poll)  # Only one that failed says something yet.
                helper = _free_one(free)
                if helper is None:
                    here.add(join_texts(batch))
                else:
                    busy.add(helper)
                    helper.jobs.put(join_texts(batch))
                passed(batch)
                n_chars += sum(map(len, batch))
        except Cancelled as reason:
            stopped = reason
        for helper in busy:
            helper.jobs.put(_HAND_OVER)
        return Round([here.counts(), *(_take(results, wait) for _ in busy)], is_over, stopped)
    finally:
        # However we leave: killing is safe, since a process holds nothing but counts; its thread then ends.
        for helper in helpers:
            helper.end()


def _free_one(free: "queue.SimpleQueue[_Helper]") -> "_Helper | None":
    try:
        return free.get_nowait()
    except queue.Empty:
        return None


_HAND_OVER = b""


class _Helper:
    """A counting process and the thread that talks with it.

    It says that it is free, once for each batch it could take, when it has started and after each batch.
    """

    def __init__(
        self, free: "queue.SimpleQueue[_Helper]", results: "queue.SimpleQueue[Counter[str] | OSError]"
    ) -> None:
        self.jobs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._free, self._results = free, results
        self._process = _start_process()
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def end(self) -> None:
        """Kill the process, and wait until nothing is left of it."""
        self._process.kill()
        self.jobs.put(None)
        self._thread.join()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close(stream)

    def _talk(self) -> None:
        """Hand over jobs until `_HAND_OVER`, then put what the process counted into the results."""
        source, sink = cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin)
        try:
            _answer(source)
            for _ in range(_BATCHES_AHEAD):
                self._free.put(self)
            while (job := self.jobs.get()) is not None:
                worker.write_frame(sink, job)
                answer = _answer(source)
                if job == _HAND_OVER:
                    self._results.put(Counter(cast("dict[str, int]", json.loads(answer))))
                else:
                    self._free.put(self)
        except OSError as error:
            self._results.put(error)


def _answer(source: BinaryIO) -> bytes:
    answer = worker.read_frame(source)
    if answer is None:
        raise BrokenPipeError
    return answer


def _start_process() -> "subprocess.Popen[bytes]":
    folders = {str(Path(str(package.__file__)).parent.parent) for package in (numpy, regex, tinylm)}
    command = [sys.executable, "-I", str(Path(worker.__file__)), *sorted(folders)]
    # It multiplies no matrices; without this, starting threads for that takes longer than all the rest.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    # A process group of its own: a Ctrl-C of the terminal, also one during its start, is for the parent to handle.
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, env=environment)


def _take(results: "queue.SimpleQueue[Counter[str] | OSError]", poll: Callable[[], None]) -> Counter[str]:
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


def _close(stream: object) -> None:
    try:
        cast(BinaryIO, stream).close()
    except OSError:
        return  # Bytes that the dead process never took.
