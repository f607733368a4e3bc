"""A second model for comparisons: a worker of its own beside the main one, started when asked for and ended soon after.

The main worker's model, caches and answers are left alone. A model that cannot be loaded, or does not fit into memory,
costs only this process.
"""

import asyncio
from pathlib import Path
from typing import Any

from tinylm.errors import TinyLMError
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.worker_client import WorkerClient, WorkerGone

__all__ = ["SecondModel"]

READY_WITHIN_S = 30.0
# Long enough to type and look on; a forgotten comparison then gives its memory back.
IDLE_S = 120.0


class SecondModel:
    """At most one model in at most one process. Use from one event loop."""

    def __init__(self) -> None:
        self.worker: WorkerClient | None = None
        self._asked: dict[str, Any] = {}
        self._model: dict[str, Any] | None = None
        self._problem: str | None = None
        self._idle: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def use(self, directory: Path, tokenizer: Tokenizer, n_threads: int) -> tuple[WorkerClient, dict[str, Any]]:
        """Return a worker that has loaded a model, and the model as `tinylm/status` describes it.

        Raises:
            TinyLMError: the model cannot be loaded, or its tokenizer is another one than the given.
        """
        async with self._turn:
            asked = {"path": str(directory), "special": tokenizer.is_special}
            if self.worker is None or self._asked != asked or not self.worker.is_kept:
                await self._see_that_same(directory, tokenizer)
                await self._stop()
                self._asked, self._problem = asked, None
                self.worker = WorkerClient(self._load, lambda: None)
                self.worker.start(n_threads)
            worker = self.worker
            self._rest()
            await worker.until_ready(READY_WITHIN_S)
            if self._problem is not None or self._model is None:
                problem = self._problem or "it could not be loaded"
                await self._stop()
                raise TinyLMError(problem)
            if self._model["tokenizerId"] != tokenizer.id:
                await self._stop()
                raise TinyLMError(f"the tokenizer in {directory} changed meanwhile; compare again")
            return worker, self._model

    def kill(self) -> None:
        """End the process at once, without waiting."""
        if self.worker is not None:
            self.worker.kill()

    async def _see_that_same(self, directory: Path, tokenizer: Tokenizer) -> None:
        theirs = await asyncio.to_thread(Tokenizer.load, directory, special=tokenizer.is_special)
        if theirs.id != tokenizer.id:
            raise TinyLMError(
                f"{directory} has another tokenizer ({theirs.vocab_size:,} entries, {theirs.id}) than the model in use "
                f"({tokenizer.vocab_size:,} entries, {tokenizer.id}); choose a model with the same one"
            )

    async def _load(self) -> None:
        assert self.worker is not None
        self._model = None
        try:
            self._model = (await self.worker.ask("load", self._asked)).header["model"]
        except WorkerGone:
            raise
        except TinyLMError as error:
            self._problem = str(error)

    def _rest(self) -> None:
        """End the worker when nobody asks for a while."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.create_task(self._end_when_idle(), name="second model")

    async def _end_when_idle(self) -> None:
        await asyncio.sleep(IDLE_S)
        async with self._turn:  # whoever holds it cancels this task
            self._idle = None
            await self._stop()

    async def _stop(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self.worker is not None:
            await self.worker.stop()
            self.worker.kill()
        self.worker, self._asked, self._model = None, {}, None
