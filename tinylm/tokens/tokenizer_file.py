"""Check a tokenizer.json against what TinyLM uses, before any parser but Python's own sees it.

The Rust parser accepts duplicate and sparse ids, alphabets with holes and foreign regular expressions, and can be made
to abort the process. So the file is read as plain JSON, held to an allow-list, and only the checked vocabulary and
merges go further. Anything else that Hugging Face tokenizers can do is refused here with one line.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tinylm.errors import BadData
from tinylm.tokens.byte_level import BYTE_TO_CHAR, CHAR_TO_BYTE

__all__ = [
    "DEFAULT_VOCAB_SIZE",
    "END_OF_TEXT",
    "MAX_BYTES",
    "MAX_VOCAB_SIZE",
    "TOKENIZER_CONFIG",
    "TokenizerFile",
    "parse_tokenizer_file",
]

END_OF_TEXT = "<|endoftext|>"
MAX_BYTES = 16 * 2**20  # GPT-2's file with 50,257 entries has 2.1 MB
MAX_VOCAB_SIZE = 65_536  # also keeps an id within 16 bits
DEFAULT_VOCAB_SIZE = 8192  # of a tokenizer that is trained without a wish

# The content of tokenizer_config.json, by which AutoTokenizer.from_pretrained opens what stands beside it.
TOKENIZER_CONFIG = {
    "add_prefix_space": False,
    "bos_token": END_OF_TEXT,
    "clean_up_tokenization_spaces": False,
    "eos_token": END_OF_TEXT,
    "model_max_length": 1_000_000_000,
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": END_OF_TEXT,
}

_ADVICE = "train one with `tinylm train-tokenizer` or name another"


@dataclass(frozen=True)
class TokenizerFile:
    """What a tokenizer.json says, checked: `tokens` by id (raw text), merges in the order learned, the special id."""

    tokens: list[str]
    merges: list[tuple[str, str]]
    end_of_text_id: int


def parse_tokenizer_file(data: bytes, path: Path) -> TokenizerFile:
    """Return the checked content of a tokenizer.json.

    Raises:
        BadData: it is no JSON, or no byte-level BPE of the plain kind; the line names the first thing that is wrong.
    """
    try:
        return _check(_parse_json(data))
    except _Refused as error:
        raise BadData(f"{path}: {error}; {_ADVICE}") from None


class _Refused(Exception):
    """What is wrong with the file, in words."""


def _parse_json(data: bytes) -> dict[str, object]:
    if not data:
        raise _Refused("the file is empty")
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _Refused(f"is not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise _Refused(f"is not whole JSON (character {error.pos}: {error.msg})") from None
    except (RecursionError, ValueError):
        raise _Refused("is not the JSON of a tokenizer (nested or numbered beyond reason)") from None
    return _object(content, "the file")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        last = {key: index for index, (key, _) in enumerate(pairs)}
        twice = next(key for index, (key, _) in enumerate(pairs) if last[key] != index)
        raise _Refused(f"names {twice[:40]!r} twice")
    return result


def _no_constant(name: str) -> object:
    raise _Refused(f"holds the number {name}")


def _check(content: dict[str, object]) -> TokenizerFile:
    model = _object(content.get("model"), "`model`")
    _allow(model, "type", "BPE", missing="BPE")
    for key in ("normalizer", "truncation", "padding"):
        _allow(content, key, None)
    for key in ("dropout", "unk_token"):
        _allow(model, key, None, END_OF_TEXT)
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        _allow(model, key, None, "")
    for key in ("byte_fallback", "ignore_merges"):
        _allow(model, key, None, False)
    for part in ("pre_tokenizer", "decoder"):
        step = _object(content.get(part), f"`{part}`")
        _allow(step, "type", "ByteLevel")
        if part == "pre_tokenizer":
            _allow(step, "add_prefix_space", False)
            _allow(step, "use_regex", True, missing=True)
    if content.get("post_processor") is not None:  # one that only trims offsets changes no id
        _allow(_object(content["post_processor"], "`post_processor`"), "type", "ByteLevel")
    vocab = _vocabulary(model)
    end_of_text_id = _end_of_text(content, vocab)
    tokens = _dense(vocab)
    _check_alphabet(tokens, vocab)
    return TokenizerFile(tokens, _merges(model, vocab), end_of_text_id)


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Refused(f"{name} is {_kind(value)}, expected an object")
    return value


def _kind(value: object) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"


def _allow(content: dict[str, object], key: str, *accepted: object, missing: object = None) -> None:
    value = content.get(key, missing)
    if not any(type(value) is type(choice) and value == choice for choice in accepted):
        expected = " or ".join(json.dumps(choice) for choice in accepted)
        shown = json.dumps(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise _Refused(f"`{key}` is {shown}, but TinyLM reads byte-level BPE only, with {expected}")


def _vocabulary(model: dict[str, object]) -> dict[str, int]:
    vocab = _object(model.get("vocab"), "`model.vocab`")
    if len(vocab) > MAX_VOCAB_SIZE:
        raise _Refused(f"has {len(vocab):,} vocabulary entries, at most {MAX_VOCAB_SIZE:,} are read")
    result: dict[str, int] = {}
    for token, token_id in vocab.items():
        if type(token_id) is not int or not 0 <= token_id < MAX_VOCAB_SIZE:
            raise _Refused(f"gives {token[:40]!r} the id {str(token_id)[:40]}, expected 0 to {MAX_VOCAB_SIZE - 1:,}")
        result[token] = token_id
    return result


def _end_of_text(content: dict[str, object], vocab: dict[str, int]) -> int:
    """Return the special token's id and see that it is in the vocabulary, the only added token."""
    added = content.get("added_tokens")
    if not isinstance(added, list) or len(added) != 1:
        count = len(added) if isinstance(added, list) else "no"
        raise _Refused(f"has {count} added tokens, expected exactly one, {END_OF_TEXT}")
    entry = _object(added[0], "the added token")
    _allow(entry, "content", END_OF_TEXT)
    for key in ("lstrip", "rstrip", "single_word"):
        _allow(entry, key, False, missing=False)
    token_id = entry.get("id")
    if type(token_id) is not int or not 0 <= token_id < MAX_VOCAB_SIZE or vocab.get(END_OF_TEXT, token_id) != token_id:
        raise _Refused(f"gives {END_OF_TEXT} the id {str(token_id)[:40]}, which does not fit its vocabulary")
    vocab[END_OF_TEXT] = token_id
    return token_id


