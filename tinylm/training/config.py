"""What a training run is asked to do: one frozen record, its checks, and its form on disk (`run.json`).

It reads no data and imports no torch. Sizes follow GPT-2's proportions (head dimension 32, context 256); the learning
rates are those that won on two CPU cores with 4,096 tokens a step (Muon 0.02, AdamW 6e-3).
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinylm.errors import BadData, UsageError
from tinylm.training.mixture import Phase, parse_mix

__all__ = [
    "EVALUATION_TOKENS",
    "FREE_FIELDS",
    "SIZES",
    "TrainConfig",
    "config_differences",
    "config_from_json",
    "config_to_json",
    "mix_from_text",
]

# name -> (n_layer, n_head, n_embd, block_size). With 8192 entries: 1.0, 4.3 and 14.0 million parameters.
SIZES: dict[str, tuple[int, int, int, int]] = {
    "tiny": (2, 3, 96, 128),
    "small": (6, 6, 192, 256),
    "base": (6, 12, 384, 512),
}


EVALUATION_TOKENS = 1 << 16  # at most, each time: see `evaluation.py`


@dataclass(frozen=True)
class TrainConfig:
    """Everything that determines a run. Two runs with equal records, corpora and machines end with equal bits."""

    data: tuple[str, ...]
    tokenizer: str
    out: str
    init_from: str | None = None  # a model directory; None: random weights
    n_layer: int = 6
    n_head: int = 6
    n_embd: int = 192
    block_size: int = 256
    steps: int = 2000
    batch_size: int = 8  # sequences in a micro-batch
    accumulate: int = 2  # micro-batches in a step
    lr: float = 6e-3  # AdamW: embeddings, norms, biases
    muon_lr: float = 0.02  # Muon: the matrices of the blocks
    weight_decay: float = 0.1
    dropout: float = 0.0  # of embeddings and residuals
    warmup: int = 50  # steps
    decay_fraction: float = 0.5  # the last part of the run, in which the learning rate falls to zero
    mix: tuple[Phase, ...] = ()
    aligned: float = 0.5  # of the rows move back to the beginning of their document
    validation: str | None = None
    clean: bool = False  # repair wrongly decoded quotes, drop documents that stay broken
    errors: str = "strict"  # bytes that are not UTF-8: stop, or replace them
    sample_prompt: str | None = None  # None: the commonest beginning of the held-out documents
    checkpoint_every: int = 200
    evaluate_every: int = 200
    keep: int = 2  # the newest checkpoints; the best one stays in any case
    snapshots: int = 16  # weights over the whole run, for looking back
    seed: int = 0
    threads: int = 0  # 0: as many as torch finds cores
    dtype: str = "auto"
    compile: str = "auto"
    export_dtype: str = "float32"

    def __post_init__(self) -> None:
        _check(bool(self.data), "--data", "nothing", "at least one source")
        for name in ("n_layer", "n_head", "n_embd", "steps", "batch_size", "accumulate"):
            _check(getattr(self, name) >= 1, _flag(name), getattr(self, name), "1 or more")
        for name in ("checkpoint_every", "evaluate_every", "keep"):
            _check(getattr(self, name) >= 1, _flag(name), getattr(self, name), "1 or more")
        _check(self.block_size >= 8, "--block-size", self.block_size, "8 or more")
        _check(self.n_embd % self.n_head == 0, "--n-embd", self.n_embd, f"a multiple of --n-head ({self.n_head})")
        for name in ("lr", "muon_lr"):
            _check(0 < getattr(self, name) < 10, _flag(name), getattr(self, name), "above 0 and below 10")
        _check(0 <= self.dropout < 1, "--dropout", self.dropout, "from 0 to below 1")
        _check(0 <= self.aligned <= 1, "--aligned", self.aligned, "from 0 to 1")
        _check(0 <= self.decay_fraction <= 1, "--decay-fraction", self.decay_fraction, "from 0 to 1")
        _check(0 <= self.weight_decay < math.inf, "--weight-decay", self.weight_decay, "0 or more")
        _check(self.warmup >= 0, "--warmup", self.warmup, "0 or more")
        _check(0 <= self.snapshots <= 1000, "--snapshots", self.snapshots, "from 0 to 1000")
        _check(self.threads >= 0, "--threads", self.threads, "0 (automatic) or more")
        _check(0 <= self.seed < 2**63, "--seed", self.seed, "from 0 to 2**63 - 1")
        _check(self.errors in ("strict", "replace"), "--errors", self.errors, "strict or replace")
        _check(self.dtype in ("auto", "float32", "bfloat16"), "--dtype", self.dtype, "auto, float32 or bfloat16")
        _check(self.compile in ("auto", "on", "off"), "--compile", self.compile, "auto, on or off")
        _check(self.export_dtype in ("float32", "float16"), "--export-dtype", self.export_dtype, "float32 or float16")
        for phase in self.mix:
            _check(len(phase.weights) == len(self.data), "--mix", len(phase.weights), f"{len(self.data)} weights")

    @property
    def tokens_per_step(self) -> int:
        """Tokens that the model learns from in one step."""
        return self.batch_size * self.accumulate * self.block_size


# Where a run is stored and how often it reports may change between its parts; nothing else may.
FREE_FIELDS = frozenset(
    {"out", "checkpoint_every", "evaluate_every", "keep", "snapshots", "sample_prompt", "export_dtype"}
)


def config_to_json(config: TrainConfig) -> dict[str, Any]:
    """Return the record as JSON-ready values; `config_from_json` is its inverse."""
    return dataclasses.asdict(config)


def config_from_json(values: object, path: Path) -> TrainConfig:
    """Read a record that `config_to_json` wrote.

    Raises:
        BadData: the values are not such a record; `path` is named.
    """
    try:
        if not isinstance(values, dict):
            raise TypeError("not an object")
        known = dict(values)
        known["data"] = tuple(map(str, known["data"]))
        known["mix"] = tuple(Phase(float(p["start"]), tuple(map(float, p["weights"]))) for p in known["mix"])
        return TrainConfig(**known)
    except (KeyError, TypeError, ValueError) as error:
        raise BadData(f"{path}: not a training configuration of this version ({error}); start a new run") from error


def config_differences(recorded: TrainConfig, asked: dict[str, Any]) -> list[str]:
    """Name the fields that a resumed run was asked to change although they decide its result.

    Returns:
        Lines such as "steps: the run has 2000, asked for 3000"; empty when nothing contradicts.
    """
    return [
        f"{name}: the run has {_shown(getattr(recorded, name))}, asked for {_shown(value)}"
        for name, value in asked.items()
        if name not in FREE_FIELDS and getattr(recorded, name) != value
    ]


def mix_from_text(text: str | None, n_sources: int) -> tuple[Phase, ...]:
    """Parse `--mix`; None means no phases: sources count by their number of tokens."""
    return () if text is None else parse_mix(text, n_sources)


def _shown(value: object) -> str:
    return json.dumps(value, default=str)


def _flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def _check(holds: bool, flag: str, value: object, expected: str) -> None:
    if not holds:
        raise UsageError(f"{flag} is {value}, expected {expected}")
