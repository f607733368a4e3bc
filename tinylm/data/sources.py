"""Turn the words after `--data` into a stream of documents.

    sample, sample:N            the project's own generated stories (20,000 of them, or N), offline
    stories                     the 9,911 stories that were written for TinyLM, offline
    tales.txt                   a file: .txt with <|endoftext|> lines or else one document, .jsonl, .csv, .parquet
    folder/                     every such file below it, by path; of a Hub layout (train-00000-of-00004.parquet) the
                                training files only
    'tales/*.txt'               a glob; ** crosses folders
    letters.csv:body            of a table (.csv, .parquet, .jsonl, also by a glob), the column that holds the text
    roneneldan/TinyStories      a dataset of the Hugging Face Hub, streamed through `datasets`; owner/name:split for
                                another split than train

A name is looked up on the Hub only when nothing of that name exists here. Documents are never empty, and a source
that turns out to hold no text at all raises. Formats and encodings are in `readers.py`, mojibake in `cleaning.py`.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tinylm.data.cleaning import clean_document, cleaned_fingerprint
from tinylm.data.readers import BLOCK_BYTES, SUFFIXES, Tally, open_regular, read_documents
from tinylm.errors import BadData, UsageError

__all__ = ["CleanedSource", "FileSource", "SampleSource", "Source", "SourceList", "open_source", "open_sources"]

SAMPLE_STORIES = 20_000
WRITTEN_STORIES = Path(__file__).parent / "stories" / "written.txt"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?")
_COLUMN = re.compile(r"(.+\.(?:csv|parquet|jsonl)):(.+)", re.IGNORECASE | re.DOTALL)
_TRAIN_SHARD = re.compile(r"train-\d+-of-\d+")
_ANY_SHARD = re.compile(r"[A-Za-z_]+-\d+-of-\d+")

Check = Callable[[], None]


class Source(ABC):
    """A corpus. `documents` may be called again and yields the same; `tally` follows the latest call."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tally = Tally()

    @abstractmethod
    def documents(self) -> Iterator[str]:
        """Yield each document once, in a fixed order, never an empty one. Raises: BadData at the first bad place."""

    @abstractmethod
    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256, in hex, over the bytes of what is read and the way it is read.

        Args:
            check: called at least after each megabyte or document; what it raises ends the reading.
        """

    def n_bytes(self) -> int | None:
        """Return about what `tally.bytes_read` comes to at the end, or None when only reading would tell."""
        return None

    def notes(self) -> list[str]:
        """Return one line for each thing the latest reading changed or left out."""
        return []


def open_source(spec: str, *, errors: str = "strict", clean: bool = False) -> Source:
    """Open the corpus that a person named.

    Args:
        spec: as in this module's description.
        errors: `strict` or `replace`, for bytes that are not UTF-8.
        clean: repair wrongly decoded quotes and drop documents that stay broken (see `cleaning.py`).
    Raises: BadData when nothing is there, UsageError when `spec` or `errors` is not understood.
    Example: `next(open_source("sample:3").documents())`
    """
    if errors not in ("strict", "replace"):
        raise UsageError(f"--errors {errors}: choose strict or replace")
    source = _open(spec, errors)
    return CleanedSource(source) if clean else source


def open_sources(specs: Sequence[str], *, errors: str = "strict", clean: bool = False) -> Source:
    """Open several corpora as one, in the order given. One that is named twice is read twice and weighs double."""
    if not specs:
        raise UsageError("no data named; try --data sample")
    sources = [open_source(spec, errors=errors, clean=clean) for spec in specs]
    return sources[0] if len(sources) == 1 else SourceList(sources)


def _open(spec: str, errors: str) -> Source:
    if spec == "sample" or spec.startswith("sample:"):
        return SampleSource(_sample_size(spec))
    if spec == "stories":
        return FileSource(spec, [WRITTEN_STORIES], errors)
    if "\0" in spec or not spec:
        raise UsageError("--data: an empty name or one with NUL names nothing; try --data sample")
    path, column = Path(spec).expanduser(), None
    try:
        if path.is_dir():
            return FileSource(spec, _files_below(path), errors)
        if not path.exists() and (named := _COLUMN.fullmatch(spec)):
            path, column = Path(named[1]).expanduser(), named[2]
        if path.exists():
            return FileSource(spec, [path], errors, column)
        if path.is_symlink():
            raise BadData(f"{spec}: a link that leads nowhere or to itself; name the file itself")
    except OSError as error:
        raise BadData(f"{spec[:200]}: cannot be opened ({error.strerror}); check the path") from None
    if any(character in spec for character in "*?["):
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        files = [file for file in found if not file.is_dir()]
        if not files:
            raise BadData(f"{spec}: no file matches; check the pattern, and quote it in the shell")
        return FileSource(spec, files, errors, column)
    if _HUB_NAME.fullmatch(spec) and path.suffix.lower() not in SUFFIXES and not path.parent.exists():
        from tinylm.data.hub import HubSource

        name, _, split = spec.partition(":")
        return HubSource(name, split or "train")
    raise BadData(f"{spec}: no such file or folder; check the path, or try --data sample")


def _sample_size(spec: str) -> int:
    if spec == "sample":
        return SAMPLE_STORIES
    number = spec.removeprefix("sample:")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise UsageError(f"{spec}: write sample:N with N a number of stories, such as sample:20000")
    return int(number)


def _files_below(folder: Path) -> list[Path]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise BadData(f"{folder}: no {', '.join(SUFFIXES)} file below this folder; name another")
    if any(_TRAIN_SHARD.match(path.name) for path in files):
        files = [path for path in files if _TRAIN_SHARD.match(path.name) or not _ANY_SHARD.match(path.name)]
    return files


class FileSource(Source):
    """The documents of one or more files, one file after the other."""

    def __init__(self, name: str, paths: Sequence[Path], errors: str = "strict", column: str | None = None) -> None:
        super().__init__(name)
        self.paths = tuple(paths)
        self.errors = errors
        self.column = column
        self._n_bytes = 0
        for path in self.paths:
            with open_regular(path) as file:
                self._n_bytes += file.seek(0, 2)
        if not self._n_bytes:
            raise BadData(f"{name}: empty; a corpus needs some text")

    def documents(self) -> Iterator[str]:
        """Yield the documents of every file. Raises: BadData with the file and the place; BadData when all is blank."""
        self.tally = Tally()
        n_documents = 0
        for path in self.paths:
            for document in read_documents(path, self.errors, self.tally, self.column):
                n_documents += 1
                yield document
        if not n_documents:
            raise BadData(f"{self.name}: nothing but white space; a corpus needs some text")

    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256 over every file's bytes, its length before them, and the way errors are read."""
        column = "" if self.column is None else f" {self.column}"
        digest = hashlib.sha256(f"files {self.errors}{column}\n".encode())
        for path in self.paths:
            with open_regular(path) as file:
                digest.update(f"{path.suffix.lower()} {file.seek(0, 2)}\n".encode())
                file.seek(0)
                while block := file.read(BLOCK_BYTES):
                    check()
                    digest.update(block)
        return digest.hexdigest()

    def n_bytes(self) -> int | None:
        """Return the size of the files, or None for parquet, whose pages are compressed."""
        return None if any(path.suffix.lower() == ".parquet" for path in self.paths) else self._n_bytes

    def notes(self) -> list[str]:
        """Say how many characters were replaced."""
        return [f"{self.name}: {self.tally.n_replaced} characters replaced by U+FFFD"] if self.tally.n_replaced else []


