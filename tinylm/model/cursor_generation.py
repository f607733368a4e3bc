"""Generate from a cursor that may stand inside a token: the steps of `generation`, begun by the covers of `boundary`.

The first step is special: its token may begin before the cursor. What it holds beyond the cursor is its text, and its
probability is conditional on the text that is there.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinylm.model.boundary import Covers, Cursor, find_covers, place_cursor
from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.generation import Step, choose, describe_step
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig, filter_logits
from tinylm.model.statistics import log_softmax
from tinylm.model.windows import reach

__all__ = ["cursor_of", "generate_at"]


def cursor_of(model: LanguageModel, text_before: str, *, starts_document: bool = True) -> Cursor:
    """Return the cursor after a text, with as many tokens before it as the model's context can ask for."""
    n_tokens = reach(model.engine.config.block_size)
    return place_cursor(model.tokenizer, text_before, n_tokens, starts_document=starts_document)


def generate_at(
    model: LanguageModel,
    cursor: Cursor,
    config: SamplingConfig,
    max_tokens: int,
    check: Callable[[], None] = no_check,
    *,
    decoder: Decoder | None = None,
    n_alternatives: int = 10,
) -> Iterator[Step]:
    """Yield tokens after a cursor until `<|endoftext|>`, which is the last step then, or `max_tokens`.

    Args:
        model: the model.
        cursor: where to go on, from `cursor_of`.
        config: how to draw.
        max_tokens: at most so many steps.
        check: called between steps of the model; raises to stop.
        decoder: what reads the text; the model's own when absent.
        n_alternatives: how many alternatives each step tells.

    Yields:
        Steps as `generate_steps` does. In the first one `bytes` is only what lies after the cursor, and the
        probabilities (its own and its alternatives') are conditional on the bytes before it.
    """
    reader = decoder or model.decoder
    generator = config.new_generator()
    path: list[int] = []
    n_steps = 0
    if cursor.tail and max_tokens > 0:
        path, first = _cover_tail(model, reader, cursor, config, generator, check, n_alternatives)
        if first is not None:
            n_steps = 1
            yield first
    while n_steps < max_tokens:
        check()
        logits = reader.read([*cursor.context_ids, *path], check, starts_document=cursor.starts_document)
        candidates = filter_logits(logits, config)
        token_id, uniform = choose(candidates, config, generator)
        yield describe_step(model.tokenizer, logits, candidates, token_id, uniform, n_alternatives)
        if token_id == model.tokenizer.end_of_text_id:
            return
        path.append(token_id)
        n_steps += 1


def _cover_tail(
    model: LanguageModel,
    decoder: Decoder,
    cursor: Cursor,
    config: SamplingConfig,
    generator: np.random.Generator,
    check: Callable[[], None],
    n_alternatives: int,
) -> tuple[list[int], Step | None]:
    """Choose a cover of the tail. Returns its tokens, and the step if the last of them reaches beyond the cursor."""
    covers = find_covers(decoder, model.vocabulary, cursor, check)
    group_of, ids, logits = _flatten(covers)
    if len(ids) == 0:  # only if `max_reads` was too small; the tokenizer's own way always covers
        return model.tokenizer.encode(cursor.tail.decode("utf-8", errors="replace")).tolist(), None
    candidates = filter_logits(log_softmax(logits), config)
    chosen, uniform = choose(candidates, config, generator)
    group = int(group_of[chosen])
    path = [*covers.paths[group], int(ids[chosen])]
    overhang = model.tokenizer.token_bytes(path[-1])[len(cursor.tail) - covers.n_path_bytes[group] :]
    if not overhang:
        return path, None
    # The covers take the place of the vocabulary: their indices are turned into token ids at the end.
    step = describe_step(model.tokenizer, candidates.logprob, candidates, chosen, uniform, n_alternatives)
    alternatives = tuple(replace(other, token_id=int(ids[other.token_id])) for other in step.alternatives)
    return path, replace(step, token_id=path[-1], bytes=overhang, alternatives=alternatives)


def _flatten(covers: Covers) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Return the covers in one row: group, last token and log probability of each."""
    sizes = [len(ids) for ids in covers.last_ids]
    group_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return group_of, np.concatenate(covers.last_ids), np.concatenate(covers.logprobs)
