"""The outer form of a saved session, for those who pass it on without a model; docs/protocol.md has the fields."""

from collections.abc import Mapping
from typing import Any

from tinylm.errors import BadData

__all__ = ["check_header", "session_record"]

KIND, SCHEMA = "tinylm.session", 1


def session_record(
    *,
    model_id: str | None,
    tokenizer_id: str,
    origin: Mapping[str, Any],
    sampling: Mapping[str, Any],
    at: int | None,
    nodes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return a session as plain data.

    Args:
        model_id: of the model that made it.
        tokenizer_id: of that model's tokenizer.
        origin: `promptIds`, `tail` (hexadecimal) and `startsDocument`: where it begins.
        sampling: as `sampling_record`, with `seed`, `stop` and `maxTokens`.
        at: the number of the node where it stands; None for the prompt's end.
        nodes: as `node_record` makes them.
    """
    header = {"kind": KIND, "schema": SCHEMA, "modelId": model_id, "tokenizerId": tokenizer_id}
    return {**header, **origin, "sampling": sampling, "at": at, "nodes": nodes}


def check_header(record: Mapping[str, Any], tokenizer_id: str) -> None:
    """Raise BadData unless this is a saved session, made with that tokenizer."""
    if record.get("kind") != KIND or record.get("schema") != SCHEMA:
        raise BadData(f'this is no saved generation: expected "kind": "{KIND}" and "schema": {SCHEMA}')
    if record.get("tokenizerId") != tokenizer_id:
        raise BadData("the tree was saved with another tokenizer; select the model that it was made with")
