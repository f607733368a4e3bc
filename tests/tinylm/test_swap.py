"""Swapping a piece of a text: the tokens are those of the swapped text, and the bits those of two whole scorings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import STORY
from tinylm.comparison.alignment import align
from tinylm.comparison.swap import effect_of, swap_piece
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.spans import utf8

TEXTS = st.one_of(
    st.text(alphabet=" \n\r\tabt'é字😀\u2028\ud800", max_size=40),
    st.lists(st.sampled_from([*STORY.split(" ")[:30], "\r\n", "😀", "  ", "don't", "<|endoftext|>"])).map(" ".join),
)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def bits_of(model, text):
    """The surprisal of each token of a text, scored whole by a model that remembers nothing."""
    return LanguageModel(model.path, model.tokenizer, model.engine).analyze(text, 0).scores.surprisal_bits


@given(data=st.data(), text=TEXTS, new=st.one_of(st.just(""), TEXTS.map(lambda text: text[:6])))
@settings(deadline=None, max_examples=300)
def test_the_tokens_are_those_of_the_swapped_text(model, data, text, new):
    """Only the middle is tokenised again; what corresponds to what is said by bytes, and segments tile both tails."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    tokenizer = model.tokenizer
    swap = swap_piece(tokenizer, text, tokenizer.encode(text), start, end, new)
    assert swap.new_ids.tolist() == tokenizer.encode(text[:start] + new + text[end:]).tolist()
    assert swap.old_ids[: swap.first].tolist() == swap.new_ids[: swap.first].tolist()
    left, right = swap.following.left, swap.following.right
    assert (left[-1], right[-1]) == (len(swap.old_ids), len(swap.new_ids))
    assert swap.first <= left[0] and swap.first <= right[0]
    tail = tokenizer.decode_bytes(swap.old_ids[left[0] :])
    assert utf8(text[end:]).endswith(tail)
    for segment in range(len(swap.following)):
        old = swap.old_ids[left[segment] : left[segment + 1]]
        new_ids = swap.new_ids[right[segment] : right[segment + 1]]
        assert len(old) and tokenizer.decode_bytes(old) == tokenizer.decode_bytes(new_ids)


@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_the_effect_is_the_difference_of_two_whole_scorings(model, data):
    """Replace tokens by tokens in texts of several windows: place and following text add up to the difference."""
    text = STORY[: data.draw(st.integers(40, len(STORY)))]
    tokenizer = model.tokenizer
    analysis = model.analyze(text, 0)
    token = data.draw(st.integers(0, len(analysis.ids) - 1))
    start, end = int(analysis.spans.start_char[token]), int(analysis.spans.end_char[token])
    new = tokenizer.decode([data.draw(st.integers(1, tokenizer.vocab_size - 1))])
    swap = swap_piece(tokenizer, text, analysis.ids, start, end, new)
    old_bits, new_bits = bits_of(model, text), bits_of(model, text[:start] + new + text[end:])
    effect = effect_of(swap, old_bits[swap.first :], new_bits[swap.first :])
    whole = new_bits.sum() - old_bits.sum()
    parts = effect.place_after - effect.place_before + effect.following_after - effect.following_before
    assert parts == pytest.approx(whole, abs=1e-9)
    assert np.array_equal(old_bits[: swap.first], new_bits[: swap.first])  # what stands before is untouched


def test_a_replacement_that_merges_with_what_follows_belongs_to_the_place(model):
    """` xox` becomes ` fox`, one token: the boundary inside the word is gone, and the following text begins after."""
    tokenizer = model.tokenizer
    text = "there was a xox named Pip"
    swap = swap_piece(tokenizer, text, tokenizer.encode(text), 12, 13, "f")
    assert [tokenizer.decode([each]) for each in swap.new_ids[swap.first : swap.following.right[0]]] == [" fox"]
    assert tokenizer.decode(swap.old_ids[swap.following.left[0] :]) == " named Pip"


def test_a_limit_ends_both_texts_at_the_same_byte(model):
    tokenizer = model.tokenizer
    ids = tokenizer.encode(STORY)
    swap = swap_piece(tokenizer, STORY, ids, 5, 9, "under").limited(7)
    assert swap.following.left[-1] - swap.following.left[0] == 7
    old, new = swap.old_ids[swap.following.left[-1] :], swap.new_ids[swap.following.right[-1] :]
    assert old.tolist() == new.tolist()


def test_alignment_of_unequal_bytes_is_refused():
    with pytest.raises(ValueError, match="3 bytes, the other 4"):
        align(np.array([1, 2]), np.array([4]))