class SampleSource(Source):
    """The project's own stories, written on the spot from a fixed seed."""

    def __init__(self, n_stories: int, seed: int = 0) -> None:
        super().__init__(f"sample:{n_stories}")
        self.n_stories = n_stories
        self.seed = seed

    def documents(self) -> Iterator[str]:
        """Yield the stories."""
        from tinylm.data.stories import stories

        self.tally = Tally()
        for story in stories(self.n_stories, self.seed):
            self.tally.bytes_read += len(story.encode())
            yield story

    def n_bytes(self) -> int | None:
        """Return the size estimated from the first stories; writing them all would be needed to know it."""
        from tinylm.data.stories import stories

        few = min(self.n_stories, 200)
        return sum(len(story.encode()) for story in stories(few, self.seed)) * self.n_stories // few

    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256 over the stories themselves, so that a change of the generator shows."""
        digest = hashlib.sha256(b"sample\n")
        for story in self.documents():
            check()
            digest.update(story.encode() + b"\0")
        return digest.hexdigest()


class SourceList(Source):
    """Several corpora read one after the other."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(" + ".join(source.name for source in sources))
        self.sources = tuple(sources)

    def documents(self) -> Iterator[str]:
        """Yield the documents of each corpus in turn."""
        self.tally = Tally()
        before = Tally()
        for source in self.sources:
            for document in source.documents():
                self.tally.bytes_read = before.bytes_read + source.tally.bytes_read
                self.tally.n_replaced = before.n_replaced + source.tally.n_replaced
                yield document
            before = Tally(self.tally.bytes_read, self.tally.n_replaced)

    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256 over the fingerprints, in order."""
        return hashlib.sha256("\n".join(source.fingerprint(check) for source in self.sources).encode()).hexdigest()

    def n_bytes(self) -> int | None:
        """Return the sum, or None when one of them does not know."""
        sizes = [source.n_bytes() for source in self.sources]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def notes(self) -> list[str]:
        """Return the notes of each."""
        return list(dict.fromkeys(note for source in self.sources for note in source.notes()))


class CleanedSource(Source):
    """Another corpus with its mojibake repaired, and without the documents where that failed."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.name)
        self.source = source
        self.n_repaired = 0
        self.n_dropped = 0

    def documents(self) -> Iterator[str]:
        """Yield the repaired documents. Raises: BadData when not one is left."""
        self.n_repaired = self.n_dropped = n_documents = 0
        for document in self.source.documents():
            self.tally = self.source.tally
            repaired = clean_document(document)
            if repaired is None:
                self.n_dropped += 1
                continue
            self.n_repaired += repaired != document
            n_documents += 1
            yield repaired
        if not n_documents:
            raise BadData(f"{self.name}: every document is broken beyond repair; leave out --clean or name other data")

    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256 over the uncleaned fingerprint and the fact of cleaning."""
        return cleaned_fingerprint(self.source.fingerprint(check))

    def n_bytes(self) -> int | None:
        """Return the size before cleaning, which is what `tally.bytes_read` counts."""
        return self.source.n_bytes()

    def notes(self) -> list[str]:
        """Say how many documents were repaired and dropped."""
        line = f"{self.name}: {self.n_repaired} documents repaired, {self.n_dropped} dropped (wrongly decoded quotes)"
        return [*self.source.notes(), *([line] if self.n_repaired or self.n_dropped else [])]
