"""What a client is shown of a session: the result of every `tinylm/session/…` request but `save` and `close`.

Bounded whatever the session holds: the newest tokens, the likeliest candidates, the newest branches. Numbers in full.
"""

from typing import Any

from tinylm.session.outlook import Outlook
from tinylm.session.session import Session
from tinylm.session.session_file import sampling_record
from tinylm.session.tree import Node
from tinylm.tokens.byte_level import visible_from_bytes

__all__ = ["session_view"]

N_TOKENS = 200
N_CANDIDATES = 20
N_BRANCHES = 40
N_BRANCH_CHARS = 60


def session_view(session: Session, tail: bytes) -> dict[str, Any]:
    """Return a session as docs/protocol.md describes it, without ids."""
    path, n_prompt = session.path, session.path.n_prompt
    first = max(n_prompt, path.n_tokens - N_TOKENS)
    return {
        "text": _whole_characters(session.continuation),
        "firstToken": first - n_prompt,
        "nTokens": path.n_tokens - n_prompt,
        "tokens": [_token(session, node) for node in path.nodes[first + 1 :]],
        "ended": session.ended,
        "sampling": {**sampling_record(session.sampling), "stop": list(session.stop), "maxTokens": session.max_tokens},
        "seed": session.seed,
        "place": None if session.ended else _place(session, tail if path.n_tokens == n_prompt else b""),
        "branches": _branches(session),
    }


def _whole_characters(data: bytes) -> str:
    """Return bytes as text without a character that is unfinished at their end; others that are none read as U+FFFD."""
    for n_open in range(min(3, len(data)), 0, -1):
        lead = data[-n_open]
        if lead >= 0xC0 and n_open < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4):
            return data[:-n_open].decode("utf-8", "replace")
    return data.decode("utf-8", "replace")


def _token(session: Session, node: Node) -> dict[str, Any]:
    chosen = node.chosen
    assert chosen is not None and node.parent is not None
    return {
        "number": node.number,
        "tokenId": node.token_id,
        "raw": " ".join(map(session.vocabulary.raw, node.tokens)),
        "text": "".join(map(session.vocabulary.visible, node.tokens)),
        "bytes": node.data.hex(),
        "how": chosen.how,
        "logprob": chosen.logprob,
        "sampledLogprob": chosen.sampled_logprob,
        "rank": chosen.rank,
        "entropyBits": chosen.entropy_bits,
        "draw": chosen.draw,
        "contextTokens": chosen.context_tokens,
        "nTried": len(node.parent.children),
    }


def _place(session: Session, tail: bytes) -> dict[str, Any]:
    """Return the next token's candidates: the likeliest, and the one the draw falls on."""
    outlook, draw = session.outlook(), session.draw()
    drawn = outlook.chosen_by(draw)
    ends = outlook.cumulative
    rows = list(range(min(N_CANDIDATES, len(outlook.ids))))
    if drawn >= len(rows):
        rows.append(drawn)
    is_greedy = session.sampling.temperature == 0.0
    return {
        "startsWith": visible_from_bytes(tail) if tail else None,
        "entropyBits": outlook.entropy_bits,
        "contextTokens": session.tree.context_tokens(session.path, session.path.n_tokens),
        "nCandidates": len(outlook.ids),
        "nSurvivors": outlook.n_survivors,
        "cuts": [{"filter": name, "nTokens": count} for name, count in outlook.cut_counts().items()],
        "draw": None if is_greedy else draw,
        "drawnRank": drawn + 1,
        "candidates": [_candidate(session, outlook, row, float(ends[row])) for row in rows],
    }


def _candidate(session: Session, outlook: Outlook, row: int, end: float) -> dict[str, Any]:
    token_id = int(outlook.ids[row])
    return {
        "rank": row + 1,
        "tokenId": token_id,
        "raw": session.vocabulary.raw(token_id),
        "text": session.vocabulary.visible(token_id),
        "logprob": float(outlook.logprob[row]),
        "sampledLogprob": outlook.sampled_logprob(row),
        "cutBy": outlook.cut_name(row) or None,
        "start": end - float(outlook.probability[row]),
        "end": end,
    }


def _branches(session: Session) -> list[dict[str, Any]]:
    """Return the newest tips of the tree, the newest first: how far each goes with the path, and what comes then."""
    path = session.path
    on_path = {node: index for index, node in enumerate(path.nodes)}
    tips = [node for node in session.tree.nodes if not node.children]
    return [_branch(session, tip, on_path) for tip in reversed(tips[-N_BRANCHES:])]


def _branch(session: Session, tip: Node, on_path: dict[Node, int]) -> dict[str, Any]:
    own: list[Node] = []
    at = tip
    while at not in on_path and at.parent is not None:
        own.append(at)
        at = at.parent
    shared = on_path[at] - session.path.n_prompt
    text = visible_from_bytes(b"".join(node.data for node in reversed(own)))
    return {
        "number": tip.number,
        "nShared": shared,
        "nTokens": shared + len(own),
        "text": text if len(text) <= N_BRANCH_CHARS else text[:N_BRANCH_CHARS] + "…",
        "logprob": sum(node.chosen.logprob for node in own if node.chosen is not None),
        "isCurrent": tip is session.path.nodes[-1],
    }
