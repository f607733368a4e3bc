"""The words that may follow the cursor, for a list, and what the probability of each is made of.

They continue the text exactly (see `boundary`) and are whole characters, none of which act on the text around them
(control, bidirectional and invisible characters). Nothing here knows an editor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from tinylm.model.beam import WordSearch
from tinylm.model.boundary import find_covers
from tinylm.model.cursor_generation import cursor_of
from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel
from tinylm.model.statistics import log_softmax, top_tokens
from tinylm.model.vocabulary import is_word_character
from tinylm.tokens.byte_level import is_harmless

__all__ = ["WordCompletion", "WordPart", "WordParts", "Words", "complete_words", "word_parts"]

# Below this no word is looked for: a list of a thousand words of one in a million is no help.
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class WordCompletion:
    """A word that may come next, or the rest of the one at the cursor.

    Attributes:
        text: what comes after the cursor, with the space before it if there is one.
        logprob: nats: that the text goes on with exactly this word, summed over the ways to write it that were met.
        token_ids: the most likely of them; its first tokens may begin before the cursor.
        n_ways: how many were met.
    """

    text: str
    logprob: float
    token_ids: tuple[int, ...]
    n_ways: int


@dataclass(frozen=True)
class Words:
    """The words found, the most likely first.

    `unread` is the greatest probability that a way to write a word can have which the search did not follow: no word
    that is missing, and no part missing of one that is there, is likelier than that for each way to write it.
    """

    words: tuple[WordCompletion, ...]
    unread: float


@dataclass(frozen=True)
class WordPart:
    """A token of a word: its log probability (nats) given all before it, and what was likely in its place."""

    token_id: int
    logprob: float
    alternatives: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class WordParts:
    """What the log probability of one way to write a word is made of: the parts, plus `ends`, less `typed`. All nats.

    `ends`: that what follows does not go on with the word. `typed`: that the text goes on with what stands between the
    last certain token boundary and the cursor, and which the first parts repeat.
    """

    parts: tuple[WordPart, ...]
    ends: float
    typed: float

    @property
    def logprob(self) -> float:
        """Nats, of this way to write the word, given what is typed."""
        return math.fsum(part.logprob for part in self.parts) + self.ends - self.typed


def complete_words(
    model: LanguageModel,
    text_before: str,
    n_words: int = 8,
    check: Callable[[], None] = no_check,
    *,
    starts_document: bool = True,
    min_probability: float = 0.001,
    max_reads: int = 48,
) -> Words:
    """Return the most likely words after the cursor, or ends of the word at it, the most likely first.

    The probability of a word counts its end: of "girl" it is what "girls" does not take.

    Args:
        model: the model.
        text_before: the text up to the cursor.
        n_words: at most so many.
        check: called before each pass of the model; raises to stop.
        starts_document: whether the text is all that stands before the cursor, or only the end of it.
        min_probability: words less likely than this are not worth a line, nor the passes that would find them.
        max_reads: the search ends after following so many beginnings; `unread` then says what may be missing.
    """
    reader = model.decoder
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    covers = find_covers(reader, model.vocabulary, cursor, check)
    least = max(min_probability, _LEAST_PROBABILITY)
    search = WordSearch(reader, model.vocabulary, cursor, covers, n_words, least)
    search.run(max_reads, check)
    words = []
    for found in search.words():
        text = found.data.decode("utf-8", errors="replace")  # half a character becomes U+FFFD, which is not harmless
        if is_harmless(text) and _is_word(text):
            words.append(WordCompletion(text, found.logprob, found.ways[0][1], len(found.ways)))
    return Words(tuple(words[:n_words]), search.unread)


def word_parts(
    model: LanguageModel,
    text_before: str,
    token_ids: tuple[int, ...],
    check: Callable[[], None] = no_check,
    *,
    starts_document: bool = True,
    n_alternatives: int = 4,
) -> WordParts:
    """Return what the probability of a word is made of.

    Args:
        model: the model.
        text_before: the text up to the cursor, as `complete_words` was given it.
        token_ids: a way to write the word, from there.
        check: called before each pass of the model; raises to stop.
        starts_document: as for `complete_words`.
        n_alternatives: how many of the likeliest tokens to tell for each place.
    """
    reader = model.decoder
    cursor = cursor_of(model, text_before, starts_document=starts_document)
    typed = find_covers(reader, model.vocabulary, cursor, check).log_total
    parts = []
    for place, token_id in enumerate(token_ids):
        ids = [*cursor.context_ids, *token_ids[:place]]
        logits = reader.read(ids, check, starts_document=cursor.starts_document)
        top = top_tokens(logits[None], n_alternatives)
        alternatives = zip(top.ids[0].tolist(), top.logprob[0].tolist(), strict=True)
        parts.append(WordPart(token_id, float(log_softmax(logits)[token_id]), tuple(alternatives)))
    last = log_softmax(reader.read([*cursor.context_ids, *token_ids], check, starts_document=cursor.starts_document))
    return WordParts(tuple(parts), model.vocabulary.log_ended(last), typed)


def _is_word(text: str) -> bool:
    """Say whether every character is a letter, a mark on one, a digit or an apostrophe, but for a space at the front.

    The search looks at bytes, of which those above 0x7F may be parts of letters and of anything else.
    """
    inside = text.removeprefix(" ")
    return bool(inside) and all(is_word_character(char) or char == "'" for char in inside)
