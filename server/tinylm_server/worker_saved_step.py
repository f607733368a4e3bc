"""The worker's part of looking back: tokens scored with the weights of one step that a training run kept.

The model in use stays; the step's is loaded beside it and forgotten with the answer.
"""

from collections.abc import Callable, Generator
from functools import lru_cache
from pathlib import Path

import numpy as np

from tinylm.errors import TinyLMError
from tinylm.model.anchors import AnchorTable
from tinylm.model.scoring import Scorer
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.snapshots import SavedStep, load_saved
from tinylm_server.frames import Frame

__all__ = ["saved_step_steps"]

# Tokens scored between two looks for something more urgent, as in `worker_jobs`.
_SCORE_STEP = 64


def saved_step_steps(frame: Frame, check: Callable[[], None]) -> Generator[Frame | None, None, Frame]:
    """Load a step's weights and answer with the log probabilities of tokens `first` to `last - 1`: (T,) nats."""
    values, ids = frame.header, frame.arrays["ids"]
    yield None
    table, end_of_text_id, tokenizer_id = _tokens_of(values["run"])
    if tokenizer_id != values["tokenizer"]:
        raise TinyLMError(f"the tokenizer of {values['run']} changed meanwhile; ask again")
    yield None
    saved = SavedStep(values["step"], Path(values["weights"]), Path(values["shape"]))
    scorer = Scorer(load_saved(saved), table, end_of_text_id)
    parts = []
    for first in range(values["first"], values["last"], _SCORE_STEP):
        yield None
        last = min(first + _SCORE_STEP, values["last"])
        parts.append(scorer.score(ids, first, last, check, starts_document=values["startsDocument"]).logprob)
    return Frame({}, {"logprob": np.concatenate(parts)})


@lru_cache(maxsize=1)
def _tokens_of(run: str) -> tuple[AnchorTable, int, str]:
    tokenizer = Tokenizer.load(Path(run) / "tokenizer")
    table = AnchorTable.of([tokenizer.token_bytes(token_id) for token_id in range(tokenizer.vocab_size)])
    return table, tokenizer.end_of_text_id, tokenizer.id
