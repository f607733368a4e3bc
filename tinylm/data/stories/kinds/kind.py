"""What a kind of story is: who is in it and the rules by which it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.people import Words

__all__ = ["Kind"]


@dataclass(frozen=True)
class Kind:
    """A kind of story. The grammar `rules`, with the common ones, starts at `story`; `cast` draws the words it needs."""

    name: str
    cast: Callable[[Draw], Words]
    rules: str
