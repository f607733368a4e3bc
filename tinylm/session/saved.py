"""A session's tree as plain data and back: what survives a process that died, and what a person may keep in a file.

One record a node, in the order they were made; a parent stands before its children. Token ids and their numbers are
saved, logits are not: they are read again when somebody asks. Files are other people's data: everything is checked.
"""

import math
from dataclasses import dataclass
from typing import Any

from tinylm.errors import BadData
from tinylm.session.session import Session
from tinylm.session.tree import Chosen, Node

__all__ = ["MAX_NODES", "SavedNode", "grow", "node_record", "read_nodes", "replant"]

MAX_NODES = 20_000

_HOW = ("drawn", "greedy", "by hand")


@dataclass(frozen=True)
class SavedNode:
    """One node of a saved tree: its parent's number (-1 is the prompt's end), its tokens, and how it was chosen."""

    parent: int
    tokens: tuple[int, ...]
    chosen: Chosen


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
    nodes, place = read_nodes(records, at, vocab_size)
    for node in nodes:
        grow(session, node)
    session.go(place)


def grow(session: Session, node: SavedNode) -> int:
    """Give a session the next node of a saved tree. Returns its number."""
    tree = session.tree
    parent = tree.nodes[node.parent] if node.parent >= 0 else session.path.nodes[session.n_prompt]
    return tree.grown(parent, node.tokens, node.chosen).number


def read_nodes(records: object, at: object, vocab_size: int) -> tuple[list[SavedNode], int | None]:
    """Check a saved tree; arguments and errors are those of `replant`. Returns its nodes, and where it stands."""
    if not isinstance(records, list) or len(records) > MAX_NODES:
        raise BadData(f"the saved tree is no list of at most {MAX_NODES:,} nodes")
    nodes = [_read(record, number, vocab_size) for number, record in enumerate(records)]
    if len({(node.parent, node.tokens) for node in nodes}) != len(nodes):
        raise BadData("the saved tree names the same token twice in one place")
    if at is None:
        return nodes, None
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < len(nodes):
        raise BadData(f"the saved tree stands at node {at!r}, but has {len(nodes)}")
    return nodes, at


def _read(node: object, number: int, vocab_size: int) -> SavedNode:
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
    chosen = Chosen(tokens[-1], logprob, sampled, rank, entropy_bits, draw, how, context_tokens)
    return SavedNode(parent, tuple(tokens), chosen)


def _are_ids(tokens: Any, vocab_size: int) -> bool:
    is_list = isinstance(tokens, list) and 1 <= len(tokens) <= 64
    return is_list and all(_is_count(token) and token < vocab_size for token in tokens)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
