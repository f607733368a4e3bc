"""Write a trained tokenizer as the two files that Hugging Face's tools open.

`tokenizer.json` is what `tokenizers` itself writes for byte-level BPE; `tokenizer_config.json` names the class for
`AutoTokenizer.from_pretrained`. What is read back is compared with what was written.
"""

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import tokenizers

from tinylm.data.batches import batches_of
from tinylm.errors import BadData
from tinylm.tokenizer_training.merges import Merge
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.byte_level import raw_from_bytes
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.tokens.tokenizer_file import END_OF_TEXT, TOKENIZER_CONFIG

__all__ = ["check_saved", "save_tokenizer", "tokenizer_from_merges"]

_CHECKED_CHARS = 1 << 15  # some 20 ms, between two looks at whether to stop


def tokenizer_from_merges(vocabulary: Sequence[bytes], merges: Sequence[Merge]) -> tokenizers.Tokenizer:
    """Build the tokenizer object: no normaliser, GPT-2's split, byte-level BPE, `<|endoftext|>` as special token."""
    spelled = [END_OF_TEXT, *(raw_from_bytes(token) for token in vocabulary[1:])]
    pairs = [(spelled[merge.left], spelled[merge.right]) for merge in merges]
    model = tokenizers.models.BPE({token: token_id for token_id, token in enumerate(spelled)}, pairs)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def save_tokenizer(tokenizer: tokenizers.Tokenizer, directory: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` into an existing directory."""
    text = tokenizer.to_str(pretty=True)
    (directory / "tokenizer.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    text = json.dumps(TOKENIZER_CONFIG, indent=2)
    (directory / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def check_saved(
    tokenizer: tokenizers.Tokenizer, loaded: Tokenizer, texts: Sequence[str], check: Callable[[], None]
) -> None:
    """Compare what a tokenizer gives before it was saved with what it gives after it was read back.

    Args:
        check: called after each part of the texts; may raise.

    Raises: BadData when they differ.
    """
    tokenizer.encode_special_tokens = True  # a literal <|endoftext|> in a document is text, as everywhere
    encoder = BulkEncoder(loaded)
    for batch in batches_of(texts, _CHECKED_CHARS):
        check()
        before = [encoding.ids for encoding in tokenizer.encode_batch(batch, add_special_tokens=False)]
        ids, n_tokens = encoder.encode(batch)
        if n_tokens.tolist() != [*map(len, before)] or ids.tolist() != [*itertools.chain.from_iterable(before)]:
            raise BadData("the tokenizer encodes differently after it was saved; report this corpus")
