"""What a GPT-2's config.json may say, and the few numbers that the engine takes from it.

The file is held to an allow-list: every key is known, and the ones that would change the computation have the one value
that the engine computes. Nothing in the file is ever executed. Follows GPT2Config of Hugging Face transformers.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tinylm.errors import BadData
from tinylm.reading import read_file

__all__ = ["SNAPSHOTS", "ModelConfig", "check_vocab_size", "load_config", "refuse_run_directory"]

_ADVICE = "TinyLM reads plain GPT-2 models as `tinylm train` and transformers' save_pretrained write them"
_MAX_BYTES = 2**20
SNAPSHOTS = "snapshots"  # where a run keeps models of its way; `training/snapshots.py`

# The largest values accepted. GPT-2 XL has 48 layers, 1600 wide, 25 heads, 1,024 tokens, 50,257 entries.
_LIMITS = {"vocab_size": 65_536, "n_positions": 8_192, "n_embd": 4_096, "n_layer": 96, "n_head": 128}
_MAX_PARAMS = 1_000_000_000  # 4 GB as float32; more is no tiny model

# Keys that decide what is computed, with the only value that is.
_FIXED: dict[str, object] = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "add_cross_attention": False,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "reorder_and_upcast_attn": False,
    "scale_attn_by_inverse_layer_idx": False,
    "scale_attn_weights": True,
    "tie_word_embeddings": True,
    "cross_attention_hidden_size": None,
    "quantization_config": None,
}
# Keys that serving has no use for: dropout, generation and export settings, notes.
_UNUSED = frozenset(
    (
        "_name_or_path",
        "architectures",
        "attn_pdrop",
        "bos_token_id",
        "chunk_size_feed_forward",
        "dtype",
        "embd_pdrop",
        "eos_token_id",
        "gradient_checkpointing",
        "id2label",
        "initializer_range",
        "label2id",
        "n_ctx",
        "output_attentions",
        "output_hidden_states",
        "pad_token_id",
        "resid_pdrop",
        "return_dict",
        "summary_activation",
        "summary_first_dropout",
        "summary_proj_to_labels",
        "summary_type",
        "summary_use_proj",
        "task_specific_params",
        "torch_dtype",
        "trained_on",
        "transformers_version",
        "use_cache",
        "problem_type",
        "sep_token_id",
    )
)


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a GPT-2. `block_size` is the number of positions, `n_inner` the width of the feed-forward layer."""

    vocab_size: int
    block_size: int
    n_embd: int
    n_layer: int
    n_head: int
    n_inner: int
    layer_norm_epsilon: float

    @property
    def n_params(self) -> int:
        """The number of weights, the tied head counted once."""
        d, inner = self.n_embd, self.n_inner
        layer = 4 * d + (d * 3 * d + 3 * d) + (d * d + d) + (d * inner + inner) + (inner * d + d)
        return (self.vocab_size + self.block_size) * d + self.n_layer * layer + 2 * d


def load_config(directory: Path) -> ModelConfig:
    """Return the shape that `config.json` in a model directory gives.

    Raises:
        BadData: it is missing, no JSON, or says something that the engine does not compute.
    """
    refuse_run_directory(directory)
    path = directory / "config.json"
    is_tokenizer = not path.exists() and (directory / "tokenizer.json").is_file()
    advice = "this is a tokenizer, not a model; tinylm train makes one with it" if is_tokenizer else _ADVICE
    data = read_file(path, max_bytes=_MAX_BYTES, what="a model's config.json", advice=advice)
    try:
        content = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadData(f"{path}: is not JSON; {_ADVICE}") from None
    if not isinstance(content, dict):
        raise BadData(f"{path}: is not a JSON object; {_ADVICE}")
    problem = _problem(content)
    if problem:
        raise BadData(f"{path}: {problem}; {_ADVICE}")
    return _config(content)


def check_vocab_size(directory: Path, config: ModelConfig, n_entries: int) -> None:
    """Raise BadData where a model and the tokenizer beside it, with so many entries, do not belong together."""
    if n_entries != config.vocab_size:
        raise BadData(
            f"{directory}: its model has {config.vocab_size:,} vocabulary entries but its tokenizer {n_entries:,}; "
            "put the tokenizer that the model was trained with beside it"
        )


def refuse_run_directory(directory: Path) -> None:
    """Raise BadData, naming the model inside, where somebody named a training run instead of its model."""
    if (directory / "run.json").is_file():
        model = directory / "model"
        advice = f"its model is {model}" if model.is_dir() else "it has no model before its first checkpoint"
        raise BadData(f"{directory}: a training run, not a model; {advice}")


def _problem(content: dict[str, object]) -> str | None:
    if "model_type" not in content:
        return "has no `model_type`"
    for key, value in content.items():
        if key in _FIXED:
            if type(value) is not type(_FIXED[key]) or value != _FIXED[key]:
                return f"`{key}` is {_shown(value)}, expected {_shown(_FIXED[key])}"
        elif key not in _UNUSED and key not in _LIMITS and key not in ("n_inner", "layer_norm_epsilon"):
            return f"has the unknown key `{key[:40]}`"
    for key, limit in _LIMITS.items():
        value = content.get(key)
        if type(value) is not int or not 1 <= value <= limit:
            return f"`{key}` is {_shown(value)}, expected a whole number from 1 to {limit:,}"
    epsilon = content.get("layer_norm_epsilon", 1e-5)
    if type(epsilon) is not float or not 0.0 < epsilon < 1.0:
        return f"`layer_norm_epsilon` is {_shown(epsilon)}, expected a number between 0 and 1"
    inner = content.get("n_inner")
    if inner is not None and (type(inner) is not int or not 1 <= inner <= 16_384):
        return f"`n_inner` is {_shown(inner)}, expected null or a whole number from 1 to 16,384"
    config = _config(content)
    if config.n_embd % config.n_head:
        return f"`n_embd` is {config.n_embd}, not a multiple of `n_head`, {config.n_head}"
    if config.n_params > _MAX_PARAMS:
        return f"describes {config.n_params:,} weights, at most {_MAX_PARAMS:,} are read"
    return None


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _config(content: dict[str, object]) -> ModelConfig:
    """Build the record from values that `_problem` has checked."""
    whole = {key: value for key, value in content.items() if type(value) is int}
    epsilon = content.get("layer_norm_epsilon", 1e-5)
    assert isinstance(epsilon, float)
    return ModelConfig(
        vocab_size=whole["vocab_size"],
        block_size=whole["n_positions"],
        n_embd=whole["n_embd"],
        n_layer=whole["n_layer"],
        n_head=whole["n_head"],
        n_inner=whole.get("n_inner", 4 * whole["n_embd"]),
        layer_norm_epsilon=epsilon,
    )
