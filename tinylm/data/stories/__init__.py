"""Short children's stories, made from grammars by a seeded generator: the corpus `sample`, which needs no download.

The manner is that of TinyStories (Eldan and Li, 2023); every word is our own. A kind of story (`kinds/`) draws a cast
(names, a place, an object with its actions and hiding places), then a grammar with several alternatives for each
sentence tells it. It has no opinion about tokens or files.
"""

import hashlib
from collections.abc import Iterator
from functools import cache

from tinylm.data.stories.common import COMMON
from tinylm.data.stories.engine import Draw, Grammar
from tinylm.data.stories.kinds import KINDS
from tinylm.errors import UsageError

__all__ = ["KINDS", "MAX_CHARS", "MIN_CHARS", "stories", "story"]

MIN_CHARS, MAX_CHARS = (
    500,
    1200,
)  # the middle of TinyStories: half of its stories have 600 to 1,000 characters


def stories(n: int, seed: int) -> Iterator[str]:
    """Yield `n` different stories, the same ones for the same seed, on every machine and Python version.

    Story i depends on `seed` and i alone, except that a story told before is drawn again. Stories are ASCII, with
    straight quotes and a blank line between paragraphs, from `MIN_CHARS` to `MAX_CHARS` characters.

    Args:
        n: how many, at least 0.
        seed: any integer; its lowest 64 bits count.

    Raises:
        UsageError: `n` is negative.
    """
    if n < 0:
        raise UsageError(f"cannot tell {n} stories; ask for 0 or more")
    return distinct_stories(n, seed)


def distinct_stories(n: int, seed: int) -> Iterator[str]:
    """Yield the stories of `stories`."""
    told: set[bytes] = set()
    for index in range(n):
        attempt = 0
        while True:
            text, attempt = story(seed, index, attempt)
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest not in told:
                break
        told.add(digest)
        yield text


def story(seed: int, index: int, attempt: int = 0) -> tuple[str, int]:
    """Return the first story from `attempt` on that has a fitting length, and the attempt after it."""
    while True:
        draw = Draw(seed, index, attempt)
        attempt += 1
        kind = draw.below(len(KINDS))
        text = grammar(kind).tell("story", KINDS[kind].cast(draw), draw)
        if MIN_CHARS <= len(text) <= MAX_CHARS:
            return text, attempt


@cache
def grammar(kind: int) -> Grammar:
    """Return the compiled grammar of a kind. Compiling takes milliseconds, so it waits for the first story."""
    return Grammar(COMMON, KINDS[kind].shared, KINDS[kind].rules)
