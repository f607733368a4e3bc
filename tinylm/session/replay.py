"""What was done in a saved session, done again: its tree grows as it grew, branch by branch, with its own numbers."""

from collections.abc import Sequence

from tinylm.session.saved import SavedNode, grow
from tinylm.session.session import Session
from tinylm.session.tree import Chosen

__all__ = ["Replay"]


class Replay:
    """Hands a session the nodes of a saved tree one at a time, in the order they were made, and follows them.

    A node whose parent is not where the session stands is a branch: the session goes over to it. Whoever adds a token
    of their own to the session has left the replay; going about in the tree disturbs nothing.
    """

    def __init__(self, session: Session, nodes: Sequence[SavedNode], at: int | None) -> None:
        """Take a session at its prompt's end and what `read_nodes` returned."""
        self._session, self._nodes, self._at = session, nodes, at
        self.n_done = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def step(self) -> Chosen | None:
        """Do the next thing; after the last, go to where the session was left and return None."""
        session = self._session
        if self.n_done == len(self._nodes):
            session.go(self._at)
            return None
        node = self._nodes[self.n_done]
        session.go(grow(session, node))
        self.n_done += 1
        session.outlook()  # computed here, where a thread runs it, rather than when it is painted
        return node.chosen
