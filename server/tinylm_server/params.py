"""Checks on the parameters of our own messages: plain JSON in, typed values out, or -32602 with the reason."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

__all__ = [
    "absolute_path",
    "flag",
    "integer",
    "items",
    "mapping",
    "number",
    "position",
    "range_of",
    "refusal",
    "text",
    "uri_of",
]

MAX_UINT = 2**31 - 1


def mapping(value: Any, where: str = "params") -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(value, dict):
        raise JsonRpcInvalidParams(f"{where}: expected an object, got {_kind(value)}")
    return value


def items(params: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list."""
    value = params.get(key)
    if not isinstance(value, list):
        raise JsonRpcInvalidParams(f"{key}: expected an array, got {_kind(value)}")
    return value


def text(params: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """Return a string; without a default it is required."""
    value = params.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or "\0" in value:
        raise JsonRpcInvalidParams(f"{key}: expected a string, got {_kind(value)}")
    return value


def absolute_path(params: Mapping[str, Any], key: str) -> str:
    """Return a path, normalised; a relative one or one with control characters is refused."""
    value = text(params, key)
    if not Path(value).is_absolute() or any(ord(char) < 32 for char in value):
        raise JsonRpcInvalidParams(f"{key}: expected an absolute path, got {value[:80]!r}")
    return str(Path(value))


def flag(params: Mapping[str, Any], key: str) -> bool:
    """Return a boolean, false when absent."""
    value = params.get(key, False)
    if not isinstance(value, bool):
        raise JsonRpcInvalidParams(f"{key}: expected true or false, got {_kind(value)}")
    return value


def number(params: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    """Return a number within bounds, the default when absent or null."""
    value = params.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise JsonRpcInvalidParams(f"{key}: expected a number from {low} to {high}, got {str(value)[:40]}")
    return value


def integer(params: Mapping[str, Any], key: str, default: int | None = None, low: int = 0, high: int = MAX_UINT) -> int:
    """Return a whole number within bounds; without a default it is required."""
    value = params.get(key)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise JsonRpcInvalidParams(f"{key}: expected a whole number from {low} to {high}, got {str(value)[:40]}")
    return value


def uri_of(params: Mapping[str, Any]) -> str:
    """Return the URI in `textDocument`."""
    return text(mapping(params.get("textDocument"), "textDocument"), "uri")


def position(value: Any, where: str) -> lsp.Position:
    """Return a position."""
    fields = mapping(value, where)
    return lsp.Position(line=integer(fields, "line"), character=integer(fields, "character"))


def range_of(value: Any, where: str) -> lsp.Range:
    """Return a range; a reversed one is turned round."""
    fields = mapping(value, where)
    start, end = position(fields.get("start"), f"{where}.start"), position(fields.get("end"), f"{where}.end")
    if (end.line, end.character) < (start.line, start.character):
        start, end = end, start
    return lsp.Range(start=start, end=end)


def refusal(reason: str, data: Any = None) -> JsonRpcException:
    """Return the error for a request that is well formed but cannot be fulfilled now: -32803, RequestFailed."""
    return JsonRpcException(reason, lsp.LSPErrorCodes.RequestFailed, data)


def _kind(value: Any) -> str:
    names = {type(None): "nothing", bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "an array" if isinstance(value, list) else "an object")
