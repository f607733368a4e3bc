"""What the worker can do with its model: one generator for each operation.

Between steps a job yields: None, or a frame to be sent at once. Its return value is the answer. The shapes of what is
sent and returned are those of `tinylm.model`; arrays travel raw. Nothing here knows of pipes or processes.
"""

import codecs
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from tinylm.analysis.characters import likely_character
from tinylm.analysis.steps import step_record
from tinylm.errors import TinyLMError
from tinylm.model.completion import complete_words, word_parts
from tinylm.model.continuation import Continuation, Limits, continue_differently, continue_text
from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.language_model import LanguageModel
from tinylm.model.stop_strings import StopStrings
from tinylm.session.session_file import sampling_from
from tinylm_server.frames import Frame
from tinylm_server.worker_export import export_steps
from tinylm_server.worker_saved_step import saved_step_steps
from tinylm_server.worker_sessions import Sessions

__all__ = ["Jobs"]

Steps = Generator[Frame | None, None, Frame]
Check = Callable[[], None]


class Jobs:
    """Owns the model, None before one was loaded; `start` makes the generator of a request."""

    def __init__(self) -> None:
        self.model: LanguageModel | None = None
        self._sessions = Sessions()
        self._n_ghost_steps = 0

    def take_ghost_steps(self) -> int:
        """Return how often the model was run for ghost text since the last call."""
        n_steps, self._n_ghost_steps = self._n_ghost_steps, 0
        return n_steps

    def start(self, frame: Frame, check: Check) -> Steps:
        """Return the steps of a request; nothing runs yet."""
        operations = {
            "load": self._load,
            "score": self._score,
            "inspect": self._inspect,
            "characters": self._characters,
            "generate": self._generate,
            "session": self._session,
            "words": self._words,
            "wordParts": self._word_parts,
            "continue": self._continue,
            "export": self._export,
            "savedStep": saved_step_steps,
        }
        return operations[frame.header["op"]](frame, check)

    def _current(self, frame: Frame) -> LanguageModel:
        """Return the model, if it is the one that the request's ids were made for."""
        if self.model is None or self.model.tokenizer.id != frame.header["tokenizer"]:
            raise TinyLMError("the model was exchanged meanwhile; ask again")
        return self.model

    def _load(self, frame: Frame, check: Check) -> Steps:
        yield None
        self.model = LanguageModel.load(Path(frame.header["path"]), special=frame.header["special"])
        self._sessions = Sessions()  # those of another model are restored from their tokens when they are asked
        return Frame({"model": describe(self.model)})

    def _score(self, frame: Frame, check: Check) -> Steps:
        scorer, ids, values = self._current(frame).scorer, frame.arrays["ids"], frame.header
        first, last = values["first"], values["last"]
        scores = yield from scorer.score_in_steps(ids, first, last, check, starts_document=values["startsDocument"])
        return Frame({}, vars(scores))

    def _inspect(self, frame: Frame, check: Check) -> Steps:
        model, ids, values = self._current(frame), frame.arrays["ids"], frame.header
        first, last, starts_document = values["first"], values["last"], values["startsDocument"]
        yield None
        scores = model.scorer.score(ids, first, last, check, starts_document=starts_document)
        yield None
        found = model.scorer.alternatives(ids, first, last, values["k"], check, starts_document=starts_document)
        arrays = {"alternative_ids": found.ids, "alternative_logprob": found.logprob}
        for name in ("logprob", "rank", "entropy_bits", "context_tokens"):
            arrays[name] = getattr(scores, name)
        return Frame({"name": model.name}, arrays)

    def _characters(self, frame: Frame, check: Check) -> Steps:
        model, ids, values = self._current(frame), frame.arrays["ids"], frame.header
        decoder = model.new_decoder()  # one of its own, as in `_generate`
        found: list[list[tuple[int, str | None]]] = []
        for place in values["places"]:
            context, pending = ids[: len(ids) - place["nLater"]], bytes.fromhex(place["pending"])
            found.append([])
            for token_id in place["tokens"]:
                yield None
                char = likely_character(
                    decoder, model.vocabulary, context, token_id, check,
                    pending=pending, starts_document=values["startsDocument"],
                )  # fmt: skip
                found[-1].append((token_id, char))
        return Frame({"characters": found})

    def _words(self, frame: Frame, check: Check) -> Steps:
        model, values = self._current(frame), frame.header
        yield None
        found = complete_words(model, values["text"], values["n"], check, starts_document=values["startsDocument"])
        visible = model.tokenizer.visible
        words = [
            {
                "text": word.text,
                "logprob": word.logprob,
                "nWays": word.n_ways,
                "tokenIds": word.token_ids,
                "tokens": [visible(each) for each in word.token_ids],
            }
            for word in found.words
        ]
        return Frame({"words": words, "unread": found.unread})

    def _word_parts(self, frame: Frame, check: Check) -> Steps:
        model, values = self._current(frame), frame.header
        yield None
        path, visible = tuple(values["tokenIds"]), model.tokenizer.visible
        found = word_parts(model, values["text"], path, check, starts_document=values["startsDocument"])
        parts = [
            {
                "token": visible(part.token_id),
                "logprob": part.logprob,
                "alternatives": [(visible(other), logprob) for other, logprob in part.alternatives],
            }
            for part in found.parts
        ]
        return Frame({"parts": parts, "ends": found.ends, "typed": found.typed, "logprob": found.logprob})

    def _continue(self, frame: Frame, check: Check) -> Steps:
        model, values = self._current(frame), frame.header
        yield None
        decoder = model.decoder if values["remember"] else model.new_decoder()
        limits = Limits(
            max_tokens=values["maxTokens"],
            max_lines=values["maxLines"],
            min_confidence=values["minConfidence"],
            min_token_probability=values["minTokenProbability"],
        )
        common: dict[str, Any] = {
            "limits": limits,
            "starts_document": values["startsDocument"],
            "decoder": decoder,
        }
        n_before = decoder.n_steps
        try:
            first = continue_text(model, values["text"], check, **common)
            n_more = values["n"] - 1
            others = (
                continue_differently(model, values["text"], [first.text], n_more, check, **common) if n_more else []
            )
        finally:
            self._n_ghost_steps += decoder.n_steps - n_before
        suggestions = [_tokens_shown(found) for found in [first, *others]]
        return Frame({"suggestions": suggestions, "nSteps": decoder.n_steps - n_before})

    def _export(self, frame: Frame, check: Check) -> Steps:
        model = self._current(frame)
        yield None
        return (yield from export_steps(model, frame, check))

    def _generate(self, frame: Frame, check: Check) -> Steps:
        model, values = self._current(frame), frame.header
        yield None
        cursor = cursor_of(model, values["text"], starts_document=values["startsDocument"])
        decoder = model.new_decoder()  # one of its own: a completion in between must not disturb it
        text = codecs.getincrementaldecoder("utf-8")(errors="replace")
        stops = StopStrings(values["stop"])
        started, n_tokens, reason = time.perf_counter(), 0, "finished"
        for step in generate_at(model, cursor, sampling_from(values), values["maxTokens"], check, decoder=decoder):
            if step.token_id == model.tokenizer.end_of_text_id:
                reason = "endOfText"
                break
            shown = text.decode(stops.feed(step.bytes))
            yield Frame({"step": step_record(model.tokenizer, step, n_tokens, shown)})
            n_tokens += 1
            if stops.found is not None:
                reason = "stopString"
                break
        rate = n_tokens / max(time.perf_counter() - started, 1e-9)
        rest = text.decode(stops.finish())
        return Frame({"reason": reason, "nTokens": n_tokens, "tokensPerSecond": rate, "rest": rest})

    def _session(self, frame: Frame, check: Check) -> Steps:
        model = self._current(frame)
        yield None
        return Frame(self._sessions.answer(model, frame.header, check))


def _tokens_shown(found: Continuation) -> list[tuple[str, float]]:
    """Return the tokens of a continuation; those that make no character whole belong to the one that does."""
    shown: list[tuple[str, float]] = []
    logprob = 0.0
    for step in found.steps:
        logprob += step.logprob
        if step.text:
            shown.append((step.text, logprob))
            logprob = 0.0
    return shown


def describe(model: LanguageModel) -> dict[str, Any]:
    """Return the model as `tinylm/status` shows it, and the id of its tokenizer."""
    return {
        "id": model.id,
        "name": model.name,
        "path": str(model.path),
        "nParams": model.engine.n_params,
        "vocabSize": model.engine.config.vocab_size,
        "blockSize": model.engine.config.block_size,
        "tokenizerId": model.tokenizer.id,
    }
