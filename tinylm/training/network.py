"""Builds the model, its loss and the machine's settings: device, number format, threads, compilation, allocator.

The model is transformers' `GPT2LMHeadModel`. What "auto" becomes is decided here once, recorded with the run
and kept when it is resumed, because another kernel rounds otherwise and the run would no longer repeat bit for bit.
"""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from tinylm.training.attention import use_block_attention
from tinylm.training.config import TrainConfig
from tinylm.training.head_loss import head_loss

__all__ = [
    "Machine",
    "apply_machine",
    "build_model",
    "choose_machine",
    "loss_function",
    "machine_differences",
    "n_parameters",
]

# Compiling takes about a minute on two cores and saves a tenth to a third of a step of plain PyTorch: worth it from
# about 10 minutes of training, which is 3e13 floating point operations there. On a processor in float32 a step is not
# plain (`_loss_by_hand`): compiled it took 1.13 times as long with one thread (small, base), 1.01 with two (small).
_COMPILE_FROM_FLOPS = 3e13

# Raise it when the same settings begin to round differently, so that no older run goes on inexactly unasked.
# 2: GELU in one pass. 3: attention and head with gradients of their own.
ARITHMETIC = 3


@dataclass(frozen=True)
class Machine:
    """The settings that decide how sums are rounded. A resumed run has to have the same ones."""

    device: str
    dtype: str
    threads: int
    compile: bool
    torch: str
    transformers: str
    processor: str
    processes: int = 1
    arithmetic: int = ARITHMETIC
    numpy: str = np.__version__  # draws the order of the data; its streams may change with a version


def choose_machine(config: TrainConfig, vocab_size: int, n_processes: int = 1) -> Machine:
    """Settle everything that the configuration leaves to "auto"."""
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = config.dtype if config.dtype != "auto" else ("bfloat16" if _fast_bfloat16(device) else "float32")
    compiled = config.compile == "on" or (
        config.compile == "auto" and (device, dtype) != ("cpu", "float32") and _pays_to_compile(config, vocab_size)
    )
    threads = config.threads or torch.get_num_threads()
    versions = (torch.__version__, transformers.__version__)
    return Machine(device, dtype, threads, compiled, *versions, platform.machine(), n_processes)


def apply_machine(machine: Machine) -> None:
    """Set threads and the allocator for this process."""
    torch.set_num_threads(machine.threads)
    _keep_freed_memory()


def n_parameters(config: TrainConfig, vocab_size: int) -> int:
    """Return the number of parameters, the tied embedding counted once."""
    d = config.n_embd
    return (vocab_size + config.block_size) * d + config.n_layer * (12 * d * d + 13 * d) + 2 * d


def build_model(config: TrainConfig, vocab_size: int, end_of_text_id: int, seed: int) -> GPT2LMHeadModel:
    """Return a freshly initialised model; equal seeds give equal weights."""
    torch.manual_seed(seed)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocab_size,
            n_positions=config.block_size,
            n_embd=config.n_embd,
            n_layer=config.n_layer,
            n_head=config.n_head,
            resid_pdrop=config.dropout,
            embd_pdrop=config.dropout,
            # GPT-2's gelu_new in one pass instead of eight: a step is 4 % faster and takes a fifth less memory.
            activation_function="gelu_pytorch_tanh",
            attn_pdrop=0.0,  # with it, attention on the CPU leaves the fused kernel: half as slow again
            bos_token_id=end_of_text_id,
            eos_token_id=end_of_text_id,
            attn_implementation="sdpa",
        )
    )


def loss_function(model: GPT2LMHeadModel, machine: Machine) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a function from inputs and targets, both (B, T) int64, to the mean loss in nats per token, ().

    The function is compiled, not the model, so that no weight's name changes.
    """
    if machine.device == "cpu" and machine.dtype == "float32" and not machine.compile:
        return _loss_by_hand(model)

    def loss(inputs: Tensor, targets: Tensor) -> Tensor:
        hidden = model.transformer(input_ids=inputs, use_cache=False).last_hidden_state  # (B, T, D)
        logits = model.lm_head(hidden).float()  # (B, T, V)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    compiled = torch.compile(loss) if machine.compile else loss
    if machine.dtype == "float32":
        return compiled

    def in_bfloat16(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(machine.device, torch.bfloat16):
            return compiled(inputs, targets)

    return in_bfloat16


def machine_differences(recorded: dict[str, object], machine: Machine) -> list[str]:
    """Name the settings in which this machine differs from the one that the run began on."""
    known = {"processes": 1, "arithmetic": 1, "numpy": machine.numpy, **recorded}  # older runs do not have these
    return [
        f"{name}: the run has {known.get(name)}, this machine has {value}"
        for name, value in asdict(machine).items()
        if known.get(name) != value
    ]


def _loss_by_hand(model: GPT2LMHeadModel) -> Callable[[Tensor, Tensor], Tensor]:
    use_block_attention(model)

    def loss(inputs: Tensor, targets: Tensor) -> Tensor:
        hidden = model.transformer(input_ids=inputs, use_cache=False).last_hidden_state  # (B, T, D)
        return head_loss(hidden.flatten(0, 1), model.lm_head.weight, targets.flatten())

    return loss


def _pays_to_compile(config: TrainConfig, vocab_size: int) -> bool:
    flops = 6.0 * n_parameters(config, vocab_size) * config.tokens_per_step * config.steps
    return flops > _COMPILE_FROM_FLOPS and shutil.which(os.environ.get("CXX", "g++")) is not None


def _fast_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if sys.platform != "linux":
        return False
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _keep_freed_memory() -> None:
    """Tell glibc to reuse large blocks; by default each comes from the kernel and goes back, zeroed every time."""
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"):
        return
    m_trim_threshold, m_mmap_threshold = -1, -3  # <malloc.h>
    libc = ctypes.CDLL(None)
    libc.mallopt(m_mmap_threshold, 1 << 30)
    libc.mallopt(m_trim_threshold, (1 << 31) - 1)
