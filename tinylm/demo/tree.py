"""The demo's tree of tokens, and what it asks of a model and a tokenizer. It chooses nothing and filters nothing.

A path is replaced and never changed, and its last node always knows the logits of what follows: whoever paints a path
while another is being computed in a thread sees a whole one and waits for nothing.
"""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tinylm.model.sampling import SamplingConfig

__all__ = ["Node", "Path", "Reader", "Tree", "Vocabulary"]


class Reader(Protocol):
    """What the demo asks of a model; `tinylm.model.decoder.Decoder` has it."""

    @property
    def context_tokens(self) -> int:
        """How many tokens the logits read last rest on, `<|endoftext|>` included."""
        ...

    def read(self, ids: Sequence[int], /) -> NDArray[np.float32]:
        """Return the logits (V,) of the token after `ids`, which may be empty."""
        ...


class Vocabulary(Protocol):
    """What the demo asks of a tokenizer; `tinylm.tokens.tokenizer.Tokenizer` has it all."""

    @property
    def end_of_text_id(self) -> int:
        """The id of `<|endoftext|>`."""
        ...

    def encode(self, text: str, /) -> NDArray[np.int32]:
        """Return the tokens of a text, (T,)."""
        ...

    def token_bytes(self, token_id: int, /) -> bytes:
        """Return the bytes of a token."""
        ...

    def raw(self, token_id: int, /) -> str:
        """Return the token as the vocabulary writes it."""
        ...

    def visible(self, token_id: int, /) -> str:
        """Return the token for people."""
        ...


@dataclass(eq=False)
class Node:
    """A token in the tree. `logits`, (V,), are those of what follows it, None until somebody asks."""

    token_id: int
    how: str = "prompt"  # or "drawn", "greedy", "by hand": how it came here last
    draw: float | None = None
    sampling: SamplingConfig | None = None  # the settings it was chosen with
    children: dict[int, "Node"] = field(default_factory=dict)  # the latest choice last
    logits: NDArray[np.float32] | None = None
    context_tokens: int = 0  # that those logits rest on


@dataclass(frozen=True)
class Path:
    """From the root, which is `<|endoftext|>`, to a place. Token `index` of the text is `nodes[index + 1]`."""

    nodes: tuple[Node, ...]
    n_prompt: int

    @property
    def ids(self) -> list[int]:
        """The tokens of the text, without the root's."""
        return [node.token_id for node in self.nodes[1:]]

    @property
    def n_tokens(self) -> int:
        """How many tokens the text has."""
        return len(self.nodes) - 1

    def until(self, index: int) -> "Path":
        """Return the path that ends before token `index`."""
        return Path(self.nodes[: index + 1], self.n_prompt)


class Tree:
    """Every token tried after one prompt, and the one engine that reads them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._engine = threading.Lock()

    def planted(self, root_id: int, prompt_ids: Sequence[int]) -> Path:
        """Return the path of a prompt in a tree of its own, ready to be followed."""
        nodes = (Node(root_id), *(Node(token_id) for token_id in prompt_ids))
        for before, node in itertools.pairwise(nodes):
            before.children[node.token_id] = node
        path = Path(nodes, len(nodes) - 1)
        for index in range(max(0, path.n_tokens - 1), path.n_tokens + 1):  # what is shown first: the last and the next
            self.logits_before(path, index)
        return path

    def followed(self, path: Path, token_id: int, how: str, draw: float | None, sampling: SamplingConfig) -> Path:
        """Return the path with one token more, whose node is made or, where it was tried before, found."""
        children = path.nodes[-1].children
        node = children.get(token_id) or Node(token_id)
        longer = Path((*path.nodes, node), path.n_prompt)
        self.logits_before(longer, longer.n_tokens)
        node.how, node.draw, node.sampling = how, draw, sampling
        children.pop(token_id, None)
        children[token_id] = node
        return longer

    def logits_before(self, path: Path, index: int) -> NDArray[np.float32]:
        """Return the logits (V,) of the place of token `index`; computed at most once for each node."""
        node = path.nodes[index]
        if node.logits is None:
            with self._engine:
                if node.logits is None:
                    logits = self._reader.read(path.ids[:index])
                    node.context_tokens = self._reader.context_tokens
                    node.logits = logits
        return node.logits
