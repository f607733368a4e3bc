"""The demo's state: a tree of tokens, a place in it, the sampling settings and the draws. No terminal code.

Every place keeps the logits of what follows it, so that settings take effect at once on what is already computed and
going back costs nothing. The n-th generated token of a seed always uses the same draw: with the same settings a step
taken twice chooses the same token, with others the same draw falls elsewhere on the cumulative bar.

`step`, `pick` and `set_prompt` run the model and may run in a thread, one at a time. Whatever only shows may be called
meanwhile: it sees the path as it was before.
"""

import threading
from dataclasses import dataclass, replace

import numpy as np

from tinylm.demo.outlook import Outlook, look_ahead
from tinylm.demo.tree import Node, Path, Reader, Tree, Vocabulary
from tinylm.errors import UsageError
from tinylm.model.sampling import SamplingConfig
from tinylm.tokens.spans import replace_surrogates

__all__ = ["Chosen", "Session"]

N_OUTLOOKS = 8  # distributions kept, 200 kB each at 8,192 entries: one repaint asks for the same two six times
MAX_TOKENS = 100_000


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


class Session:
    """A prompt and what was generated after it, with every road not taken still there."""

    _path: Path
    prompt: str
    seed: int

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
            UsageError: max_tokens out of its range.
        """
        if not 1 <= max_tokens <= MAX_TOKENS:
            raise UsageError(f"max-tokens is {max_tokens}, expected 1 to {MAX_TOKENS:,}")
        self.vocabulary = vocabulary
        self.max_tokens = max_tokens
        self.sampling = sampling
        self._tree = Tree(reader)
        self._outlooks: dict[tuple[Node, SamplingConfig], Outlook] = {}
        self._outlooks_lock = threading.Lock()
        self.reseed(sampling.seed)
        self.set_prompt(prompt)

    # What a view shows.

    @property
    def ids(self) -> list[int]:
        """The ids of the prompt and of what follows it, without the leading `<|endoftext|>`."""
        return self._path.ids

    @property
    def n_prompt(self) -> int:
        """How many of `ids` are the prompt's."""
        return self._path.n_prompt

    @property
    def n_generated(self) -> int:
        """How many of `ids` came after the prompt."""
        return self._path.n_tokens - self._path.n_prompt

    @property
    def ended(self) -> str | None:
        """Why no further token will come, or None."""
        path = self._path
        if path.n_tokens > path.n_prompt and path.nodes[-1].token_id == self.vocabulary.end_of_text_id:
            return "the model ended the text"
        if path.n_tokens - path.n_prompt >= self.max_tokens:
            return f"{self.max_tokens} tokens, the maximum asked for"
        return None

    @property
    def text(self) -> str:
        """Prompt and continuation as clean text; bytes that are no UTF-8 read as U+FFFD."""
        return b"".join(self.vocabulary.token_bytes(token_id) for token_id in self.ids).decode("utf-8", "replace")

    def chosen(self, index: int) -> Chosen:
        """Return token `index` of the path with its numbers, under the settings it was chosen with."""
        path = self._path
        node = path.nodes[index + 1]
        outlook = self._look_ahead(path, index, node.sampling or self.sampling)
        place = outlook.place(node.token_id)
        return Chosen(
            token_id=node.token_id,
            logprob=float(outlook.logprob[place]),
            sampled_logprob=None if node.how == "prompt" else outlook.sampled_logprob(place),
            rank=place + 1,
            entropy_bits=outlook.entropy_bits,
            draw=node.draw,
            how=node.how,
            context_tokens=path.nodes[index].context_tokens,
        )

    def outlook(self, index: int | None = None) -> Outlook:
        """Return the distribution of the next token, or of token `index` of the path, under the current settings."""
        path = self._path
        return self._look_ahead(path, path.n_tokens if index is None else index, self.sampling)

    def draw(self, index: int | None = None) -> float:
        """Return the draw in [0, 1) that decides the next token, or that decides at token `index`."""
        path = self._path
        return float(self._draws[max(0, (path.n_tokens if index is None else index) - path.n_prompt)])

    def branches(self, index: int) -> list[int]:
        """Return the token ids tried at place `index`, the latest choice last; one of them may be on the path."""
        return list(self._path.nodes[index].children)

    # What a person does.

    def step(self) -> Chosen | None:
        """Choose the next token by the settings and the draw; None when the text has ended."""
        if self.ended:
            return None
        outlook, draw, sampling = self.outlook(), self.draw(), self.sampling
        token_id = int(outlook.ids[outlook.chosen_by(draw)])
        is_greedy = sampling.temperature == 0
        how, used = ("greedy", None) if is_greedy else ("drawn", draw)
        self._path = self._tree.followed(self._path, token_id, how, used, sampling)
        return self.chosen(self._path.n_tokens - 1)

    def back(self) -> bool:
        """Take the last generated token off the path; it stays in the tree. False at the prompt's end."""
        if not self.n_generated:
            return False
        self._path = self._path.until(self._path.n_tokens - 1)
        return True

    def pick(self, rank: int, index: int | None = None) -> Chosen | None:
        """Put the candidate of that rank (1 is the model's first choice) next, or at place `index` of the path.

        Everything after `index` leaves the path and stays in the tree. None when there is no such candidate, the
        place lies in the prompt or the text has ended there.
        """
        path = self._path
        place = path.n_tokens if index is None else index
        if not path.n_prompt <= place <= path.n_tokens or (place == path.n_tokens and self.ended):
            return None
        outlook = self.outlook(place)
        if not 1 <= rank <= len(outlook.ids):
            return None
        token_id = int(outlook.ids[rank - 1])
        self._path = self._tree.followed(path.until(place), token_id, "by hand", None, self.sampling)
        return self.chosen(place)

    def turn(self, index: int) -> bool:
        """Go over to the next of the tokens tried at place `index` and follow it as far as it was taken."""
        path = self._path
        if not path.n_prompt <= index <= path.n_tokens:
            return False
        children = list(path.nodes[index].children.values())
        current = path.nodes[index + 1] if index < path.n_tokens else None
        position = children.index(current) + 1 if current in children else 0
        if not children or children[position % len(children)] is current:
            return False
        nodes = [children[position % len(children)]]
        while nodes[-1].children:
            nodes.append(next(reversed(nodes[-1].children.values())))
        self._path = Path((*path.nodes[: index + 1], *nodes), path.n_prompt)
        return True

    def set(self, **changes: float | int | None) -> None:
        """Change `temperature`, `top_k`, `top_p` and their like; what is computed is filtered anew, not computed anew.

        Raises:
            UsageError: a value out of its range. The settings stay as they were.
        """
        self.sampling = replace(self.sampling, **changes)  # type: ignore[arg-type]  # validated by SamplingConfig

    def reseed(self, seed: int | None = None) -> None:
        """Use the draws of another seed, a fresh one when none is given. The path stays."""
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        # Those that `tinylm generate` draws with the seed; one more, for the place after the last token.
        self._draws = SamplingConfig(seed=self.seed).new_generator().random(self.max_tokens + 1)

    def restart(self) -> None:
        """Go back to the prompt's end and forget every branch."""
        path = self._path.until(self._path.n_prompt)
        path.nodes[-1].children.clear()
        self._path = path

    def set_prompt(self, prompt: str) -> None:
        """Begin anew after another prompt; lone surrogates in it count as U+FFFD."""
        prompt = replace_surrogates(prompt)
        ids = [int(token_id) for token_id in self.vocabulary.encode(prompt)]
        self._path = self._tree.planted(self.vocabulary.end_of_text_id, ids)
        self.prompt = prompt

    def _look_ahead(self, path: Path, index: int, sampling: SamplingConfig) -> Outlook:
        key = (path.nodes[index], sampling)
        with self._outlooks_lock:
            if key in self._outlooks:
                return self._outlooks[key]
        outlook = look_ahead(self._tree.logits_before(path, index), sampling)
        with self._outlooks_lock:
            while len(self._outlooks) >= N_OUTLOOKS:
                del self._outlooks[next(iter(self._outlooks))]
            self._outlooks[key] = outlook
        return outlook
