"""What may follow the cursor: a continuation to show as ghost text, and whole words for a list.

Both continue the text exactly (see `boundary`) and answer with whole characters only, none of which act on the text
around them (control, bidirectional and invisible characters). Nothing here knows an editor.
"""

import codecs
import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinylm.model.boundary import find_covers
from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.model.statistics import log_softmax
from tinylm.tokens.byte_level import is_harmless

__all__ = ["Continuation", "ContinuationStep", "WordCompletion", "complete_words", "continue_text"]

GREEDY = SamplingConfig(temperature=0.0)


@dataclass(frozen=True)
class ContinuationStep:
    """One token of a continuation.

    Attributes:
        token_id: the token; the first one may begin before the cursor.
        text: the characters that became whole with it.
        logprob: nats, given the text before the cursor and the steps before.
        running_logprob: nats, of the continuation up to here.
    """

    token_id: int
    text: str
    logprob: float
    running_logprob: float


@dataclass(frozen=True)
class Continuation:
    """Text to show after the cursor, with its tokens.

    `exact` is False where no certain token boundary was near the cursor, so that the first token rests on the
    tokenizer's own way to cut the text there.
    """

    text: str
    steps: tuple[ContinuationStep, ...]
    exact: bool


@dataclass(frozen=True)
class WordCompletion:
    """A word that may come next, or the rest of the one at the cursor.

    Attributes:
        text: what comes after the cursor, with the space before it if there is one.
        logprob: nats: that the text goes on with exactly this word, summed over the ways to write it that were met.
        token_ids: the most likely of them; its first tokens may begin before the cursor.
    """

    text: str
    logprob: float
    token_ids: tuple[int, ...]


def continue_text(
    model: LanguageModel,
    text_before: str,
    check: Callable[[], None] = no_check,
    *,
    max_tokens: int = 24,
    min_confidence: float = 0.05,
    stop: Sequence[str] = (),
    config: SamplingConfig = GREEDY,
    starts_document: bool = True,
    decoder: Decoder | None = None,
) -> Continuation:
    """Return a continuation of a text that may stop inside a word; empty where the model is not sure enough.

    Args:
        model: the model.
        text_before: the text up to the cursor.
        check: called between steps of the model; raises to stop.
        max_tokens: at most so many steps.
        min_confidence: it ends, with a whole word, before the probability of all of it falls below this.
        stop: it ends before the first of these strings.
        config: how to choose; greedy unless told otherwise.
        starts_document: whether the text is all that stands before the cursor, or only the end of it.
        decoder: what reads the text; the model's own when absent.
    """
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
    least = math.log(min_confidence) if min_confidence > 0.0 else -math.inf
    steps: list[ContinuationStep] = []
    text, running, unfinished = "", 0.0, True
    for step in generate_at(model, cursor, config, max_tokens, check, decoder=decoder, n_alternatives=0):
        running += step.logprob
        if step.token_id == model.tokenizer.end_of_text_id or running < least:
            unfinished = bool(model.vocabulary.continues_word[step.token_id])
            break
        piece = characters.decode(step.bytes)
        if not is_harmless(piece):
            unfinished = False
            break
        text += piece
        steps.append(ContinuationStep(step.token_id, piece, step.logprob, running))
        if any(word in text for word in stop):
            unfinished = False
            break
    if unfinished:
        text = _without_last_word(text)
    text = text[: min((text.find(word) for word in stop if word in text), default=len(text))]
    return Continuation(text, _clip(steps, len(text)), cursor.exact)


def _without_last_word(text: str) -> str:
    """Return the text without a word at its end that may not be whole."""
    end = len(text)
    while end and (text[end - 1].isalnum() or text[end - 1] == "'"):
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


def complete_words(
    model: LanguageModel,
    text_before: str,
    n_words: int = 8,
    check: Callable[[], None] = no_check,
    *,
    starts_document: bool = True,
    decoder: Decoder | None = None,
    min_probability: float = 0.001,
    max_reads: int = 32,
) -> list[WordCompletion]:
    """Return the most likely words after the cursor, or ends of the word at it, the most likely first.

    The probability of a word counts its end: of "girl" it is what "girls" does not take. Words are found best first.

    Args:
        model: the model.
        text_before: the text up to the cursor.
        n_words: at most so many.
        check: called before each step of the model; raises to stop.
        starts_document: whether the text is all that stands before the cursor, or only the end of it.
        decoder: what reads the text; the model's own when absent.
        min_probability: words less likely than this are not worth a line, nor the steps that would find them.
        max_reads: the search ends after so many steps of the model. A word not met by then may be missing.
    """
    reader = decoder or model.decoder
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    search = _WordSearch(model, n_words, -math.log(max(min_probability, 1e-300)))
    covers = find_covers(reader, model.vocabulary, cursor, check)
    log_total = covers.log_total
    for path, n_bytes, last_ids, logprobs in zip(
        covers.paths, covers.n_path_bytes, covers.last_ids, covers.logprobs, strict=True
    ):
        search.add(path, b"", len(cursor.tail) - n_bytes, last_ids, logprobs - np.float32(log_total))
    for _ in range(max_reads):
        state = search.next_state()
        if state is None:
            break
        cost, text, path = state
        check()
        ids = [*cursor.context_ids, *path]
        logprob = log_softmax(reader.read(ids, check, starts_document=cursor.starts_document)) - np.float32(cost)
        search.finish(text, path, logprob)
        search.add(path, text, 0, search.followers(text), logprob)
    return search.words()


