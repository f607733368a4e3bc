"""Shared fixtures: a small tokenizer and a small random GPT-2, made by the reference libraries for each session."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

# Before NumPy is imported: two threads of OpenBLAS spin against whatever else the machine does.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# No test finds what another one encoded, and none leaves anything among the user's caches.
os.environ["TINYLM_SHARE"] = "0"

STORY = (
    "Once upon a time there was a small fox named Pip who lived near the river. Every morning Pip looked for "
    'something new. "What is that?" asked Pip. A little bird sat on a stone and cried because her nest was gone.\n\n'
    'Pip said, "Don\'t cry, we will find it together!" They walked past the tall trees and the old mill. At last '
    "they found the nest under a bush. The bird sang a happy song, and Pip laughed.\n\nThe end.\n"
)


def make_stories(n: int, seed: int = 0) -> list[str]:
    """Return short texts over the words of one story: enough for a few hundred merges, the same for the same seed."""
    rng = random.Random(seed)
    words = STORY.split()
    return [STORY, *(" ".join(rng.choices(words, k=40)).capitalize() + ".\n" for _ in range(n - 1))]


def train_400_entries(texts: list[str], file: Path) -> None:
    """Train a byte-level BPE tokenizer of 400 entries with the tokenizers library and write its `tokenizer.json`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    rust = Tokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rust.train_from_iterator(texts, trainer)
    rust.save(str(file))


@pytest.fixture(scope="session")
def tokenizer_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE tokenizer of 400 entries, as a directory."""
    directory = tmp_path_factory.mktemp("tokenizer")
    train_400_entries(make_stories(50), directory / "tokenizer.json")
    (directory / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", '
        '"eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}'
    )
    return directory


@pytest.fixture(scope="session")
def model_directory(tokenizer_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random GPT-2 (2 layers, width 32, block 64) with the tokenizer above, in the layout of transformers."""
    return build_random_model(tokenizer_directory, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def odd_model_directory(tokenizer_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like `model_directory`, of a shape that divides nothing: block 77, width 20, 3 layers."""
    directory = tmp_path_factory.mktemp("odd_model")
    return build_random_model(tokenizer_directory, directory, block_size=77, n_embd=20, n_layer=3, seed=1)


def build_random_model(
    tokenizer_directory: Path,
    directory: Path,
    *,
    block_size: int = 64,
    n_embd: int = 32,
    n_layer: int = 2,
    seed: int = 0,
) -> Path:
    """Write a random GPT-2 whose probabilities are far from uniform; its norms and biases are random too.

    It is written without torch, whose import would cost every test session many seconds; the engine's tests open it
    with transformers.
    """
    import numpy as np
    from safetensors.numpy import save_file

    from tinylm.model.config import load_config
    from tinylm.model.weights import expected_shapes

    config = {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "bos_token_id": 0,
        "eos_token_id": 0,
        "layer_norm_epsilon": 1e-5,
        "model_type": "gpt2",
        "n_embd": n_embd,
        "n_head": 4,
        "n_layer": n_layer,
        "n_positions": block_size,
        "vocab_size": 400,
    }
    (directory / "config.json").write_text(json.dumps(config))
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in expected_shapes(load_config(directory)).items():
        mean, spread = (1.0, 0.2) if "ln_" in name and name.endswith("weight") else (0.0, 0.2)
        spread = 0.1 if name.endswith("bias") else spread
        tensors["transformer." + name] = rng.normal(mean, spread, shape).astype(np.float32)
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    for file in tokenizer_directory.iterdir():
        shutil.copy(file, directory / file.name)
    return directory
