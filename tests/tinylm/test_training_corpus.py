"""Packing loses no document and gives none away: what is measured on is never learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinylm.errors import BadData
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.corpus import Corpus, Stream, prepare_corpus
from tinylm.training.events import EventLog
from tinylm.training.progress import report_size

TEXTS = [
    *(f"Story number {n}. The fox {'ran ' * (n % 7)}home.\r\n\n" for n in range(200)),
    "x",
    "naïve 日本 👩‍👩‍👧 \x0c \u2028 é",
    "A literal <|endoftext|> inside a document stays text.",
    "The last partial batch.",
]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


def write_jsonl(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return str(path)


def documents_of(streams, tokenizer):
    return [tokenizer.decode(ids) for stream in streams for ids in stream.documents()]


def test_every_document_is_trained_on_or_held_out_once(config, tokenizer, tmp_path):
    data = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    corpus = prepare_corpus(replace(config, data=(data,)), tokenizer, tmp_path / "data")
    training, held_out = documents_of(corpus.training, tokenizer), documents_of(corpus.validation, tokenizer)
    assert sorted(training + held_out) == sorted(TEXTS)
    assert 0 < len(held_out) < 20


def test_streams_are_documents_between_ends_of_text(config, tokenizer, tmp_path):
    """Every document begins after an <|endoftext|>, ends before one, and no other special token is there."""
    data = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    corpus = prepare_corpus(replace(config, data=(data,)), tokenizer, tmp_path / "data")
    for stream in (*corpus.training, *corpus.validation):
        ends = np.flatnonzero(stream.tokens == tokenizer.end_of_text_id)
        assert ends.tolist() == [*stream.starts.tolist(), len(stream.tokens) - 1]


def test_every_token_can_be_learned_from(config, tokenizer, tmp_path):
    """In twenty passes each position is a target but those at the stream's very end, where few passes reach."""
    from tinylm.training.mixture import RowOrder

    data = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    stream = prepare_corpus(replace(config, data=(data,)), tokenizer, tmp_path / "data").training[0]
    order = RowOrder([stream.starts], [len(stream.tokens)], 32, (), 0, 600, 8)
    targets = {at + i for step in range(600) for _, at in order.rows(step) for i in range(1, 33)}
    assert targets >= set(range(1, len(stream.tokens) - 32))


def test_named_validation_documents_are_never_trained_on(config, tokenizer, tmp_path):
    """Documents of --validation that also stand in --data are dropped there, up to white space at their ends."""
    data = write_jsonl(tmp_path / "data.jsonl", TEXTS)
    validation = write_jsonl(tmp_path / "validation.jsonl", [TEXTS[3].strip(), TEXTS[-1], "Not in the data."])
    corpus = prepare_corpus(replace(config, data=(data,), validation=validation), tokenizer, tmp_path / "data")
    training = documents_of(corpus.training, tokenizer)
    assert sorted([*training, TEXTS[3], TEXTS[-1]]) == sorted(TEXTS)
    assert documents_of(corpus.validation, tokenizer) == [TEXTS[3].strip(), TEXTS[-1], "Not in the data."]


def test_duplicates_are_held_out_together(config, tokenizer, tmp_path):
    """The split goes by content, so a story that stands twice is not on both sides."""
    data = write_jsonl(tmp_path / "twice.jsonl", [*TEXTS, *TEXTS])
    corpus = prepare_corpus(replace(config, data=(data,)), tokenizer, tmp_path / "data")
    training, held_out = documents_of(corpus.training, tokenizer), documents_of(corpus.validation, tokenizer)
    assert held_out and not set(training) & set(held_out)


def test_encoded_corpus_is_used_again_and_made_again_when_it_was_deleted(config, tokenizer, tmp_path):
    import shutil

    config = replace(config, data=(write_jsonl(tmp_path / "texts.jsonl", TEXTS),))
    seen = []

    def prepare():
        return prepare_corpus(config, tokenizer, tmp_path / "data", progress=lambda *words: seen.append(words))

    first = np.array(prepare().training[0].tokens)
    n_seen = len(seen)
    assert n_seen and np.array_equal(prepare().training[0].tokens, first) and len(seen) == n_seen
    shutil.rmtree(tmp_path / "data")
    assert np.array_equal(prepare().training[0].tokens, first) and len(seen) == 2 * n_seen


@pytest.mark.parametrize("text", ["x", "The fox."])
def test_too_small_a_corpus_is_refused_with_the_size_it_needs(config, tokenizer, tmp_path, text):
    path = tmp_path / "small.txt"
    path.write_text(text)
    with pytest.raises(BadData, match=r"small\.txt: \d+ tokens to train on, one row needs 33; use more text"):
        prepare_corpus(replace(config, data=(str(path),)), tokenizer, tmp_path / "data")


def test_damaged_encoded_corpus_is_encoded_again(config, tokenizer, tmp_path):
    config = replace(config, data=(write_jsonl(tmp_path / "texts.jsonl", TEXTS),))
    first = np.array(prepare_corpus(config, tokenizer, tmp_path / "data").training[0].tokens)
    file = next(Path(tmp_path / "data").glob("*/train.tokens"))
    content = bytearray(file.read_bytes())
    content[7] ^= 1
    file.write_bytes(content)
    assert np.array_equal(prepare_corpus(config, tokenizer, tmp_path / "data").training[0].tokens, first)


@pytest.mark.parametrize(("n_documents", "hinted"), [(1, True), (2, False)])
def test_one_long_document_is_asked_whether_it_is_many(config, n_documents, hinted):
    """A text without separators is one document, in which no story ever ends."""
    stream = Stream("text.txt", np.zeros(6000, np.uint16), np.arange(n_documents, dtype=np.int64) * 3000)
    events = []
    with EventLog(None, events.append) as log:
        report_size(log, config, Corpus((stream,), (stream,)), 1000)
    (event,) = events
    assert ("lines with <|endoftext|> would separate several documents" in event["message"]) == hinted
    assert f"{n_documents} document{'' if n_documents == 1 else 's'} to learn from" in event["message"]
