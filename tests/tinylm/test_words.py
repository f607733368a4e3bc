"""The words of the completion list, against every way to write them, found by brute force."""

import math
from functools import cache

import numpy as np
import pytest

from tests.tinylm.test_engine import log_softmax
from tinylm.model import beam
from tinylm.model.boundary import find_covers
from tinylm.model.completion import complete_words, word_parts
from tinylm.model.cursor_generation import cursor_of
from tinylm.model.language_model import LanguageModel

TEXTS = ["The fox saw a b", "Once upon a ", "", "Pip said, \"Don't cry", "caf\u00e9 na\u00ef", "end.\n\n"]


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


class Slowly:
    """Probabilities of words without heap, beam, tree or key-value cache: each path of tokens is one forward pass."""

    def __init__(self, model, text):
        self.model, self.cursor = model, cursor_of(model, text)
        self.tokens = [model.tokenizer.token_bytes(token_id) for token_id in range(model.tokenizer.vocab_size)]
        goes_on = [token[:1].isalnum() or token[:1] >= b"\x80" or token in CONTRACTIONS for token in self.tokens]
        self.ends = ~np.array(goes_on)
        self.after = cache(self._after)

    def _after(self, path):
        ids = [self.model.tokenizer.end_of_text_id, *self.cursor.context_ids, *path]
        return np.exp(log_softmax(self.model.engine.logits(np.array(ids, np.int32)))[-1])

    def typed(self):
        """The probability that the text goes on with the tail."""

        def total(path, rest):
            result = sum(p for token, p in zip(self.tokens, self.after(path), strict=True) if token.startswith(rest))
            for token_id, token in enumerate(self.tokens):
                if token and len(token) < len(rest) and rest.startswith(token):
                    result += self.after(path)[token_id] * total((*path, token_id), rest[len(token) :])
            return result

        return total((), self.cursor.tail) if self.cursor.tail else 1.0

    def exactly(self, data):
        """The probability that the text goes on with the tail, these bytes, and then no more of the word."""

        def total(path, rest):
            if not rest:
                return self.after(path)[self.ends].sum()
            return sum(
                self.after(path)[token_id] * total((*path, token_id), rest[len(token) :])
                for token_id, token in enumerate(self.tokens)
                if token and rest.startswith(token) and self.after(path)[token_id] > 1e-7
            )

        return total((), self.cursor.tail + data)

    def beginnings(self, least):
        """Yield the bytes after the cursor of every path of tokens that is this likely and may begin a word."""
        waiting = [((), 1.0)]
        while waiting:
            path, p = waiting.pop()
            data = b"".join(self.tokens[token_id] for token_id in path)
            if len(data) > len(self.cursor.tail):
                yield data[len(self.cursor.tail) :]
            for token_id, q in enumerate(self.after(path)):
                longer = data + self.tokens[token_id]
                tail = self.cursor.tail
                if p * q >= least and self.tokens[token_id] and (longer.startswith(tail) or tail.startswith(longer)):
                    waiting.append(((*path, token_id), p * q))


CONTRACTIONS = {b"'s", b"'t", b"'re", b"'ve", b"'m", b"'ll", b"'d"}


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_those_of_brute_force_with_its_probabilities(model, text):
    """Of every word as likely as asked none is missing, and each has the sum over all ways to write it."""
    least, slowly = 0.01, Slowly(model, text)
    found = complete_words(model, text, 1000, min_probability=1e-4, max_reads=10**6)
    typed = slowly.typed()
    ours = {word.text.encode(): math.exp(word.logprob) for word in found.words}
    for data in [data for data, p in ours.items() if p >= least]:
        assert ours[data] == pytest.approx(slowly.exactly(data) / typed, abs=5e-4)  # ways under 1e-4 are not followed
    n_likely = 0
    for data in set(slowly.beginnings(least * typed)):
        shown = data.decode("utf-8", errors="replace")
        if shown.removeprefix(" ").replace("'", "").isalnum() and slowly.exactly(data) / typed >= least:
            assert data in ours
            n_likely += 1
    assert n_likely >= 1


