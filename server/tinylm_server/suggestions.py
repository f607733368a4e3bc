"""The suggestions of ghost text made so far, in tries of the text before the cursor.

Whoever types along a suggestion, takes letters back or comes back to a place finds there what was computed, and the
model rests. A text is cut at a multiple of STRETCH characters from the document's beginning: what stands before the
cut, as far as the model sees, names a trie, and the characters after it lead to a node. Below a node where the model
was asked hangs what it said, character by character, with the probability of each token at its last character. So a
hit compares every character that the suggestion rests on. Nothing here knows LSP or the model.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Place", "Suggestion", "Suggestions"]

STRETCH = 256


@dataclass(frozen=True)
class Place:
    """A cursor: the text before it, as much as the model sees and two stretches more, or all there is.

    Attributes:
        text: the text.
        end: how many characters the document has before the cursor.
        n_seen: how many of them the model sees at most.
    """

    text: str
    end: int
    n_seen: int

    def routes(self) -> Iterator[tuple[str, str]]:
        """Yield what names a trie and what leads through it, for the stretch at the cursor and the one before."""
        for n_after in (self.end % STRETCH, self.end % STRETCH + STRETCH):
            if n_after <= len(self.text):
                cut = len(self.text) - n_after
                yield self.text[max(cut - self.n_seen, 0) : cut], self.text[cut:].replace("\r\n", "\n")


@dataclass(frozen=True)
class Suggestion:
    """What may follow a cursor, in tokens: the text of each, or what is still to come of it, and its nats.

    The first token may have been begun already; its probability is still that of the whole token.
    """

    tokens: tuple[tuple[str, float], ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(text for text, _ in self.tokens)

    def cut(self, n_chars: int) -> "Suggestion":
        """Return its first characters; a token that is cut keeps its probability."""
        tokens: list[tuple[str, float]] = []
        for text, logprob in self.tokens:
            if n_chars > 0:
                tokens.append((text[:n_chars], logprob))
            n_chars -= len(text)
        return Suggestion(tuple(tokens))

    @property
    def logprob(self) -> float:
        """The log probability of all of it, nats."""
        return math.fsum(logprob for _, logprob in self.tokens)


class _Node:
    """A text before a cursor.

    `n_asked` suggestions were looked for here, and `answers` found; `said` are those of its children that the model
    said, not only somebody typed; `logprob` is that of the token that ends here.
    """

    __slots__ = ("answers", "children", "logprob", "n_asked", "said")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.said: list[str] = []
        self.n_asked = 0
        self.answers: list[Suggestion] = []
        self.logprob: float | None = None


class Suggestions:
    """Remembers the suggestions of the places used last; `max_chars` bounds the memory, about 300 bytes each."""

    def __init__(self, max_chars: int) -> None:
        self.max_chars = max_chars
        self.n_chars = 0
        self._tries: OrderedDict[str, tuple[_Node, list[int]]] = OrderedDict()  # with the number of its characters

    def clear(self) -> None:
        """Forget everything."""
        self._tries.clear()
        self.n_chars = 0

    def find(self, place: Place, n_wanted: int = 1) -> list[Suggestion] | None:
        """Return what is known to follow a cursor, the first choice first; None if the model has to be asked.

        Args:
            place: where.
            n_wanted: more than one is only known where as many were looked for.
        """
        for name, way in place.routes():
            if name not in self._tries:
                continue
            self._tries.move_to_end(name)
            node = _follow(self._tries[name][0], way)
            if node is not None and node.n_asked >= n_wanted:
                return node.answers[:n_wanted]
            if node is not None and node.said and n_wanted == 1:
                return [_first_below(node)]
        return None

    def add(self, place: Place, suggestions: Sequence[Suggestion], n_asked: int) -> None:
        """Remember what the model said at a place, which may be nothing; `n_asked` suggestions were looked for."""
        name, way = next(place.routes())
        root, size = self._tries.setdefault(name, (_Node(), [0]))
        before = size[0]
        node = root
        for char in way:
            node = self._step(node, char, size)
        if n_asked >= node.n_asked:
            node.n_asked, node.answers = n_asked, list(suggestions)
        for suggestion in suggestions:
            at = node
            for text, logprob in suggestion.tokens:
                for char in text:
                    if char not in at.said:
                        at.said.append(char)
                    at = self._step(at, char, size)
                    at.logprob = None  # the newest suggestion says where tokens end
                at.logprob = logprob
        self.n_chars += size[0] - before
        self._tries.move_to_end(name)
        while self.n_chars > self.max_chars and self._tries:
            _, (_, dropped) = self._tries.popitem(last=False)
            self.n_chars -= dropped[0]

    @staticmethod
    def _step(node: _Node, char: str, size: list[int]) -> _Node:
        following = node.children.get(char)
        if following is None:
            following = node.children[char] = _Node()
            size[0] += 1
        return following


def _follow(node: _Node, way: str) -> _Node | None:
    for char in way:
        if (following := node.children.get(char)) is None:
            return None
        node = following
    return node


def _first_below(node: _Node) -> Suggestion:
    """Return what the model said first of what hangs below a node."""
    tokens: list[tuple[str, float]] = []
    text = ""  # since the last token
    while node.said:
        text += node.said[0]
        node = node.children[node.said[0]]
        if node.logprob is not None:
            tokens.append((text, node.logprob))
            text = ""
    return Suggestion(tuple(tokens))
