"""How much a model makes of a beginning: what a story's first paragraph saves of the bits of the rest.

`python benchmarks/first_paragraph.py MODEL... --data CORPUS [--skip N] [--stories N]` scores the rest of each story, at
most 600 characters, once behind its own first paragraph and once behind that of the seventh story after it, and prints
a Markdown row for each model. Stories whose first paragraph has 700 characters or more are passed over: the rest would
not see it whole.
"""

import argparse
import itertools
import re
from pathlib import Path

import numpy as np

from tinylm.data.sources import open_source
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.spans import utf8

LONGEST_BEGINNING, LONGEST_REST = 700, 600  # characters; together some 330 tokens, a window and its overlap
DISTANCE = 7


def pairs_of(data: str, skip: int, n_stories: int) -> list[tuple[str, str]]:
    """Return (first paragraph, the rest with the blank line before it) of so many stories."""
    texts = (text.strip() for text in itertools.islice(open_source(data).documents(), skip, None))
    cuts = ((text, re.search(r"\n+", text)) for text in texts)
    fitting = ((text, cut.start()) for text, cut in cuts if cut and cut.start() < LONGEST_BEGINNING)
    return [(text[:at], text[at : at + LONGEST_REST]) for text, at in itertools.islice(fitting, n_stories)]


def rest_bits(model: LanguageModel, beginning: str, rest: str) -> tuple[float, int]:
    """Return the surprisal of what stands behind a beginning, in bits, and its bytes."""
    ids = model.tokenizer.encode(beginning + rest)
    ends = np.cumsum(model.tokenizer.byte_lengths[ids], dtype=np.int64)
    first = int(np.searchsorted(ends, len(utf8(beginning)), side="right"))
    bits = float(model.scorer.score(ids, first, len(ids)).surprisal_bits.sum())
    return bits, int(ends[-1] - ends[first - 1])


def main() -> None:
    """Read the words after the program's name, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", required=True)
    parser.add_argument("--skip", type=int, default=0, help="stories to pass over first")
    parser.add_argument("--stories", type=int, default=60)
    arguments = parser.parse_args()
    pairs = pairs_of(arguments.data, arguments.skip, arguments.stories)
    print(f"{len(pairs)} stories\n")
    print("| model | its own, bits per byte | another, bits per byte | saved |\n|---|---:|---:|---:|")
    for path in arguments.models:
        model = LanguageModel.load(path)
        own = np.sum([rest_bits(model, *pair) for pair in pairs], axis=0)
        others = [pairs[(number + DISTANCE) % len(pairs)][0] for number in range(len(pairs))]
        other = sum(rest_bits(model, head, rest)[0] for head, (_, rest) in zip(others, pairs, strict=True))
        bits, n_bytes = own.tolist()
        print(f"| {path} | {bits / n_bytes:.4f} | {other / n_bytes:.4f} | {1 - bits / other:.1%} |")


if __name__ == "__main__":
    main()
