"""Scoring: the log probability, rank, entropy and best log probability of every token, with one thread or more.

`python benchmarks/scoring.py [--model DIR] [--threads N] [--rounds R]` prints one table of two parts.

* A whole file of stories. All engines read the same windows (`tinylm.model.windows`), the others as one batch; for
  transformers and ONNX Runtime only the wanted rows go through the head, CTranslate2 offers no such choice.
* The lines of a viewport after an edit, beside one forward pass of transformers over the windows of the viewport.

The last row of the file is the machine's limit: its products with weights alone, at the rate that NumPy's BLAS reaches
for 256 x 256 x 256. The rest is attention and what NumPy does one array at a time: exponentials (1.3 to 1.6 ns each),
norms, maxima, copies.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from competitors import Competitors, log_statistics
from measuring import Arguments, Row, least_seconds, parse, print_table, ratios
from numpy.typing import NDArray

from tinylm.data.stories import stories
from tinylm.model.anchors import AnchorTable
from tinylm.model.config import ModelConfig
from tinylm.model.language_model import LanguageModel
from tinylm.model.scoring import Scorer
from tinylm.model.windows import plan_windows

Ids = NDArray[np.int32]

FILE_TOKENS = 2500
BATCH = 8  # windows in one forward pass of the others; 4, 8 and 16 were alike
VIEWPORT_LINES = 60
LINE_CHARACTERS = 80
N_WARM = 4  # edits that do not count: the first ones try where a block of rows may be begun (`tinylm.model.parts`)


def text_of(language_model: LanguageModel) -> str:
    """Return stories of FILE_TOKENS tokens as an editor would show them: paragraphs broken into lines."""
    text = "\n\n".join(stories(40, seed=1))
    lines, line = [], ""
    for paragraph in text.split("\n"):
        for word in paragraph.split(" "):
            if len(line) + len(word) > LINE_CHARACTERS:
                lines.append(line)
                line = ""
            line = f"{line} {word}" if line else word
        lines.append(line)
        line = ""
    ids = language_model.tokenizer.encode("\n".join(lines))[:FILE_TOKENS]
    return language_model.tokenizer.decode(ids)


class Windows:
    """The windows of a range of tokens, in batches, as the others read them: (ids, wanted rows, their targets)."""

    def __init__(self, language_model: LanguageModel, ids: Ids, first: int, last: int) -> None:
        config = language_model.engine.config
        tokenizer = language_model.tokenizer
        table = AnchorTable.of([tokenizer.token_bytes(token_id) for token_id in range(tokenizer.vocab_size)])
        document = np.concatenate([[tokenizer.end_of_text_id], ids]).astype(np.int64)
        windows = plan_windows(document.astype(np.int32), table, config.block_size, first + 1, last + 1)
        self.n_rows = sum(min(config.block_size, len(document) - window.start) for window in windows)
        self.n_windows = len(windows)
        self.batches: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        for at in range(0, len(windows), BATCH):
            batch = windows[at : at + BATCH]
            read = np.zeros((len(batch), config.block_size), np.int64)
            rows = []
            for row, window in enumerate(batch):
                part = document[window.start : window.start + config.block_size]
                read[row, : len(part)] = part
                rows.append(row * config.block_size + np.arange(window.first, window.stop) - 1 - window.start)
            targets = np.concatenate([document[window.first : window.stop] for window in batch])
            self.batches.append((read, np.concatenate(rows), targets))

    def score_by_transformers(self, model: torch.nn.Module) -> None:
        with torch.inference_mode():
            for ids, rows, targets in self.batches:
                hidden = model.transformer(torch.from_numpy(ids), use_cache=False)[0].flatten(0, 1)
                log_statistics(model.lm_head(hidden[torch.from_numpy(rows)]), torch.from_numpy(targets))

    def score_by_onnx(self, competitors: Competitors) -> None:
        past = competitors.onnx.empty_past
        for ids, rows, targets in self.batches:
            logits, _ = competitors.onnx.run(ids, past.repeat(len(ids), axis=2), rows)
            log_statistics(torch.from_numpy(logits), torch.from_numpy(targets))

    def score_by_ctranslate2(self, generator: object) -> None:
        for ids, rows, targets in self.batches:
            logits = torch.from_numpy(np.array(generator.forward_batch(ids.tolist()))).flatten(0, 1)
            log_statistics(logits[torch.from_numpy(rows)], torch.from_numpy(targets))


def new_scorer(language_model: LanguageModel) -> Scorer:
    """Return one that remembers nothing."""
    return LanguageModel(language_model.path, language_model.tokenizer, language_model.engine).scorer


def file_rows(language_model: LanguageModel, competitors: Competitors, arguments: Arguments) -> list[Row]:
    ids = language_model.tokenizer.encode(text_of(language_model))
    windows = Windows(language_model, ids, 0, len(ids))
    scorers = (new_scorer(language_model) for _ in count())
    candidates: dict[str, Callable[[], object]] = {
        "ours": lambda: next(scorers).score(ids, 0, len(ids)),
        "transformers": lambda: windows.score_by_transformers(competitors.transformers),
    }
    if competitors.has_onnx:
        candidates["ONNX Runtime"] = lambda: windows.score_by_onnx(competitors)
    if competitors.has_ctranslate2:
        float32 = competitors.ctranslate2("float32")
        candidates["CTranslate2 float32"] = lambda: windows.score_by_ctranslate2(float32)
    products = partial(multiply, flops_of(language_model.engine.config, windows, len(ids)))
    candidates["the limit: its products with weights alone"] = products
    seconds = least_seconds(candidates, arguments)
    title = f"a file of {len(ids):,} tokens in {windows.n_windows} windows"
    return ratios(title, seconds, lambda spent: f"{len(ids) / spent:,.0f} tokens/s")


def flops_of(config: ModelConfig, windows: Windows, n_tokens: int) -> float:
    """Return the operations in products with weights: every row through the layers, every wanted one through the head.

    Rows that are only context need, of the last layer, no more than keys and values.
    """
    layer, keys_and_values = 24.0 * config.n_embd**2, 6.0 * config.n_embd**2
    body = (
        layer * (config.n_layer - 1) * windows.n_rows + layer * n_tokens + keys_and_values * (windows.n_rows - n_tokens)
    )
    return body + 2.0 * config.n_embd * config.vocab_size * n_tokens


def multiply(flops: float) -> None:
    a, b, out = np.ones((3, 256, 256), np.float32)
    for _ in range(int(flops / (2 * 256**3))):
        np.dot(a, b, out=out)


def viewport_rows(language_model: LanguageModel, competitors: Competitors, arguments: Arguments) -> list[Row]:
    tokenizer = language_model.tokenizer
    lines = text_of(language_model).split("\n")
    top = (len(lines) - VIEWPORT_LINES) // 2
    before, shown = "\n".join(lines[:top]) + "\n", "\n".join(lines[top : top + VIEWPORT_LINES])
    after = "\n" + "\n".join(lines[top + VIEWPORT_LINES :])
    ends = [at for at in range(len(shown)) if shown.startswith("\n\n", at)][::3]  # of every third paragraph
    places = {
        "at their top": [shown.index(" ")],
        "in their middle": [shown.index(" ", len(shown) // 2)],
        f"at the ends of {len(ends)} paragraphs": ends,
    }
    first = len(tokenizer.encode(before))
    last = first + len(tokenizer.encode(shown))
    rows = []
    for name, all_of_them in places.items():
        total: Counter[str] = Counter()
        for place in all_of_them:
            texts = typed(before + shown[:place], shown[place:] + after)[: arguments.rounds + N_WARM + 1]
            edits = [tokenizer.encode(text) for text in texts]
            total.update(least_seconds(edit_candidates(language_model, competitors, edits, first, last), arguments))
        seconds = {who: spent / len(all_of_them) for who, spent in total.items()}
        rows += ratios(f"{VIEWPORT_LINES} lines, typing {name}", seconds, lambda spent: f"{spent * 1e3:.1f} ms")
    return rows


def edit_candidates(
    language_model: LanguageModel, competitors: Competitors, edits: list[Ids], first: int, last: int
) -> dict[str, Callable[[], object]]:
    """Return what scores a range anew: ours after one edit more each time, and transformers from nothing."""
    scorer, turn = new_scorer(language_model), iter(edits)
    for _ in range(N_WARM):
        scorer.score(next(turn), first, last)
    windows = Windows(language_model, edits[0], first, last)
    return {
        "ours": lambda: scorer.score(next(turn), first, last),
        "transformers, all windows": lambda: windows.score_by_transformers(competitors.transformers),
    }


def typed(before: str, after: str) -> list[str]:
    """Return a text as it is while a person types between two parts of it, a word at a time."""
    words = " and then the little dog ran to see what was in the big red box by the door of the old house on the hill"
    parts = words.split(" ")[1:] * 9
    return [f"{before} {' '.join(parts[:n])}{after}" for n in range(1, len(parts))]


def main() -> None:
    arguments = parse(__doc__.splitlines()[0], rounds=9)
    language_model = LanguageModel.load(arguments.model)
    with TemporaryDirectory() as scratch:
        competitors = Competitors(arguments.model, Path(scratch), arguments.threads)
        rows = file_rows(language_model, competitors, arguments)
        rows += viewport_rows(language_model, competitors, arguments)
    print_table(rows, arguments)


if __name__ == "__main__":
    main()
