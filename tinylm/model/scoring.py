"""The probability of every token of a text, by the window rule of `windows`.

A `Scorer` scores any range of tokens and remembers windows it has seen, so that after an edit only windows that
changed are computed, and of those only the rows from the change on. Scores of a range are bit for bit those of the same
tokens in the whole: windows are the same, and rows are computed in blocks of fixed shape and place, padded at the end,
so that what comes after a row cannot change its rounding (`passes`, `parts`). One scorer serves one thread at a time.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData
from tinylm.model.anchors import AnchorTable
from tinylm.model.engine import HEAD_ROWS, Engine, no_check
from tinylm.model.parts import Parts
from tinylm.model.passes import Passes, n_tokens_alike, pass_key
from tinylm.model.statistics import Alternatives, measure, top_tokens
from tinylm.model.windows import Window, plan_windows, reach

__all__ = ["Scorer", "Scores"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

# Remembered windows, about 6 kB each; of those that begin alike the latest serves a changed one.
_MAX_RESULTS = 2048
_MAX_LATEST = 64
# Tokens scored between two looks for something more urgent; about 10 ms at the starter's size.
_STEP_TOKENS = 64
_NO_NUMBER = "the model computed something that is no number; train it again or choose another"


@dataclass(frozen=True)
class Scores:
    """What the model thought of each token. Every array is (T,), in the order of the tokens.

    `logprob`: nats, given the context. `rank`: 1 is the model's first choice, equals by id. `entropy_bits`: over the
    whole vocabulary, before the token was seen. `max_logprob`: nats, of the first choice. `context_tokens`: tokens of
    the text it rests on, `<|endoftext|>` not counted.
    """

    logprob: Floats
    rank: Ids
    entropy_bits: Floats
    max_logprob: Floats
    context_tokens: Ids

    @property
    def surprisal_bits(self) -> NDArray[np.float64]:
        """-log2 of the probability, (T,) float64."""
        bits: NDArray[np.float64] = -self.logprob.astype(np.float64) / np.log(2.0)
        return bits


# The numbers of one row, as they are remembered.
_NUMBERS = np.dtype(
    [("logprob", "f4"), ("rank", "i4"), ("entropy_bits", "f4"), ("max_logprob", "f4"), ("done", np.bool_)]
)


@dataclass
class _Result:
    """The numbers of one window, row by row as they are asked for: `rows` (T,) of _NUMBERS.

    `ids` (T + 1,): row t has read the first t + 1 of them and predicts the next.
    """

    ids: Ids
    rows: NDArray[np.void]


class Scorer:
    """Scores texts with one model and remembers what it computed.

    Args:
        engine: the model.
        table: the anchor table of its tokenizer.
        end_of_text_id: the id of `<|endoftext|>`.
    """

    def __init__(self, engine: Engine, table: AnchorTable, end_of_text_id: int) -> None:
        self._engine = engine
        self._table = table
        self._end_of_text_id = end_of_text_id
        self._results: OrderedDict[bytes, _Result] = OrderedDict()
        self._latest: OrderedDict[bytes, _Result] = OrderedDict()  # by how the window begins
        self._passes = Passes(engine)
        self._parts = Parts()

    def score(
        self, ids: Ids, first: int, last: int, check: Callable[[], None] = no_check, *, starts_document: bool = True
    ) -> Scores:
        """Return the scores of tokens `first` to `last - 1`.

        Args:
            ids: (T,) the tokens of a document; a special `<|endoftext|>` among them begins a new document. Or a slice
                of it, beginning at least `windows.reach(block_size)` tokens before `first`. What follows `last` does
                not matter.
            first: the first token wanted.
            last: one after the last token wanted, at most T.
            check: called between blocks of rows; raises to stop. What was computed is kept.
            starts_document: whether `ids[0]` is the first token of the document.

        Returns:
            Arrays of `last - first`.

        Raises:
            BadData: the model computed something that is no number.
        """
        steps = self.score_in_steps(ids, first, last, check, starts_document=starts_document)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                scores: Scores = stop.value
                return scores

    def score_in_steps(
        self, ids: Ids, first: int, last: int, check: Callable[[], None] = no_check, *, starts_document: bool = True
    ) -> Generator[None, None, Scores]:
        """Do what `score` does, and yield before every few tokens; meanwhile the scorer may be used for others."""
        n_tokens = max(last - first, 0)
        scores = Scores(
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.int32),
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.int32),
        )
        for at, text, window in self._plan(ids, first, last, starts_document):
            for part in _cut(window):
                yield
                numbers = self._numbers(text, part, check)
                rows = slice(part.first - 1 - part.start, part.stop - 1 - part.start)
                place = slice(at + part.first - window.first, at + part.stop - window.first)
                for name in ("logprob", "rank", "entropy_bits", "max_logprob"):
                    getattr(scores, name)[place] = numbers[name][rows]
                starts_at_end_of_text = text[window.start] == self._end_of_text_id
                scores.context_tokens[place] = np.arange(rows.start, rows.stop) + (0 if starts_at_end_of_text else 1)
        return scores

    def alternatives(
        self,
        ids: Ids,
        first: int,
        last: int,
        k: int,
        check: Callable[[], None] = no_check,
        *,
        starts_document: bool = True,
    ) -> Alternatives:
        """Return the `k` most likely tokens in the place of each of tokens `first` to `last - 1`; else like `score`."""
        k = min(k, self._engine.config.vocab_size)
        n_tokens = max(last - first, 0)
        found = Alternatives(np.empty((n_tokens, k), np.int32), np.empty((n_tokens, k), np.float32))
        for at, text, window in self._plan(ids, first, last, starts_document):
            shift = at - (window.first - 1 - window.start)  # place of row r is r + shift
            start, stop = window.first - 1 - window.start, window.stop - 1 - window.start
            for block, logits in self._logits(self._ids_of(text, window), start, stop, check):
                low, high = max(block, start), min(block + len(logits), stop)
                top = top_tokens(logits[low - block : high - block], k)
                if np.isnan(top.logprob).any():
                    raise BadData(_NO_NUMBER)
                found.ids[low + shift : high + shift] = top.ids
                found.logprob[low + shift : high + shift] = top.logprob
        return found

    def _plan(self, ids: Ids, first: int, last: int, starts_document: bool) -> Iterator[tuple[int, Ids, Window]]:
        """Yield, for each window: the place of its first wanted token in the answer, its document, the window."""
        if not 0 <= first <= last <= len(ids):
            raise ValueError(f"tokens {first} to {last} of {len(ids)} are no range")
        block_size = self._engine.config.block_size
        low = max(0, first - reach(block_size) - 1)
        # A window's numbers are remembered under all tokens it covers, so the slice goes on to the end of the last one.
        text = ids[low : last + block_size]
        starts_document = starts_document and low == 0
        if starts_document:
            text = np.concatenate([np.array([self._end_of_text_id], np.int32), text])
        shift = low - (1 if starts_document else 0)  # position p of `text` is token p + shift
        breaks = np.flatnonzero(text == self._end_of_text_id).tolist()
        starts = breaks if breaks[:1] == [0] else [0, *breaks]
        for start, end in zip(starts, [*starts[1:], len(text) - 1], strict=True):
            part = text[start : end + 1]  # with the next document's <|endoftext|>, which this one predicts
            windows = plan_windows(
                part,
                self._table,
                block_size,
                max(first - shift - start, 1),
                min(last - shift - start, len(part)),
                starts_document=starts_document or start > 0 or breaks[:1] == [0],
            )
            for window in windows:
                yield window.first + start + shift - first, part, window

    def _numbers(self, text: Ids, window: Window, check: Callable[[], None]) -> NDArray[np.void]:
        """Return the numbers of a window, (T,) of _NUMBERS, with at least the wanted rows filled in."""
        result = self._result_of(self._ids_of(text, window))
        rows, targets = result.rows, result.ids[1:]
        start, stop = window.first - 1 - window.start, window.stop - 1 - window.start
        missing = np.flatnonzero(~rows["done"][start:stop])
        if len(missing):
            start, stop = start + int(missing[0]), start + int(missing[-1]) + 1
            for block, logits in self._logits(result.ids, start, stop, check):
                low, high = max(block, start), min(block + len(logits), len(rows))  # the next ones cost little by now
                found = measure(logits[low - block : high - block], targets[low:high])
                if not np.isfinite(found.logprob + found.entropy_bits).all():
                    raise BadData(_NO_NUMBER)
                for name, values in vars(found).items():
                    rows[name][low:high] = values
                rows["done"][low:high] = True
        return rows

    def _ids_of(self, text: Ids, window: Window) -> Ids:
        """Return the tokens of a window and the one after it, (T + 1,)."""
        return text[window.start : window.start + self._engine.config.block_size + 1]

    def _result_of(self, ids: Ids) -> _Result:
        """Return what is known of the window with these tokens, (T + 1,): at least what is of one that begins alike."""
        result = self._results.pop(ids.tobytes(), None)
        if result is None:
            result = _Result(ids.copy(), np.zeros(len(ids) - 1, _NUMBERS))
            before = self._latest.get(pass_key(ids))
            if before is not None:
                n_same = max(n_tokens_alike(ids, before.ids) - 1, 0)
                result.rows[:n_same] = before.rows[:n_same]
        _remember(self._results, ids.tobytes(), result, _MAX_RESULTS)
        _remember(self._latest, pass_key(ids), result, _MAX_LATEST)
        return result

    def _logits(self, ids: Ids, start: int, stop: int, check: Callable[[], None]) -> Iterator[tuple[int, Floats]]:
        """Yield logits of a window's rows, block by block: (first row, (R, V)), R at most HEAD_ROWS."""
        hidden = self._passes.hidden(ids[:-1], start, stop, check)
        for block in range(start // HEAD_ROWS * HEAD_ROWS, stop, HEAD_ROWS):
            check()
            rows = np.zeros((HEAD_ROWS, hidden.shape[1]), dtype=np.float32)
            filled = hidden[block : min(block + HEAD_ROWS, len(ids) - 1)]
            rows[: len(filled)] = filled
            n_skipped = self._parts.n_to_skip("head", max(start - block, 0), partial(self._agrees, rows))
            yield block + n_skipped, self._engine.head(rows[n_skipped:])

    def _agrees(self, rows: Floats, n_skipped: int) -> bool:
        """Say whether the head gives the same without the first rows."""
        return np.array_equal(self._engine.head(rows)[n_skipped:], self._engine.head(rows[n_skipped:]))


def _cut(window: Window) -> Iterator[Window]:
    """Yield the window with its wanted positions in parts of at most _STEP_TOKENS."""
    for first in range(window.first, window.stop, _STEP_TOKENS):
        yield Window(window.start, first, min(first + _STEP_TOKENS, window.stop))


def _remember(store: OrderedDict[bytes, _Result], key: bytes, result: _Result, limit: int) -> None:
    """Put a result last, and forget the first one if there are too many."""
    store[key] = result
    store.move_to_end(key)
    if len(store) > limit:
        store.popitem(last=False)
