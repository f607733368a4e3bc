"""A generated token for other programs: the JSON of `tinylm generate --json-lines` and of `tinylm/generationStep`.

Numbers in full. Log probabilities are in nats, the entropy in bits.
"""

import math
from typing import Any

from tinylm.model.generation import Alternative, Step
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["step_record"]


def step_record(tokenizer: Tokenizer, step: Step, index: int, text: str) -> dict[str, Any]:
    """Return everything known about a step, with the keys of docs/protocol.md.

    Args:
        tokenizer: the model's.
        step: the step.
        index: its number, from 0.
        text: what became whole characters with it; may be empty.
    """
    return {
        "index": index,
        "tokenId": step.token_id,
        "raw": tokenizer.raw(step.token_id),
        "bytes": step.bytes.hex(),
        "text": text,
        "logprob": step.logprob,
        "sampledLogprob": step.sampled_logprob if math.isfinite(step.sampled_logprob) else None,
        "rank": step.rank,
        "entropyBits": step.entropy_bits,
        "draw": step.draw,
        "alternatives": [_alternative(tokenizer, other) for other in step.alternatives],
    }


def _alternative(tokenizer: Tokenizer, other: Alternative) -> dict[str, Any]:
    return {
        "tokenId": other.token_id,
        "text": tokenizer.visible(other.token_id),
        "logprob": other.logprob,
        "sampledLogprob": other.sampled_logprob,
        "cutBy": other.cut_by,
    }
