"""The probability of every token of a text, by the window rule of `windows`.

A `Scorer` scores any range of tokens and remembers windows it has seen, so that after an edit only windows that
changed are computed. Scores of a range are bit for bit those of the same tokens in the whole: windows are the same, and
rows are computed in blocks of fixed shape and place, padded at the end, so that what comes after a row cannot change
its rounding. One scorer serves one thread at a time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData
from tinylm.model.anchors import AnchorTable
from tinylm.model.engine import HEAD_ROWS, Engine, KVCache, no_check
from tinylm.model.statistics import Alternatives, measure, top_tokens
from tinylm.model.windows import Window, plan_windows, reach

__all__ = ["Scorer", "Scores"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

# Remembered windows. Numbers alone take about 5 kB a window; keys and values take 2.4 MB at the starter's shape.
_MAX_RESULTS = 2048
_MAX_PASSES = 16
_NO_NUMBER = "the model computed something that is no number; train it again or choose another"
_PASS_KEY_TOKENS = 16  # passes that begin alike so far share their memory: typing goes on in one


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


@dataclass
class _Pass:
    """A window's forward pass as far as it went: `n_rows` rows of `hidden` and of the cache belong to `ids`."""

    ids: Ids
    cache: KVCache
    hidden: Floats  # (block_size, D)
    n_rows: int = 0


@dataclass
class _Result:
    """The numbers of one window, row by row as they are asked for."""

    logprob: Floats
    rank: Ids
    entropy_bits: Floats
    max_logprob: Floats
    done: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def empty(cls, n_rows: int) -> "_Result":
        zeros = np.zeros(n_rows, dtype=np.float32)
        return cls(zeros, np.zeros(n_rows, np.int32), zeros.copy(), zeros.copy(), np.zeros(n_rows, np.bool_))


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
        self._passes: OrderedDict[bytes, _Pass] = OrderedDict()

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
        n_tokens = max(last - first, 0)
        scores = Scores(
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.int32),
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.float32),
            np.empty(n_tokens, np.int32),
        )
        for at, text, window in self._plan(ids, first, last, starts_document):
            result = self._numbers(text, window, check)
            rows = slice(window.first - 1 - window.start, window.stop - 1 - window.start)
            place = slice(at, at + window.stop - window.first)
            scores.logprob[place] = result.logprob[rows]
            scores.rank[place] = result.rank[rows]
            scores.entropy_bits[place] = result.entropy_bits[rows]
            scores.max_logprob[place] = result.max_logprob[rows]
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
            for block, logits in self._logits(text, window, start, stop, check):
                low, high = max(block, start), min(block + HEAD_ROWS, stop)
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

    def _numbers(self, text: Ids, window: Window, check: Callable[[], None]) -> _Result:
        """Return the numbers of a window with at least the wanted rows filled in."""
        targets = text[window.start + 1 : window.start + self._engine.config.block_size + 1]
        key = text[window.start : window.start + self._engine.config.block_size + 1].tobytes()
        result = self._results.get(key)
        if result is None:
            result = self._results[key] = _Result.empty(len(targets))
        self._results.move_to_end(key)
        if len(self._results) > _MAX_RESULTS:
            self._results.popitem(last=False)
        start, stop = window.first - 1 - window.start, window.stop - 1 - window.start
        missing = np.flatnonzero(~result.done[start:stop])
        if len(missing):
            start, stop = start + int(missing[0]), start + int(missing[-1]) + 1
            for block, logits in self._logits(text, window, start, stop, check):
                rows = slice(max(block, start), min(block + HEAD_ROWS, stop))
                found = measure(logits[rows.start - block : rows.stop - block], targets[rows])
                if not np.isfinite(found.logprob + found.entropy_bits).all():
                    raise BadData(_NO_NUMBER)
                result.logprob[rows] = found.logprob
                result.rank[rows] = found.rank
                result.entropy_bits[rows] = found.entropy_bits
                result.max_logprob[rows] = found.max_logprob
                result.done[rows] = True
        return result

    def _logits(
        self, text: Ids, window: Window, start: int, stop: int, check: Callable[[], None]
    ) -> Iterator[tuple[int, Floats]]:
        """Yield logits of the rows asked for, in blocks of fixed shape and place: (first row, (HEAD_ROWS, V))."""
        hidden = self._read(text[window.start : window.start + stop], check)
        for block in range(start // HEAD_ROWS * HEAD_ROWS, stop, HEAD_ROWS):
            check()
            rows = np.zeros((HEAD_ROWS, hidden.shape[1]), dtype=np.float32)
            filled = min(HEAD_ROWS, stop - block)
            rows[:filled] = hidden[block : block + filled]
            logits = self._engine.head(rows)
            yield block, logits

    def _read(self, ids: Ids, check: Callable[[], None]) -> Floats:
        """Return the hidden states of a window's rows, going on from a remembered pass that begins alike."""
        rows = self._engine.block_rows
        key = ids[:_PASS_KEY_TOKENS].tobytes()
        state = self._passes.pop(key, None)
        if state is None:
            state = self._new_pass()
        self._passes[key] = state
        n_same = min(len(ids), state.n_rows)
        differing = np.flatnonzero(ids[:n_same] != state.ids[:n_same])
        n_same = int(differing[0]) if len(differing) else n_same
        if n_same < len(ids):
            self._extend_pass(state, ids, n_same // rows * rows, check)
        return state.hidden

    def _new_pass(self) -> _Pass:
        """Return an empty pass, in the memory of the one that was used longest ago if there are enough."""
        if len(self._passes) >= _MAX_PASSES:
            _, state = self._passes.popitem(last=False)
            state.n_rows = 0
            state.cache.truncate(0)
            return state
        shape = (self._engine.config.block_size, self._engine.config.n_embd)
        return _Pass(np.zeros(shape[0], np.int32), self._engine.new_cache(), np.zeros(shape, np.float32))

    def _extend_pass(self, state: _Pass, ids: Ids, start: int, check: Callable[[], None]) -> None:
        """Compute rows from `start`, a block's beginning, to the end of `ids`."""
        rows, block_size = self._engine.block_rows, self._engine.config.block_size
        state.n_rows = start
        state.cache.truncate(start)
        for at in range(start, len(ids), rows):
            block = np.zeros(min(rows, block_size - at), dtype=np.int32)
            filled = ids[at : at + rows]
            block[: len(filled)] = filled
            state.hidden[at : at + len(block)] = self._engine.hidden(state.cache, block, check)
            state.ids[at : at + len(block)] = block
            state.n_rows = at + len(filled)
