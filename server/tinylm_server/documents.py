"""The open documents: what the editor shows, character for character.

Our own store, not the framework's, which breaks lines at characters that LSP does not. A `Document` is an immutable
snapshot; a change makes a new one. Documents that are not open are never read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from tinylm_server.line_index import Encoding
from tinylm_server.text_store import Text

__all__ = ["Document", "Documents"]


@dataclass(frozen=True)
class Document:
    """One version of an open document."""

    uri: str
    language_id: str
    version: int
    text: Text
    encoding: Encoding

    def offset(self, position: lsp.Position) -> int:
        """Return a position as an offset in code points, clamped into the text."""
        return self.text.offset(position.line, position.character, self.encoding)

    def point(self, position: lsp.Position) -> tuple[int, int]:
        """Return a position as (line, character index), clamped into the text."""
        return self.text.point(position.line, position.character, self.encoding)

    def position(self, line: int, char: int) -> lsp.Position:
        """Return (line, character index) as a position."""
        return lsp.Position(line=line, character=self.text.column(line, char, self.encoding))


class Documents:
    """Every open document by its URI. `encoding` is what the client and the server agreed on."""

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-16"
        self._documents: dict[str, Document] = {}
        self._prepared: dict[int, tuple[str, Text]] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        """Cut whole texts into pieces ahead, for the message that brings them next; callable from any thread."""
        self._prepared = {id(text): (text, Text.of(text)) for text in texts}

    def open(self, item: lsp.TextDocumentItem) -> Document:
        """Take a document over from the editor; opened twice, the later text counts."""
        document = Document(item.uri, item.language_id, item.version, self._text_of(item.text), self.encoding)
        self._documents[item.uri] = document
        return document

    def change(self, uri: str, version: int, changes: Sequence[lsp.TextDocumentContentChangeEvent]) -> Document:
        """Apply changes in the given order. Raises JsonRpcInvalidParams for a document that is not open."""
        document = self.get(uri)
        text = document.text
        for change in changes:
            text = self._apply(text, change)
        document = replace(document, version=version, text=text)
        self._documents[uri] = document
        return document

    def close(self, uri: str) -> None:
        """Forget a document; one that is not open is ignored."""
        self._documents.pop(uri, None)

    def find(self, uri: str) -> Document | None:
        """Return the current snapshot; None when the document is not open."""
        return self._documents.get(uri)

    def get(self, uri: str) -> Document:
        """Return the current snapshot. Raises JsonRpcInvalidParams when the document is not open."""
        document = self._documents.get(uri)
        if document is None:
            raise JsonRpcInvalidParams(f"the document is not open: {uri}; open it with textDocument/didOpen first")
        return document

    def get_version(self, uri: str, version: int) -> Document:
        """Return the snapshot of one version. Raises JsonRpcContentModified when another one is current."""
        document = self.get(uri)
        if document.version != version:
            raise JsonRpcContentModified(f"version {version} was asked for, version {document.version} is current")
        return document

    def is_current(self, document: Document) -> bool:
        """Say whether a snapshot is still what the editor shows."""
        return self._documents.get(document.uri) is document

    def uris(self) -> list[str]:
        """Return the URIs of the open documents."""
        return list(self._documents)

    def _apply(self, text: Text, change: lsp.TextDocumentContentChangeEvent) -> Text:
        if not isinstance(change, lsp.TextDocumentContentChangePartial):
            return self._text_of(change.text)
        start, end = change.range.start, change.range.end
        return text.replace((start.line, start.character), (end.line, end.character), change.text, self.encoding)

    def _text_of(self, string: str) -> Text:
        _, prepared = self._prepared.pop(id(string), (None, None))
        return Text.of(string) if prepared is None else prepared
