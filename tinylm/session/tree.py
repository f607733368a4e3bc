"""A session's tree of tokens, and what it asks of a model and a tokenizer. It chooses nothing and filters nothing.

A path is replaced and never changed: whoever paints one while another is being computed in a thread sees a whole one.
The logits of the newest places are kept, so that settings and going back cost nothing; older ones are read again when
somebody asks, one step of the model.
"""

import itertools
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chosen", "Node", "Opening", "Path", "Reader", "Tree", "Vocabulary"]

N_KEPT = 256  # places whose logits are kept: 8 MB at 8,192 entries, 51 MB at GPT-2's 50,257


class Reader(Protocol):
    """What a session asks of a model; `tinylm.model.decoder.Decoder` has it."""

    @property
    def context_tokens(self) -> int:
        """How many tokens the logits read last rest on, `<|endoftext|>` included."""
        ...

    def read(self, ids: Sequence[int], /) -> NDArray[np.float32]:
        """Return the logits (V,) of the token after `ids`, which may be empty."""
        ...


class Vocabulary(Protocol):
    """What a session asks of a tokenizer; `tinylm.tokens.tokenizer.Tokenizer` has it all."""

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


class Opening(Protocol):
    """The candidates of a first place inside a token; `tinylm.model.cursor_generation.CoverCandidates` has it."""

    @property
    def ids(self) -> NDArray[np.int32]:
        """The token that each ends in, (N,)."""
        ...

    @property
    def logits(self) -> NDArray[np.float32]:
        """The log probability of each, (N,), nats."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens they rest on."""
        ...

    @property
    def n_tail_bytes(self) -> int:
        """How many bytes of each are there already."""
        ...

    def tokens(self, candidate: int, /) -> tuple[int, ...]:
        """Return all tokens of one."""
        ...

    def ending_in(self, token_ids: Sequence[int], /) -> NDArray[np.int32]:
        """Return the candidates that end in one of some tokens."""
        ...


@dataclass(frozen=True)
class Chosen:
    """One token of the path and what the model thought of it.

    `logprob` is the model's own, in nats; `sampled_logprob` that of the filtered distribution it was drawn from, None
    when it was cut there (picked by hand) or never drawn (the prompt). `draw` in [0, 1), None unless sampled.
    `context_tokens` counts the tokens its probability rests on, `<|endoftext|>` included.
    """

    token_id: int
    logprob: float
    sampled_logprob: float | None
    rank: int
    entropy_bits: float
    draw: float | None
    how: str  # "prompt", "drawn", "greedy" or "by hand"
    context_tokens: int


@dataclass(eq=False)
class Node:
    """A choice in the tree: one token; more only at a first place inside a token, where they cover what is there.

    `number` counts the nodes of a tree in the order they were made, `data` is what it adds to the text, `chosen` its
    numbers once it was chosen, `children` has the latest choice last. `logits`, (V,), are those of what follows it,
    while they are kept; they rest on `context_tokens` tokens.
    """

    tokens: tuple[int, ...]
    number: int
    parent: "Node | None"
    data: bytes
    chosen: Chosen | None = None
    children: dict[tuple[int, ...], "Node"] = field(default_factory=dict)
    logits: NDArray[np.float32] | None = None
    context_tokens: int = 0

    @property
    def token_id(self) -> int:
        """The token; the last of them if it has several."""
        return self.tokens[-1]


@dataclass(frozen=True)
class Path:
    """From the root, which is `<|endoftext|>`, to a place. Choice `index` of the text is `nodes[index + 1]`."""

    nodes: tuple[Node, ...]
    n_prompt: int

    @property
    def ids(self) -> list[int]:
        """The tokens of the text, without the root's."""
        return [token_id for node in self.nodes[1:] for token_id in node.tokens]

    @property
    def n_tokens(self) -> int:
        """How many choices the text has; each is one token, but for the first inside a token."""
        return len(self.nodes) - 1

    @property
    def data(self) -> bytes:
        """What was added after the prompt."""
        return b"".join(node.data for node in self.nodes[self.n_prompt + 1 :])

    def until(self, index: int) -> "Path":
        """Return the path that ends before choice `index`."""
        return Path(self.nodes[: index + 1], self.n_prompt)


class Tree:
    """Every token tried after one prompt, and the one engine that reads them.

    Attributes:
        nodes: those after the prompt, by number.
        opening: the candidates right after the prompt if it ends inside a token.
    """

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self._reader, self._vocabulary = reader, vocabulary
        self._engine = threading.Lock()
        self._kept: deque[Node] = deque()
        self.nodes: list[Node] = []
        self.opening: Opening | None = None

    def planted(self, prompt_ids: Sequence[int], opening: Opening | None = None) -> Path:
        """Return the path of a prompt in a tree of its own."""
        bytes_of = self._vocabulary.token_bytes
        nodes = [Node((self._vocabulary.end_of_text_id,), -1, None, b"")]
        for token_id in prompt_ids:
            nodes.append(Node((token_id,), -1, nodes[-1], bytes_of(token_id)))
        for before, node in itertools.pairwise(nodes):
            before.children[node.tokens] = node
        self.nodes, self.opening = [], opening
        return Path(tuple(nodes), len(nodes) - 1)

    def followed(self, path: Path, tokens: tuple[int, ...], chosen: Chosen) -> Path:
        """Return the path with one choice more, whose node is made or, where it was tried before, found."""
        return Path((*path.nodes, self.grown(path.nodes[-1], tokens, chosen)), path.n_prompt)

    def grown(self, parent: Node, tokens: tuple[int, ...], chosen: Chosen) -> Node:
        """Return the node of a choice after `parent`, which becomes the latest choice there."""
        node = parent.children.pop(tokens, None)
        if node is None:
            n_there = self.opening.n_tail_bytes if self.opening is not None and parent.number < 0 else 0
            data = b"".join(map(self._vocabulary.token_bytes, tokens))[n_there:]
            node = Node(tokens, len(self.nodes), parent, data)
            self.nodes.append(node)
        node.chosen = chosen
        parent.children[tokens] = node
        return node

    def path_to(self, node: Node, path: Path) -> Path:
        """Return the path of the same tree that ends with `node`."""
        nodes: list[Node] = []
        at: Node | None = node
        while at is not None:
            nodes.append(at)
            at = at.parent
        return Path(tuple(reversed(nodes)), path.n_prompt)

    def forget(self, path: Path) -> None:
        """Drop everything after the prompt."""
        path.nodes[path.n_prompt].children.clear()
        self.nodes = []

    def opening_at(self, path: Path, index: int) -> Opening | None:
        """Return the candidates of choice `index` if they are no plain vocabulary."""
        return self.opening if index == path.n_prompt else None

    def context_tokens(self, path: Path, index: int) -> int:
        """Return how many tokens the logits of choice `index` rest on; they must have been read."""
        opening = self.opening_at(path, index)
        return path.nodes[index].context_tokens if opening is None else opening.context_tokens

    def logits_before(self, path: Path, index: int) -> NDArray[np.float32]:
        """Return the logits (V,) of the place of choice `index`."""
        if (opening := self.opening_at(path, index)) is not None:
            return opening.logits
        node = path.nodes[index]
        logits = node.logits
        if logits is None:
            with self._engine:
                logits = node.logits
                if logits is None:
                    logits = self._reader.read(path.until(index).ids)
                    node.context_tokens = self._reader.context_tokens
                    node.logits = logits
                    self._kept.append(node)
                    if len(self._kept) > N_KEPT:
                        self._kept.popleft().logits = None
        return logits
