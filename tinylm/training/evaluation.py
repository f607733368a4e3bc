"""Measures a model while it trains: validation loss in nats per token, bits per byte, and a sample story.

The protocol, fixed so that numbers compare: windows begin at a document's start, the first token is predicted from
`<|endoftext|>`, each token is scored once, and a token beyond the first window sees at least half a block of what
precedes it. The closing `<|endoftext|>` is not scored and has no bytes. Bits per byte are the nats of all scored tokens
over ln 2 and over the bytes that these tokens stand for. In training at most EVALUATION_TOKENS tokens are scored, the
first ones of the held-out documents; `tinylm evaluate` scores everything, through the serving engine.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import GPT2LMHeadModel

from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.config import EVALUATION_TOKENS
from tinylm.training.corpus import Stream

__all__ = ["Evaluation", "evaluate_model", "sample_text", "scoring_windows", "usual_beginning"]

_FIRST_WORDS = re.compile(r"\s*(?:\S+\s+){0,3}\S+(?=\s)")
_FIRST_TOKENS = 32  # hold four words, unless they are long ones
_BEGINNINGS = 1000  # documents are enough to tell
_BATCH_TOKENS = 2048
_IGNORED = -100


@dataclass(frozen=True)
class Evaluation:
    """What was measured: nats per token, bits per byte, and over how many tokens."""

    validation_loss: float
    bits_per_byte: float
    n_tokens: int


def scoring_windows(
    ids: NDArray[np.int32], block_size: int, end_of_text_id: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Cut a document into windows that score each token once.

    Args:
        ids: (N,) the document's tokens.
    Yields:
        inputs and targets, both (block_size,); a target of -100 is not scored there.
    """
    row = np.concatenate([[end_of_text_id], ids])  # position i predicts row[i + 1]
    begin, scored = 0, 0
    while scored < len(ids):
        end = min(begin + block_size, len(ids))
        inputs = np.full(block_size, end_of_text_id, np.int64)
        targets = np.full(block_size, _IGNORED, np.int64)
        inputs[: end - begin] = row[begin:end]
        targets[scored - begin : end - begin] = row[scored + 1 : end + 1]
        yield inputs, targets
        scored = end
        begin = end - block_size // 2


def evaluate_model(
    model: GPT2LMHeadModel,
    streams: tuple[Stream, ...],
    tokenizer: Tokenizer,
    block_size: int,
    check: Callable[[], None],
    max_tokens: int = EVALUATION_TOKENS,
) -> Evaluation:
    """Measure the loss over held-out documents, dropout off; the model's mode is put back.

    Streams take turns by document, so that each counts when there is more than `max_tokens`.
    """
    windows: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    n_tokens = 0
    for ids in _in_turn([stream.documents() for stream in streams]):
        if n_tokens >= max_tokens:
            break
        windows.extend(scoring_windows(ids, block_size, tokenizer.end_of_text_id))
        n_tokens += len(ids)
    nats, n_bytes, n_scored = 0.0, 0, 0
    rows = max(1, _BATCH_TOKENS // block_size)
    with _evaluating(model):
        for i in range(0, len(windows), rows):
            check()
            inputs = np.stack([window[0] for window in windows[i : i + rows]])
            targets = np.stack([window[1] for window in windows[i : i + rows]])
            nats += _nats(model, inputs, targets)
            scored = targets[targets != _IGNORED]
            n_bytes += int(tokenizer.byte_lengths[scored].sum())
            n_scored += len(scored)
    return Evaluation(nats / max(1, n_scored), nats / math.log(2) / max(1, n_bytes), n_scored)


def usual_beginning(streams: tuple[Stream, ...], tokenizer: Tokenizer, block_size: int) -> str:
    """Return the commonest beginning of the held-out documents, at most four words, as a prompt in their own manner.

    Where no two begin alike it is that of the first. It takes at most half a block, and is "" where there is none.
    """
    documents = itertools.islice(_in_turn([stream.documents() for stream in streams]), _BEGINNINGS)
    n_tokens = min(_FIRST_TOKENS, block_size // 2)
    found = (_FIRST_WORDS.match(tokenizer.decode(ids[:n_tokens].tolist())) for ids in documents)
    counts = Counter(match[0].strip() for match in found if match and "\ufffd" not in match[0])
    return max(counts, key=counts.__getitem__, default="")


def sample_text(
    model: GPT2LMHeadModel,
    tokenizer: Tokenizer,
    prompt: str,
    seed: int,
    check: Callable[[], None],
    max_tokens: int = 120,
) -> str:
    """Continue a prompt at temperature 0.8 with a random generator of its own, up to `<|endoftext|>`."""
    generator = torch.Generator().manual_seed(seed)
    device = model.transformer.wte.weight.device
    ids = [tokenizer.end_of_text_id, *tokenizer.encode(prompt).tolist()]
    block_size = int(model.config.n_positions)
    with _evaluating(model):
        cache, fresh = None, ids[-block_size:]
        for _ in range(min(max_tokens, block_size - len(fresh))):
            check()
            output = model(input_ids=torch.tensor([fresh], device=device), past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            probabilities = torch.softmax(output.logits[0, -1].float().cpu() / 0.8, -1)  # (V,)
            token_id = int(torch.multinomial(probabilities, 1, generator=generator))
            if token_id == tokenizer.end_of_text_id:
                break
            ids.append(token_id)
            fresh = [token_id]
    return tokenizer.decode(ids[1:])


class _evaluating:  # noqa: N801  (reads as a word at the place of use)
    """Inference mode with dropout off inside the block, as it was before it afterwards."""

    def __init__(self, model: GPT2LMHeadModel) -> None:
        self._model, self._inference = model, torch.inference_mode()

    def __enter__(self) -> None:
        self._was_training = self._model.training
        self._model.eval()
        self._inference.__enter__()

    def __exit__(self, *problem: object) -> None:
        self._inference.__exit__(None, None, None)
        self._model.train(self._was_training)


def _nats(model: GPT2LMHeadModel, inputs: NDArray[np.int64], targets: NDArray[np.int64]) -> float:
    device = model.transformer.wte.weight.device
    hidden = model.transformer(input_ids=torch.from_numpy(inputs).to(device), use_cache=False).last_hidden_state
    wanted: Tensor = torch.from_numpy(targets).to(device).flatten()
    chosen = wanted != _IGNORED
    logits = model.lm_head(hidden.flatten(0, 1)[chosen]).float()  # (N, V)
    return float(torch.nn.functional.cross_entropy(logits, wanted[chosen], reduction="sum"))


def _in_turn(iterators: list[Iterator[NDArray[np.int32]]]) -> Iterator[NDArray[np.int32]]:
    while iterators:
        alive = []
        for iterator in iterators:
            for ids in iterator:
                yield ids
                alive.append(iterator)
                break
        iterators = alive
