"""The search for words: beginnings of words, the most likely followed first, several of them in one pass of the model.

It begins with the covers of what is typed (see `boundary`), so every word found goes on from exactly that. A word is
whole with the probability that what follows does not go on with it. Words are counted by their bytes: tokens that spell
the same word are ways to write it, and their probabilities add up. What was not followed is less likely than what was,
and the search says how likely it may be.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from tinylm.model.boundary import Covers, Cursor
from tinylm.model.branches import ROOT, Branches
from tinylm.model.decoder import Decoder
from tinylm.model.statistics import log_softmax
from tinylm.model.vocabulary import Vocabulary

__all__ = ["BEAM_WIDTH", "FoundWord", "WordSearch"]

Floats = NDArray[np.float32]
Path = tuple[int, ...]

# Beginnings read in one pass. Measured at the starter's shape: 8 rows take 2.3 times as long as one.
BEAM_WIDTH = 8
_MAX_NODES = 128


@dataclass(frozen=True)
class FoundWord:
    """A word by its bytes after the cursor. `ways`: -logprob (nats) and tokens of each way met to write it, best first.

    The first tokens of a way may begin before the cursor; its probability is given what is typed, and counts the end.
    """

    data: bytes
    ways: tuple[tuple[float, Path], ...]

    @property
    def logprob(self) -> float:
        """Nats, of all ways met together."""
        return math.log(math.fsum(math.exp(-cost) for cost, _ in self.ways))


class WordSearch:
    """One search. `run` it, then ask for `words`.

    Args:
        decoder: the model.
        vocabulary: its tokens by bytes.
        cursor: where to go on.
        covers: the ways to write what is typed.
        n_words: how many words are wanted.
        min_probability: beginnings less likely than this are not followed.
    """

    def __init__(
        self, decoder: Decoder, vocabulary: Vocabulary, cursor: Cursor, covers: Covers, n_words: int,
        min_probability: float,
    ) -> None:  # fmt: skip
        self._paths = _Paths(decoder, cursor)
        self._vocabulary = vocabulary
        self._n_words = n_words
        self._highest_cost = -math.log(min_probability)
        self._waiting: list[tuple[float, bytes, Path]] = []  # (-logprob, text after the cursor, tokens)
        self._found: dict[bytes, list[tuple[float, Path]]] = {}
        self._inside = np.flatnonzero(vocabulary.continues_word).astype(np.int32)
        self._start = np.flatnonzero(vocabulary.continues_word | vocabulary.starts_word).astype(np.int32)
        log_total = np.float32(covers.log_total)
        for path, n_bytes, last_ids, logprobs in zip(
            covers.paths, covers.n_path_bytes, covers.last_ids, covers.logprobs, strict=True
        ):
            self._add(path, b"", len(cursor.tail) - n_bytes, last_ids, logprobs - log_total)

    def run(self, max_reads: int, check: Callable[[], None]) -> None:
        """Follow beginnings until no other could still enter the list, or after so many.

        Args:
            max_reads: how many beginnings may be followed; those of one pass are.
            check: called before each pass of the model; raises to stop.
        """
        n_reads = 0
        while n_reads < max_reads and (states := self._next_states(min(BEAM_WIDTH, max_reads - n_reads))):
            n_reads += len(states)
            logits = self._paths.read([path for _, _, path in states], check)
            for (cost, text, path), logprob in zip(states, log_softmax(logits), strict=True):
                logprob -= np.float32(cost)
                if text:
                    self._found.setdefault(text, []).append((-self._vocabulary.log_ended(logprob), path))
                followers = self._inside if text else self._start
                self._add(path, text, 0, followers, logprob[followers])

    def words(self) -> list[FoundWord]:
        """Return what was found and is likely enough, the most likely first, equal ones by their bytes."""
        found = [FoundWord(data, tuple(sorted(ways))) for data, ways in self._found.items()]
        found.sort(key=lambda word: (-word.logprob, word.data))
        return [word for word in found if -word.logprob <= self._highest_cost]

    @property
    def unread(self) -> float:
        """The greatest probability that a way to write a word can have which was not followed."""
        return math.exp(-min(self._waiting[0][0], self._highest_cost) if self._waiting else -self._highest_cost)

    def _add(self, path: Path, text: bytes, n_before: int, last_ids: NDArray[np.int32], logprobs: Floats) -> None:
        """Add beginnings: `text` and then, less `n_before` bytes, each of `last_ids`, whose logprobs are (n,)."""
        for index in np.flatnonzero(logprobs >= -self._highest_cost):
            token_id = int(last_ids[index])
            added = self._vocabulary.token(token_id)[n_before:]
            if not added or _is_word_beginning(text + added):
                heapq.heappush(self._waiting, (-float(logprobs[index]), text + added, (*path, token_id)))

    def _next_states(self, n: int) -> list[tuple[float, bytes, Path]]:
        """Return the most likely beginnings, at most `n`, that could still enter the list."""
        best = sorted(-FoundWord(data, tuple(ways)).logprob for data, ways in self._found.items())
        limit = best[self._n_words - 1] if len(best) >= self._n_words else self._highest_cost
        states: list[tuple[float, bytes, Path]] = []
        while self._waiting and len(states) < n and self._waiting[0][0] <= limit:
            states.append(heapq.heappop(self._waiting))
        return states


class _Paths:
    """Logits after token paths that go on from one cursor."""

    def __init__(self, decoder: Decoder, cursor: Cursor) -> None:
        self._decoder = decoder
        self._cursor = cursor
        self._branches: Branches | None = None
        self._number_of: dict[Path, int] = {}

    def read(self, paths: list[Path], check: Callable[[], None]) -> Floats:
        """Return the logits after each path, (n, V). Paths are not empty and differ."""
        check()
        longest = max(map(len, paths))
        leads = dict.fromkeys(path[:length] for length in range(1, longest + 1) for path in paths)  # shortest first
        missing = [path for path in leads if path not in self._number_of]
        if self._branches is None or self._branches.n_nodes + len(missing) > self._branches.max_nodes:
            missing = [*leads]
            self._branches = self._begin(max(_MAX_NODES, len(missing)), check)
        if not self._branches.fits(longest):
            return np.stack([self._read_alone(path, check) for path in paths])
        logits_of: dict[Path, Floats] = {}
        for _, level in groupby(missing, key=len):  # what leads to a cover was not read before, all else was
            self._read_level(self._branches, [*level], logits_of)
        return np.stack([logits_of[path] for path in paths])

    def _read_level(self, branches: Branches, level: list[Path], logits_of: dict[Path, Floats]) -> None:
        """Read the last tokens of paths of one length."""
        first = branches.n_nodes
        parents = [self._number_of.get(path[:-1], ROOT) for path in level]
        logits_of |= zip(level, branches.read([path[-1] for path in level], parents), strict=True)
        self._number_of |= {path: first + row for row, path in enumerate(level)}

    def _begin(self, max_nodes: int, check: Callable[[], None]) -> Branches:
        """Read the text itself, and begin a tree over it."""
        cursor = self._cursor
        self._decoder.read(cursor.context_ids, check, starts_document=cursor.starts_document)
        self._number_of = {}
        return self._decoder.branch(max_rows=BEAM_WIDTH, max_nodes=max_nodes)

    def _read_alone(self, path: Path, check: Callable[[], None]) -> Floats:
        """Read a path that outgrows the context, which moves then: the decoder knows how."""
        ids = [*self._cursor.context_ids, *path]
        self._branches = None  # it is the tree of a cache that is written now
        return self._decoder.read(ids, check, starts_document=self._cursor.starts_document)


def _is_word_beginning(data: bytes) -> bool:
    """Say whether bytes after a cursor are a word so far: at most one space, then letters, digits or an apostrophe."""
    inside = data.removeprefix(b" ")
    return bool(inside) and all(byte >= 0x80 or chr(byte).isalnum() or byte == ord("'") for byte in inside)
