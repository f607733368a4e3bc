"""Read model.safetensors into NumPy arrays, with every size checked before memory is taken.

The format is eight bytes of header length, a JSON header (name, dtype, shape, byte range), then the data:
https://huggingface.co/docs/safetensors. It is read here, not mapped into memory: a file that shrinks while mapped kills
the process. Pickle formats are not read at all.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData
from tinylm.model.config import ModelConfig
from tinylm.reading import read_file

__all__ = ["LayerTensors", "ModelTensors", "expected_shapes", "load_tensors"]

Floats = NDArray[np.float32]

_DTYPE_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
_MAX_HEADER_BYTES = 2**20  # 12 layers take 15 kB
_MAX_WEIGHT = 1e9  # squares and their sums stay finite in float32; trained weights stay under a hundred
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
_ADVICE = "copy or train the model again"

_LAYER_NAMES = {
    "ln_1_weight": "ln_1.weight",
    "ln_1_bias": "ln_1.bias",
    "qkv_weight": "attn.c_attn.weight",
    "qkv_bias": "attn.c_attn.bias",
    "out_weight": "attn.c_proj.weight",
    "out_bias": "attn.c_proj.bias",
    "ln_2_weight": "ln_2.weight",
    "ln_2_bias": "ln_2.bias",
    "up_weight": "mlp.c_fc.weight",
    "up_bias": "mlp.c_fc.bias",
    "down_weight": "mlp.c_proj.weight",
    "down_bias": "mlp.c_proj.bias",
}


@dataclass(frozen=True)
class LayerTensors:
    """One block of GPT-2 as stored; matrices are (inputs, outputs)."""

    ln_1_weight: Floats
    ln_1_bias: Floats
    qkv_weight: Floats
    qkv_bias: Floats
    out_weight: Floats
    out_bias: Floats
    ln_2_weight: Floats
    ln_2_bias: Floats
    up_weight: Floats
    up_bias: Floats
    down_weight: Floats
    down_bias: Floats


@dataclass(frozen=True)
class ModelTensors:
    """The weights of a GPT-2 as stored, float32, finite. `id`: first 12 hex digits of the file's SHA-256."""

    id: str
    token_embedding: Floats  # (V, D), also the head
    position_embedding: Floats  # (block_size, D)
    layers: list[LayerTensors]
    ln_f_weight: Floats
    ln_f_bias: Floats


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that a GPT-2 of this shape has, by its name in the file without prefix."""
    d, inner = config.n_embd, config.n_inner
    shapes: dict[str, tuple[int, ...]] = {
        "wte.weight": (config.vocab_size, d),
        "wpe.weight": (config.block_size, d),
        "ln_f.weight": (d,),
        "ln_f.bias": (d,),
    }
    layer = [(d,), (d,), (d, 3 * d), (3 * d,), (d, d), (d,), (d,), (d,), (d, inner), (inner,), (inner, d), (d,)]
    for index in range(config.n_layer):
        for name, shape in zip(_LAYER_NAMES.values(), layer, strict=True):
            shapes[f"h.{index}.{name}"] = shape
    return shapes


def load_tensors(directory: Path, config: ModelConfig) -> ModelTensors:
    """Read the weights of a model directory.

    Args:
        directory: holds model.safetensors.
        config: the shape that the file must have, to the byte.

    Raises:
        BadData: the file is missing, damaged, of another shape, or holds NaN or infinity.
    """
    path = directory / "model.safetensors"
    _refuse_pickles(directory, path)
    # Twice the float32 size leaves room for a second copy of the head and for old attention masks.
    limit = 8 * config.n_params + 64 * 2**20
    data = read_file(path, max_bytes=limit, what="the weights of this model", advice=_ADVICE)
    tensors = _read(data, path, config)
    layers = [
        LayerTensors(**{field: tensors[f"h.{index}.{name}"] for field, name in _LAYER_NAMES.items()})
        for index in range(config.n_layer)
    ]
    return ModelTensors(
        id=hashlib.sha256(data).hexdigest()[:12],
        token_embedding=tensors["wte.weight"],
        position_embedding=tensors["wpe.weight"],
        layers=layers,
        ln_f_weight=tensors["ln_f.weight"],
        ln_f_bias=tensors["ln_f.bias"],
    )


def _refuse_pickles(directory: Path, path: Path) -> None:
    if path.exists():
        return
    pickles = sorted(file.name for pattern in _PICKLES for file in directory.glob(pattern))
    if pickles:
        raise BadData(
            f"{directory}: has {pickles[0]} but no model.safetensors; pickle formats are not loaded, because they can "
            "run code: load it with transformers where you trust it and save_pretrained it as safetensors"
        )


def _read(data: bytes, path: Path, config: ModelConfig) -> dict[str, Floats]:
    header, start = _header(data, path)
    entries = {name: _entry(name, entry, path) for name, entry in header.items() if name != "__metadata__"}
    _check_ranges(entries, len(data) - start, path)
    shapes = expected_shapes(config)
    tensors: dict[str, Floats] = {}
    for full_name, (dtype, shape, begin, _) in entries.items():
        name = full_name.removeprefix("transformer.")
        if name.endswith((".attn.bias", ".attn.masked_bias")):  # old files store the causal mask
            continue
        expected = shapes["wte.weight"] if name == "lm_head.weight" else shapes.get(name)
        if expected is None:
            raise BadData(f"{path}: has the tensor {full_name[:80]!r}, which a GPT-2 of this config has not")
        if shape != expected:
            raise BadData(f"{path}: {full_name} is {list(shape)}, but config.json says {list(expected)}")
        tensors[name] = _tensor(data, start + begin, dtype, shape)
        if not np.abs(tensors[name]).max() <= _MAX_WEIGHT:  # so written that NaN is refused too
            raise BadData(
                f"{path}: {full_name} holds NaN, infinity or numbers beyond {_MAX_WEIGHT:g}; "
                "the training that made it went wrong: take an earlier checkpoint"
            )
    missing = sorted(shapes.keys() - tensors.keys())
    if missing:
        raise BadData(f"{path}: lacks {len(missing)} of the model's tensors (first {missing[0]}); {_ADVICE}")
    head = tensors.pop("lm_head.weight", None)
    if head is not None and not np.array_equal(head, tensors["wte.weight"]):
        raise BadData(f"{path}: its lm_head.weight differs from wte.weight; only tied models are read")
    return tensors


def _header(data: bytes, path: Path) -> tuple[dict[str, object], int]:
    n_header = int.from_bytes(data[:8], "little") if len(data) >= 8 else 0
    if not 2 <= n_header <= min(_MAX_HEADER_BYTES, len(data) - 8):
        raise BadData(f"{path}: no safetensors file, or cut short ({len(data):,} bytes); {_ADVICE}")
    try:
        header = json.loads(data[8 : 8 + n_header].decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadData(f"{path}: its safetensors header is not JSON; {_ADVICE}") from None
    if not isinstance(header, dict):
        raise BadData(f"{path}: its safetensors header is no JSON object; {_ADVICE}")
    return header, 8 + n_header


def _entry(name: str, entry: object, path: Path) -> tuple[str, tuple[int, ...], int, int]:
    """Return dtype, shape, first and last byte of a tensor, the header's claim having been checked in itself."""
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]}:
            pass
        case _:
            raise BadData(f"{path}: the header's entry for {name[:80]!r} is malformed; {_ADVICE}")
    if name.endswith((".attn.bias", ".attn.masked_bias")):
        return dtype, tuple(shape), begin, end
    if dtype not in _DTYPE_BYTES:
        raise BadData(f"{path}: {name[:80]} is {dtype[:20]}, expected F32, F16 or BF16")
    if not all(type(n) is int and 0 < n < 2**31 for n in shape):
        raise BadData(f"{path}: {name[:80]} has an impossible shape; {_ADVICE}")
    n_elements = 1
    for n in shape:
        n_elements *= n
    if end - begin != n_elements * _DTYPE_BYTES[dtype]:
        raise BadData(f"{path}: {name[:80]} takes {end - begin:,} bytes, which is not its shape; {_ADVICE}")
    return dtype, tuple(shape), begin, end


def _check_ranges(entries: dict[str, tuple[str, tuple[int, ...], int, int]], n_bytes: int, path: Path) -> None:
    """See that the tensors tile the data: no overlap, no hole, nothing after the last."""
    at = 0
    for begin, end in sorted((begin, end) for _, _, begin, end in entries.values()):
        if begin != at or end < begin:
            raise BadData(f"{path}: its tensors overlap or leave holes (at byte {begin:,}); {_ADVICE}")
        at = end
    if at != n_bytes:
        raise BadData(f"{path}: has {n_bytes:,} bytes of data, but its header tells of {at:,}; {_ADVICE}")


def _tensor(data: bytes, start: int, dtype: str, shape: tuple[int, ...]) -> Floats:
    count = int(np.prod(shape))
    if dtype == "BF16":
        bits = np.frombuffer(data, np.dtype("<u2"), count, start).astype(np.uint32) << 16
        return bits.view(np.float32).reshape(shape)
    numpy_dtype = np.dtype("<f4") if dtype == "F32" else np.dtype("<f2")
    return np.frombuffer(data, numpy_dtype, count, start).astype(np.float32).reshape(shape)