def _dense(vocab: dict[str, int]) -> list[str]:
    tokens: list[str | None] = [None] * len(vocab)
    for token, token_id in vocab.items():
        if token_id >= len(tokens):
            raise _Refused(f"its {len(vocab):,} ids have gaps ({token[:40]!r} is {token_id}), expected 0, 1, 2, ...")
        if tokens[token_id] is not None:
            raise _Refused(f"gives the id {token_id} to {tokens[token_id]!r} and to {token[:40]!r}")
        tokens[token_id] = token
    return [token for token in tokens if token is not None]


def _check_alphabet(tokens: list[str], vocab: dict[str, int]) -> None:
    absent = [byte for byte, char in enumerate(BYTE_TO_CHAR) if char not in vocab]
    if absent:
        raise _Refused(f"lacks {len(absent)} of the 256 bytes (the first is 0x{absent[0]:02X}); text would be lost")
    for token in tokens:
        if token != END_OF_TEXT and not (token and CHAR_TO_BYTE.keys() >= set(token)):
            raise _Refused(f"has the entry {token[:40]!r}, which is not written in the byte alphabet")


def _merges(model: dict[str, object], vocab: dict[str, int]) -> list[tuple[str, str]]:
    merges = model.get("merges")
    if not isinstance(merges, list):
        raise _Refused(f"`model.merges` is {_kind(merges)}, expected a list")
    if len(merges) > MAX_VOCAB_SIZE:
        raise _Refused(f"has {len(merges):,} merges, at most {MAX_VOCAB_SIZE:,} are read")
    result: list[tuple[str, str]] = []
    for number, merge in enumerate(merges):
        parts = merge.split(" ") if isinstance(merge, str) else merge
        if not (isinstance(parts, list) and len(parts) == 2 and all(isinstance(part, str) for part in parts)):
            raise _Refused(f"merge {number} is no pair of tokens")
        left, right = parts
        for token in (left, right, left + right):
            if token not in vocab or token == END_OF_TEXT:
                raise _Refused(f"merge {number} needs the token {token[:40]!r}, which is not in the vocabulary")
        result.append((left, right))
    if len(set(result)) != len(result):
        raise _Refused("has the same merge twice")
    return result
