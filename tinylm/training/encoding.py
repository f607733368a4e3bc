"""Encodes one corpus into files that are mapped into memory: once, interruptible, and never held in memory whole.

A stream is `<|endoftext|> document <|endoftext|> document ... <|endoftext|>` as uint16 (a vocabulary has at most 65,536
entries), so that every document begins after an `<|endoftext|>` as it does when the model serves. The files grow in
`<place>.part`, where `state.json` says every few seconds, and whenever the work is interrupted, how far they are good;
the next call cuts them there, passes over the documents they hold and goes on. A manifest and a new name make the
directory final.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData
from tinylm.files import disk_errors, finish_directory, flush_to_disk, read_manifest, remove_directory, write_file
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.pretokens import cut
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["PARTS", "Stream", "begun", "encode_documents", "is_encoded", "open_stream"]

PARTS = ("train", "held_out")
_BATCH_CHARS = 1 << 18  # encoded at a time: about 20 ms
_CHARS_BETWEEN_STATES = 64 << 20  # some four seconds of work
_STATE = "state.json"
_FORMAT = 1


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


def begun(place: Path) -> Path:
    """Return where a corpus grows until it is whole."""
    return place.with_name(f"{place.name}.part")


def is_encoded(place: Path, check: Callable[[], None]) -> bool:
    """Say whether a corpus lies there whole; what is damaged is removed, since the corpus itself is still there."""
    if not place.is_dir():
        return False
    try:
        read_manifest(place, check)
    except BadData:
        remove_directory(place)
        return False
    return True


def open_stream(place: Path, part: str, name: str) -> Stream:
    """Map one part of an encoded corpus into memory."""
    tokens, starts = place / f"{part}.tokens", place / f"{part}.starts"
    if not starts.stat().st_size:
        return Stream(name, np.zeros(0, np.uint16), np.zeros(0, np.int64))
    return Stream(name, np.memmap(tokens, np.uint16, "r"), np.memmap(starts, np.int64, "r"))


def encode_documents(
    documents: Iterable[str],
    part_of: Callable[[str], int | None],
    tokenizer: Tokenizer,
    place: Path,
    *,
    details: dict[str, object],
    check: Callable[[], None],
    progress: Callable[[], None],
) -> None:
    """Encode documents into the directory `place`, going on where an earlier call was interrupted.

    Args:
        documents: the same ones in every call for this place.
        part_of: the place of a document's part among PARTS; None leaves the document out.
        details: facts for the manifest.
        check: called before each document and batch; what it raises interrupts the work, which is kept.
        progress: called after each batch.

    Raises:
        BadData: a document cannot be read, or does not come back from its tokens.
        DiskProblem: the tokens cannot be written.
    """
    building = begun(place)
    with disk_errors(building, "writing encoded text"):
        building.mkdir(exist_ok=True)
        with _Files(building, tokenizer) as files:
            for batch in _batches(_not_yet(documents, files.n_documents, check), part_of):
                files.add(batch)
                check()
                progress()
            files.close_streams()
    finish_directory(building, place, details=details, check=check)


def _not_yet(documents: Iterable[str], n_done: int, check: Callable[[], None]) -> Iterator[str]:
    for number, document in enumerate(documents):
        check()
        if number >= n_done:
            yield document


@dataclass(frozen=True)
class _Piece:
    """Some of a document: its part (None: left out), and whether the document begins and ends with it."""

    text: str
    part: int | None
    begins: bool
    ends: bool


def _batches(documents: Iterable[str], part_of: Callable[[str], int | None]) -> Iterator[list[_Piece]]:
    """Yield pieces of documents in lists of about the same size, so that a stop is noticed soon in a long document."""
    batch: list[_Piece] = []
    n_chars = 0
    for document in documents:
        part = part_of(document)
        texts = cut(document, _BATCH_CHARS) if part is not None else [""]
        for number, text in enumerate(texts):
            batch.append(_Piece(text, part, number == 0, number == len(texts) - 1))
            n_chars += len(text)
            if n_chars >= _BATCH_CHARS:
                yield batch
                batch, n_chars = [], 0
    if batch:
        yield batch


class _Files:
    """The files of a corpus that is being encoded, and how far they are good.

    Attributes:
        n_documents: how many documents they hold or were left out.
    """

    def __init__(self, building: Path, tokenizer: Tokenizer) -> None:
        self._building = building
        self._encoder = BulkEncoder(tokenizer)
        self._end_of_text = np.array([tokenizer.end_of_text_id], np.uint16).tobytes()
        self._stack = ExitStack()
        self._names = [f"{part}.{kind}" for part in PARTS for kind in ("tokens", "starts")]
        self.n_documents, self._sizes = self._load_state()
        self._files = [self._open(name, size) for name, size in zip(self._names, self._sizes, strict=True)]
        self._good_sizes = list(self._sizes)
        self._n_chars = 0

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is None or not issubclass(kind, OSError):
                self._save_state()

    def add(self, batch: list[_Piece]) -> None:
        """Encode and write some pieces."""
        ids, n_tokens = self._encoder.encode([piece.text for piece in batch if piece.part is not None])
        data = memoryview(ids.tobytes())
        lengths = iter(n_tokens.tolist())
        for piece in batch:
            if piece.part is not None:
                n_bytes = 2 * next(lengths)
                self._write(piece, data[:n_bytes])
                data = data[n_bytes:]
            if piece.ends:
                self.n_documents += 1
                self._good_sizes = list(self._sizes)
        self._n_chars += sum(len(piece.text) for piece in batch)
        if self._n_chars >= _CHARS_BETWEEN_STATES:
            self._n_chars = 0
            self._save_state()

    def close_streams(self) -> None:
        """End every stream that holds a document, and flush."""
        for part in range(len(PARTS)):
            if self._sizes[2 * part + 1]:
                self._append(2 * part, self._end_of_text)
        for file in self._files:
            file.flush()

    def _write(self, piece: _Piece, tokens: memoryview) -> None:
        assert piece.part is not None
        file = 2 * piece.part
        if piece.begins:
            self._append(file + 1, np.array([self._sizes[file] // 2], np.int64).tobytes())
            self._append(file, self._end_of_text)
        self._append(file, tokens)

    def _append(self, file: int, content: bytes | memoryview) -> None:
        self._files[file].write(content)
        self._sizes[file] += len(content)

    def _open(self, name: str, size: int) -> BinaryIO:
        path = self._building / name
        path.touch()
        file = self._stack.enter_context(path.open("r+b", buffering=1 << 20))
        file.truncate(size)
        file.seek(size)
        return file

    def _load_state(self) -> tuple[int, list[int]]:
        """Return how many documents the files hold and how large they are; nothing where the state is unusable."""
        try:
            values = json.loads((self._building / _STATE).read_bytes())
            sizes = [int(values["bytes"][name]) for name in self._names]
            there = [(self._building / name).stat().st_size for name in self._names]
            if values["format"] == _FORMAT and all(0 <= good <= size for good, size in zip(sizes, there, strict=True)):
                return int(values["documents"]), sizes
        except (OSError, ValueError, KeyError, TypeError):
            pass  # written by a killed process, or by nobody
        return 0, [0] * len(self._names)

    def _save_state(self) -> None:
        """Say on the disk how far the files are good, after what they hold is there."""
        for file, name in zip(self._files, self._names, strict=True):
            file.flush()
            flush_to_disk(self._building / name)
        sizes = dict(zip(self._names, self._good_sizes, strict=True))
        values = {"format": _FORMAT, "documents": self.n_documents, "bytes": sizes}
        write_file(self._building / _STATE, json.dumps(values).encode())
