"""Ghost text: what may follow the cursor, as far as the model is sure enough to say it unasked.

It continues the text exactly (see `boundary`), ends with whole words, and holds whole characters only, none of which
act on the text around them (control, bidirectional and invisible characters). Nothing here knows an editor.
"""

import codecs
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinylm.model.boundary import Cursor
from tinylm.model.cursor_generation import cover_candidates, cursor_of, generate_at
from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.model.statistics import log_softmax
from tinylm.model.vocabulary import is_word_character
from tinylm.tokens.byte_level import is_harmless

__all__ = ["Continuation", "ContinuationStep", "Limits", "continue_differently", "continue_text"]

GREEDY = SamplingConfig(temperature=0.0)
MIN_BEGINNING = 0.01  # another way to go on that begins less likely than this is not worth a look


@dataclass(frozen=True)
class Limits:
    """Where a continuation ends at the latest.

    Attributes:
        max_tokens: after so many steps.
        max_lines: with so many lines; line ends are LF, any other control character ends the text.
        min_confidence: before the probability of all of it falls below this.
        min_token_probability: before a token less likely than this.
        stop: before the first of these strings.
    """

    max_tokens: int = 24
    max_lines: int = 1
    min_confidence: float = 0.05
    min_token_probability: float = 0.0
    stop: Sequence[str] = ()


@dataclass(frozen=True)
class ContinuationStep:
    """One token of a continuation.

    Attributes:
        token_id: the token; the first one may begin before the cursor.
        text: the characters that became whole with it.
        logprob: nats, given the text before the cursor and the steps before.
    """

    token_id: int
    text: str
    logprob: float


@dataclass(frozen=True)
class Continuation:
    """Text to show after the cursor, with its tokens."""

    text: str
    steps: tuple[ContinuationStep, ...]


def continue_text(
    model: LanguageModel,
    text_before: str,
    check: Callable[[], None] = no_check,
    *,
    limits: Limits = Limits(),
    config: SamplingConfig = GREEDY,
    starts_document: bool = True,
    decoder: Decoder | None = None,
) -> Continuation:
    """Return a continuation of a text that may stop inside a word; empty where the model is not sure enough.

    Args:
        model: the model.
        text_before: the text up to the cursor.
        check: called between steps of the model; raises to stop.
        limits: where it ends at the latest.
        config: how to choose; greedy unless told otherwise.
        starts_document: whether the text is all that stands before the cursor, or only the end of it.
        decoder: what reads the text; the model's own when absent.
    """
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    draft = _Draft(limits)
    for step in generate_at(model, cursor, config, limits.max_tokens, check, decoder=decoder, n_alternatives=0):
        ends = step.token_id == model.tokenizer.end_of_text_id
        if not draft.is_sure(step.logprob) or ends:
            draft.word_is_open = bool(model.vocabulary.continues_word[step.token_id])
            break
        if not draft.add(step.token_id, step.bytes, step.logprob):
            break
    return Continuation(draft.finish(), _clip(draft.steps, len(draft.text)))


@dataclass
class _Draft:
    """A continuation in the making. `word_is_open` says that the word at its end may go on."""

    limits: Limits
    text: str = ""
    running: float = 0.0
    word_is_open: bool = True
    steps: list[ContinuationStep] = field(default_factory=list)
    _characters: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )

    def is_sure(self, logprob: float) -> bool:
        """Say whether a token is likely enough to be added."""
        running = self.running + logprob
        return running >= _log(self.limits.min_confidence) and logprob >= _log(self.limits.min_token_probability)

    def add(self, token_id: int, data: bytes, logprob: float) -> bool:
        """Add a token; say whether more may follow."""
        piece = self._characters.decode(data)
        if "\r" in piece or not is_harmless(piece):
            self.word_is_open = False
            return False
        self.text += piece
        self.running += logprob
        self.steps.append(ContinuationStep(token_id, piece, logprob))
        if self.text.count("\n") >= self.limits.max_lines or any(word in self.text for word in self.limits.stop):
            self.word_is_open = False
            return False
        return True

    def finish(self) -> str:
        """Cut the text to what the limits allow, to whole words and to no line ends behind it, and return it."""
        text = _without_last_word(self.text) if self.word_is_open else self.text
        text = "\n".join(text.split("\n")[: self.limits.max_lines])
        text = text[: min((text.find(word) for word in self.limits.stop if word in text), default=len(text))]
        self.text = text.rstrip("\n")
        return self.text


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0.0 else -math.inf


