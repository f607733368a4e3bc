"""Training a byte-level BPE tokenizer of 8,192 entries: ours beside `tokenizers.trainers.BpeTrainer`, same merges.

`python benchmarks/tokenizer_training.py [--data CORPUS] [--threads N] [--rounds R]` prints one table. Both are given
the same documents in memory. With one thread ours counts in this process, with more in as many processes from 16 MB
on; theirs has as many threads. That the merges are the same is checked first.
"""

import json

from measuring import least_seconds, parse, print_table, ratios
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tinylm.data.sources import open_source
from tinylm.tokenizer_training import train_tokenizer

ENTRIES = 8192


def train_theirs(documents: list[str]) -> Tokenizer:
    """Train with the `tokenizers` library."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=ENTRIES,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def main() -> None:
    """Measure and print."""
    arguments = parse(str(__doc__).splitlines()[0], rounds=3)
    documents = list(open_source(arguments.data).documents())
    n_bytes = sum(len(document.encode()) for document in documents)
    ours = train_tokenizer(documents, ENTRIES, workers=arguments.threads).to_tokenizer()
    assert (
        json.loads(ours.to_str())["model"]["merges"] == json.loads(train_theirs(documents).to_str())["model"]["merges"]
    )
    candidates = {
        "ours": lambda: train_tokenizer(documents, ENTRIES, workers=arguments.threads),
        "BpeTrainer": lambda: train_theirs(documents),
    }
    what = f"{arguments.data.rpartition('/')[2]}, {n_bytes / 1e6:.1f} MB"
    seconds = least_seconds(candidates, arguments)
    print_table(ratios(what, seconds, lambda spent: f"{spent:.2f} s, {n_bytes / 1e6 / spent:.1f} MB/s"), arguments)


if __name__ == "__main__":
    main()
