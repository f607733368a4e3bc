"""Read documents out of one file, streamed: .txt, .jsonl, .csv and .parquet.

A document is a string that holds something other than white space. Nothing is held in memory but a block of the
file and the document that is being put together. Every complaint is one line with the file, the place in it and
what to do. The formats are those of the published TinyStories files: text with `<|endoftext|>` lines, and rows
with a `text` column. Which files are read, and in which order, is decided in `sources.py`.
"""

import codecs
import csv
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tinylm.errors import BadData, DiskProblem, EnvironmentProblem
from tinylm.extras import install_command

__all__ = ["MAX_DOCUMENT_CHARS", "SUFFIXES", "TEXT_FIELDS", "Tally", "open_regular", "read_documents"]

SUFFIXES = (".txt", ".jsonl", ".csv", ".parquet")
TEXT_FIELDS = ("text", "story", "content")
BLOCK_BYTES = 1 << 20

# A text file without separators is one document whatever its size. Beyond this it is cut at a blank line (or a
# line end, or where it must), so that a file of many gigabytes needs a few megabytes of memory.
MAX_DOCUMENT_CHARS = 4 << 20

Fields = tuple[str, ...]  # names of columns, in the order in which they are looked for

_SEPARATOR = re.compile(r"^<\|endoftext\|>[ \t]*\r?\n", re.MULTILINE)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass
class Tally:
    """What reading has come to so far: bytes of the files behind us, and characters that had to be replaced."""

    bytes_read: int = 0
    n_replaced: int = 0


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading bytes.

    The type is checked on the open descriptor, so a pipe or a device is refused without waiting on it.

    Raises: BadData when there is no such file or it is not a regular one; DiskProblem when it may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise BadData(f"{path}: no such file; check the path") from None
    except OSError as error:
        kind = DiskProblem if isinstance(error, PermissionError) else BadData
        raise kind(f"{path}: cannot be opened ({error.strerror}); name a readable file") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadData(f"{path}: not a regular file; pipes and devices cannot be a corpus, save the text to a file")
    return os.fdopen(descriptor, "rb")


def read_documents(path: Path, errors: str, tally: Tally, column: str | None = None) -> Iterator[str]:
    """Yield the documents of one file, in order.

    Args:
        path: its suffix decides the format; anything but .jsonl, .csv and .parquet is read as text.
        errors: `strict` stops at bytes that are not UTF-8 and at NUL; `replace` puts U+FFFD there and counts.
        tally: updated while the file is read.
        column: which one of a table, or field of a record, holds the text; None: the first of TEXT_FIELDS there is.
    Raises: BadData with the file and the place; EnvironmentProblem when a parquet file needs a package.
    """
    reader = _READERS.get(path.suffix.lower())
    fields = TEXT_FIELDS if column is None else (column,)
    documents = _text_documents(path, errors, tally) if reader is None else reader(path, errors, tally, fields)
    for document in documents:
        if document and not document.isspace():
            yield document


def _text_documents(path: Path, errors: str, tally: Tally) -> Iterator[str]:
    """Split at lines that hold exactly `<|endoftext|>`; line ends at either end of a document go, no others."""
    pending = ""
    for text in _decoded_blocks(path, errors, tally):
        whole_lines = (pending + text).rpartition("\n")
        *documents, pending = _SEPARATOR.split(whole_lines[0] + whole_lines[1])
        pending += whole_lines[2]
        for document in documents:
            yield document.strip("\r\n")
        while len(pending) > MAX_DOCUMENT_CHARS:
            cut = _place_to_cut(pending)
            yield pending[:cut].strip("\r\n")
            pending = pending[cut:]
    for document in _SEPARATOR.split(pending + "\n"):
        yield document.strip("\r\n")


def _place_to_cut(text: str) -> int:
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, 1, MAX_DOCUMENT_CHARS)
        if found > 0:
            return found
    return MAX_DOCUMENT_CHARS


def _decoded_blocks(path: Path, errors: str, tally: Tally) -> Iterator[str]:
    """Yield the file as text, a block at a time. A byte order mark of UTF-8 is dropped; line ends stay."""
    with open_regular(path) as file:
        offset, pending, first = 0, b"", True
        while True:
            block = file.read(BLOCK_BYTES)
            tally.bytes_read += len(block)
            data = pending + block
            if first and data[:2] in _UTF16_MARKS:
                raise BadData(
                    f"{path}: UTF-16 text (byte order mark at byte 0); convert it first: "
                    "iconv -f UTF-16 -t UTF-8 OLD > NEW"
                )
            text, n_used = _decode(path, data, offset, errors, tally, final=not block)
            yield text.removeprefix("\ufeff") if first else text
            offset, pending, first = offset + n_used, data[n_used:], False
            if not block:
                return


