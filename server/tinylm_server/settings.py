"""The server's settings, section "tinylm": the one definition of their names, types, defaults and bounds.

A test compares it with the extension's package.json. A value of the wrong type or out of its bounds is replaced by
the default, with one warning that names the key; nothing a person writes into settings can stop the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

__all__ = ["KEYS", "SECTION", "Settings", "settings_from"]

SECTION = "tinylm"


@dataclass(frozen=True)
class Settings:
    """Every setting the server reads. The key of each, and the bounds of numbers, stand in its metadata."""

    model_path: str = field(default="", metadata={"key": "model.path"})
    hover_alternatives: int = field(default=10, metadata={"key": "hover.alternatives", "low": 1, "high": 100})
    completion_enabled: bool = field(default=True, metadata={"key": "completion.enabled"})
    completion_max_items: int = field(default=8, metadata={"key": "completion.maxItems", "low": 1, "high": 50})
    inline_enabled: bool = field(default=True, metadata={"key": "inlineCompletion.enabled"})
    inline_max_tokens: int = field(default=24, metadata={"key": "inlineCompletion.maxTokens", "low": 1, "high": 200})
    inline_max_lines: int = field(default=1, metadata={"key": "inlineCompletion.maxLines", "low": 1, "high": 20})
    inline_min_confidence: float = field(
        default=0.05, metadata={"key": "inlineCompletion.minConfidence", "low": 0, "high": 1}
    )
    inline_min_token_probability: float = field(
        default=0.0, metadata={"key": "inlineCompletion.minTokenProbability", "low": 0, "high": 1}
    )
    inline_suggestions: int = field(default=3, metadata={"key": "inlineCompletion.suggestions", "low": 1, "high": 10})
    inline_max_delay: int = field(default=300, metadata={"key": "inlineCompletion.maxDelay", "low": 0, "high": 10_000})
    inline_cache_characters: int = field(
        default=20_000, metadata={"key": "inlineCompletion.cacheCharacters", "low": 0, "high": 1_000_000}
    )
    inline_languages: tuple[str, ...] = field(
        default=("plaintext", "markdown", "text"), metadata={"key": "inlineCompletion.languages"}
    )
    temperature: float = field(default=0.8, metadata={"key": "generation.temperature", "low": 0, "high": 10})
    top_k: int = field(default=0, metadata={"key": "generation.topK", "low": 0, "high": 100_000})
    top_p: float = field(default=0.95, metadata={"key": "generation.topP", "low": 0, "high": 1})
    min_p: float = field(default=0.0, metadata={"key": "generation.minP", "low": 0, "high": 1})
    typical_p: float = field(default=1.0, metadata={"key": "generation.typicalP", "low": 0, "high": 1})
    repetition_penalty: float = field(
        default=1.0, metadata={"key": "generation.repetitionPenalty", "low": 0.1, "high": 10}
    )
    presence_penalty: float = field(default=0.0, metadata={"key": "generation.presencePenalty", "low": -10, "high": 10})
    seed: int = field(default=-1, metadata={"key": "generation.seed", "low": -1, "high": 2**53})
    stop: tuple[str, ...] = field(default=(), metadata={"key": "generation.stop"})
    max_tokens: int = field(default=200, metadata={"key": "generation.maxTokens", "low": 1, "high": 10_000})
    threads: int = field(default=0, metadata={"key": "threads", "low": 0, "high": 256})
    special_tokens: bool = field(default=False, metadata={"key": "specialTokens"})
    max_cells: int = field(default=5000, metadata={"key": "maxCells", "low": 1, "high": 1_000_000})
    training_folder: str = field(default="", metadata={"key": "training.folder"})
    training_pauses_completions: bool = field(default=False, metadata={"key": "training.pauseCompletions"})


# setting key -> attribute
KEYS = {str(item.metadata["key"]): item.name for item in fields(Settings)}


def settings_from(values: object) -> tuple[Settings, list[str]]:
    """Return the settings in the client's object, and a warning for each value that had to be replaced.

    Args:
        values: what the client sent for the section, nested ({"hover": {"alternatives": 5}}) or with dotted keys.
            Absent and null values mean the default; unknown keys are the extension's own and are ignored.
    """
    warnings: list[str] = []
    found: dict[str, object] = {}
    if not isinstance(values, Mapping):
        return Settings(), [] if values is None else [f'setting "{SECTION}": expected an object; the defaults are used']
    for item in fields(Settings):
        key = str(item.metadata["key"])
        value = _look_up(values, key)
        if value is None:
            continue
        fitted = _fit(value, item.default, item.metadata)
        if fitted is None:
            shown = repr(value)[:60]
            warnings.append(f'setting "{SECTION}.{key}" is {shown}; {_expectation(item.default, item.metadata)}')
        else:
            found[item.name] = fitted
    return Settings(**found), warnings  # type: ignore[arg-type]  # each value was fitted to its field's type above


def _look_up(values: Mapping[str, object], key: str) -> object:
    if key in values:
        return values[key]
    current: object = values
    for part in key.split("."):
        if not isinstance(current, Mapping):
            return None
        current = current.get(part)
    return current


def _fit(value: object, default: object, metadata: Mapping[str, object]) -> object | None:
    """Return the value in the type of the default, None when it does not fit."""
    if isinstance(default, bool):
        return value if isinstance(value, bool) else None
    if isinstance(default, str):
        return value if isinstance(value, str) and "\0" not in value else None
    if isinstance(default, tuple):
        if isinstance(value, list | tuple) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = metadata["low"], metadata["high"]
    assert isinstance(low, int | float) and isinstance(high, int | float)
    if not low <= value <= high or (isinstance(default, int) and value != int(value)):
        return None
    return type(default)(value)  # type: ignore[call-arg]  # int or float


def _expectation(default: object, metadata: Mapping[str, object]) -> str:
    if isinstance(default, bool):
        kind = "true or false"
    elif isinstance(default, str):
        kind = "a text"
    elif isinstance(default, tuple):
        kind = "a list of texts"
    else:
        kind = f"a number from {metadata['low']} to {metadata['high']}"
    shown = list(default) if isinstance(default, tuple) else default
    return f"expected {kind}; {shown!r} is used"
