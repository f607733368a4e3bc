"""Turns sources into token streams: each in a part to learn from and a part to measure on, which training never sees.

Each source is encoded once for a run (`encoding.py`), into a directory named after the corpus' fingerprint and the
tokenizer's id, or comes from another run that needed it (`encoded_cache.py`). Which rows a step reads is
`mixture.py`'s affair.

Held out are the documents of `--validation`, and documents equal to one of them are dropped from training; without it,
every document whose hash falls below HELD_OUT_FRACTION; where that finds none, the end of the longest stream.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinylm.data.sources import Check, Source, open_source
from tinylm.errors import BadData
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.pretokens import cut
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.config import TrainConfig
from tinylm.training.encoded_cache import EncodedCache
from tinylm.training.encoding import PARTS, Stream, encode_documents, is_encoded, open_stream

__all__ = ["Corpus", "Stream", "check_corpus", "open_corpus_sources", "prepare_corpus"]

HELD_OUT_FRACTION = 0.02
_PIECE_CHARS = 1 << 16  # of a long document are enough to begin with
_FORMAT = "1"  # part of the cache key: raise it when the files' meaning changes

Progress = Callable[[str, int, int | None], None]  # (source name, bytes read, bytes in all)


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
    errors, validation = config.errors, config.validation
    sources = [open_source(spec, errors=errors, clean=config.clean) for spec in config.data]
    return sources, None if validation is None else open_source(validation, errors=errors)


def check_corpus(config: TrainConfig, tokenizer: Tokenizer) -> None:
    """Refuse, before anything is written, a corpus without text or without enough of it. Reads only what that takes.

    Raises:
        BadData: as `prepare_corpus`, or the beginning of a source cannot be read.
    """
    sources, validation_source = open_corpus_sources(config)
    for source in sources:
        encoder, n_tokens = BulkEncoder(tokenizer), 1
        pieces = (piece for document in source.documents() for piece in ("", *cut(document, _PIECE_CHARS)))
        for piece in pieces:  # the empty one stands for the end of a document, which is a token too
            n_tokens += len(encoder.encode([piece])[0]) if piece else 1
            if n_tokens > config.block_size:
                break
        else:
            raise _too_small(source.name, n_tokens, config)
    if validation_source is not None:
        next(validation_source.documents())


def _too_small(name: str, n_tokens: int, config: TrainConfig) -> BadData:
    return BadData(
        f"{name}: {n_tokens} tokens to train on, one row needs {config.block_size + 1}; "
        "use more text or a smaller --block-size"
    )


def prepare_corpus(
    config: TrainConfig,
    tokenizer: Tokenizer,
    directory: Path,
    check: Check = lambda: None,
    progress: Progress = lambda name, done, total: None,
    cache: EncodedCache | None = None,
) -> Corpus:
    """Encode what is not yet encoded under `directory` and map the streams.

    Args:
        cache: where to look for what another run encoded, and to leave what this one did.

    Raises:
        BadData: a source cannot be read, or is too short for one row of `block_size + 1` tokens.
        DiskProblem: the encoded tokens cannot be written.
    """
    sources, validation_source = open_corpus_sources(config)
    directory.mkdir(exist_ok=True)
    banned: frozenset[bytes] = frozenset()
    if validation_source is not None:
        banned = frozenset(_digest(text) for text in _checked(validation_source.documents(), check))
    pairs = [_encoded(source, tokenizer, directory, banned, check, progress, cache) for source in sources]
    training = [pair[0] for pair in pairs]
    held_out = [pair[1] for pair in pairs if len(pair[1].starts)]
    if validation_source is not None:
        held_out = [_encoded(validation_source, tokenizer, directory, None, check, progress, cache)[0]]
    elif not held_out:
        longest = max(range(len(training)), key=lambda i: len(training[i].tokens))
        training[longest], tail = _split_tail(training[longest])
        held_out = [tail]
    for stream in training:
        if len(stream.tokens) <= config.block_size:
            raise _too_small(stream.name, len(stream.tokens), config)
    return Corpus(tuple(training), tuple(held_out))


def _encoded(
    source: Source,
    tokenizer: Tokenizer,
    directory: Path,
    banned: frozenset[bytes] | None,
    check: Check,
    progress: Progress,
    cache: EncodedCache | None,
) -> tuple[Stream, Stream]:
    """Return a source's (training, held-out) streams. `banned` None: everything is training, nothing is held out."""
    rule = "whole" if banned is None else hashlib.sha256(b"".join(sorted(banned))).hexdigest()
    key = hashlib.sha256(f"{_FORMAT} {source.fingerprint(check)} {tokenizer.id} {rule}".encode()).hexdigest()[:16]
    place = directory / key
    if not is_encoded(place, check) and not (cache and cache.take(place, check)):
        total = source.n_bytes()
        encode_documents(
            source.documents(),
            lambda text: _part_of(text, banned),
            tokenizer,
            place,
            details={"source": source.name, "tokenizer": tokenizer.id},
            check=check,
            progress=lambda: progress(source.name, source.tally.bytes_read, total),
        )
        if cache:
            cache.give(place)
    training, held_out = (open_stream(place, part, source.name) for part in PARTS)
    return training, held_out


def _part_of(text: str, banned: frozenset[bytes] | None) -> int | None:
    """Return a document's part: 0 to train on, 1 to hold out, None to leave out."""
    if banned is None:
        return 0
    digest = _digest(text)
    if banned:
        return None if digest in banned else 0
    return 1 if int.from_bytes(digest[:8], "big") < HELD_OUT_FRACTION * 2**64 else 0


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