@pytest.mark.parametrize("text", TEXTS)
def test_a_short_list_is_the_top_of_a_long_one_and_knows_what_it_left_out(model, text):
    every = complete_words(model, text, 1000, min_probability=5e-4, max_reads=10**6).words
    assert [word.logprob for word in every] == sorted((word.logprob for word in every), reverse=True)
    for n_words, max_reads in ((5, 10**6), (5, 6), (50, 3)):
        some = complete_words(model, text, n_words, min_probability=5e-4, max_reads=max_reads)
        assert len(some.words) <= n_words
        shown = {word.text for word in some.words}
        least = min((math.exp(word.logprob) for word in some.words), default=1.0) if len(shown) == n_words else 0.0
        for word in every:
            if word.text not in shown:
                assert math.exp(word.logprob) <= max(least, word.n_ways * some.unread) * 1.001


@pytest.mark.parametrize("width", [1, 3, 8])
def test_the_width_of_the_beam_changes_no_probability(model, monkeypatch, width):
    monkeypatch.setattr(beam, "BEAM_WIDTH", width)
    found = complete_words(model, "The fox saw a b", 300, min_probability=1e-3, max_reads=10**6).words
    monkeypatch.setattr(beam, "BEAM_WIDTH", 5)
    expected = complete_words(model, "The fox saw a b", 300, min_probability=1e-3, max_reads=10**6).words
    assert {w.text: (round(w.logprob, 3), w.n_ways) for w in found} == {
        w.text: (round(w.logprob, 3), w.n_ways) for w in expected
    }


@pytest.mark.parametrize("n_before", [55, 60, 62, 63, 64, 200])
def test_words_at_the_end_of_the_context_have_the_probabilities_of_the_window_rule(model, n_before):
    """Where a word outgrows the context, each of its tokens rests on the window that the rule gives it."""
    text = ("the fox saw a bird. " * 100)[: 4 * n_before] + "The fox saw a b"
    found = complete_words(model, text, 6)
    cursor, decoder = cursor_of(model, text), model.new_decoder()
    typed = find_covers(decoder, model.vocabulary, cursor).log_total
    for word in found.words:
        if word.n_ways == 1:
            logprob = -typed
            for place, token_id in enumerate(word.token_ids):
                logprob += log_softmax(decoder.read([*cursor.context_ids, *word.token_ids[:place]]))[token_id]
            after = np.exp(log_softmax(decoder.read([*cursor.context_ids, *word.token_ids])))
            logprob += math.log(after[~model.vocabulary.continues_word].sum())
            assert word.logprob == pytest.approx(logprob, abs=1e-3)


@pytest.mark.parametrize("text", TEXTS)
def test_the_parts_of_a_word_multiply_to_its_probability(model, text):
    for word in complete_words(model, text, 4).words:
        parts = word_parts(model, text, word.token_ids, n_alternatives=400)
        assert [part.token_id for part in parts.parts] == list(word.token_ids)
        if word.n_ways == 1:
            assert parts.logprob == pytest.approx(word.logprob, abs=1e-3)
        assert parts.logprob <= word.logprob + 1e-3
        for part in parts.parts:
            assert dict(part.alternatives)[part.token_id] == pytest.approx(part.logprob)
        assert model.tokenizer.decode_bytes(word.token_ids).endswith(word.text.encode())


def test_words_are_words(model):
    """Letters, digits and apostrophes, one space before them at most; no half characters, no dashes, no control."""
    for text in ("日", "x \u2014", "x \u2026", "a\u202e", "e\u0301"):
        for word in complete_words(model, text, 200, min_probability=1e-5, max_reads=300).words:
            inside = word.text.removeprefix(" ")
            assert inside and "\N{REPLACEMENT CHARACTER}" not in inside
            assert all(char.isalnum() or char in "'\u0301" or 0x300 <= ord(char) < 0x370 for char in inside), inside
