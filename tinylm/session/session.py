"""A session's state: a tree of tokens, a place in it, the sampling settings and the draws. No terminal, no editor.

Places keep the logits of what follows them, so that settings take effect at once on what is already computed and going
back costs nothing. The n-th generated token of a seed always uses the same draw: with the same settings a step taken
twice chooses the same token, with others the same draw falls elsewhere on the cumulative bar.

`step`, `pick`, `set_prompt` and `begin` run the model and may run in a thread, one at a time. Whatever only shows may
be called meanwhile: it sees the path as it was before.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinylm.errors import UsageError
from tinylm.model.generation import seen_before
from tinylm.model.sampling import SamplingConfig
from tinylm.model.stop_strings import StopStrings
from tinylm.session.outlook import Outlook, look_ahead
from tinylm.session.tree import Chosen, Node, Opening, Path, Reader, Tree, Vocabulary
from tinylm.tokens.spans import replace_surrogates

__all__ = ["Session"]

N_OUTLOOKS = 8  # distributions kept, 200 kB each at 8,192 entries: one repaint asks for the same two six times
MAX_TOKENS = 100_000


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
        stop: Sequence[str] = (),
    ) -> None:
        """Start at the end of the prompt.

        Raises:
            UsageError: max_tokens out of its range, or impossible stop strings.
        """
        if not 1 <= max_tokens <= MAX_TOKENS:
            raise UsageError(f"max-tokens is {max_tokens}, expected 1 to {MAX_TOKENS:,}")
        self.vocabulary = vocabulary
        StopStrings(stop)  # refuses what cannot be
        self.max_tokens = max_tokens
        self.sampling = sampling
        self.stop = tuple(stop)
        self.tree = Tree(reader, vocabulary)
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
    def path(self) -> Path:
        """The choices from the beginning of the text to where it stands."""
        return self._path

    @property
    def end_reason(self) -> str | None:
        """Why no further token will come: `endOfText`, `stopString` or `maxTokens`; None if one may."""
        path = self._path
        if path.n_tokens > path.n_prompt and path.nodes[-1].token_id == self.vocabulary.end_of_text_id:
            return "endOfText"
        if self._stopped()[1] is not None:
            return "stopString"
        return "maxTokens" if path.n_tokens - path.n_prompt >= self.max_tokens else None

    @property
    def ended(self) -> str | None:
        """Why no further token will come, in words, or None."""
        match self.end_reason:
            case "endOfText":
                return "the model ended the text"
            case "stopString":
                return f"the stop string {self._stopped()[1]!r}"
            case "maxTokens":
                return f"{self.max_tokens} tokens, the maximum asked for"
        return None

    @property
    def text(self) -> str:
        """Prompt and continuation as clean text; bytes that are no UTF-8 read as U+FFFD."""
        path = self._path
        prompt = b"".join(node.data for node in path.nodes[1 : path.n_prompt + 1])
        return (prompt + self._stopped()[0]).decode("utf-8", "replace")

    @property
    def continuation(self) -> bytes:
        """What stands after the prompt, before a stop string. A character at its end may be unfinished."""
        return self._stopped()[0]

    def _stopped(self) -> tuple[bytes, str | None]:
        """Return what was generated up to a stop string, and that stop string."""
        data = self._path.data
        if not self.stop:
            return data, None
        stops = StopStrings(self.stop)
        return stops.feed(data) + stops.finish(), stops.found

    def chosen(self, index: int) -> Chosen:
        """Return choice `index` of the path with its numbers, under the settings it was chosen with."""
        path = self._path
        node = path.nodes[index + 1]
        if node.chosen is not None:
            return node.chosen
        outlook = self._look_ahead(path, index, self.sampling)
        return self._numbers(path, index, outlook, outlook.place(node.token_id), "prompt", None)

    def _numbers(self, path: Path, index: int, outlook: Outlook, row: int, how: str, draw: float | None) -> Chosen:
        """Return the numbers of the candidate in a row, as the choice of place `index`."""
        return Chosen(
            token_id=int(outlook.ids[row]),
            logprob=float(outlook.logprob[row]),
            sampled_logprob=None if how == "prompt" else outlook.sampled_logprob(row),
            rank=row + 1,
            entropy_bits=outlook.entropy_bits,
            draw=draw,
            how=how,
            context_tokens=self.tree.context_tokens(path, index),
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
        return [node.token_id for node in self._path.nodes[index].children.values()]

    # What a person does.

    def step(self) -> Chosen | None:
        """Choose the next token by the settings and the draw; None when the text has ended."""
        if self.ended:
            return None
        outlook, draw, path = self.outlook(), self.draw(), self._path
        row = outlook.chosen_by(draw)
        how, used = ("greedy", None) if self.sampling.temperature == 0 else ("drawn", draw)
        return self._follow(path, outlook, row, how, used)

    def _follow(self, path: Path, outlook: Outlook, row: int, how: str, draw: float | None) -> Chosen:
        """Put the candidate in a row behind a path, and read what follows it."""
        place = path.n_tokens
        chosen = self._numbers(path, place, outlook, row, how, draw)
        opening = self.tree.opening_at(path, place)
        tokens = (chosen.token_id,) if opening is None else opening.tokens(int(outlook.order[row]))
        longer = self.tree.followed(path, tokens, chosen)
        self.tree.logits_before(longer, longer.n_tokens)
        self._path = longer
        return chosen

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
        return self._follow(path.until(place), outlook, rank - 1, "by hand", None)

    def go(self, number: int | None) -> bool:
        """Go to the node of that number in `tree.nodes`, None for the prompt's end. False if there is no such node."""
        if number is None:
            self._path = self._path.until(self._path.n_prompt)
        elif 0 <= number < len(self.tree.nodes):
            self._path = self.tree.path_to(self.tree.nodes[number], self._path)
        else:
            return False
        return True

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
        self.tree.forget(path)
        self._path = path

    def set_prompt(self, prompt: str) -> None:
        """Begin anew after another prompt; lone surrogates in it count as U+FFFD."""
        self.prompt = replace_surrogates(prompt)
        self.begin([int(token_id) for token_id in self.vocabulary.encode(self.prompt)])

    def begin(self, prompt_ids: Sequence[int], opening: Opening | None = None) -> None:
        """Begin anew after some tokens.

        Args:
            prompt_ids: the tokens.
            opening: the candidates of the first place, if the text before it ends inside a token.
        """
        path = self.tree.planted(prompt_ids, opening)
        for index in range(max(0, path.n_tokens - 1), path.n_tokens + 1):  # what is shown first: the last and the next
            self.tree.logits_before(path, index)
        self._path = path

    def _look_ahead(self, path: Path, index: int, sampling: SamplingConfig) -> Outlook:
        key = (path.nodes[index], sampling)
        with self._outlooks_lock:
            if key in self._outlooks:
                return self._outlooks[key]
        logits = self.tree.logits_before(path, index)
        context_tokens = self.tree.context_tokens(path, index)
        seen = seen_before(path.until(index).ids, context_tokens, self.vocabulary.end_of_text_id)
        opening = self.tree.opening_at(path, index)
        if opening is None:
            outlook = look_ahead(logits, sampling, seen)
        else:
            outlook = look_ahead(logits, sampling, opening.ending_in(seen), opening.ids)
        with self._outlooks_lock:
            while len(self._outlooks) >= N_OUTLOOKS:
                del self._outlooks[next(iter(self._outlooks))]
            self._outlooks[key] = outlook
        return outlook