def _without_last_word(text: str) -> str:
    """Return the text without a word at its end that may not be whole."""
    end = len(text)
    while end and (is_word_character(text[end - 1]) or text[end - 1] == "'"):
        end -= 1
    return text[:end].rstrip(" ")


def _clip(steps: Sequence[ContinuationStep], n_chars: int) -> tuple[ContinuationStep, ...]:
    """Return the steps that make the first characters, the last one cut to what is left of it."""
    kept: list[ContinuationStep] = []
    for step in steps:
        if n_chars <= 0:
            break
        kept.append(replace(step, text=step.text[:n_chars]))
        n_chars -= len(step.text)
    return tuple(kept)


def continue_differently(
    model: LanguageModel,
    text_before: str,
    unlike: Sequence[str],
    n_ways: int,
    check: Callable[[], None] = no_check,
    *,
    limits: Limits = Limits(),
    starts_document: bool = True,
    decoder: Decoder | None = None,
) -> list[Continuation]:
    """Return continuations that begin otherwise than those that are known, the likeliest beginning first.

    Each begins with another token and goes on greedily. It was asked for, so the limits on probability hold for what
    follows the beginning only.

    Args:
        unlike: the texts already known.
        n_ways: at most so many.
        model, text_before, check, limits, starts_document, decoder: as for `continue_text`.
    """
    reader = decoder or model.decoder
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    found: list[Continuation] = []
    for beginning in _beginnings(model, reader, cursor, check):
        known = [*unlike, *(each.text for each in found)]
        if len(found) == n_ways:
            break
        if any(text.startswith(beginning.text) or beginning.text.startswith(text) for text in known if text):
            continue
        rest = continue_text(
            model,
            text_before + beginning.text,
            check,
            limits=replace(limits, max_tokens=max(limits.max_tokens - 1, 0)),
            starts_document=starts_document,
            decoder=reader,
        )
        found.append(Continuation(beginning.text + rest.text, (beginning, *rest.steps)))
    return found


def _beginnings(
    model: LanguageModel, reader: Decoder, cursor: Cursor, check: Callable[[], None]
) -> list[ContinuationStep]:
    """Return the first tokens after a cursor that have whole, harmless characters on one line, the likeliest first."""
    logprobs: dict[bytes, float] = {}
    last_ids: dict[bytes, int] = {}

    def add(data: bytes, token_id: int, logprob: float) -> None:
        logprobs[data] = float(np.logaddexp(logprobs.get(data, -math.inf), logprob))
        last_ids.setdefault(data, token_id)

    def add_next(path: Sequence[int], before: float) -> None:
        ids = [*cursor.context_ids, *path]
        following = log_softmax(reader.read(ids, check, starts_document=cursor.starts_document))
        for token_id in np.flatnonzero(following + np.float32(before) >= _log(MIN_BEGINNING)):
            add(model.tokenizer.token_bytes(int(token_id)), int(token_id), before + float(following[token_id]))

    covers = cover_candidates(model, reader, cursor, check)
    if covers is None:
        add_next(
            [] if not cursor.tail else model.tokenizer.encode(cursor.tail.decode("utf-8", "replace")).tolist(), 0.0
        )
    else:
        for idx in np.flatnonzero(covers.logits >= _log(MIN_BEGINNING)):
            data, logprob = covers.overhang(int(idx), model.tokenizer), float(covers.logits[idx])
            if data:
                add(data, int(covers.ids[idx]), logprob)
            else:  # the cover ends at the cursor: what comes next begins with another token
                add_next(covers.tokens(int(idx)), logprob)
    steps = [
        ContinuationStep(last_ids[data], data.decode("utf-8", "replace"), logprob)
        for data, logprob in sorted(logprobs.items(), key=lambda item: -item[1])
    ]
    return [step for step in steps if step.text.strip() and is_harmless(step.text) and "\n" not in step.text]
