"""Two tokenizers on one text: a cut vocabulary is the one that training to that size gives, and the numbers add up."""

import pytest
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from tests.conftest import STORY, make_stories
from tinylm.comparison.tokenizers import TEXT_TITLE, compare_tokenizers, cut_tokenizer, render
from tinylm.errors import BadData, UsageError
from tinylm.tokens.tokenizer import Tokenizer

TEXT = STORY + "A 😀 zoo.\r\n\u2028é <|endoftext|>"


@pytest.mark.parametrize("vocab_size", [257, 300, 399, 400])
def test_a_cut_vocabulary_is_the_one_that_training_gives(tokenizer_directory, tmp_path, vocab_size):
    """The reference trains anew to the smaller size, on the same texts, in the tokenizers library."""
    rust = RustTokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    rust.train_from_iterator(
        make_stories(50),
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=["<|endoftext|>"],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    rust.save(str(tmp_path / "tokenizer.json"))
    trained, cut = Tokenizer.load(tmp_path), cut_tokenizer(tokenizer_directory, vocab_size)
    assert cut.vocab_size == trained.vocab_size == vocab_size
    assert [cut.raw(each) for each in range(vocab_size)] == [trained.raw(each) for each in range(vocab_size)]
    assert cut.encode(TEXT).tolist() == trained.encode(TEXT).tolist()
    assert cut.decode(cut.encode(TEXT)) == TEXT


def test_sizes_that_have_no_prefix_are_refused(tokenizer_directory, tmp_path):
    for vocab_size in (0, 256, 401):
        with pytest.raises(UsageError, match=r"give 257 .* to 400"):
            cut_tokenizer(tokenizer_directory, vocab_size)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadData):
        cut_tokenizer(tmp_path, 300)


def test_the_numbers_and_differences_are_those_of_both_encodings(tokenizer_directory):
    whole, cut = Tokenizer.load(tokenizer_directory), cut_tokenizer(tokenizer_directory, 300)
    found = compare_tokenizers(TEXT, whole, cut)
    n_bytes = len(TEXT.encode())
    for side, tokenizer in ((found.left, whole), (found.right, cut)):
        ids = tokenizer.encode(TEXT)
        assert side.ids.tolist() == ids.tolist()
        assert side.bytes_per_token == n_bytes / len(ids) and side.tokens_per_word == len(ids) / len(TEXT.split())
        lengths = [len(tokenizer.token_bytes(each)) for each in side.longest()]
        assert lengths[0] == max(len(tokenizer.token_bytes(each)) for each in ids)
        assert lengths == sorted(lengths, reverse=True)
    for one, other, n in found.differences():
        assert whole.decode_bytes(one) == cut.decode_bytes(other) and one and other and n >= 1
        assert [whole.raw(each) for each in one] != [cut.raw(each) for each in other]


def test_both_texts_say_the_same_line_by_line(tokenizer_directory):
    """As many header lines on both sides; without the boundary signs the bodies are the same text."""
    whole, cut = Tokenizer.load(tokenizer_directory), cut_tokenizer(tokenizer_directory, 300)
    left, right = render(compare_tokenizers(TEXT, whole, cut), ("400 entries", "300 entries"))
    heads, bodies = zip(*(text.split(TEXT_TITLE + "\n") for text in (left, right)), strict=True)
    bodies = [body.replace("│", "") for body in bodies]
    assert "·Pip" in bodies[0] and "<|endoftext|>" in bodies[0]
    # The last lines hold characters that both split, shown in hex.
    assert bodies[0].split("\n")[:5] == bodies[1].split("\n")[:5]
    assert heads[0].count("\n") == heads[1].count("\n")


def test_an_empty_text_has_no_averages(tokenizer_directory):
    whole = Tokenizer.load(tokenizer_directory)
    left, _ = render(compare_tokenizers("", whole, whole), ("a", "b"))
    assert "bytes per token  undefined" in left and "tokenised alike" in left
