"""What the worker can do with its model: one generator for each operation.

Between steps a job yields: None, or a frame to be sent at once. Its return value is the answer. The shapes of what is
sent and returned are those of `tinylm.model`; arrays travel raw. Nothing here knows of pipes or processes.
"""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np

from tinylm.errors import TinyLMError
from tinylm.model.language_model import LanguageModel
from tinylm.model.scoring import score
from tinylm_server.frames import Frame

__all__ = ["Jobs"]

Steps = Generator[Frame | None, None, Frame]
Check = Callable[[], None]


class Jobs:
    """Owns the model; `start` makes the generator of a request."""

    def __init__(self) -> None:
        self._model: LanguageModel | None = None

    def start(self, frame: Frame, check: Check) -> Steps:
        """Return the steps of a request; nothing runs yet."""
        operations = {"load": self._load, "score": self._score, "inspect": self._inspect}
        return operations[frame.header["op"]](frame, check)

    def _current(self, frame: Frame) -> LanguageModel:
        """Return the model, if it is the one that the request's ids were made for."""
        if self._model is None or self._model.tokenizer.id != frame.header["tokenizer"]:
            raise TinyLMError("the model was exchanged meanwhile; ask again")
        return self._model

    def _load(self, frame: Frame, check: Check) -> Steps:
        yield None
        model = LanguageModel.load(Path(frame.header["path"]))
        self._model = model
        return Frame({"model": describe(model, frame.header["path"])})

    def _score(self, frame: Frame, check: Check) -> Steps:
        model = self._current(frame)
        yield None
        first, last = frame.header["first"], frame.header["last"]
        return Frame({}, score_arrays(model, frame.arrays["ids"], first, last, check))


def describe(model: LanguageModel, path: str) -> dict[str, Any]:
    """Return the model as `tinylm/status` shows it, and the id of its tokenizer."""
    config = model.engine.config
    return {
        "id": model.id,
        "name": model.name,
        "path": path,
        "nParams": model.engine.n_params,
        "vocabSize": config.vocab_size,
        "blockSize": config.block_size,
        "tokenizerId": model.tokenizer.id,
    }
