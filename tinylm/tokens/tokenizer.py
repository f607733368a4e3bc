"""The tokenizer: byte-level BPE as GPT-2 does it, read from a Hugging Face tokenizer.json.

Text becomes ids and ids become bytes. Text is plain unless asked otherwise (`is_special`): a literal `<|endoftext|>` is
thirteen characters, as with `split_special_tokens=True` in transformers. The merging runs in the tokenizers library, in
batches because only those release the interpreter lock. Training a tokenizer and writing its file live in
`tinylm.tokenizer_training`.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as RustTokenizer

from tinylm.reading import read_file
from tinylm.tokens.byte_level import bytes_from_raw, visible_from_bytes
from tinylm.tokens.pretokens import cut
from tinylm.tokens.spans import replace_surrogates
from tinylm.tokens.tokenizer_file import END_OF_TEXT, MAX_BYTES, TokenizerFile, parse_tokenizer_file

__all__ = ["END_OF_TEXT", "Tokenizer"]

# Characters a piece when a long text is encoded: small enough for all cores to share it, large enough that the
# overhead of a piece (about 5 µs) does not count.
_PIECE_CHARS = 16_384


class Tokenizer:
    """A byte-level BPE tokenizer. Made by `load`; never changes.

    Attributes:
        id: the first 12 hex digits of the SHA-256 of tokenizer.json.
        vocab_size: V, the number of entries, `<|endoftext|>` among them.
        end_of_text_id: the id of `<|endoftext|>`.
        byte_lengths: (V,) int32, bytes of a text that each entry stands for; 0 for `<|endoftext|>`, which no text
            holds, unless it is special.
        is_special: whether `<|endoftext|>` in a text is the one token that ends a document, instead of plain text.
    """

    def __init__(self, file: TokenizerFile, identity: str, *, special: bool = False) -> None:
        self.id = f"{identity}-special" if special else identity
        self.is_special = special
        self.vocab_size = len(file.tokens)
        self.end_of_text_id = file.end_of_text_id
        self._raw = file.tokens
        self._merges = file.merges
        self._bytes = [b"" if raw == END_OF_TEXT else bytes_from_raw(raw) for raw in file.tokens]
        self.byte_lengths: NDArray[np.int32] = np.array([len(data) for data in self._bytes], dtype=np.int32)
        if special:
            self.byte_lengths[self.end_of_text_id] = len(END_OF_TEXT)
        self.byte_lengths.flags.writeable = False
        self._rust = _build(file, special=special)

    @classmethod
    def load(cls, path: Path, *, special: bool = False) -> "Tokenizer":
        """Load a tokenizer from a tokenizer.json or from the directory that holds one; `special` as in `is_special`.

        Raises:
            BadData: there is none, or it is not the plain byte-level BPE that TinyLM reads.
            DiskProblem: it may not be read.
        """
        file = path / "tokenizer.json" if path.is_dir() else path
        data = read_file(
            file, max_bytes=MAX_BYTES, what="a tokenizer.json", advice="train one with `tinylm train-tokenizer`"
        )
        return cls(parse_tokenizer_file(data, file), hashlib.sha256(data).hexdigest()[:12], special=special)

    def encode(self, text: str) -> NDArray[np.int32]:
        """Return the tokens of a text.

        Args:
            text: any text, taken as plain unless `is_special`; lone surrogates count as U+FFFD.

        Returns:
            (T,) int32. The `text_bytes` of the tokens, joined, are the UTF-8 of the text.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the tokens of each text, as `encode` does, on all cores and without the interpreter lock."""
        pieces = [cut(replace_surrogates(text), _PIECE_CHARS) for text in texts]
        encodings = iter(self._rust.encode_batch_fast([p for parts in pieces for p in parts], add_special_tokens=False))
        return [
            np.concatenate([np.empty(0, np.int32), *(np.array(next(encodings).ids, np.int32) for _ in parts)])
            for parts in pieces
        ]

    def encode_pretokens(self, pretokens: Sequence[bytes]) -> list[list[int]]:
        """Return the tokens of each pre-token; each is one match of GPT-2's pattern, as UTF-8."""
        pieces = [pretoken.decode() for pretoken in pretokens]
        return [encoding.ids for encoding in self._rust.encode_batch_fast(pieces, add_special_tokens=False)]

    def token_bytes(self, token_id: int) -> bytes:
        """Return the bytes that one token writes; none for `<|endoftext|>`."""
        return self._bytes[token_id]

    def text_bytes(self, token_id: int) -> bytes:
        """Return the bytes that one token of an encoded text was read from."""
        is_marker = self.is_special and token_id == self.end_of_text_id
        return END_OF_TEXT.encode() if is_marker else self._bytes[token_id]

    def decode_bytes(self, ids: ArrayLike) -> bytes:
        """Return the bytes of the tokens, joined. `ids` is (T,)."""
        return b"".join([self._bytes[token_id] for token_id in np.asarray(ids, dtype=np.int64).tolist()])

    def decode(self, ids: ArrayLike) -> str:
        """Return the text of the tokens; bytes that are no UTF-8 become U+FFFD. `ids` is (T,)."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def raw(self, token_id: int) -> str:
        """Return the token as the vocabulary writes it: `Ġsoft`."""
        return self._raw[token_id]

    def visible(self, token_id: int) -> str:
        """Return the token for people: `·soft`, `↵`, `⟨F0 9F⟩` for bytes that are no whole character."""
        return END_OF_TEXT if token_id == self.end_of_text_id else visible_from_bytes(self._bytes[token_id])

    def merge_rank(self, token_id: int) -> int | None:
        """Return the merge that makes the token, counted from 0 in the order learned; None for bytes and specials."""
        found = self._merge_of.get(token_id)
        return None if found is None else found[0]

    def merge_parts(self, token_id: int) -> tuple[int, int] | None:
        """Return the two tokens that merge into this one; None for bytes and specials."""
        found = self._merge_of.get(token_id)
        return None if found is None else found[1:]

    @cached_property
    def _merge_of(self) -> dict[int, tuple[int, int, int]]:
        ids = {raw: token_id for token_id, raw in enumerate(self._raw)}
        result: dict[int, tuple[int, int, int]] = {}
        for rank, (left, right) in enumerate(self._merges):  # two merges may give one token: the first counts
            result.setdefault(ids[left + right], (rank, ids[left], ids[right]))
        return result


def _build(file: TokenizerFile, *, special: bool) -> RustTokenizer:
    """Return the library's tokenizer, made from checked parts only; the file's own text is never handed to it."""
    vocab = {raw: token_id for token_id, raw in enumerate(file.tokens)}
    rust = RustTokenizer(models.BPE(vocab=vocab, merges=file.merges))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    rust.decoder = decoders.ByteLevel()
    rust.add_special_tokens([AddedToken(END_OF_TEXT, special=True, normalized=False)])
    rust.encode_special_tokens = not special  # the library's name for taking them as plain text
    assert rust.token_to_id(END_OF_TEXT) == file.end_of_text_id
    return rust
