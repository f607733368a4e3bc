"""The sampling parameters that `tinylm/generate` and `tinylm/session/…` share: names, bounds, defaults from settings.

The order in which they work is that of `tinylm.model.sampling`.
"""

from collections.abc import Mapping
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from tinylm.errors import UsageError
from tinylm.model.stop_strings import StopStrings
from tinylm_server import params as check
from tinylm_server.settings import Settings

__all__ = ["sampling_values", "sampling_values_of"]

Values = dict[str, Any]


def sampling_values(fields: Mapping[str, Any], settings: Settings) -> Values:
    """Return every sampling parameter of a request; absent ones are those of the settings."""
    return _checked(
        fields,
        {
            "repetitionPenalty": settings.repetition_penalty,
            "presencePenalty": settings.presence_penalty,
            "temperature": settings.temperature,
            "topK": settings.top_k,
            "topP": settings.top_p,
            "minP": settings.min_p,
            "typicalP": settings.typical_p,
            "seed": settings.seed if settings.seed >= 0 else None,
            "stop": list(settings.stop),
            "maxTokens": settings.max_tokens,
        },
    )


def sampling_values_of(fields: Mapping[str, Any], present: Values) -> Values:
    """Return the same where absent parameters stay as they are."""
    return _checked(fields, present)


def _checked(fields: Mapping[str, Any], defaults: Values) -> Values:
    stop = fields.get("stop", defaults["stop"])
    if not isinstance(stop, list) or not all(isinstance(each, str) for each in stop):
        raise JsonRpcInvalidParams("stop: expected an array of strings")
    seed = fields["seed"] if "seed" in fields else defaults["seed"]
    values = {
        "repetitionPenalty": check.number(fields, "repetitionPenalty", defaults["repetitionPenalty"], 0.1, 10),
        "presencePenalty": check.number(fields, "presencePenalty", defaults["presencePenalty"], -10, 10),
        "temperature": check.number(fields, "temperature", defaults["temperature"], 0, 100),
        "topK": check.integer(fields, "topK", defaults["topK"]),
        "topP": check.number(fields, "topP", defaults["topP"], 0, 1) or 1e-9,
        "minP": check.number(fields, "minP", defaults["minP"], 0, 1),
        "typicalP": check.number(fields, "typicalP", defaults["typicalP"], 0, 1) or 1e-9,
        "seed": None if seed is None else check.integer({"seed": seed}, "seed", high=2**53),
        "stop": stop,
        "maxTokens": check.integer(fields, "maxTokens", defaults["maxTokens"], low=1, high=100_000),
    }
    try:
        StopStrings(stop)
    except UsageError as error:
        raise JsonRpcInvalidParams(f"stop: {error}") from None
    return values
