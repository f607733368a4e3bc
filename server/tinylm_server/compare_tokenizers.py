"""`tinylm/compareTokenizers`: a text in the tokens of the model's tokenizer and in those of another, side by side.

The other one is the model's own with fewer merges, or any tokenizer.json that TinyLM reads. Runs in a thread of this
process: it needs no model.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from tinylm.comparison.tokenizers import Comparison, Side, compare_tokenizers, cut_tokenizer, render
from tinylm.tokens.pretokens import boundary_after
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server import params as check

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["compare"]

# Some 50,000 tokens: half a second of encoding, and about what a diff view still compares at once.
MAX_CHARS = 200_000


async def compare(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/compareTokenizers`."""
    fields = check.mapping(params)
    path, vocab_size = _other(fields)
    ls.documents.get(check.uri_of(fields))
    tokenizer = await ls.host.known_tokenizer()
    directory, model = ls.host.directory, ls.host.model
    assert directory is not None  # the tokenizer came from there
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    text, is_cut = _text(document, fields)
    other = await asyncio.to_thread(_load, path or directory, vocab_size)
    found = await asyncio.to_thread(compare_tokenizers, text, tokenizer, other)
    ls.documents.get_version(document.uri, document.version)
    own = f"{model['name'] if model else directory.name}: {tokenizer.vocab_size:,} entries"
    name = f"{path}: {other.vocab_size:,} entries" if path else f"the same merges, cut to {other.vocab_size:,} entries"
    return {
        "schema": 1,
        "version": document.version,
        "sides": _sides(found, (own, name)),
        "note": f"the first {len(text):,} characters; select a part to compare another" if is_cut else None,
    }


def _other(fields: Any) -> tuple[Path | None, int | None]:
    path = None if fields.get("path") is None else check.text(fields, "path")
    if path is not None and not Path(path).is_absolute():
        raise JsonRpcInvalidParams(f"path: expected an absolute path or null, got {path[:80]!r}")
    vocab_size = None if fields.get("vocabSize") is None else check.integer(fields, "vocabSize", low=1)
    return None if path is None else Path(path), vocab_size


def _load(path: Path, vocab_size: int | None) -> Tokenizer:
    return Tokenizer.load(path) if vocab_size is None else cut_tokenizer(path, vocab_size)


def _text(document: "Document", fields: Any) -> tuple[str, bool]:
    """Return the text to compare, and whether it had to be cut."""
    start, end = 0, document.text.n_chars
    if fields.get("range") is not None:
        asked = check.range_of(fields["range"], "range")
        start, end = document.offset(asked.start), document.offset(asked.end)
    text = document.text.slice(start, min(end, start + MAX_CHARS + 1))
    if len(text) <= MAX_CHARS:
        return text, False
    cut = boundary_after(text, MAX_CHARS - 1000)
    return text[: min(cut, MAX_CHARS)], True


def _sides(found: Comparison, names: tuple[str, str]) -> list[dict[str, Any]]:
    texts = render(found, names)
    return [
        _side(side, *each) for side, each in zip((found.left, found.right), zip(names, texts, strict=True), strict=True)
    ]


def _side(side: Side, name: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "text": text,
        "vocabSize": side.tokenizer.vocab_size,
        "nTokens": len(side.ids),
        "bytesPerToken": side.bytes_per_token,
        "tokensPerWord": side.tokens_per_word,
    }
