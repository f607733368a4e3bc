"""Messages between the front process and the inference worker: a JSON header and raw arrays.

One frame: two 4-byte little-endian lengths (header, payload), the header as UTF-8 JSON, the arrays' bytes one after the
other. The header lists name, dtype and shape of each array under "arrays". Nothing is pickled. Both ends are ours, so
a frame that does not parse is a defect and raises ValueError.
"""

import asyncio
import json
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frame", "pack", "read_frame", "read_frame_async"]

_LENGTHS = struct.Struct("<II")
_DTYPES = {"int32", "int64", "float32", "uint8", "bool"}


@dataclass(frozen=True)
class Frame:
    """One message. `header` is JSON; `arrays` are read-only."""

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def pack(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    described = [[name, str(array.dtype), list(array.shape)] for name, array in frame.arrays.items()]
    assert all(dtype in _DTYPES for _, dtype, _ in described), described
    header = json.dumps({**frame.header, "arrays": described}).encode()
    payload = b"".join(np.ascontiguousarray(array).tobytes() for array in frame.arrays.values())
    return _LENGTHS.pack(len(header), len(payload)) + header + payload


def read_frame(stream: BinaryIO) -> Frame | None:
    """Read one frame; None at the end of the stream, also in the middle of a frame."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header_length, payload_length = _LENGTHS.unpack(lengths)
    data = stream.read(header_length + payload_length)
    if len(data) < header_length + payload_length:
        return None
    return _unpack(data[:header_length], data[header_length:])


async def read_frame_async(reader: asyncio.StreamReader) -> Frame | None:
    """Read one frame; None at the end of the stream."""
    try:
        header_length, payload_length = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        header = await reader.readexactly(header_length)
        return _unpack(header, await reader.readexactly(payload_length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _unpack(header: bytes, payload: bytes) -> Frame:
    values = json.loads(header)
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, dtype_name, shape in values.pop("arrays"):
        if dtype_name not in _DTYPES:
            raise ValueError(f"unknown dtype {dtype_name!r}")
        dtype = np.dtype(dtype_name)
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(payload, dtype=dtype, count=count, offset=offset).reshape(shape)
        offset += count * dtype.itemsize
    return Frame(values, arrays)
