"""Completion continues exactly what stands before the cursor: compared with sums over every way to write it."""

import itertools
import math
from functools import cache

import numpy as np
import pytest

from tests.tinylm.test_engine import log_softmax
from tinylm.errors import Cancelled
from tinylm.model.boundary import Cursor, find_covers, place_cursor
from tinylm.model.completion import complete_words, word_parts
from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.model.vocabulary import Vocabulary

GREEDY = SamplingConfig(temperature=0.0)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def brute_force(model, context):
    """Return what gives the probability that the bytes after `context` begin with a tail: the sum over all minimal
    token sequences, each read alone."""

    @cache
    def after(path):
        ids = np.array([model.tokenizer.end_of_text_id, *context, *path], np.int32)
        return np.exp(log_softmax(model.engine.logits(ids))[-1])

    @cache
    def total(tail, path=()):
        result = 0.0
        for token_id in range(model.tokenizer.vocab_size):
            data = model.tokenizer.token_bytes(token_id)
            if data and data.startswith(tail):
                result += after(path)[token_id]
            elif data and tail.startswith(data):
                result += after(path)[token_id] * total(tail[len(data) :], (*path, token_id))
        return result

    return total


@pytest.mark.parametrize("text", ["Once upon a time there was", "", "caf\u00e9 \u65e5", "The end.\n\n"])
@pytest.mark.parametrize("tail", [b" the", b" litt", b"\n\nO", b" \xc3", "\u65e5".encode(), b"  ", b"\r\n", b""])
def test_the_probability_of_what_is_there_is_the_sum_over_every_way_to_write_it(model, text, tail):
    """After several contexts, for letters, parts of characters, whole ones of three bytes, spaces and line ends."""
    context = model.tokenizer.encode(text).tolist()
    cursor = Cursor(context, tail, exact=True, starts_document=True)
    covers = find_covers(model.decoder, model.vocabulary, cursor, tolerance=0.0, max_reads=10**6)
    if tail:
        assert math.exp(covers.log_total) == pytest.approx(brute_force(model, context)(tail), rel=1e-4)
    assert covers.missed == 0.0


@pytest.mark.parametrize(
    ("text", "tail"),
    [("The fox saw", b" bi"), ("", b"On"), ("The end.", b"\n"), ("caf\u00e9", b" "), ("x", " \u65e5".encode()[:3])],
)
def test_what_follows_the_cursor_has_the_distribution_of_the_sum_over_every_way_to_write_it(model, text, tail):
    """P(next byte | text) by covers equals P(text + byte) / P(text) by brute force, for every byte."""
    context = model.tokenizer.encode(text).tolist()
    cursor = Cursor(context, tail, exact=True, starts_document=True)
    covers = find_covers(model.decoder, model.vocabulary, cursor, tolerance=0.0, max_reads=10**6)
    ours = np.zeros(256)
    for path, n_bytes, last_ids, logprobs in zip(
        covers.paths, covers.n_path_bytes, covers.last_ids, covers.logprobs, strict=True
    ):
        for token_id, logprob in zip(last_ids.tolist(), logprobs.tolist(), strict=True):
            over = model.tokenizer.token_bytes(token_id)[len(tail) - n_bytes :]
            if over:
                ours[over[0]] += math.exp(logprob)
                continue
            follow = np.exp(log_softmax(model.decoder.read([*context, *path, token_id])))
            for following, p in enumerate(follow):
                data = model.tokenizer.token_bytes(following)
                if data:
                    ours[data[0]] += math.exp(logprob) * p
    total = brute_force(model, context)
    expected = np.array([total(tail + bytes([byte])) for byte in range(256)])
    assert np.abs(ours - expected).max() < 1e-6
    assert ours / math.exp(covers.log_total) == pytest.approx(expected / total(tail), rel=1e-3)


def test_an_early_end_of_the_search_knows_what_it_may_have_missed(model):
    cursor = cursor_of(model, "Once upon a time there was")
    every = find_covers(model.decoder, model.vocabulary, cursor, tolerance=0.0, max_reads=10**6)
    some = find_covers(model.decoder, model.vocabulary, cursor, tolerance=0.0, max_reads=3)
    assert len(some.paths) == 3
    gap = math.exp(every.log_total) - math.exp(some.log_total)
    assert 0.0 <= gap <= some.missed * 1.0001


