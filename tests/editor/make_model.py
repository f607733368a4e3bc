"""Write a tiny, untrained GPT-2 with a tokenizer of its own: `make_model.py DIRECTORY [SEED]`.

The editor tests compare what the editor shows with what the command line computes, so any model will do as long as
it is the same every time, small and opinionated. The weights are drawn from one seed; the embedding is wide enough
that the most likely token gets a clear share of the probability, so that ghost text appears, and single bytes are
unlikely, so that it consists of words. Layout: Hugging Face GPT-2.
Not a model that has learned anything, and no test asks it to make sense.
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCAB_SIZE = 400
BLOCK_SIZE = 128
N_EMBD = 32
N_LAYER = 2
N_HEAD = 2
N_SINGLE = 257  # <|endoftext|> and the 256 bytes come first

TEXT = """Once upon a time, there was a little girl named Mia. Mia had a small red boat. Every day she took the boat to
the pond. One day the wind was strong and the boat went far away. Mia was sad. A green frog saw her and said, "I can
help you!" The frog swam to the boat and pushed it back. Mia was happy. She said, "Thank you, frog!" They were friends
and they played in the water until the sun went down. The end."""


def make_model(directory: Path, seed: int = 0) -> None:
    """Write tokenizer.json, tokenizer_config.json, config.json and model.safetensors into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.save(str(directory / "tokenizer.json"))
    special = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    write_json(directory / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special})
    write_json(directory / "config.json", config(tokenizer.get_vocab_size()))
    save_file(weights(tokenizer.get_vocab_size(), seed), directory / "model.safetensors", metadata={"format": "pt"})


def config(vocab_size: int) -> dict[str, object]:
    """Return what GPT2Config would write for this model."""
    return {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0,
        "bos_token_id": 0,
        "embd_pdrop": 0.0,
        "eos_token_id": 0,
        "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2",
        "n_embd": N_EMBD,
        "n_head": N_HEAD,
        "n_inner": None,
        "n_layer": N_LAYER,
        "n_positions": BLOCK_SIZE,
        "resid_pdrop": 0.0,
        "tie_word_embeddings": True,
        "vocab_size": vocab_size,
    }


def weights(vocab_size: int, seed: int) -> dict[str, np.ndarray]:
    """Return the tensors by their Hugging Face names, float32; the output matrix is the embedding (tied)."""
    random = np.random.default_rng(seed)

    def draw(*shape: int, scale: float) -> np.ndarray:
        return random.normal(0.0, scale, shape).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": np.ones(N_EMBD, np.float32), f"{name}.bias": np.zeros(N_EMBD, np.float32)}

    embedding = draw(vocab_size, N_EMBD, scale=0.7)
    embedding[:N_SINGLE] *= 0.1  # short vectors have logits near zero: never the first choice
    tensors = {
        "transformer.wte.weight": embedding,
        "transformer.wpe.weight": draw(BLOCK_SIZE, N_EMBD, scale=0.1),
        **norm("transformer.ln_f"),
    }
    for layer in range(N_LAYER):
        block = f"transformer.h.{layer}"
        tensors |= norm(f"{block}.ln_1") | norm(f"{block}.ln_2")
        for name, n_in, n_out in [
            ("attn.c_attn", N_EMBD, 3 * N_EMBD),
            ("attn.c_proj", N_EMBD, N_EMBD),
            ("mlp.c_fc", N_EMBD, 4 * N_EMBD),
            ("mlp.c_proj", 4 * N_EMBD, N_EMBD),
        ]:
            tensors[f"{block}.{name}.weight"] = draw(n_in, n_out, scale=0.15)
            tensors[f"{block}.{name}.bias"] = np.zeros(n_out, np.float32)
    return tensors


def write_json(path: Path, value: object) -> None:
    """Write JSON as UTF-8 with a final newline."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make_model(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
