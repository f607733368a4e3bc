"""What a kind of story is: who is in it and the rules by which it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.people import Words

__all__ = ["Kind"]


@dataclass(frozen=True)
class Kind:
    """A kind of story: `cast` draws its words, and the grammar `rules` starts at `story`.

    `shared` are rules that several kinds have in common; they come after those of all kinds and before `rules`.
    """

    name: str
    cast: Callable[[Draw], Words]
    rules: str
    shared: str = ""
