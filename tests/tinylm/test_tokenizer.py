"""The tokenizer against transformers, and every bad file against its one line."""

import json
import os

import numpy as np
import pytest

from tests.tinylm.test_spans import NASTY
from tinylm.errors import BadData
from tinylm.tokens.byte_level import visible_from_bytes
from tinylm.tokens.spans import replace_surrogates
from tinylm.tokens.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


@pytest.fixture
def content(tokenizer_directory):
    return json.loads((tokenizer_directory / "tokenizer.json").read_text())


@pytest.mark.parametrize("text", [*NASTY, "Once upon a time<|endoftext|> there was", "don't they're I'll"])
def test_ids_equal_those_of_transformers_with_plain_special_tokens(tokenizer, tokenizer_directory, text):
    from transformers import AutoTokenizer

    reference = AutoTokenizer.from_pretrained(str(tokenizer_directory))
    expected = reference(replace_surrogates(text), split_special_tokens=True, add_special_tokens=False)["input_ids"]
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert ids.tolist() == expected
    assert tokenizer.end_of_text_id not in ids


def test_long_texts_have_the_ids_of_one_unbroken_encoding(tokenizer):
    text = "\n".join(f"{n} foxes, don't   stop… 日本 {n}" for n in range(8000))
    assert tokenizer.encode(text).tolist() == tokenizer._rust.encode(text).ids


def test_a_batch_is_its_texts(tokenizer):
    batch = tokenizer.encode_batch(NASTY)
    assert [ids.tolist() for ids in batch] == [tokenizer.encode(text).tolist() for text in NASTY]


def test_merge_parts_join_to_the_token(tokenizer):
    merged = [i for i in range(tokenizer.vocab_size) if tokenizer.merge_rank(i) is not None]
    assert len(merged) == tokenizer.vocab_size - 257
    for token_id in merged:
        left, right = tokenizer.merge_parts(token_id)
        assert tokenizer.token_bytes(left) + tokenizer.token_bytes(right) == tokenizer.token_bytes(token_id)
    assert tokenizer.merge_parts(tokenizer.end_of_text_id) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b" soft", "·soft"),
        (b"\r\n\t", "␍↵→"),
        (b"\xf0\x9f", "⟨F0 9F⟩"),
        (b" caf\xc3", "·caf⟨C3⟩"),
        (b"\xa9\xc3\xa9", "⟨A9⟩é"),
        ("\u202ea\u200b\xa0".encode(), "⟨U+202E⟩a⟨U+200B⟩⟨U+00A0⟩"),
        (b"\x00\x7f", "⟨U+0000⟩⟨U+007F⟩"),
        ("\ufe0f\u3164".encode(), "⟨U+FE0F⟩⟨U+3164⟩"),
    ],
)
def test_visible_text(data, expected):
    assert visible_from_bytes(data) == expected


def test_special_token_has_no_bytes(tokenizer):
    special = tokenizer.end_of_text_id
    assert (tokenizer.raw(special), tokenizer.token_bytes(special)) == ("<|endoftext|>", b"")
    assert tokenizer.visible(special) == "<|endoftext|>"
    assert tokenizer.byte_lengths[special] == 0


def change(path, value):
    """Return an edit of a tokenizer.json: set what `path` names to `value`."""

    def apply(content):
        *parents, last = path
        for key in parents:
            content = content[key]
        content[last] = value

    return apply


def rename_byte(content):
    vocab = content["model"]["vocab"]
    vocab["Ġqqqq"] = vocab.pop("q")


BAD_CONTENT = [
    (change(["model", "type"], "Unigram"), '`type` is "Unigram"'),
    (change(["normalizer"], {"type": "NFC"}), "`normalizer`"),
    (change(["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": "(a+)+"}}), '`type` is "Split"'),
    (change(["pre_tokenizer"], None), "`pre_tokenizer` is missing"),
    (change(["pre_tokenizer", "add_prefix_space"], True), "`add_prefix_space` is true"),
    (change(["pre_tokenizer", "use_regex"], False), "`use_regex` is false"),
    (change(["decoder"], {"type": "WordPiece"}), '`type` is "WordPiece"'),
    (change(["post_processor"], {"type": "TemplateProcessing"}), "TemplateProcessing"),
    (change(["model", "dropout"], 0.1), "`dropout` is 0.1"),
    (change(["model", "ignore_merges"], True), "`ignore_merges` is true"),
    (change(["model", "vocab", "q"], 1), "gives the id 1 to"),
    (change(["model", "vocab", "q"], -1), "the id -1"),
    (change(["model", "vocab", "q"], 2**33), "the id 8589934592"),
    (change(["model", "vocab", "q"], 500), "have gaps"),
    (change(["model", "vocab", "q"], True), "the id True"),
    (change(["model", "vocab", "q q"], 400), "not written in the byte alphabet"),
    (rename_byte, "lacks 1 of the 256 bytes (the first is 0x71)"),
    (change(["model", "merges", 3], ["zz", "y"]), "merge 3 needs the token 'zz'"),
    (change(["model", "merges", 3], ["a"]), "merge 3 is no pair"),
    (change(["model", "merges"], None), "`model.merges` is missing"),
    (change(["added_tokens"], []), "has 0 added tokens"),
    (change(["added_tokens", 0, "content"], "<s>"), '`content` is "<s>"'),
    (change(["added_tokens", 0, "id"], 7), "does not fit its vocabulary"),
    (change(["added_tokens", 0, "lstrip"], True), "`lstrip` is true"),
    (change(["model"], []), "`model` is of type list"),
]


@pytest.mark.parametrize(("edit", "expected"), BAD_CONTENT, ids=[line for _, line in BAD_CONTENT])
def test_a_wrong_file_is_refused_with_one_line(tmp_path, content, edit, expected):
    edit(content)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadData) as caught:
        Tokenizer.load(tmp_path)
    line = str(caught.value)
    assert expected in line
    assert line.startswith(str(path))
    assert "\n" not in line


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"{}", "`model` is missing"),
        (b"[1]", "the file is of type list"),
        (b'{"model": {"type": "BPE"', "is not whole JSON (character 24"),
        (b"\xff\xfe\x00", "is not UTF-8 text (byte 0)"),
        (b"[" * 100_000, "nested"),
        (b'{"a": 1, "a": 2}', "names 'a' twice"),
        (b'{"a": NaN}', "the number NaN"),
        (b'{"a": ' + b"9" * 5000 + b"}", "beyond reason"),
        (b" " * (16 * 2**20 + 1), "16,777,217 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_tokenizer_is_refused(tmp_path, data, expected):
    (tmp_path / "tokenizer.json").write_bytes(data)
    with pytest.raises(BadData) as caught:
        Tokenizer.load(tmp_path / "tokenizer.json")
    assert expected in str(caught.value)


def test_missing_files_directories_and_pipes_are_refused(tmp_path):
    with pytest.raises(BadData, match="no such file"):
        Tokenizer.load(tmp_path)
    os.mkfifo(tmp_path / "tokenizer.json")
    with pytest.raises(BadData, match="is no regular file"):
        Tokenizer.load(tmp_path)


def test_the_id_names_the_bytes_of_the_file(tokenizer, tokenizer_directory, tmp_path):
    data = (tokenizer_directory / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(data + b"\n")
    other = Tokenizer.load(tmp_path)
    assert len(tokenizer.id) == 12
    assert tokenizer.id != other.id
    assert other.encode("Once upon").tolist() == tokenizer.encode("Once upon").tolist()
