"""Ghost text between the editor and the model: what is known, when the model is asked, and what that cost.

One `GhostText` for a server. Suggestions belong to one model and one set of limits; a change of either forgets them.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinylm.model.windows import reach
from tinylm_server.context import CHARS_PER_TOKEN, text_before
from tinylm_server.pace import Pace
from tinylm_server.suggestions import STRETCH, Place, Suggestion, Suggestions

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["Counts", "Cursor", "GhostText"]


@dataclass
class Counts:
    """What ghost text did since the server started. `useful_steps` are those of answers that were given."""

    asked: int = 0
    known: int = 0
    computed: int = 0
    useful_steps: int = 0


@dataclass(frozen=True)
class Cursor:
    """A point of a document, and text that would stand there, such as the chosen item of a list."""

    document: "Document"
    line: int
    char: int
    typed: str = ""


class GhostText:
    """What is known of the ghost texts of a server."""

    def __init__(self, ls: "Server") -> None:
        self.counts = Counts()
        self.pace = Pace()
        self._ls = ls
        self._suggestions = Suggestions(0)
        self._belongs_to: object = None

    def find(self, cursor: Cursor, n_wanted: int = 1) -> list[Suggestion] | None:
        """Return what is known to follow a cursor; None if the model has to be asked."""
        return self._valid_suggestions().find(self._place(cursor), n_wanted)

    async def compute(self, cursor: Cursor, n_wanted: int) -> tuple[list[Suggestion], int]:
        """Ask the model; return what it said and how many steps that took. Raises WorkerGone, WorkerRefused."""
        ls, settings, generation = self._ls, self._ls.settings, self._ls.host.generation
        began = time.monotonic()
        values = {
            "n": n_wanted,
            "maxTokens": settings.inline_max_tokens,
            "maxLines": settings.inline_max_lines,
            "minConfidence": settings.inline_min_confidence,
            "minTokenProbability": settings.inline_min_token_probability,
            "remember": settings.inline_cache_characters > 0,
            "tokenizer": ls.host.tokenizer.id,
            **text_before(ls, cursor.document, cursor.line, cursor.char, cursor.typed),
        }
        answer = await ls.host.ask("continue", values)
        self.pace.took((time.monotonic() - began) * 1e3)
        tokens = (tuple((text, logprob) for text, logprob in found) for found in answer.header["suggestions"])
        suggestions = [Suggestion(each) for each in tokens if each]
        if (generation, settings) == (ls.host.generation, ls.settings):
            self._valid_suggestions().add(self._place(cursor), suggestions, n_wanted)
        return suggestions, answer.header["nSteps"]

    def note_request(self) -> None:
        """Count a request that came by itself, for the pace."""
        self.pace.asked(time.monotonic() * 1e3)

    async def rest(self) -> None:
        """Wait for the typing to rest, if the model is slower than it."""
        delay_ms = self.pace.delay_ms(self._ls.settings.inline_max_delay)
        if delay_ms > 0.0:
            await asyncio.sleep(delay_ms / 1e3)

    def report(self) -> dict[str, Any]:
        """Return what ghost text did and cost so far; the names are those of `tinylm/ghostText`."""
        n_steps = self._ls.host.worker.n_ghost_steps
        return {
            "asked": self.counts.asked,
            "known": self.counts.known,
            "computed": self.counts.computed,
            "decodeSteps": n_steps,
            "wastedSteps": n_steps - self.counts.useful_steps,
            "latencyMs": round(self.pace.latency_ms, 1),
            "rememberedCharacters": self._suggestions.n_chars,
        }

    def _valid_suggestions(self) -> Suggestions:
        settings = self._ls.settings
        belongs_to = (
            self._ls.host.generation,
            settings.inline_max_tokens,
            settings.inline_max_lines,
            settings.inline_min_confidence,
            settings.inline_min_token_probability,
        )
        if belongs_to != self._belongs_to:
            self._suggestions.clear()
            self._belongs_to = belongs_to
        self._suggestions.max_chars = settings.inline_cache_characters
        return self._suggestions

    def _place(self, cursor: Cursor) -> Place:
        n_seen = CHARS_PER_TOKEN * reach(max(self._ls.host.block_size, 8))
        text = cursor.document.text
        before = text.before(cursor.line, cursor.char, n_seen + 2 * STRETCH) + cursor.typed
        end = text.line_start(cursor.line) + cursor.char + len(cursor.typed)
        return Place(before, end, n_seen)
