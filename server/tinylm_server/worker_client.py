"""The front's end of the pipe to the inference worker: starts it, asks it, restarts it when it dies.

Requests have ids; a task that is cancelled cancels its request in the worker. A worker that dies fails what is in
flight with WorkerGone and comes back after a pause that doubles; five deaths within three minutes and it stays down
until asked. Knows nothing of models or LSP: ops and headers are the caller's.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import tinylm
from tinylm.errors import TinyLMError
from tinylm_server.frames import Frame, pack, read_frame_async

__all__ = ["WorkerClient", "WorkerGone", "WorkerRefused", "child_environment", "python_command"]

logger = logging.getLogger(__name__)

MAX_DEATHS, DEATHS_WITHIN_S = 5, 180.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0

# Nothing of a person's shell may change what a child imports or where it connects (reliability: T2, T16).
_DROPPED = ("PYTHON", "LD_PRELOAD", "LD_AUDIT", "DYLD_")


class WorkerGone(TinyLMError):
    """The worker died, or is not there; the text says what is done about it."""


class WorkerRefused(TinyLMError):
    """The worker answered with an error; the text is one line for a person."""


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child: ours, without what could change its imports, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    return {**kept, **extra}


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours in an isolated Python, from a checkout or an installation.

    `-I` keeps the current folder and PYTHONPATH out of the child's imports; our own two folders are put back by name,
    behind the standard library and before installed packages.
    """
    folders = [str(Path(tinylm.__file__).parents[1]), str(Path(__file__).parents[1])]
    start = (
        "import sys, runpy; "
        "at = next((i for i, p in enumerate(sys.path) if p.endswith('site-packages')), len(sys.path)); "
        f"sys.path[at:at] = {list(dict.fromkeys(folders))!r}; "
        f"sys.argv[0] = {module!r}; runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-I", "-c", start, *arguments]


class WorkerClient:
    """One worker process at a time.

    Args:
        on_start: awaited after each start, before others may ask: loads the model.
        on_change: called whenever `state` changed.
    """

    def __init__(self, on_start: Callable[[], Awaitable[None]], on_change: Callable[[], None]) -> None:
        self.state = "starting"  # starting, ready, restarting, failed, stopped
        self.restarts = 0
        self.n_ghost_steps = 0  # of the model for ghost text, by all workers so far
        self.pid: int | None = None
        self._on_start, self._on_change = on_start, on_change
        self._ids = count(1)
        self._waiting: dict[int, tuple[asyncio.Future[Frame], Callable[[Frame], None] | None]] = {}
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()  # set while the state is one that nobody need wait for

    @property
    def is_kept(self) -> bool:
        """Whether somebody sees to it that a worker runs."""
        return self._keeper is not None and not self._keeper.done()

    def start(self, n_threads: int) -> None:
        """Start the worker and keep it alive from now on."""
        assert not self.is_kept
        self._deaths.clear()
        self._keeper = asyncio.create_task(self._keep(n_threads), name="worker")

    async def stop(self) -> None:
        """End the worker and what it may have started; what is in flight fails with WorkerGone."""
        if self._keeper is not None and self.is_kept:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        self._set_state("stopped")

    def kill(self) -> None:
        """Kill the worker's process group at once, without waiting."""
        if self.pid is not None and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        elif self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def until_ready(self, timeout_s: float) -> None:
        """Wait until the worker can be asked. Raises WorkerGone when it cannot within the time."""
        try:
            async with asyncio.timeout(timeout_s):  # wait_for loses a cancel that comes as the wait ends (CPython 3.11)
                await self._settled.wait()
        except TimeoutError:
            raise WorkerGone("the inference worker is not ready yet; try again in a moment") from None
        if self.state != "ready":
            raise WorkerGone("the inference worker is not running; run the command TinyLM: Restart Server")

    async def ask(
        self,
        op: str,
        values: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
        on_step: Callable[[Frame], None] | None = None,
    ) -> Frame:
        """Ask the worker and wait for its answer.

        Args:
            op, values, arrays: the request.
            on_step: called with each intermediate frame, in order.

        Raises:
            WorkerGone: there is no worker, or it died meanwhile.
            WorkerRefused: the worker said no.
        """
        if self._process is None or self._process.stdin is None:
            raise WorkerGone("the inference worker is not running")
        request_id = next(self._ids)
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (future, on_step)
        try:
            self._write(Frame({"id": request_id, "op": op, **values}, dict(arrays or {})))
            return await future
        except asyncio.CancelledError:
            self._write(Frame({"cancel": request_id}))
            raise
        finally:
            self._waiting.pop(request_id, None)

    def _write(self, frame: Frame) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(pack(frame))

    async def _keep(self, n_threads: int) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            try:
                await self._run_once(n_threads)
            finally:
                self._forget_process()
            now = time.monotonic()
            if now - started > DEATHS_WITHIN_S:
                pause_s = FIRST_PAUSE_S
            self._deaths.append(now)
            self.restarts += 1
            if len(self._deaths) == MAX_DEATHS and now - self._deaths[0] < DEATHS_WITHIN_S:
                self._set_state("failed")
                return
            self._set_state("restarting")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _run_once(self, n_threads: int) -> None:
        self._set_state("starting" if not self._deaths else "restarting")
        self._process = await self._create(n_threads)
        self.pid = self._process.pid
        assert self._process.stdout is not None
        loading = asyncio.create_task(self._load())
        try:
            while (frame := await read_frame_async(self._process.stdout)) is not None:
                self._deliver(frame)
        finally:
            loading.cancel()
        logger.warning("the inference worker ended (exit code %s)", await self._process.wait())

    async def _create(self, n_threads: int) -> asyncio.subprocess.Process:
        # One thread: a second gains a tenth on a quiet machine, but OpenBLAS' threads spin while they wait for each
        # other, and beside a training run scoring 256 tokens took 10 to 15 s with two and 0.2 s with one.
        threads = str(n_threads or 1)
        creating = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *python_command("tinylm_server.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=child_environment({"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}),
                start_new_session=True,
            )
        )
        try:
            # Shielded: cancelled half way, CPython 3.11 can wait for the child's end for ever.
            return await asyncio.shield(creating)
        except asyncio.CancelledError:
            creating.add_done_callback(_kill_created)
            raise

    async def _load(self) -> None:
        await self._on_start()
        self._set_state("ready")

    def _deliver(self, frame: Frame) -> None:
        self.n_ghost_steps += frame.header.get("ghostSteps", 0)
        future, on_step = self._waiting.get(frame.header["id"], (None, None))
        if future is None or future.done():
            return
        if not frame.header["last"]:
            if on_step is not None:
                on_step(frame)
        elif "error" in frame.header:
            future.set_exception(WorkerRefused(frame.header["message"]))
        else:
            future.set_result(frame)

    def _forget_process(self) -> None:
        self.kill()
        self.pid = None
        self._process = None
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(WorkerGone("the inference worker died; it restarts, please try again"))

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            if state in ("ready", "failed", "stopped"):
                self._settled.set()
            else:
                self._settled.clear()
            self._on_change()


def _kill_created(creating: "asyncio.Future[asyncio.subprocess.Process]") -> None:
    """Kill a process that nobody waited for any more when it came to life."""
    if not creating.cancelled() and creating.exception() is None:
        with suppress(ProcessLookupError):
            creating.result().kill()
