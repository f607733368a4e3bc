"""`tinylm/session/…`: a generation that the client steps, steers and takes back, at one place of one document.

The worker holds logits and caches; here stay the tokens of every branch, so that a worker that died loses nothing: the
next request sends them along. The document is never changed from here, and a session never looks at it again: what
stood before the place when it was opened is its context.
"""

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinylm.errors import TinyLMError
from tinylm.session.record import check_header, session_record
from tinylm_server import params as check
from tinylm_server.context import text_before
from tinylm_server.sampling_params import sampling_values, sampling_values_of

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["SessionStore", "session_close", "session_go", "session_open", "session_pick", "session_save", "session_set"]
__all__ += ["session_step"]

MAX_SESSIONS = 8  # the least recently used is dropped; a client has one or two


@dataclass
class Kept:
    """What a session can be restored from. `origin`, `nodes` and `at` are the worker's; see `tinylm.session.saved`."""

    tokenizer_id: str
    sampling: dict[str, Any]
    origin: dict[str, Any]
    nodes: list[dict[str, Any]] = field(default_factory=list)
    at: int | None = None


class SessionStore:
    """The sessions of one connection by their ids."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def get(self, session_id: str) -> Kept:
        """Return a session. Raises TinyLMError when there is none of that id."""
        if session_id not in self._kept:
            raise TinyLMError(f"there is no session {session_id[:40]}; open the generation view again")
        self._kept.move_to_end(session_id)
        return self._kept[session_id]

    def put(self, session_id: str, kept: Kept) -> None:
        """Take a session in."""
        self._kept[session_id] = kept
        while len(self._kept) > MAX_SESSIONS:
            self._kept.popitem(last=False)

    def drop(self, session_id: str) -> None:
        """Forget a session; one that is not there is ignored."""
        self._kept.pop(session_id, None)


async def session_open(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/open`: begin at a position, with the tree of a file if one is given."""
    fields = check.mapping(params)
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    position = check.position(fields.get("position"), "position")
    sampling = sampling_values(fields, ls.settings)
    saved = _tree_of(ls, fields.get("tree"))
    await ls.host.until_ready()
    session_id = uuid.uuid4().hex[:12]
    kept = Kept(ls.host.tokenizer.id, sampling, {}, **saved)
    text = text_before(ls, document, *document.point(position))
    answer = await _ask(ls, session_id, kept, {"action": "open", **text, "nodes": kept.nodes, "at": kept.at})
    ls.sessions.put(session_id, kept)
    return answer


def _tree_of(ls: "Server", tree: object) -> dict[str, Any]:
    """Return nodes and place of a saved tree; the worker looks at each node."""
    if tree is None:
        return {}
    fields = check.mapping(tree, "tree")
    check_header(fields, ls.host.tokenizer.id)
    return {"nodes": check.items(fields, "nodes"), "at": fields.get("at")}


async def session_step(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/step`: the next token by settings and draw; nothing changes where the text has ended."""
    return await _act(ls, params, {"action": "step"})


async def session_pick(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/pick`: the candidate of that rank comes next, also one that a filter cut."""
    return await _act(ls, params, {"action": "pick", "rank": check.integer(check.mapping(params), "rank", low=1)})


async def session_go(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/go`: to a token of any branch, or with null to where the session began."""
    fields = check.mapping(params)
    number = None if fields.get("number") is None else check.integer(fields, "number")
    return await _act(ls, params, {"action": "go", "number": number})


async def session_set(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/set`: other settings for what comes; the logits of this place are filtered anew."""
    fields = check.mapping(params)
    kept = ls.sessions.get(check.text(fields, "sessionId"))
    kept.sampling = sampling_values_of(fields, kept.sampling)
    return await _act(ls, params, {"action": "set", "reseed": "seed" in fields})


async def session_save(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/session/save`: the tree of every branch, to be kept in a file and given to `open`."""
    kept = ls.sessions.get(check.text(check.mapping(params), "sessionId"))
    tree = session_record(
        model_id=ls.host.model_id,
        tokenizer_id=kept.tokenizer_id,
        origin=kept.origin,
        sampling=kept.sampling,
        at=kept.at,
        nodes=kept.nodes,
    )
    return {"schema": 1, "tree": tree}


async def session_close(ls: "Server", params: Any) -> None:
    """Answer `tinylm/session/close`."""
    ls.sessions.drop(check.text(check.mapping(params), "sessionId"))


async def _act(ls: "Server", params: Any, action: dict[str, Any]) -> dict[str, Any]:
    session_id = check.text(check.mapping(params), "sessionId")
    kept = ls.sessions.get(session_id)
    async with ls.host.turns.turn(session_id, "session"):
        return await _ask(ls, session_id, kept, action)


async def _ask(ls: "Server", session_id: str, kept: Kept, action: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the worker; where it has no such session, send it along. Takes over what changed."""
    await ls.host.until_ready()
    if kept.tokenizer_id != ls.host.tokenizer.id:
        raise TinyLMError("the model was exchanged for one with another tokenizer; open the generation view again")
    values = {"sessionId": session_id, "tokenizer": kept.tokenizer_id, **kept.sampling, **action}
    answer = (await ls.host.ask("session", values)).header
    if answer.get("missing"):
        restored = {"origin": kept.origin, "nodes": kept.nodes, "at": kept.at}
        answer = (await ls.host.ask("session", {**values, **restored})).header
    kept.origin = answer["origin"] or kept.origin
    kept.sampling, kept.at = {**kept.sampling, "seed": answer["seed"]}, answer["at"]
    for number, record in answer["made"]:
        kept.nodes[number : number + 1] = [record]  # at the end a new one, elsewhere one that was chosen again
    return {"schema": 1, "sessionId": session_id, "modelId": ls.host.model_id, **answer["view"]}
