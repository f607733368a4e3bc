"""A session as a JSON file: written by the editor's generation view and by `tinylm demo --save`, replayed by the demo.

A file is another's data: everything in it is checked.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinylm.errors import BadData, UsageError
from tinylm.files import write_file
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.reading import read_file
from tinylm.session.record import check_header, session_record
from tinylm.session.replay import Replay
from tinylm.session.saved import node_record, read_nodes
from tinylm.session.session import Session

__all__ = ["load_session", "sampling_from", "sampling_record", "save_session"]

MAX_BYTES = 32 * 2**20  # the largest tree allowed has some 6 MB

_NAMES = {
    "repetitionPenalty": "repetition_penalty",
    "presencePenalty": "presence_penalty",
    "temperature": "temperature",
    "topK": "top_k",
    "topP": "top_p",
    "minP": "min_p",
    "typicalP": "typical_p",
}


def sampling_record(sampling: SamplingConfig) -> dict[str, Any]:
    """Return penalties, temperature and filters under the names of the protocol, without the seed."""
    return {name: getattr(sampling, field) for name, field in _NAMES.items()}


def sampling_from(values: Mapping[str, Any]) -> SamplingConfig:
    """Return the sampling settings from values under those names and `seed`.

    Raises:
        KeyError: one is missing.
        UsageError: one is out of its range.
    """
    return SamplingConfig(**{field: values[name] for name, field in _NAMES.items()}, seed=values["seed"])


def save_session(session: Session, model: LanguageModel, file: Path) -> None:
    """Write a session that began with a whole prompt at the start of its document.

    Raises:
        DiskProblem: the place cannot be written.
    """
    sampling = {**sampling_record(session.sampling), "seed": session.seed}
    at = session.path.nodes[-1].number
    record = session_record(
        model_id=model.id,
        tokenizer_id=model.tokenizer.id,
        origin={"promptIds": session.ids[: session.n_prompt], "tail": "", "startsDocument": True},
        sampling={**sampling, "stop": list(session.stop), "maxTokens": session.max_tokens},
        at=at if at >= 0 else None,
        nodes=[node_record(session, node) for node in session.tree.nodes],
    )
    write_file(file, json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n")


def load_session(file: Path, model: LanguageModel) -> tuple[Session, Replay]:
    """Return the session of a file at its prompt's end, and what was done in it.

    Raises:
        BadData: the file is missing, is no saved session, or needs another model; the message names it.
        DiskProblem: it may not be read.
    """
    data = read_file(file, max_bytes=MAX_BYTES, what="a saved generation", advice="name another file")
    try:
        record = _parsed(data)
        check_header(record, model.tokenizer.id)
        if record.get("modelId") != model.id:
            saved = str(record.get("modelId"))[:40]
            raise BadData(f"it was saved with the model {saved}, this is {model.id}; name the one it was made with")
        return _opened(record, model)
    except (BadData, UsageError) as error:
        raise BadData(f"{file}: {error}") from error


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadData("this is no saved generation: it is no JSON") from error
    if not isinstance(record, dict):
        raise BadData("this is no saved generation: it is no JSON object")
    return record


def _opened(record: Mapping[str, Any], model: LanguageModel) -> tuple[Session, Replay]:
    if record.get("tail"):
        raise BadData("it begins inside a token; the editor's generation view can open it")
    if not record.get("startsDocument", True):
        raise BadData("it begins in the middle of a document; the editor's generation view can open it")
    vocab_size, prompt_ids = model.tokenizer.vocab_size, record.get("promptIds")
    if not isinstance(prompt_ids, list) or not all(type(each) is int and 0 <= each < vocab_size for each in prompt_ids):
        raise BadData(f"promptIds: expected token ids below {vocab_size}")
    nodes, at = read_nodes(record.get("nodes"), record.get("at"), vocab_size)
    settings: Any = record.get("sampling")
    try:
        sampling, stop, max_tokens = sampling_from(settings), list(settings["stop"]), settings["maxTokens"]
        session = Session(model.tokenizer, model.decoder, sampling=sampling, max_tokens=max_tokens, stop=stop)
    except (KeyError, TypeError) as error:
        raise BadData(f"sampling: something is missing or of another kind ({error})") from error
    session.begin(prompt_ids)
    session.prompt = model.tokenizer.decode(prompt_ids)
    return session, Replay(session, nodes, at)
