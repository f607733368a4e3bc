"""Count the pre-tokens of a corpus, in this process or in several, from a stream that is never held in memory.

Documents are gathered into batches of half a megabyte and each batch goes to a process that is free. The processes
keep their own counts and hand them over at the end of a round; between two rounds the sum can be kept (`state.py`), and
when the work is stopped, so that it can go on. The sum depends neither on how many there are nor on where batches or
rounds end: the last batch, however short, is sent like the others. What a process does is in `worker.py`.
"""

import itertools
import os
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tinylm.data.batches import batches_of
from tinylm.errors import Cancelled
from tinylm.tokenizer_training import worker
from tinylm.tokenizer_training.processes import count_round
from tinylm.tokenizer_training.state import NOTHING, CorpusChanged, Counted
from tinylm.tokens.pretokens import boundary_after
from tinylm.tokens.spans import replace_surrogates
from tinylm.tokens.splitting import join_texts

__all__ = ["CountingProgress", "PretokenCounts", "count_corpus", "default_workers"]

BATCH_CHARS = 1 << 19  # 15 ms of counting

# Longer documents are counted in pieces, so that a batch is not much larger than wanted.
_PIECE_CHARS = 1 << 16

# A process takes 0.2 s to start, and its counts 0.1 s to come here: this one counts 12 MB meanwhile.
_CHARS_BEFORE_WORKERS = 16 << 20
_REPORT_EVERY_S = 0.1

# A round takes some five seconds, and starting the processes anew 0.2 s: a kill loses little, and keeping costs little.
_ROUND_CHARS = 256 << 20


@dataclass(frozen=True)
class CountingProgress:
    """How far counting is: documents and UTF-8 bytes taken from the stream, and the seconds since the start."""

    n_documents: int
    n_bytes: int
    seconds: float


@dataclass(frozen=True)
class PretokenCounts:
    """How often each pre-token occurs, with the size of what was counted and, as in `Counted`, what tells it apart."""

    counts: Counter[str]
    n_documents: int
    n_bytes: int
    n_pretokens: int
    n_pieces: int
    checksum: int


def default_workers() -> int:
    """Return the number of processors this process may use, at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(8, len(affinity(0)) if affinity else os.cpu_count() or 1)


def count_corpus(
    documents: Iterable[str],
    *,
    workers: int,
    progress: Callable[[CountingProgress], None],
    should_stop: Callable[[], bool],
    begin: Counted = NOTHING,
    keep: Callable[[Counted], None] = lambda counted: None,
) -> PretokenCounts:
    """Count every pre-token of every document.

    Args:
        workers: processes that count, this one among them. A small corpus is counted in this one in any case.
        progress: called about ten times a second.
        should_stop: polled between documents and while waiting, at least every 0.1 s, but for the moment in which
            processes hand over what they counted.
        begin: what an interrupted call has counted of the same documents: they are read again, not counted again.
        keep: given what is counted so far after each round, when stopped, and at the end.
    Raises: Cancelled when `should_stop` says so, with no process left behind; CorpusChanged when the documents are not
        those that `begin` was counted from.
    """
    tally = _Tally(progress, should_stop)
    pieces = tally.watch(documents)
    place = _skipped(pieces, begin)
    counts = Counter(begin.counts)
    batches = batches_of(pieces, BATCH_CHARS)
    try:
        is_over = _count_here(batches, tally, place, counts, _CHARS_BEFORE_WORKERS if workers > 1 else _ROUND_CHARS)
        while not is_over:
            keep(Counted(place.n_pieces, place.checksum, counts))
            if workers > 1:
                is_over = _count_in_processes(batches, tally, place, counts, workers)
            else:
                is_over = _count_here(batches, tally, place, counts, _ROUND_CHARS)
    except Cancelled:
        keep(Counted(place.n_pieces, place.checksum, counts))
        raise
    keep(Counted(place.n_pieces, place.checksum, counts))
    tally.report()
    n_pretokens = counts.total()
    return PretokenCounts(counts, tally.n_documents, tally.n_bytes, n_pretokens, place.n_pieces, place.checksum)


@dataclass
class _Place:
    """How much of the stream of pieces is counted: their number and their CRC-32."""

    n_pieces: int = 0
    checksum: int = 0

    def passed(self, piece: str) -> None:
        """Note that the next piece is counted."""
        self.n_pieces += 1
        self.checksum = zlib.crc32(piece.encode(), self.checksum)


def _skipped(pieces: Iterator[str], begin: Counted) -> _Place:
    """Pass over what was counted before. Raises: CorpusChanged when the pieces are others."""
    place = _Place()
    for piece in itertools.islice(pieces, begin.n_pieces):
        place.passed(piece)
    if place != _Place(begin.n_pieces, begin.checksum):
        raise CorpusChanged("the corpus has changed since its counting was interrupted")
    return place


class _Tally:
    """Counts what passes through, reports it now and then, and stops the work when asked."""

    def __init__(self, progress: Callable[[CountingProgress], None], should_stop: Callable[[], bool]) -> None:
        self.n_documents = 0
        self.n_bytes = 0
        self._progress = progress
        self._should_stop = should_stop
        self._started = self._reported = time.monotonic()

    def watch(self, documents: Iterable[str]) -> Iterator[str]:
        for text in documents:
            self.n_documents += 1
            text = replace_surrogates(text)
            self.n_bytes += len(text) if text.isascii() else len(text.encode())
            self.poll()
            yield from _pieces(text)

    def poll(self) -> None:
        if self._should_stop():
            raise Cancelled("stopped while counting")
        self.report_now_and_then()

    def report_now_and_then(self) -> None:
        if time.monotonic() - self._reported >= _REPORT_EVERY_S:
            self.report()

    def report(self) -> None:
        self._reported = time.monotonic()
        self._progress(CountingProgress(self.n_documents, self.n_bytes, self._reported - self._started))


def _pieces(text: str) -> Iterator[str]:
    """Cut a long document into pieces, only where no pre-token can reach across."""
    start = 0
    while start < len(text):
        end = boundary_after(text, start + _PIECE_CHARS)
        yield text[start:end]
        start = end


def _count_here(
    batches: Iterator[list[str]], tally: _Tally, place: _Place, counts: Counter[str], most_chars: int
) -> bool:
    """Count some batches in this process; return whether they were the last."""
    counter = worker.PretokenCounter()
    n_chars = 0
    try:
        for batch in batches:
            counter.add(join_texts(batch))
            for text in batch:
                place.passed(text)
            tally.poll()
            n_chars += sum(map(len, batch))
            if n_chars >= most_chars:
                return False
        return True
    finally:
        counts.update(counter.counts())


def _count_in_processes(
    batches: Iterator[list[str]], tally: _Tally, place: _Place, counts: Counter[str], workers: int
) -> bool:
    """Count a round of batches in several processes; return whether they were the last."""
    ahead = replace(place)  # is ours only when every process has handed over what it counted

    def passed(batch: list[str]) -> None:
        for text in batch:
            ahead.passed(text)

    done = count_round(batches, workers, _ROUND_CHARS, passed, tally.poll, tally.report_now_and_then)
    for part in done.counts:
        counts.update(part)
    place.n_pieces, place.checksum = ahead.n_pieces, ahead.checksum
    if done.stopped is not None:
        raise done.stopped
    return done.is_over
