"""Turns sources into token streams on disk: packed, memory-mapped, with a held-out part that training never sees.

A stream is `<|endoftext|> document <|endoftext|> document ... <|endoftext|>` as uint16, so that every document begins
after an `<|endoftext|>` as it does when the model serves. Each source is encoded once for a run, into a directory named
after the corpus' fingerprint and the tokenizer's id. Which rows a step reads is `mixture.py`'s affair.

Held out are the documents of `--validation`, and documents equal to one of them are dropped from training; without it,
every document whose hash falls below HELD_OUT_FRACTION; where that finds none, the end of the longest stream.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tinylm.data.batches import batches_of
from tinylm.data.sources import Source, open_source
from tinylm.errors import BadData
from tinylm.files import new_directory, read_manifest, remove_directory
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.config import TrainConfig

__all__ = ["Corpus", "Stream", "open_corpus_sources", "prepare_corpus"]

HELD_OUT_FRACTION = 0.02
_BATCH_CHARS = 1 << 18  # encoded at a time: 0.1 s of work, so that a stop is noticed soon
_FORMAT = "1"  # part of the cache key: raise it when the files' meaning changes

Check = Callable[[], None]
Progress = Callable[[str, int, int | None], None]  # (source name, bytes read, bytes in all)


@dataclass(frozen=True)
class Stream:
    """Packed tokens. `tokens` is (T,) uint16, memory-mapped; `starts` (D,) int64 is where each document begins."""

    name: str
    tokens: NDArray[np.uint16]
    starts: NDArray[np.int64]

    def documents(self) -> Iterator[NDArray[np.int32]]:
        """Yield each document's tokens, (N,) int32, without the `<|endoftext|>` on either side."""
        ends = [*self.starts[1:].tolist(), len(self.tokens) - 1]
        for start, end in zip(self.starts.tolist(), ends, strict=True):
            yield self.tokens[start + 1 : end].astype(np.int32)


@dataclass(frozen=True)
class Corpus:
    """What a run learns from, one stream a source, and what it is measured on."""

    training: tuple[Stream, ...]
    validation: tuple[Stream, ...]


def open_corpus_sources(config: TrainConfig) -> tuple[list[Source], Source | None]:
    """Open the sources that a configuration names: those to learn from and the one to measure on, if it names one.

    Raises:
        BadData: there is nothing of a name.
    """
    sources = [open_source(spec, clean=config.clean) for spec in config.data]
    return sources, None if config.validation is None else open_source(config.validation)


def prepare_corpus(
    config: TrainConfig,
    tokenizer: Tokenizer,
    directory: Path,
    check: Check = lambda: None,
    progress: Progress = lambda name, done, total: None,
) -> Corpus:
    """Encode what is not yet encoded under `directory` and map the streams.

    Raises:
        BadData: a source cannot be read, or is too short for one row of `block_size + 1` tokens.
        DiskProblem: the encoded tokens cannot be written.
    """
    sources, validation_source = open_corpus_sources(config)
    directory.mkdir(exist_ok=True)
    banned: frozenset[bytes] = frozenset()
    if validation_source is not None:
        banned = frozenset(_digest(text) for text in _checked(validation_source.documents(), check))
    pairs = [_encoded(source, tokenizer, directory, banned, check, progress) for source in sources]
    training = [pair[0] for pair in pairs]
    held_out = [pair[1] for pair in pairs if len(pair[1].starts)]
    if validation_source is not None:
        held_out = [_encoded(validation_source, tokenizer, directory, None, check, progress)[0]]
    elif not held_out:
        longest = max(range(len(training)), key=lambda i: len(training[i].tokens))
        training[longest], tail = _split_tail(training[longest])
        held_out = [tail]
    for stream in training:
        if len(stream.tokens) <= config.block_size:
            raise BadData(
                f"{stream.name}: {len(stream.tokens)} tokens to train on, one row needs {config.block_size + 1}; "
                "use more text or a smaller --block-size"
            )
    return Corpus(tuple(training), tuple(held_out))


