"""A recording of somebody typing one of the project's own stories: keys with their times, mistakes and second thoughts.

The typist is seeded, so the recording is the same every time: about 140 ms between two keys, longer at the ends of
words and sentences; in 100 letters three wrong ones, seen after up to three more keys and taken back; now and then the
last word is deleted and written again. `--trace FILE` of `keystrokes.py` reads a recording of your own instead: a JSON
array of [milliseconds since the key before, key] a line, where the key is a character or "\\b".
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tinylm.data.stories import stories

__all__ = ["BACKSPACE", "Key", "read_trace", "story", "typed", "typing"]

Key = tuple[float, str]
BACKSPACE = "\b"

_NEIGHBOURS = {"a": "s", "e": "r", "i": "o", "o": "p", "t": "r", "n": "m", "s": "d", "h": "g", "r": "t", "l": "k"}
MISTAKES = 0.03
SECOND_THOUGHTS = 0.06  # of words


def story(seed: int = 7) -> str:
    """Return a generated story."""
    return next(iter(stories(1, seed=seed)))


def typing(text: str, seed: int = 1) -> list[Key]:
    """Return the keys that write a text."""
    rng = random.Random(seed)
    keys = [key for at in range(len(text)) for key in _keys_for(text, at, rng)]
    return [(_pause(rng, before), key) for before, (_, key) in zip(["", *(k for _, k in keys)], keys, strict=False)]


def _keys_for(text: str, at: int, rng: random.Random) -> Iterator[Key]:
    char = text[at]
    if char in _NEIGHBOURS and rng.random() < MISTAKES:
        more = text[at + 1 : at + 1 + rng.randrange(4)]
        yield from ((0.0, key) for key in _NEIGHBOURS[char] + more + BACKSPACE * (1 + len(more)))
    yield 0.0, char
    following = text[at + 1 : at + 2]
    if following == " " and rng.random() < SECOND_THOUGHTS:
        word = text[: at + 1].rsplit(" ", 1)[-1].rsplit("\n", 1)[-1]
        yield from ((0.0, key) for key in BACKSPACE * len(word) + word)


def _pause(rng: random.Random, before: str) -> float:
    """Return the milliseconds before a key, given the one before it."""
    if before in (".", "!", "?", "\n"):
        return rng.uniform(300.0, 1200.0)
    return min(rng.lognormvariate(4.94, 0.4) * (1.3 if before == " " else 0.6 if before == BACKSPACE else 1.0), 2000.0)


def typed(text: str, key: str) -> str:
    """Return a text after one more key at its end."""
    return text[:-1] if key == BACKSPACE else text + key


def read_trace(path: Path) -> list[Key]:
    """Read a recording, one key a line."""
    return [(float(ms), str(key)) for ms, key in map(json.loads, path.read_text("utf-8").splitlines())]
