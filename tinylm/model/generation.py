"""Generate token by token, keeping for each token everything a person may want to know about it.

Sampling itself is in `sampling`, the context in `decoder`. Nothing here renders.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.sampling import CUT_NAMES, Candidates, SamplingConfig, draw, filter_logits
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["Alternative", "Step", "choose", "describe_step", "generate_steps", "seen_before"]


@dataclass(frozen=True)
class Alternative:
    """A token that could have come. Log probabilities in nats; `cut_by` names the filter that took it out."""

    token_id: int
    logprob: float
    sampled_logprob: float | None
    cut_by: str | None


@dataclass(frozen=True)
class Step:
    """A token that was chosen.

    Attributes:
        token_id: the token.
        bytes: what it stands for; may be a part of a character; empty for `<|endoftext|>`.
        logprob: raw, nats: what the model said.
        sampled_logprob: nats, after penalties, temperature and filters; -inf if a filter cut it, so it was picked.
        rank: 1 is the model's first choice.
        entropy_bits: of the raw distribution.
        draw: the uniform number that chose, None if nothing was drawn (greedy, or a person's choice).
        alternatives: the most likely tokens by raw probability, best first; the chosen one is among them if it is that
            likely.
    """

    token_id: int
    bytes: bytes
    logprob: float
    sampled_logprob: float
    rank: int
    entropy_bits: float
    draw: float | None
    alternatives: tuple[Alternative, ...]


def generate_steps(
    decoder: Decoder,
    tokenizer: Tokenizer,
    prompt_ids: Sequence[int] | NDArray[np.int32],
    config: SamplingConfig,
    max_tokens: int,
    check: Callable[[], None] = no_check,
    n_alternatives: int = 10,
) -> Iterator[Step]:
    """Yield tokens after a prompt until `<|endoftext|>`, which is the last step then, or `max_tokens`.

    Args:
        decoder: the model; its text grows with every token.
        tokenizer: the model's tokenizer.
        prompt_ids: (T,) the tokens to continue; empty begins a document.
        config: how to draw.
        max_tokens: at most so many steps.
        check: called between steps and blocks; raises to stop.
        n_alternatives: how many alternatives each step tells.
    """
    generator = config.new_generator()
    logits = decoder.read(prompt_ids, check)
    for index in range(max_tokens):
        penalises = config.penalises
        seen = seen_before(decoder.ids, decoder.context_tokens, tokenizer.end_of_text_id) if penalises else []
        candidates = filter_logits(logits, config, seen)
        token_id, uniform = choose(candidates, config, generator)
        yield describe_step(tokenizer, logits, candidates, token_id, uniform, n_alternatives)
        if token_id == tokenizer.end_of_text_id or index == max_tokens - 1:
            return
        check()
        logits = decoder.push(token_id, check)


def seen_before(ids: Sequence[int], context_tokens: int, end_of_text_id: int) -> list[int]:
    """Return the tokens that penalties count: those of the text that the prediction rests on.

    Args:
        ids: all tokens of the text.
        context_tokens: how many of the last ones the logits rest on; a `<|endoftext|>` that begins them may be counted.
        end_of_text_id: never penalised, or a text that began could hardly end.
    """
    return [token_id for token_id in ids[-context_tokens:] if token_id != end_of_text_id]


def choose(candidates: Candidates, config: SamplingConfig, generator: np.random.Generator) -> tuple[int, float | None]:
    """Return the next token and the uniform number that chose it; None for greedy, which draws nothing."""
    if config.temperature == 0.0:
        return int(np.argmax(candidates.sampled_logprob)), None
    uniform = float(generator.random())
    return draw(candidates, uniform), uniform


def describe_step(
    tokenizer: Tokenizer,
    logits: NDArray[np.float32],
    candidates: Candidates,
    token_id: int,
    uniform: float | None,
    n_alternatives: int = 10,
) -> Step:
    """Return everything about the choice of `token_id`, which may be a candidate that a filter cut."""
    logprob = float(candidates.logprob[token_id])
    ahead = np.count_nonzero(logits > logits[token_id]) + np.count_nonzero(logits[:token_id] == logits[token_id])
    n_shown = min(n_alternatives, len(logits))
    top = np.argpartition(-candidates.logprob, n_shown - 1)[:n_shown] if n_shown else np.empty(0, np.intp)
    top = top[np.lexsort((top, -candidates.logprob[top]))]
    return Step(
        token_id=token_id,
        bytes=tokenizer.token_bytes(token_id),
        logprob=logprob,
        sampled_logprob=float(candidates.sampled_logprob[token_id]),
        rank=1 + int(ahead),
        entropy_bits=max(-float(np.exp(candidates.logprob).dot(candidates.logprob)) / math.log(2.0), 0.0),
        draw=uniform,
        alternatives=tuple(_alternative(candidates, int(other)) for other in top),
    )


def _alternative(candidates: Candidates, token_id: int) -> Alternative:
    cut_by = CUT_NAMES[candidates.cut_by[token_id]]
    sampled = None if cut_by else float(candidates.sampled_logprob[token_id])
    return Alternative(token_id, float(candidates.logprob[token_id]), sampled, cut_by)