@pytest.mark.parametrize(
    "text", ["Once upon a ti", "Once upon a time ", "Once\n\n", "", "Once", "caf\u00e9 日", "a\r\nb"]
)
def test_every_continuation_begins_with_exactly_the_text_before_the_cursor(model, text):
    """The tokens that generation reads, joined, are the text before the cursor and then what it wrote."""
    cursor = cursor_of(model, text)
    for seed in range(4):
        steps = list(generate_at(model, cursor, SamplingConfig(seed=seed), 6))
        written = b"".join(step.bytes for step in steps)
        if steps[-1].token_id != model.tokenizer.end_of_text_id:
            model.decoder.read([*model.decoder.ids, steps[-1].token_id])
        ids = model.decoder.ids
        if steps[0].token_id in ids:
            assert (text.encode() + written).startswith(model.tokenizer.decode_bytes(ids)[: len(text.encode())])
        assert all(step.logprob <= 0.0 for step in steps)


def test_drawn_first_tokens_have_the_frequencies_of_the_covers(model):
    """Over many seeds the first new byte is as frequent as the exact sum says."""
    text = "The fox saw the b"
    cursor = cursor_of(model, text)
    total = brute_force(model, cursor.context_ids)
    n_draws, counts = 400, np.zeros(256)
    for seed in range(n_draws):
        steps = generate_at(model, cursor, SamplingConfig(seed=seed), 2, n_alternatives=0)
        written = b"".join(step.bytes for step in itertools.islice(steps, 2))
        if written:
            counts[written[0]] += 1
    top = int(np.argmax(counts))
    expected = total(cursor.tail + bytes([top])) / total(cursor.tail)
    spread = math.sqrt(n_draws * expected * (1 - expected))
    assert abs(counts[top] - n_draws * expected) < 5 * spread + 2


def test_the_cursor_stands_at_the_last_certain_boundary(model):
    encode = model.tokenizer.encode
    for text, tail in [("there was a", " a"), ("there was a ", " "), ("end.\n\n", "\n\n"), ("Once", "Once"), ("", "")]:
        cursor = place_cursor(model.tokenizer, text, 1000)
        assert (cursor.tail, cursor.exact) == (tail.encode(), True)
        assert cursor.context_ids == encode(text[: len(text) - len(tail)]).tolist()


def test_a_tail_without_boundaries_is_cut_and_says_so(model):
    text = "x " + "日本" * 100
    cursor = place_cursor(model.tokenizer, text, 1000)
    assert not cursor.exact
    assert 24 <= len(cursor.tail) <= 64
    assert model.tokenizer.decode_bytes(cursor.context_ids) + cursor.tail == text.encode()


def test_a_long_text_is_cut_to_what_can_matter(model):
    text = "the fox " * 5000
    cursor = place_cursor(model.tokenizer, text, 700)
    assert not cursor.starts_document
    assert 700 <= len(cursor.context_ids) < 6000
    whole = place_cursor(model.tokenizer, text, 10**6)
    assert whole.context_ids[-700:] == cursor.context_ids[-700:]
    a = model.new_decoder().read(whole.context_ids)
    b = model.new_decoder().read(cursor.context_ids, starts_document=False)
    assert np.array_equal(a, b)


def test_check_stops_completion(model):
    def stop():
        raise Cancelled("nobody waits")

    with pytest.raises(Cancelled):
        complete_words(model, "Once upon a time", 5, stop)
    with pytest.raises(Cancelled):
        word_parts(model, "Once upon a time", (5, 6), stop)


def test_tokens_are_found_by_their_beginning():
    vocabulary = Vocabulary([b"", b"a", b"ab", b"abc", b"b", b"\xff", b"\xff\xff", b" a", b"'s"])
    assert vocabulary.starting_with(b"ab").tolist() == [2, 3]
    assert vocabulary.starting_with(b"").tolist() == [7, 8, 1, 2, 3, 4, 5, 6]
    assert vocabulary.starting_with(b"\xff").tolist() == [5, 6]
    assert vocabulary.beginnings_of(b"abc") == [1, 2]
    assert vocabulary.continues_word.tolist() == [False, True, True, True, True, True, True, False, True]
    assert vocabulary.starts_word.tolist() == [False] * 7 + [True, False]
