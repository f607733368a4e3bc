"""The demo's state: a tree of tokens, a place in it, the sampling settings and the draws. No terminal code.

Every place keeps the logits of what follows it, so that settings take effect at once on what is already computed and
going back costs nothing. The n-th generated token of a seed always uses the same draw: with the same settings a step
taken twice chooses the same token, with others the same draw falls elsewhere on the cumulative bar.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tinylm.demo.outlook import Outlook, look_ahead
from tinylm.errors import UsageError
from tinylm.model.sampling import SamplingConfig

__all__ = ["Chosen", "Reader", "Session", "Vocabulary"]

N_OUTLOOKS = 8  # distributions kept, 200 kB each at 8,192 entries: one repaint asks for the same two six times


class Reader(Protocol):
    """What the session asks of a model; `tinylm.model.decoder.Decoder` has it."""

    @property
    def context_tokens(self) -> int:
        """How many tokens the logits read last rest on, `<|endoftext|>` included."""
        ...

    def read(self, ids: Sequence[int], /) -> NDArray[np.float32]:
        """Return the logits (V,) of the token after `ids`, which may be empty."""
        ...


class Vocabulary(Protocol):
    """What the session asks of a tokenizer; `tinylm.tokens.tokenizer.Tokenizer` has it all."""

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
class _Node:
    """A token in the tree. `logits` are those of what follows it, None until somebody asks."""

    token_id: int
    parent: "_Node | None" = None
    children: dict[int, "_Node"] = field(default_factory=dict)
    logits: NDArray[np.float32] | None = None
    context_tokens: int = 0  # that those logits rest on
    sampling: SamplingConfig | None = None  # the settings it was drawn with
    draw: float | None = None
    how: str = "prompt"


class Session:
    """A prompt and what was generated after it, with every road not taken still there."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        reader: Reader,
        *,
        prompt: str = "",
        sampling: SamplingConfig,
        max_tokens: int = 200,
    ) -> None:
        """Start at the end of the prompt.

        Raises:
            UsageError: max_tokens below 1.
        """
        if max_tokens < 1:
            raise UsageError(f"max-tokens is {max_tokens}; it must be at least 1")
        self.vocabulary = vocabulary
        self.max_tokens = max_tokens
        self.sampling = sampling
        self._reader = reader
        self._outlooks: dict[tuple[_Node, SamplingConfig], Outlook] = {}
        self._engine = threading.RLock()  # a view may look while a step is computed in another thread
        self.reseed(_fresh_seed() if sampling.seed is None else sampling.seed)
        self.set_prompt(prompt)

    # What a view shows.

    @property
    def ids(self) -> list[int]:
        """The ids of the prompt and of what follows it, without the leading `<|endoftext|>`."""
        return [node.token_id for node in self._nodes]

    @property
    def n_prompt(self) -> int:
        """How many of `ids` are the prompt's."""
        return self._n_prompt

    @property
    def n_generated(self) -> int:
        """How many of `ids` came after the prompt."""
        return len(self._nodes) - self._n_prompt

    @property
    def ended(self) -> str | None:
        """Why no further token will come, or None."""
        if self._nodes and self.n_generated and self._nodes[-1].token_id == self.vocabulary.end_of_text_id:
            return "the model ended the text"
        if self.n_generated >= self.max_tokens:
            return f"{self.max_tokens} tokens, the maximum asked for"
        return None

    @property
    def text(self) -> str:
        """Prompt and continuation as clean text; bytes that are no UTF-8 read as U+FFFD."""
        return b"".join(self.token_bytes(index) for index in range(len(self._nodes))).decode("utf-8", "replace")

    def token_bytes(self, index: int) -> bytes:
        """Return the bytes of token `index` of the path; none for `<|endoftext|>`."""
        token_id = self._nodes[index].token_id
        return b"" if token_id == self.vocabulary.end_of_text_id else self.vocabulary.token_bytes(token_id)

    def chosen(self, index: int) -> Chosen:
        """Return token `index` of the path with its numbers, under the settings it was chosen with."""
        node = self._nodes[index]
        outlook = self._look_ahead(index, node.sampling or self.sampling)
        place = outlook.place(node.token_id)
        sampled = None if node.how == "prompt" else outlook.sampled_logprob(place)
        return Chosen(
            token_id=node.token_id,
            logprob=float(outlook.logprob[place]),
            sampled_logprob=sampled,
            rank=place + 1,
            entropy_bits=outlook.entropy_bits,
            draw=node.draw,
            how=node.how,
            context_tokens=self._node_before(index).context_tokens,
        )

    def outlook(self, index: int | None = None) -> Outlook:
        """Return the distribution of the next token, or of token `index` of the path, under the current settings."""
        return self._look_ahead(len(self._nodes) if index is None else index, self.sampling)

    def draw(self, index: int | None = None) -> float:
        """Return the draw in [0, 1) that decides the next token, or that decides at token `index`."""
        place = len(self._nodes) if index is None else index
        return self._draw(max(0, place - self._n_prompt))

    def branches(self, index: int) -> list[int]:
        """Return the token ids tried at place `index`, in the order they were; one of them may be on the path."""
        return list(self._node_before(index).children)

    # What a person does.

    def step(self) -> Chosen | None:
        """Choose the next token by the settings and the draw; None when the text has ended."""
        if self.ended:
            return None
        outlook, draw = self.outlook(), self.draw()
        greedy = self.sampling.temperature == 0
        place = outlook.chosen_by(draw)
        self._go(int(outlook.ids[place]), draw=None if greedy else draw, how="greedy" if greedy else "drawn")
        return self.chosen(len(self._nodes) - 1)

    def back(self) -> bool:
        """Take the last generated token off the path; it stays in the tree. False at the prompt's end."""
        if not self.n_generated:
            return False
        self._nodes.pop()
        return True

    def pick(self, rank: int, index: int | None = None) -> Chosen | None:
        """Put the candidate of that rank (1 is the model's first choice) next, or at place `index` of the path.

        Everything after `index` leaves the path and stays in the tree. None when there is no such candidate, the
        place lies in the prompt or the text has ended there.
        """
        place = len(self._nodes) if index is None else index
        if place < self._n_prompt:
            return None
        outlook = self.outlook(place)
        if not 1 <= rank <= len(outlook.ids) or (place == len(self._nodes) and self.ended):
            return None
        del self._nodes[place:]
        self._go(int(outlook.ids[rank - 1]), draw=None, how="by hand")
        return self.chosen(place)

    def turn(self, index: int) -> bool:
        """Go over to the next of the tokens tried at place `index` and follow it as far as it was taken."""
        children = list(self._node_before(index).children.values())
        if index < self._n_prompt or not children or index > len(self._nodes):
            return False
        current = self._nodes[index] if index < len(self._nodes) else None
        position = children.index(current) + 1 if current in children else 0
        node: _Node | None = children[position % len(children)]
        if node is current:
            return False
        del self._nodes[index:]
        while node is not None:
            self._nodes.append(node)
            node = next(reversed(node.children.values()), None)
        return True

    def set(self, **changes: float | int | None) -> None:
        """Change `temperature`, `top_k`, `top_p` and their like; what is computed is filtered anew, not computed anew.

        Raises:
            UsageError: a value out of its range. The settings stay as they were.
        """
        self.sampling = replace(self.sampling, **changes)  # type: ignore[arg-type]  # validated by SamplingConfig

    def reseed(self, seed: int | None = None) -> None:
        """Use the draws of another seed, a fresh one when none is given. The path stays."""
        self.seed = _fresh_seed() if seed is None else seed
        self._random = SamplingConfig(seed=self.seed).new_generator()  # as `tinylm generate` draws
        self._draws: list[float] = []

    def restart(self) -> None:
        """Go back to the prompt's end and forget every branch."""
        del self._nodes[self._n_prompt :]
        self._node_before(self._n_prompt).children.clear()

    def set_prompt(self, prompt: str) -> None:
        """Begin anew after another prompt."""
        self.prompt = prompt
        self._root = _Node(self.vocabulary.end_of_text_id)
        self._nodes: list[_Node] = []
        ids = self.vocabulary.encode(prompt)
        self._n_prompt = len(ids)
        for token_id in ids:
            self._go(int(token_id), draw=None, how="prompt")

    # How it is done.

    def _go(self, token_id: int, *, draw: float | None, how: str) -> None:
        before = self._node_before(len(self._nodes))
        node = before.children.pop(token_id, None) or _Node(token_id, parent=before)
        before.children[token_id] = node  # last: the latest choice is the one that `turn` follows
        node.draw, node.how = draw, how
        node.sampling = None if how == "prompt" else self.sampling
        self._nodes.append(node)

    def _node_before(self, index: int) -> _Node:
        return self._nodes[index - 1] if index else self._root

    def _look_ahead(self, index: int, sampling: SamplingConfig) -> Outlook:
        key = (self._node_before(index), sampling)
        with self._engine:
            if key not in self._outlooks:
                while len(self._outlooks) >= N_OUTLOOKS:
                    del self._outlooks[next(iter(self._outlooks))]
                self._outlooks[key] = look_ahead(self._logits_before(index), sampling)
            return self._outlooks[key]

    def _logits_before(self, index: int) -> NDArray[np.float32]:
        node = self._node_before(index)
        ids = [known.token_id for known in self._nodes[:index]]
        with self._engine:
            if node.logits is None:
                node.logits = self._reader.read(ids)
                node.context_tokens = self._reader.context_tokens
            return node.logits

    def _draw(self, n: int) -> float:
        while len(self._draws) <= n:
            self._draws.append(float(self._random.random()))
        return self._draws[n]


def _fresh_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])
