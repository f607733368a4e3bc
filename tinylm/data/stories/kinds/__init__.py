"""The kinds of story, a few in each module."""

from tinylm.data.stories.kinds import caring, finding, forest, friends, home, making, trying
from tinylm.data.stories.kinds.kind import Kind

__all__ = ["KINDS", "Kind"]

KINDS: tuple[Kind, ...] = (
    *friends.KINDS,
    *finding.KINDS,
    *trying.KINDS,
    *making.KINDS,
    *forest.KINDS,
    *home.KINDS,
    *caring.KINDS,
)
