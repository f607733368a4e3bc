"""Encoding in bulk gives the ids of `Tokenizer.encode`, and goes on where it was interrupted."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinylm.test_splitting import TEXTS
from tests.tinylm.test_tokenizer_training import CORPORA
from tinylm.errors import BadData, Cancelled, DiskProblem
from tinylm.tokens import bulk
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training import encoding
from tinylm.training.encoding import PARTS, encode_documents, is_encoded, open_stream


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory: Path) -> Tokenizer:
    return Tokenizer.load(tokenizer_directory)


def in_bulk(encoder: BulkEncoder, texts: list[str]) -> list[list[int]]:
    ids, n_tokens = encoder.encode(texts)
    assert ids.dtype == np.uint16 and n_tokens.sum() == len(ids)
    return [part.tolist() for part in np.split(ids, np.cumsum(n_tokens)[:-1])] if texts else []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(TEXTS, st.text(max_size=30), st.just("<|endoftext|>")), max_size=5))
def test_any_texts_have_the_ids_of_the_tokenizer(tokenizer: Tokenizer, texts: list[str]) -> None:
    assert in_bulk(BulkEncoder(tokenizer), texts) == [tokenizer.encode(text).tolist() for text in texts]


@pytest.mark.parametrize("corpus", CORPORA)
def test_corpora_have_the_ids_of_the_tokenizer(
    tokenizer: Tokenizer, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when what is remembered is thrown away again and again."""
    monkeypatch.setattr(bulk, "_MOST_KNOWN", 500)
    texts, encoder = CORPORA[corpus](), BulkEncoder(tokenizer)
    for start in range(0, len(texts), 37):
        some = texts[start : start + 37]
        assert in_bulk(encoder, some) == [ids.tolist() for ids in tokenizer.encode_batch(some)]


@pytest.mark.parametrize("wrong", [b"##", b"#"])
def test_a_text_that_does_not_come_back_is_noticed(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, wrong: bytes
) -> None:
    """One wrong byte, or one too many, in one token of one text of the batch."""
    encoder = BulkEncoder(tokenizer)
    encoder.encode(["The fox."])
    right = encoder._known[b" fox"]
    encoder._known[b" fox"] = [*right[:-1], *tokenizer.encode(wrong.decode()).tolist()]
    with pytest.raises(BadData, match="a text does not come back from its tokens"):
        encoder.encode(["The end.", "The fox.", "The end."])


DOCUMENTS = [*(f"Story {n}. The fox {'ran ' * (n % 7)}home.\n" for n in range(120)), "x" * 300 + " y" * 200, "é😀 z"]


def raises_after(n: int, error: Exception) -> Callable[[], None]:
    asked = iter(range(n))

    def check() -> None:
        if next(asked, None) is None:
            raise error

    return check


def encode(place: Path, tokenizer: Tokenizer, check: Callable[[], None] = lambda: None) -> None:
    encode_documents(
        iter(DOCUMENTS),
        lambda text: None if "Story 3" in text else len(text) % 5 == 0,
        tokenizer,
        place,
        details={},
        check=check,
        progress=lambda: None,
    )


def content(place: Path) -> list[list[int]]:
    return [
        values.tolist()
        for part in PARTS
        for stream in [open_stream(place, part, "")]
        for values in (stream.tokens, stream.starts)
    ]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode two hundred characters at a time, and keep the state after every fifth batch."""
    monkeypatch.setattr(encoding, "_BATCH_CHARS", 200)
    monkeypatch.setattr(encoding, "_CHARS_BETWEEN_STATES", 1000)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 160), st.booleans()), max_size=4))
def test_an_interrupted_encoding_ends_as_one_that_was_not(
    small_batches: None, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory, stops: list[tuple[int, bool]]
) -> None:
    """Stopped between documents, or killed so that nothing could be kept after the last state."""
    directory = tmp_path_factory.mktemp("encoded")
    encode(directory / "straight", tokenizer)
    for n, is_killed in stops:
        error = OSError("the power went") if is_killed else Cancelled("stop")
        try:
            encode(directory / "stopped", tokenizer, raises_after(n, error))
        except (DiskProblem, Cancelled):
            assert not (directory / "stopped").exists()
        else:
            break
    else:
        encode(directory / "stopped", tokenizer)
    assert content(directory / "stopped") == content(directory / "straight")
    assert is_encoded(directory / "stopped", lambda: None)
    assert sorted(path.name for path in directory.iterdir()) == ["stopped", "straight"]


def test_what_was_encoded_is_not_encoded_again(
    small_batches: None, tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    original = BulkEncoder.encode

    def watched(self: BulkEncoder, texts: list[str]) -> object:
        encoded.extend(texts)
        return original(self, texts)

    monkeypatch.setattr(BulkEncoder, "encode", watched)
    for n in (100, 10**6):
        with contextlib.suppress(Cancelled):
            encode(tmp_path / "place", tokenizer, raises_after(n, Cancelled("stop")))
    assert len(encoded) - len(set(encoded)) < 10
