"""What a run begins from: its corpora by fingerprint, and the weights of another model where it goes on from one.

Weights are read by the serving engine's reader, which checks every size and refuses what is not finite or not
GPT-2; only then are they copied. The optimizers begin anew.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel

from tinylm.model.config import load_config
from tinylm.model.weights import load_tensors
from tinylm.training.config import TrainConfig
from tinylm.training.corpus import open_corpus_sources

__all__ = ["fingerprints", "load_initial_weights"]


def fingerprints(config: TrainConfig) -> dict[str, str]:
    """Return the fingerprint of every corpus, and of the model to start from, by name.

    Raises:
        BadData: a source or the model cannot be read.
    """
    sources, validation = open_corpus_sources(config)
    found = {f"--data {spec}": source.fingerprint() for spec, source in zip(config.data, sources, strict=True)}
    if validation is not None:
        found[f"--validation {config.validation}"] = validation.fingerprint()
    if config.init_from is not None:
        directory = Path(config.init_from)
        found["--init-from"] = load_tensors(directory, load_config(directory)).id
    return found


def load_initial_weights(model: GPT2LMHeadModel, directory: Path) -> None:
    """Copy the stored weights, float16 or float32, into `model`, which has their shape (see `origin.py`)."""
    stored = load_file(directory / "model.safetensors")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            found = stored[name] if name in stored else stored[name.removeprefix("transformer.")]
            parameter.copy_(found)
