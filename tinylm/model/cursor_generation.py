"""Generate from a cursor that may stand inside a token: the steps of `generation`, begun by the covers of `boundary`.

The first step is special: its token may begin before the cursor. What it holds beyond the cursor is its text, and its
probability is conditional on the text that is there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinylm.model.boundary import Covers, Cursor, find_covers, place_cursor
from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.generation import Step, choose, describe_step, seen_before
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig, filter_logits
from tinylm.model.statistics import log_softmax
from tinylm.model.windows import reach
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["CoverCandidates", "cover_candidates", "cursor_of", "generate_at"]


def cursor_of(model: LanguageModel, text_before: str, *, starts_document: bool = True) -> Cursor:
    """Return the cursor after a text, with as many tokens before it as the model's context can ask for."""
    n_tokens = reach(model.engine.config.block_size)
    return place_cursor(model.tokenizer, text_before, n_tokens, starts_document=starts_document)


@dataclass(frozen=True)
class CoverCandidates:
    """The covers of a tail in one row: they stand where the vocabulary stands at any other place.

    Attributes:
        ids: (N,) int32, the token that each ends in.
        logits: (N,) float32, nats: the log probability of each, given the context and the tail.
        context_tokens: how many tokens that rests on.
        n_tail_bytes: how many bytes they begin with that are there already.
    """

    ids: NDArray[np.int32]
    logits: NDArray[np.float32]
    context_tokens: int
    n_tail_bytes: int
    _group_of: NDArray[np.int32]
    _covers: Covers

    def tokens(self, candidate: int) -> tuple[int, ...]:
        """Return all tokens of a cover."""
        return (*self._covers.paths[int(self._group_of[candidate])], int(self.ids[candidate]))

    def overhang(self, candidate: int, tokenizer: Tokenizer) -> bytes:
        """Return what a cover holds beyond the cursor; empty if it ends there."""
        n_path_bytes = self._covers.n_path_bytes[int(self._group_of[candidate])]
        return tokenizer.token_bytes(int(self.ids[candidate]))[self.n_tail_bytes - n_path_bytes :]

    def ending_in(self, token_ids: Sequence[int]) -> NDArray[np.int32]:
        """Return the candidates that end in one of some tokens: those that penalties count."""
        return np.flatnonzero(np.isin(self.ids, token_ids)).astype(np.int32)


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
        seen = seen_before(reader.ids, reader.context_tokens, model.tokenizer.end_of_text_id)
        candidates = filter_logits(logits, config, seen)
        token_id, uniform = choose(candidates, config, generator)
        yield describe_step(model.tokenizer, logits, candidates, token_id, uniform, n_alternatives)
        if token_id == model.tokenizer.end_of_text_id:
            return
        path.append(token_id)
        n_steps += 1


def cover_candidates(
    model: LanguageModel, decoder: Decoder, cursor: Cursor, check: Callable[[], None] = no_check
) -> CoverCandidates | None:
    """Return the ways to write the tail of a cursor and go on, or None: no tail, or none found in time."""
    if not cursor.tail:
        return None
    covers = find_covers(decoder, model.vocabulary, cursor, check)
    sizes = [len(ids) for ids in covers.last_ids]
    if not sum(sizes):
        return None
    group_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return CoverCandidates(
        ids=np.concatenate(covers.last_ids),
        logits=log_softmax(np.concatenate(covers.logprobs)),
        context_tokens=decoder.context_tokens,
        n_tail_bytes=len(cursor.tail),
        _group_of=group_of,
        _covers=covers,
    )


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
    found = cover_candidates(model, decoder, cursor, check)
    if found is None:  # only if `max_reads` was too small; the tokenizer's own way always covers
        return model.tokenizer.encode(cursor.tail.decode("utf-8", errors="replace")).tolist(), None
    seen = seen_before(cursor.context_ids, found.context_tokens, model.tokenizer.end_of_text_id)
    candidates = filter_logits(found.logits, config, found.ending_in(seen))
    chosen, uniform = choose(candidates, config, generator)
    tokens = found.tokens(chosen)
    overhang = found.overhang(chosen, model.tokenizer)
    if not overhang:
        return [*tokens], None
    # The covers take the place of the vocabulary: their indices are turned into token ids at the end.
    step = describe_step(model.tokenizer, found.logits, candidates, chosen, uniform, n_alternatives)
    alternatives = tuple(replace(other, token_id=int(found.ids[other.token_id])) for other in step.alternatives)
    return [*tokens], replace(step, token_id=tokens[-1], bytes=overhang, alternatives=alternatives)