class _WordSearch:
    """Beginnings of words, most likely first, and the words they turned out to be."""

    def __init__(self, model: LanguageModel, n_words: int, highest_cost: float) -> None:
        self._highest_cost = highest_cost
        self._vocabulary = model.vocabulary
        self._n_words = n_words
        self._waiting: list[tuple[float, bytes, tuple[int, ...]]] = []  # (-logprob, text after the cursor, tokens)
        self._found: dict[bytes, list[tuple[float, tuple[int, ...]]]] = {}
        self._ends = ~self._vocabulary.continues_word
        self._inside = np.flatnonzero(self._vocabulary.continues_word).astype(np.int32)
        self._start = np.flatnonzero(self._vocabulary.continues_word | self._vocabulary.starts_word).astype(np.int32)

    def followers(self, text: bytes) -> NDArray[np.int32]:
        """Return the tokens that go on with a word; after nothing yet, those that begin one too."""
        return self._inside if text else self._start

    def add(
        self,
        path: tuple[int, ...],
        text: bytes,
        n_before: int,
        last_ids: NDArray[np.int32],
        logprobs: NDArray[np.float32],
    ) -> None:
        """Add beginnings: `text` and then, less `n_before` bytes, each of `last_ids`.

        `logprobs` are theirs, (n,), or those of the whole vocabulary, (V,).
        """
        if len(logprobs) != len(last_ids):
            logprobs = logprobs[last_ids]
        n_best = min(2 * self._n_words, len(last_ids))
        for index in np.argpartition(-logprobs, n_best - 1)[:n_best] if n_best else ():
            token_id = int(last_ids[index])
            added = self._vocabulary.token(token_id)[n_before:]
            if not added or _is_word_beginning(text + added):
                heapq.heappush(self._waiting, (-float(logprobs[index]), text + added, (*path, token_id)))

    def next_state(self) -> tuple[float, bytes, tuple[int, ...]] | None:
        """Return the most likely beginning; None if there is none, or none that could still enter the list."""
        if not self._waiting or self._waiting[0][0] > self._highest_cost:
            return None
        best = sorted(self._cost(ways) for ways in self._found.values())[: self._n_words]
        if len(best) == self._n_words and self._waiting[0][0] > best[-1]:
            return None
        return heapq.heappop(self._waiting)

    def finish(self, text: bytes, path: tuple[int, ...], logprob: NDArray[np.float32]) -> None:
        """Count the word as whole with the probability that what comes next does not go on with it."""
        if not text:
            return
        total = float(np.exp(logprob[self._ends].astype(np.float64)).sum())
        self._found.setdefault(text, []).append((-math.log(max(total, 1e-300)), path))

    def words(self) -> list[WordCompletion]:
        """Return the words found, the most likely first; those that are no whole characters are left out."""
        words = []
        for data, ways in sorted(self._found.items(), key=lambda item: (self._cost(item[1]), item[0])):
            text = data.decode("utf-8", errors="replace")  # half a character becomes U+FFFD, which is not harmless
            if is_harmless(text) and self._cost(ways) <= self._highest_cost:
                words.append(WordCompletion(text, -self._cost(ways), min(ways)[1]))
        return words[: self._n_words]

    @staticmethod
    def _cost(ways: list[tuple[float, tuple[int, ...]]]) -> float:
        return -math.log(math.fsum(math.exp(-cost) for cost, _ in ways))


def _is_word_beginning(data: bytes) -> bool:
    """Say whether bytes after a cursor are a word so far: at most one space, then letters, digits or an apostrophe."""
    inside = data.removeprefix(b" ")
    return bool(inside) and all(byte >= 0x80 or chr(byte).isalnum() or byte == ord("'") for byte in inside)