def _decode(path: Path, data: bytes, offset: int, errors: str, tally: Tally, *, final: bool) -> tuple[str, int]:
    try:
        text, n_used = codecs.utf_8_decode(data, errors, final)
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path}: not UTF-8 at byte {offset + error.start} (0x{data[error.start]:02x}); "
            "convert the file, or read on with --errors replace"
        ) from None
    if errors == "replace":
        text = text.replace("\0", "\ufffd")
        tally.n_replaced += text.count("\ufffd") - data[:n_used].count("\ufffd".encode())
    elif "\0" in text:
        raise BadData(
            f"{path}: NUL at byte {offset + data.index(0)}, so this is no text file; "
            "name a text file, or read on with --errors replace"
        )
    return text, n_used


def _lines(path: Path, errors: str, tally: Tally) -> Iterator[str]:
    """Yield lines that end at LF, with their ends. A line that never ends is refused rather than collected."""
    pending: list[str] = []
    length = 0
    for text in _decoded_blocks(path, errors, tally):
        *lines, rest = text.split("\n")
        for line in lines:
            yield "".join((*pending, line, "\n"))
            pending.clear()
            length = 0
        pending.append(rest)
        length += len(rest)
        if length > 16 * MAX_DOCUMENT_CHARS:
            raise BadData(f"{path}: a line of more than {length} characters; is this really one record a line?")
    if length:
        yield "".join(pending)


def _jsonl_documents(path: Path, errors: str, tally: Tally, fields: Fields) -> Iterator[str]:
    for number, line in enumerate(_lines(path, errors, tally), start=1):
        if line.isspace():
            continue
        try:
            record: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "unreadable"
            raise BadData(f"{path}: line {number} is not JSON ({reason}); mend or remove that line") from None
        text = record
        if isinstance(record, dict):
            text = next((record[name] for name in fields if name in record), None)
        if not isinstance(text, str):
            raise BadData(
                f"{path}: line {number} has no text; each line needs a string in {_either(fields)}, "
                f"or name the field: {path}:FIELD"
            )
        # JSON can spell half of a surrogate pair, which no text can hold.
        yield _SURROGATE.sub("\ufffd", text)


def _csv_documents(path: Path, errors: str, tally: Tally, fields: Fields) -> Iterator[str]:
    csv.field_size_limit(16 * MAX_DOCUMENT_CHARS)
    rows = csv.reader(_lines(path, errors, tally), strict=True)
    try:
        header = next(rows, [])
        column = _column(path, header, fields)
        for row in rows:
            if column < len(row):
                yield row[column]
    except csv.Error as error:
        raise BadData(f"{path}: line {rows.line_num} is not CSV ({error}); mend or remove that line") from None


def _parquet_documents(path: Path, errors: str, tally: Tally, fields: Fields) -> Iterator[str]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise EnvironmentProblem(f"{path}: reading parquet needs pyarrow; run: {install_command()}") from None
    with open_regular(path) as file:
        try:
            table = pyarrow.parquet.ParquetFile(file)
            column = table.schema_arrow.names[_column(path, table.schema_arrow.names, fields)]
            found = table.schema_arrow.field(column).type
            if not _holds_text(found):
                raise BadData(f"{path}: column {column} holds {found}, not text; name another: {path}:COLUMN")
            for group in range(table.num_row_groups):
                for batch in table.iter_batches(1024, [group], [column]):
                    yield from (str(text) for text in batch.column(0).to_pylist() if text is not None)
                tally.bytes_read += table.metadata.row_group(group).total_byte_size
        except pyarrow.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise BadData(f"{path}: not a readable parquet file ({reason}); fetch or write it again") from None


def _column(path: Path, names: list[str], fields: Fields) -> int:
    for name in fields:
        if name in names:
            return names.index(name)
    found = ", ".join(names[:8]) or "no columns"
    raise BadData(f"{path}: no column {_either(fields)} among {found}; name the one with the text: {path}:COLUMN")


def _holds_text(kind: Any) -> bool:
    """Say whether a column of this Arrow type gives strings; one of another would be trained on as Python shows it."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _either(fields: Fields) -> str:
    *most, last = (f'"{name}"' for name in fields)
    return f"{', '.join(most)} or {last}" if most else last


_READERS: dict[str, Callable[[Path, str, Tally, Fields], Iterator[str]]] = {
    ".jsonl": _jsonl_documents,
    ".csv": _csv_documents,
    ".parquet": _parquet_documents,
}