def _encoded(
    source: Source,
    tokenizer: Tokenizer,
    directory: Path,
    banned: frozenset[bytes] | None,
    check: Check,
    progress: Progress,
) -> tuple[Stream, Stream]:
    """Return a source's (training, held-out) streams. `banned` None: everything is training, nothing is held out."""
    rule = "whole" if banned is None else hashlib.sha256(b"".join(sorted(banned))).hexdigest()
    key = hashlib.sha256(f"{_FORMAT} {source.fingerprint()} {tokenizer.id} {rule}".encode()).hexdigest()[:16]
    place = directory / key
    if place.is_dir():
        try:
            read_manifest(place)
        except BadData:  # the corpus itself is still there
            remove_directory(place)
    if not place.is_dir():
        with new_directory(place, details={"source": source.name, "tokenizer": tokenizer.id}) as building:
            _encode(source, tokenizer, building, banned, check, progress)
    return _open_stream(place, "train", source.name), _open_stream(place, "held_out", source.name)


def _encode(
    source: Source,
    tokenizer: Tokenizer,
    building: Path,
    banned: frozenset[bytes] | None,
    check: Check,
    progress: Progress,
) -> None:
    total = source.n_bytes()
    with ExitStack() as stack:
        train, held_out = (_Writer(building, part, tokenizer, stack) for part in ("train", "held_out"))
        for batch in batches_of(_checked(source.documents(), check), _BATCH_CHARS):
            parts: tuple[list[str], list[str]] = ([], [])
            for text in batch:
                digest = _digest(text)
                if banned is not None and digest in banned:
                    continue
                small = int.from_bytes(digest[:8], "big") < HELD_OUT_FRACTION * 2**64
                parts[1 if banned == frozenset() and small else 0].append(text)
            train.add(parts[0])
            held_out.add(parts[1])
            progress(source.name, source.tally.bytes_read, total)
        train.close()
        held_out.close()


class _Writer:
    """Appends documents to `<part>.tokens` and remembers where they begin, for `<part>.starts`."""

    def __init__(self, directory: Path, part: str, tokenizer: Tokenizer, stack: ExitStack) -> None:
        self._tokenizer = tokenizer
        self._file: BinaryIO = stack.enter_context((directory / f"{part}.tokens").open("wb"))
        self._starts_path = directory / f"{part}.starts"
        self._starts: list[int] = []
        self._n_tokens = 0

    def add(self, texts: list[str]) -> None:
        end_of_text = np.array([self._tokenizer.end_of_text_id], np.uint16)
        for ids in self._tokenizer.encode_batch(texts) if texts else []:
            self._starts.append(self._n_tokens)
            self._n_tokens += 1 + len(ids)
            self._file.write(end_of_text.tobytes() + ids.astype(np.uint16).tobytes())

    def close(self) -> None:
        if self._starts:
            self._file.write(np.array([self._tokenizer.end_of_text_id], np.uint16).tobytes())
        self._file.flush()
        self._starts_path.write_bytes(np.array(self._starts, np.int64).tobytes())


def _open_stream(place: Path, part: str, name: str) -> Stream:
    file = place / f"{part}.tokens"
    tokens: NDArray[np.uint16] = np.memmap(file, np.uint16, mode="r") if file.stat().st_size else np.zeros(0, np.uint16)
    return Stream(name, tokens, np.fromfile(place / f"{part}.starts", np.int64))


def _split_tail(stream: Stream) -> tuple[Stream, Stream]:
    """Cut a stream in which no document is held out: the last document goes, or the last twentieth of the only one."""
    if len(stream.starts) > 1:
        cut = int(stream.starts[-1])
        return (
            Stream(stream.name, stream.tokens[: cut + 1], stream.starts[:-1]),
            Stream(stream.name, stream.tokens[cut:], np.zeros(1, np.int64)),
        )
    cut = len(stream.tokens) - max(2, len(stream.tokens) // 20)
    end_of_text = stream.tokens[:1]
    tail = np.concatenate([end_of_text, stream.tokens[cut:]])
    return Stream(stream.name, stream.tokens[:cut], stream.starts), Stream(stream.name, tail, np.zeros(1, np.int64))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _checked(documents: Iterable[str], check: Check) -> Iterator[str]:
    for document in documents:
        check()
        yield document
