"""Every model directory that cannot be served is refused with one line that says why; every float format is read."""

import json
import shutil
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.tinylm.test_engine import random_ids
from tinylm.errors import BadData
from tinylm.model.engine import Engine
from tinylm.model.language_model import LanguageModel


@pytest.fixture
def copy(model_directory, tmp_path):
    return shutil.copytree(model_directory, tmp_path / "copy")


def refused(directory):
    with pytest.raises(BadData) as caught:
        LanguageModel.load(directory)
    line = str(caught.value)
    assert "\n" not in line
    assert str(directory) in line
    return line


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("model_type", "llama", '`model_type` is "llama", expected "gpt2"'),
        ("activation_function", "relu", "`activation_function`"),
        ("auto_map", {"AutoModel": "evil.py"}, "unknown key `auto_map`"),
        ("_attn_implementation_internal", "x", "unknown key"),
        ("n_layer", 10**6, "`n_layer` is 1000000, expected a whole number from 1 to 96"),
        ("n_layer", 2.0, "`n_layer` is 2.0"),
        ("n_layer", True, "`n_layer` is true"),
        ("n_embd", None, "`n_embd` is null"),
        ("n_head", 5, "`n_embd` is 32, not a multiple of `n_head`, 5"),
        ("layer_norm_epsilon", 0.0, "`layer_norm_epsilon`"),
        ("scale_attn_by_inverse_layer_idx", True, "`scale_attn_by_inverse_layer_idx`"),
        ("tie_word_embeddings", False, "`tie_word_embeddings` is false"),
        ("quantization_config", {"a": 1}, "`quantization_config`"),
        ("n_positions", 32, "config.json says [32, 32]"),
        ("vocab_size", 399, "config.json says [399, 32]"),
        ("n_layer", 3, "lacks 12 of the model's tensors"),
        ("n_layer", 1, "which a GPT-2 of this config has not"),
        ("n_inner", 64, "config.json says"),
        ("n_inner", 0, "`n_inner` is 0"),
    ],
)
def test_a_config_that_is_not_computed_is_refused(copy, key, value, expected):
    config = json.loads((copy / "config.json").read_text())
    config[key] = value
    (copy / "config.json").write_text(json.dumps(config))
    assert expected in refused(copy)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "is not JSON"), ("[]", "not a JSON object"), ("{}", "has no `model_type`"), ("[" * 99999, "is not JSON")],
    ids=["empty", "list", "bare", "deep"],
)
def test_a_config_that_is_none_is_refused(copy, text, expected):
    (copy / "config.json").write_text(text)
    assert expected in refused(copy)


def test_a_model_too_large_to_be_meant_is_refused_before_memory_is_taken(copy):
    config = json.loads((copy / "config.json").read_text())
    config.update(n_layer=96, n_embd=4096, n_head=4)
    (copy / "config.json").write_text(json.dumps(config))
    assert "at most 1,000,000,000 are read" in refused(copy)


def edit_header(path, edit):
    data = path.read_bytes()
    n_header = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n_header])
    edit(header)
    new = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(new)) + new + data[8 + n_header :])


NAME = "transformer.h.0.attn.c_attn.bias"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda header: header[NAME].update(dtype="I64"), "expected F32, F16 or BF16"),
        (lambda header: header[NAME].update(shape=[95]), "takes 384 bytes, which is not its shape"),
        (lambda header: header[NAME].update(shape=[-96]), "impossible shape"),
        (lambda header: header[NAME].update(data_offsets=[4, 388]), "overlap or leave holes"),
        (lambda header: header[NAME].pop("shape"), "malformed"),
        (lambda header: header.update({NAME: 5}), "malformed"),
        (lambda header: header.update({"extra": header.pop(NAME)}), "has the tensor 'extra'"),
    ],
)
def test_a_header_that_lies_is_refused(copy, edit, expected):
    edit_header(copy / "model.safetensors", edit)
    assert expected in refused(copy)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: b"", "cut short (0 bytes)"),
        (lambda data: data[:5], "cut short"),
        (lambda data: data[:-10], "bytes of data, but its header tells of"),
        (lambda data: data + b"x", "bytes of data, but its header tells of"),
        (lambda data: struct.pack("<Q", 2**62) + data[8:], "cut short"),
        (lambda data: data[:8] + b"{" * (len(data) - 8), "header is not JSON"),
        (lambda data: data + bytes(70 * 2**20), "the weights of this model has at most"),
    ],
    ids=["empty", "stub", "truncated", "longer", "huge header", "broken header", "padded"],
)
def test_a_damaged_file_is_refused(copy, change, expected):
    path = copy / "model.safetensors"
    path.write_bytes(change(path.read_bytes()))
    assert expected in refused(copy)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(copy, value):
    tensors = load_file(copy / "model.safetensors")
    tensors["transformer.wte.weight"][7, 3] = value
    save_file(tensors, copy / "model.safetensors")
    assert "transformer.wte.weight holds NaN" in refused(copy)


def test_weights_beyond_reason_are_refused(copy):
    tensors = load_file(copy / "model.safetensors")
    tensors["transformer.wte.weight"] *= 1e36
    save_file(tensors, copy / "model.safetensors")
    assert "numbers beyond 1e+09" in refused(copy)


def test_pickles_are_refused_with_advice(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "pickle formats are not loaded" in refused(copy)


def test_another_tokenizers_model_is_refused_with_both_numbers(copy):
    content = json.loads((copy / "tokenizer.json").read_text())
    last = max(content["model"]["vocab"], key=content["model"]["vocab"].get)
    del content["model"]["vocab"][last]
    content["model"]["merges"] = [merge for merge in content["model"]["merges"] if last not in ("".join(merge), *merge)]
    (copy / "tokenizer.json").write_text(json.dumps(content))
    line = refused(copy)
    assert "its model has 400 vocabulary entries but its tokenizer 399" in line


@pytest.mark.parametrize(("dtype", "digits"), [("F16", 2**-10), ("BF16", 2**-7)])
def test_half_precision_weights_are_read_as_float32(copy, dtype, digits):
    """The weights are those of float32, rounded; the computation stays in float32."""
    path = copy / "model.safetensors"
    whole = load_file(path)
    exact = Engine.load(copy).logits(random_ids(20))
    header, data = {}, b""
    for name, tensor in whole.items():
        if dtype == "F16":
            part = tensor.astype(np.float16).tobytes()
        else:  # round to nearest by hand: NumPy has no bfloat16
            part = ((tensor.view(np.uint32) + 0x8000) >> 16).astype(np.uint16).tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    found = Engine.load(copy).logits(random_ids(20))
    assert found.dtype == np.float32
    assert 0 < np.abs(found - exact).max() < 40 * digits * np.abs(exact).max()


def test_names_without_the_prefix_a_second_head_and_old_masks_are_read(copy):
    path = copy / "model.safetensors"
    expected = Engine.load(copy).logits(random_ids(9))
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in load_file(path).items()}
    tensors["h.0.attn.bias"] = np.tril(np.ones((1, 1, 64, 64), np.float32))
    tensors["h.0.attn.masked_bias"] = np.array(-1e4, np.float32)
    tensors["lm_head.weight"] = tensors["wte.weight"]
    save_file(tensors, path)
    assert np.array_equal(Engine.load(copy).logits(random_ids(9)), expected)
    tensors["lm_head.weight"] = tensors["wte.weight"] + 1
    save_file(tensors, path)
    assert "lm_head.weight differs" in refused(copy)


def test_the_id_names_the_weights(copy, model_directory):
    assert Engine.load(copy).id == Engine.load(model_directory).id
    assert len(Engine.load(copy).id) == 12
