"""A session's tree as plain data and back: what survives a process that died, and what a person may keep in a file.

One record a node, in the order they were made; a parent stands before its children. Token ids and their numbers are
saved, logits are not: they are read again when somebody asks. Files are other people's data: everything is checked.
"""

import math
from typing import Any

from tinylm.errors import BadData
from tinylm.session.session import Session
from tinylm.session.tree import Chosen, Node

__all__ = ["MAX_NODES", "node_record", "replant"]

MAX_NODES = 20_000

_HOW = ("drawn", "greedy", "by hand")


def node_record(session: Session, node: Node) -> dict[str, Any]:
    """Return one node: its parent's number (-1 is the prompt's end), its tokens, and how it was chosen.

    `text` is for people and never read back. Log probabilities in nats, the entropy in bits.
    """
    chosen = node.chosen
    assert chosen is not None and node.parent is not None
    return {
        "parent": node.parent.number,
        "tokens": list(node.tokens),
        "text": "".join(map(session.vocabulary.visible, node.tokens)),
        "how": chosen.how,
        "draw": chosen.draw,
        "logprob": chosen.logprob,
        "sampledLogprob": chosen.sampled_logprob,
        "rank": chosen.rank,
        "entropyBits": chosen.entropy_bits,
        "contextTokens": chosen.context_tokens,
    }


def replant(session: Session, records: object, at: object, vocab_size: int) -> None:
    """Give a session that has just begun the nodes of a tree, and go to one of them.

    Args:
        session: at the end of its prompt, without nodes.
        records: as `node_record` made them.
        at: the number of the node to go to; None for the prompt's end.
        vocab_size: token ids are below it.

    Raises:
        BadData: something is not as it was saved.
    """
    if not isinstance(records, list) or len(records) > MAX_NODES:
        raise BadData(f"the saved tree is no list of at most {MAX_NODES:,} nodes")
    root = session.path.nodes[-1]
    for number, record in enumerate(records):
        parent, tokens, chosen = _read(record, number, vocab_size)
        session.tree.grown(session.tree.nodes[parent] if parent >= 0 else root, tokens, chosen)
    if len(session.tree.nodes) != len(records):
        raise BadData("the saved tree names the same token twice in one place")
    if not (at is None or (isinstance(at, int) and not isinstance(at, bool) and session.go(at))):
        raise BadData(f"the saved tree stands at node {at!r}, but has {len(records)}")


def _read(node: object, number: int, vocab_size: int) -> tuple[int, tuple[int, ...], Chosen]:
    where = f"node {number} of the saved tree"
    if not isinstance(node, dict):
        raise BadData(f"{where} is no object")
    record: Any = node
    parent, tokens = record.get("parent"), record.get("tokens")
    if not isinstance(parent, int) or isinstance(parent, bool) or not -1 <= parent < number:
        raise BadData(f"{where}: its parent is {parent!r}, expected a node before it, or -1")
    if not _are_ids(tokens, vocab_size):
        raise BadData(f"{where}: its tokens are no token ids below {vocab_size}")
    logprob, entropy_bits = record.get("logprob"), record.get("entropyBits")
    draw, sampled = record.get("draw"), record.get("sampledLogprob")
    if not all(_is_finite(each) for each in (logprob, entropy_bits, draw or 0.0, sampled or 0.0)):
        raise BadData(f"{where}: a number is missing or not finite")
    rank, context_tokens, how = record.get("rank"), record.get("contextTokens"), record.get("how")
    if not _is_count(rank) or not _is_count(context_tokens) or how not in _HOW:
        raise BadData(f"{where}: rank, contextTokens or how is not what was saved")
    return parent, tuple(tokens), Chosen(tokens[-1], logprob, sampled, rank, entropy_bits, draw, how, context_tokens)


def _are_ids(tokens: Any, vocab_size: int) -> bool:
    is_list = isinstance(tokens, list) and 1 <= len(tokens) <= 64
    return is_list and all(_is_count(token) and token < vocab_size for token in tokens)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
