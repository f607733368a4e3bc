"""The inference worker: a child process that owns one model and answers frames on stdin and stdout.

It imports NumPy, tokenizers and `tinylm.model`, never torch, and knows nothing of LSP. Jobs are generators: between
their steps the worker looks for cancels and lets a more urgent job go first, so a long generation never holds up a
hover. It ends when its stdin does, so it cannot outlive the front process.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import BinaryIO

from tinylm.errors import Cancelled, TinyLMError
from tinylm_server.frames import Frame, pack, read_frame
from tinylm_server.stdio import claim_stdio
from tinylm_server.worker_jobs import Jobs
from tinylm_server.worker_speed import Speedup

__all__ = ["main"]

logger = logging.getLogger(__name__)

# The most urgent first: what a person waits for with the finger on a key comes before what fills a screen.
PRIORITIES = {
    "load": 0, "inspect": 1, "session": 1, "characters": 1, "words": 2, "wordParts": 2, "continue": 3, "score": 4,
    "generate": 5, "export": 6, "savedStep": 6,
}  # fmt: skip

Steps = Generator[Frame | None, None, Frame]


@dataclass
class Job:
    """One request at work. Ordered by urgency, then by arrival."""

    request_id: int
    order: tuple[int, int]
    steps: Steps
    cancelled: threading.Event = field(default_factory=threading.Event)


class Inbox:
    """Requests from the pipe, taken in by a thread; cancels are marked on the job at once."""

    def __init__(self, stream: BinaryIO, start: Callable[[Frame, Callable[[], None]], Steps]) -> None:
        self._stream = stream
        self._start = start
        self._arrived = threading.Condition()
        self._jobs: dict[int, Job] = {}
        self._orders = count()
        threading.Thread(target=self._run, name="pipe", daemon=True).start()

    def next(self, timeout_s: float | None) -> Job | None:
        """Return the most urgent job; wait for one, and return None if none comes in time."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._jobs, timeout_s):
                return None
            return min(self._jobs.values(), key=lambda job: job.order)

    def finish(self, job: Job) -> None:
        """Forget a job that has been answered."""
        with self._arrived:
            self._jobs.pop(job.request_id, None)

    def _run(self) -> None:
        while (frame := read_frame(self._stream)) is not None:
            if "cancel" in frame.header:
                with self._arrived:
                    if (job := self._jobs.get(frame.header["cancel"])) is not None:
                        job.cancelled.set()
                continue
            self._add(frame)
        os._exit(0)  # the front process has gone, or wants us gone

    def _add(self, frame: Frame) -> None:
        cancelled = threading.Event()

        def check() -> None:
            if cancelled.is_set():
                raise Cancelled("cancelled")

        order = (PRIORITIES[frame.header["op"]], next(self._orders))
        job = Job(frame.header["id"], order, self._start(frame, check), cancelled)
        with self._arrived:
            self._jobs[job.request_id] = job
            self._arrived.notify()


def _advance(job: Job) -> tuple[Frame | None, bool]:
    """Take one step of a job. Returns what to send, if anything, and whether the job is over."""
    try:
        if job.cancelled.is_set():
            raise Cancelled("cancelled")
        return next(job.steps), False
    except StopIteration as stop:
        result: Frame = stop.value
        return result, True
    except Cancelled:
        return Frame({"error": "cancelled", "message": "cancelled"}), True
    except TinyLMError as error:
        return Frame({"error": "refused", "message": str(error)}), True
    except Exception as error:  # the border: a defect in one job must not end the others
        logger.exception("a job failed")
        return Frame({"error": "internal", "message": f"{type(error).__name__}: {error}"}), True


def main() -> None:
    """Serve until stdin ends."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="worker %(levelname)s %(message)s")
    stdin, stdout = claim_stdio()
    jobs, speedup = Jobs(), Speedup()
    inbox = Inbox(stdin, jobs.start)
    while True:
        job = inbox.next(speedup.idle_s(jobs.model))
        if job is None:
            if jobs.model is not None:
                speedup.advance(jobs.model)
            continue
        frame, is_over = _advance(job)
        if is_over:
            inbox.finish(job)
        if frame is not None:
            # Also of jobs that were cancelled: what they computed in vain is to be known.
            told = {"id": job.request_id, "last": is_over, "ghostSteps": jobs.take_ghost_steps()}
            stdout.write(pack(Frame({**frame.header, **told}, frame.arrays)))
            stdout.flush()


if __name__ == "__main__":
    main()
