"""The tokenizer in this process and the model in the worker, as one thing that can be asked, exchanged and described.

Tokens need only the tokenizer, so they work while the worker is starting, dead or without a model. Nothing is
downloaded: a model is a directory on this machine (`tinylm.model`), the starter model unless another is chosen.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinylm.errors import TinyLMError
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.frames import Frame
from tinylm_server.models import chosen_directory
from tinylm_server.settings import Settings
from tinylm_server.turns import Turns
from tinylm_server.worker_client import WorkerClient, WorkerGone

__all__ = ["ModelHost", "NoTokenizer"]

logger = logging.getLogger(__name__)

# Loading takes about a second on a quiet machine; a busy one gets patience, then an honest answer.
READY_WITHIN_S = 20.0


class NoTokenizer(TinyLMError):
    """There is no tokenizer (yet); the text says why."""


class ModelHost:
    """Holds one tokenizer and one worker. `generation` counts up with every exchange of the model."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.worker = WorkerClient(self._load_model, self._changed)
        self.turns = Turns()
        self.generation = 0
        self.directory: Path | None = None
        self.model: dict[str, Any] | None = None
        self._tokenizer: Tokenizer | None = None
        self._problem: str | None = None
        self._on_change = on_change
        self._n_threads = 0
        self._special = False
        self._tokenizer_known = asyncio.Event()  # set once it is loaded, or known not to be there

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer. Raises NoTokenizer with the reason when there is none."""
        if self._tokenizer is None:
            raise NoTokenizer(self._problem or "the tokenizer is still being loaded; try again in a moment")
        return self._tokenizer

    async def known_tokenizer(self) -> Tokenizer:
        """Return the tokenizer; wait for it while it is being loaded. Raises NoTokenizer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_S):
                await self._tokenizer_known.wait()
        return self.tokenizer

    @property
    def is_ready(self) -> bool:
        """Whether a model can be asked now."""
        return self.worker.state == "ready" and self.model is not None

    @property
    def model_id(self) -> str | None:
        """The model's id; None without a model."""
        return self.model["id"] if self.model else None

    @property
    def block_size(self) -> int:
        """Tokens that the model can see at once; 0 without a model."""
        return int(self.model["blockSize"]) if self.model else 0

    async def start(self, settings: Settings) -> None:
        """Load what the settings name. A failure shows in the status, never as an exception."""
        self._n_threads, self._special, self._problem = settings.threads, settings.special_tokens, None
        self._on_change()
        try:
            self.directory = chosen_directory(settings.model_path)
            self.worker.start(self._n_threads)  # it imports and loads while the tokenizer is read here
            self._tokenizer = await self._read_tokenizer(self.directory)
        except TinyLMError as error:
            self._problem = str(error)
            await self.worker.stop()
        finally:
            self._tokenizer_known.set()
            self._on_change()

    async def apply(self, before: Settings, after: Settings) -> None:
        """React to changed settings."""
        if before.threads != after.threads:
            await self.restart(after)
        is_read_otherwise = before.special_tokens != after.special_tokens
        self._special = after.special_tokens
        if before.model_path != after.model_path or is_read_otherwise:
            try:
                directory = chosen_directory(after.model_path)
                if before.model_path == after.model_path and self.directory is not None:
                    directory = self.directory  # what was selected by hand stays until the setting itself changes
                if directory != self.directory or self.model is None or is_read_otherwise:
                    await self.select(directory)
            except TinyLMError as error:
                self._problem = str(error)
                self._on_change()

    async def select(self, directory: Path) -> dict[str, Any]:
        """Exchange the model. On failure the old one stays.

        Raises:
            TinyLMError: the directory holds no usable model.
        """
        tokenizer = await self._read_tokenizer(directory)
        if not self.worker.is_kept:
            self.directory, self._tokenizer, self._problem = directory, tokenizer, None
            self.worker.start(self._n_threads)
            await self.worker.until_ready(READY_WITHIN_S)
        else:
            await self.worker.until_ready(READY_WITHIN_S)
            frame = await self.worker.ask("load", {"path": str(directory), "special": self._special})
            self.directory, self._tokenizer, self._problem = directory, tokenizer, None
            self._take_model(frame)
        if self.model is None:
            raise TinyLMError(self._problem or "the model could not be loaded")
        return self.model

    async def restart(self, settings: Settings) -> None:
        """Stop the worker and start it anew, also after too many deaths; read the tokenizer if it is missing."""
        self._n_threads = settings.threads
        await self.worker.stop()
        if self._tokenizer is None:
            await self.start(settings)
        else:
            self._problem = None
            self.worker.start(self._n_threads)

    async def _read_tokenizer(self, directory: Path) -> Tokenizer:
        return await asyncio.to_thread(Tokenizer.load, directory, special=self._special)

    async def until_ready(self) -> None:
        """Wait until a model can be asked. Raises WorkerGone with the reason when none can."""
        await self.worker.until_ready(READY_WITHIN_S)
        if self.model is None:
            raise WorkerGone(self._problem or "no model is loaded")

    async def ask(
        self,
        op: str,
        values: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
        on_step: Callable[[Frame], None] | None = None,
    ) -> Frame:
        """Ask the worker about the current model, once it is ready. Raises WorkerGone, WorkerRefused."""
        await self.until_ready()
        return await self.worker.ask(op, values, arrays, on_step)

    def status(self) -> dict[str, Any]:
        """Return the `tinylm/status` of docs/protocol.md, without the training."""
        state, message = self._state()
        tokenizer = self._tokenizer
        return {
            "schema": 1,
            "state": state,
            "message": message,
            "workerRestarts": self.worker.restarts,
            "model": self.model,
            "tokenizer": None if tokenizer is None else {"id": tokenizer.id, "vocabSize": tokenizer.vocab_size},
        }

    def _state(self) -> tuple[str, str]:
        if self._problem is not None:
            return ("failed" if self._tokenizer is None else "degraded"), self._problem
        if self._tokenizer is None:
            return "starting", "Loading the tokenizer"
        match self.worker.state:
            case "ready":
                assert self.model is not None
                return "ready", f"{self.model['name']} is ready"
            case "restarting":
                return "degraded", "The inference worker died and restarts; tokens still work"
            case "failed":
                return "degraded", "The inference worker died five times; run the command TinyLM: Restart Server"
            case "stopped":
                return "degraded", "The inference worker is stopped; tokens still work"
        return "starting", "Loading the model"

    async def _load_model(self) -> None:
        """Give a fresh worker its model; what cannot be loaded shows in the status."""
        try:
            frame = await self.worker.ask("load", {"path": str(self.directory), "special": self._special})
            await self._tokenizer_known.wait()
            self._take_model(frame)
        except WorkerGone:
            raise
        except TinyLMError as error:
            self.model, self._problem = None, str(error)

    def _take_model(self, frame: Frame) -> None:
        described = dict(frame.header["model"])
        if self._tokenizer is not None and described.pop("tokenizerId") != self._tokenizer.id:
            raise TinyLMError(f"the tokenizer in {self.directory} changed while it was loaded; select the model again")
        self.model, self._problem = described, None
        self.generation += 1
        self._changed()

    def _changed(self) -> None:
        self._on_change()
