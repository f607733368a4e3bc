"""Encoding a corpus for training: ours, which also decodes it again and compares, beside the `tokenizers` library.

`python benchmarks/encoding.py [--data CORPUS] [--threads N] [--rounds R]` prints one table. The library has as many
threads as are named; ours has one in any case, and remembers nothing from one round to the next. That the ids are the
same is checked first.
"""

from collections.abc import Callable

import numpy as np
import tokenizers
from measuring import least_seconds, parse, print_table, ratios

from tinylm.data.batches import batches_of
from tinylm.data.sources import open_source
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.tokenizer import Tokenizer

OUR_BATCH_CHARS, THEIR_BATCH_CHARS = 1 << 18, 1 << 20


def main() -> None:
    """Measure and print."""
    arguments = parse(str(__doc__).splitlines()[0], rounds=3)
    documents = list(open_source(arguments.data).documents())
    n_bytes = sum(len(document.encode()) for document in documents)
    tokenizer = Tokenizer.load(arguments.model)
    library = tokenizers.Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    library.encode_special_tokens = True

    def ours() -> None:
        encoder = BulkEncoder(tokenizer)
        for batch in batches_of(documents, OUR_BATCH_CHARS):
            encoder.encode(batch)

    def theirs(encode: Callable[..., list[tokenizers.Encoding]]) -> None:
        for batch in batches_of(documents, THEIR_BATCH_CHARS):
            for encoding in encode(batch, add_special_tokens=False):
                np.array(encoding.ids, np.uint16)

    encoder = BulkEncoder(tokenizer)
    for batch in batches_of(documents[:2000], OUR_BATCH_CHARS):
        expected = [
            token_id for found in library.encode_batch(batch, add_special_tokens=False) for token_id in found.ids
        ]
        assert encoder.encode(batch)[0].tolist() == expected
    candidates = {
        "ours": ours,
        "encode_batch_fast": lambda: theirs(library.encode_batch_fast),
        "encode_batch": lambda: theirs(library.encode_batch),
    }
    what = f"{arguments.data.rpartition('/')[2]}, {n_bytes / 1e6:.1f} MB"
    seconds = least_seconds(candidates, arguments)
    print_table(ratios(what, seconds, lambda spent: f"{spent:.2f} s, {n_bytes / 1e6 / spent:.1f} MB/s"), arguments)


if __name__ == "__main__":
    main()
