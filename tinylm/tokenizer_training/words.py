"""Put the words of a corpus one behind the other as token ids of their bytes, as `pairs.py` wants them."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tinylm.tokenizer_training.merges import FIRST_VOCABULARY
from tinylm.tokenizer_training.pairs import SEPARATOR

__all__ = ["symbols_and_weights"]

# So many are taken between two looks at whether to stop: some 20 ms.
_SOME = 1 << 14

_END = b"\xff"  # occurs in no UTF-8
_ID_OF_BYTE = np.zeros(256, np.int32)
_ID_OF_BYTE[list(b"".join(FIRST_VOCABULARY))] = range(1, len(FIRST_VOCABULARY))
_ID_OF_BYTE[_END[0]] = SEPARATOR


def symbols_and_weights(
    counts: Mapping[str, int], poll: Callable[[], None]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the words' bytes as ids, and how often each one's word occurs.

    Args:
        counts: how often each word occurs.
        poll: called now and then; may raise.
    Returns: the ids, (N,) int32, with `SEPARATOR` before and after each word; the counts, (N,).
    """
    words, weights = list(counts), np.fromiter(counts.values(), np.int64, len(counts))
    symbols, repeated = [np.array([SEPARATOR], np.int32)], [np.zeros(1, np.int64)]
    for begin in range(0, len(words), _SOME):
        poll()
        encoded = [word.encode() + _END for word in words[begin : begin + _SOME]]
        symbols.append(_ID_OF_BYTE[np.frombuffer(b"".join(encoded), np.uint8)])
        repeated.append(np.repeat(weights[begin : begin + _SOME], [*map(len, encoded)]))
    poll()
    joined = np.concatenate(symbols)
    poll()
    return joined, np.concatenate(repeated)
