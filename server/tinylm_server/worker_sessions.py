"""The worker's side of `tinylm/session/…`: live sessions with their logits and caches, and what a client sees of them.

A session lives here as long as there is room; the front process keeps its tokens, and sends them along when the worker
says that it does not have the session (any more). The state machine is `tinylm.session`'s.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import TinyLMError
from tinylm.model.boundary import Cursor
from tinylm.model.cursor_generation import CoverCandidates, cover_candidates, cursor_of
from tinylm.model.decoder import Decoder
from tinylm.model.language_model import LanguageModel
from tinylm.session.saved import MAX_NODES, node_record, replant
from tinylm.session.session import Session
from tinylm.session.session_file import sampling_from
from tinylm_server.session_view import session_view

__all__ = ["Sessions"]

MAX_LIVE = 4  # each has a key-value cache and up to 256 rows of logits; a person looks at one


@dataclass(frozen=True)
class _Reader:
    """A decoder that knows whether its texts begin their document."""

    decoder: Decoder
    starts_document: bool

    @property
    def context_tokens(self) -> int:
        return self.decoder.context_tokens

    def read(self, ids: Sequence[int], /) -> NDArray[np.float32]:
        return self.decoder.read(ids, starts_document=self.starts_document)


@dataclass(frozen=True)
class _Live:
    session: Session
    tail: bytes  # what the first token has to begin with


class Sessions:
    """The live sessions of one model, the least recently used first."""

    def __init__(self) -> None:
        self._live: OrderedDict[str, _Live] = OrderedDict()

    def answer(self, model: LanguageModel, values: Mapping[str, Any], check: Callable[[], None]) -> dict[str, Any]:
        """Do what a request asks.

        Returns:
            `view` for the client; for the front `at` and `made` (number and record of the node that was chosen), after
            an opening `origin`; or `missing`: there is no such session, send it along.
        """
        session_id, origin = values["sessionId"], None
        if "text" in values or "origin" in values:
            origin = self._begin(model, values, check)
        live = self._live.get(session_id)
        if live is None:
            return {"missing": True}
        self._live.move_to_end(session_id)
        made = _act(live.session, values)
        place = live.session.path.nodes[-1]
        return {
            "view": session_view(live.session, live.tail),
            "origin": origin,
            "made": [[number, node_record(live.session, live.session.tree.nodes[number])] for number in made],
            "at": place.number if place.number >= 0 else None,
            "seed": live.session.seed,
        }

    def _begin(self, model: LanguageModel, values: Mapping[str, Any], check: Callable[[], None]) -> dict[str, Any]:
        """Open a session at a cursor, or as it was saved. Returns where it begins."""
        if "origin" in values:
            origin = values["origin"]
            tail, starts_document = bytes.fromhex(origin["tail"]), origin["startsDocument"]
            cursor = Cursor(origin["promptIds"], tail, exact=True, starts_document=starts_document)
        else:
            cursor = cursor_of(model, values["text"], starts_document=values["startsDocument"])
        decoder = model.new_decoder()
        cursor, opening = _settled(model, cursor, cover_candidates(model, decoder, cursor, check))
        session = Session(
            model.tokenizer,
            _Reader(decoder, cursor.starts_document),
            sampling=sampling_from(values),
            max_tokens=values["maxTokens"],
            stop=values["stop"],
        )
        session.begin(cursor.context_ids, opening)
        replant(session, values.get("nodes", []), values.get("at"), model.tokenizer.vocab_size)
        self._live[values["sessionId"]] = _Live(session, cursor.tail)
        while len(self._live) > MAX_LIVE:
            self._live.popitem(last=False)
        return {
            "promptIds": cursor.context_ids,
            "tail": cursor.tail.hex(),
            "startsDocument": cursor.starts_document,
        }


def _settled(
    model: LanguageModel, cursor: Cursor, covers: CoverCandidates | None
) -> tuple[Cursor, CoverCandidates | None]:
    """Take the text before the cursor as it stands if the likeliest cover ends there: nobody asked about it.

    Otherwise the first choice is among the covers, so that a word cut short is finished as it would have been written.
    """
    if covers is None:
        rest = model.tokenizer.encode(cursor.tail.decode("utf-8", errors="replace")).tolist() if cursor.tail else []
        return Cursor([*cursor.context_ids, *rest], b"", cursor.exact, cursor.starts_document), None
    best = int(np.argmax(covers.logits))
    if covers.overhang(best, model.tokenizer):
        return cursor, covers
    tokens = covers.tokens(best)
    return Cursor([*cursor.context_ids, *tokens], b"", cursor.exact, cursor.starts_document), None


def _act(session: Session, values: Mapping[str, Any]) -> list[int]:
    """Do one thing to a session. Returns the numbers of the nodes that were chosen."""
    match values["action"]:
        case "step":
            return _chosen(session, session.step)
        case "pick":
            return _chosen(session, partial(session.pick, values["rank"]))
        case "go":
            if not session.go(values["number"]):
                raise TinyLMError(f"the session has no node {values['number']}; it has {len(session.tree.nodes)}")
        case "set":
            session.sampling = sampling_from(values)
            session.stop, session.max_tokens = tuple(values["stop"]), values["maxTokens"]
            if values["reseed"]:
                session.reseed(values["seed"])
    return []


def _chosen(session: Session, choose: Callable[[], object]) -> list[int]:
    if len(session.tree.nodes) >= MAX_NODES:
        raise TinyLMError(f"the session has {MAX_NODES:,} tokens in all its branches; end it and begin anew")
    return [] if choose() is None else [session.path.nodes[-1].number]
