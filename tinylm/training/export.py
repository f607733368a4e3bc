"""Writes the model as a plain Hugging Face directory, which transformers and TinyLM's own engine both open.

    model/   config.json  generation_config.json  model.safetensors  tokenizer.json  tokenizer_config.json

The directory is replaced in one step; a reader has the old model or the new one.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GenerationConfig, GPT2LMHeadModel

from tinylm.files import new_directory
from tinylm.training.checkpoint import write_errors

__all__ = ["export_model"]


def export_model(model: GPT2LMHeadModel, tokenizer_directory: Path, directory: Path, dtype: str = "float32") -> Path:
    """Write `directory` anew: configuration, weights (the tied head left out, as transformers does) and tokenizer.

    Args:
        dtype: "float32" or "float16"; the latter halves the file and changes log probabilities by about 1e-3.

    Raises:
        DiskProblem: it could not be written; a model that was there before is still there.
    """
    number_format = {"float32": torch.float32, "float16": torch.float16}[dtype]
    weights = {
        name: parameter.detach().to("cpu", number_format).contiguous() for name, parameter in model.named_parameters()
    }
    config = json.loads(model.config.to_json_string(use_diff=True))
    config.update(architectures=["GPT2LMHeadModel"], dtype=dtype, use_cache=True, tie_word_embeddings=True)
    config["activation_function"] = "gelu_new"  # the same function as in training, under GPT-2's own name
    with new_directory(directory, replace=True) as building, write_errors():
        (building / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        GenerationConfig(
            bos_token_id=model.config.bos_token_id,
            eos_token_id=model.config.eos_token_id,
            pad_token_id=model.config.eos_token_id,
        ).save_pretrained(building)
        save_file(weights, building / "model.safetensors", metadata={"format": "pt"})
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(tokenizer_directory / name, building / name)
    return directory
