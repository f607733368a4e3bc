"""A model directory as one thing: tokenizer and engine that belong together, and what one does with them.

Everything is loaded as data: tokenizer.json, config.json and model.safetensors. No window, sampling or rendering logic
lives here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData
from tinylm.model.anchors import AnchorTable
from tinylm.model.config import SNAPSHOTS, check_vocab_size, refuse_run_directory
from tinylm.model.decoder import Decoder
from tinylm.model.engine import Engine, no_check
from tinylm.model.generation import Step, generate_steps
from tinylm.model.sampling import SamplingConfig
from tinylm.model.scoring import Scorer, Scores
from tinylm.model.statistics import Alternatives
from tinylm.model.vocabulary import Vocabulary
from tinylm.tokens.spans import Cells, Spans, group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["Analysis", "LanguageModel", "model_name", "starter_model_directory"]

PLACES = 4  # in documents, where somebody writes in turn


@dataclass(frozen=True)
class Analysis:
    """A text, its tokens and what the model thought of each.

    Attributes:
        text: as it was given.
        ids: (T,) int32.
        spans: where the tokens lie.
        cells: the pieces to paint.
        scores: one entry a token.
        alternatives: the most likely tokens in each place, (T, k).
    """

    text: str
    ids: NDArray[np.int32]
    spans: Spans
    cells: Cells
    scores: Scores
    alternatives: Alternatives


class LanguageModel:
    """A tokenizer and a model that fit each other. One thread at a time.

    Attributes:
        path: the model directory.
        name: its name, or that of the training run that it belongs to.
        id: the engine's id, the first 12 hex digits of the SHA-256 of the weights.
        tokenizer: the tokenizer.
        engine: the network.
        vocabulary: the tokens by their bytes.
        scorer: scores texts and remembers windows.
        decoder: a decoder that follows the texts being written; `new_decoder` makes further ones.
    """

    def __init__(self, path: Path, tokenizer: Tokenizer, engine: Engine) -> None:
        check_vocab_size(path, engine.config, tokenizer.vocab_size)
        self.path = path
        self.name = model_name(path)
        self.id = engine.id
        self.tokenizer = tokenizer
        self.engine = engine
        tokens = [tokenizer.token_bytes(token_id) for token_id in range(tokenizer.vocab_size)]
        self.vocabulary = Vocabulary(tokens)
        self._table = AnchorTable.of(tokens)
        self.scorer = Scorer(engine, self._table, tokenizer.end_of_text_id)
        self.decoder = self.new_decoder(PLACES)

    @classmethod
    def load(cls, directory: Path, *, special: bool = False) -> "LanguageModel":
        """Load a model directory in the Hugging Face layout; `special` is `Tokenizer.is_special`.

        Raises:
            BadData: something is missing, damaged, of another kind, or does not fit together.
            DiskProblem: a file may not be read.
        """
        if not directory.is_dir():
            raise BadData(f"{directory}: no such directory; name a model directory, or leave it out for the starter")
        refuse_run_directory(directory)
        return cls(directory, Tokenizer.load(directory, special=special), Engine.load(directory))

    def new_decoder(self, n_places: int = 1) -> Decoder:
        """Return a decoder with caches of its own, for so many places."""
        return Decoder(self.engine, self._table, self.tokenizer.end_of_text_id, n_places)

    def analyze(self, text: str, top_k: int = 10, check: Callable[[], None] = no_check) -> Analysis:
        """Return every token of a text with its place, scores and alternatives.

        Args:
            text: any text; plain unless the tokenizer `is_special`.
            top_k: how many alternatives for each token, 0 for none.
            check: called between blocks of rows; raises to stop.
        """
        ids = self.tokenizer.encode(text)
        spans = locate(text, self.tokenizer.byte_lengths, ids)
        return Analysis(
            text=text,
            ids=ids,
            spans=spans,
            cells=group_cells(spans),
            scores=self.scorer.score(ids, 0, len(ids), check),
            alternatives=self.scorer.alternatives(ids, 0, len(ids) if top_k else 0, top_k, check),
        )

    def generate(
        self,
        prompt: str,
        config: SamplingConfig,
        max_tokens: int,
        check: Callable[[], None] = no_check,
        n_alternatives: int = 10,
    ) -> Iterator[Step]:
        """Yield tokens after a prompt; see `generate_steps`. The prompt's own tokens are not yielded."""
        ids = self.tokenizer.encode(prompt)
        return generate_steps(self.decoder, self.tokenizer, ids, config, max_tokens, check, n_alternatives)


def model_name(directory: Path) -> str:
    """Return what to call a model: the one that ships is the starter, what a run wrote bears the run's name."""
    directory = directory.resolve()
    if directory == starter_model_directory().resolve():
        return "starter"
    if directory.parent.name == SNAPSHOTS and (step := directory.name.removeprefix("step-")).isdecimal():
        return f"{directory.parents[1].name} at step {int(step):,}"
    return directory.parent.name if directory.name == "model" else directory.name


def starter_model_directory() -> Path:
    """Return where the model that ships lies: inside an installed package, else in the repository."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "starter_model"
    return installed if installed.is_dir() else package.parent / "models" / "starter"
