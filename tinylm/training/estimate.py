"""What a run costs before it is started: parameters, floating point operations, memory, and time from a short probe.

Operations are counted as in nanoGPT's `estimate_mfu` (PaLM, appendix B): 6 for each parameter and token, the position
embedding left out, and 12 x layers x width x context for attention. Memory is counted: weights, gradients and momenta
in float32; 20 values for each layer, token and unit of width; attention's probabilities (`attention.py`); the logits of
a piece twice (`head_loss.py`); and what Python with torch takes. The 20 was fitted to the peaks of the three sizes in
float32 with 8,192 entries, in micro-batches of 16, 8 and 8 rows: 657, 863 and 1766 MB were measured, 636, 878 and
1860 are counted. Time is measured on this machine, on random tokens, without compiling.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import torch

from tinylm.training.attention import QUERIES
from tinylm.training.config import TrainConfig
from tinylm.training.head_loss import ROWS
from tinylm.training.network import Machine, apply_machine, build_model, choose_machine, loss_function, n_parameters
from tinylm.training.optim import Optimizers

__all__ = ["Estimate", "estimate_run", "flops_per_step", "measure_step", "memory_bytes"]

# Resident memory of Python with torch and transformers imported, on Linux x86-64, torch 2.13 for CPUs.
_IMPORTS_BYTES = 450_000_000
_PROBE_S = 4.0
_MOST_STEPS = 20


@dataclass(frozen=True)
class Estimate:
    """The cost of a run. `seconds` is that of all steps, without encoding, evaluations and checkpoints."""

    n_parameters: int
    tokens_per_step: int
    steps: int
    flops_per_step: float
    flops: float
    memory_bytes: int
    seconds_per_step: float
    seconds: float
    probed_steps: int
    machine: Machine

    def to_json(self) -> dict[str, object]:
        """Return the fields in camel case; the machine's as they are."""
        words = ((name.split("_"), value) for name, value in asdict(self).items())
        return {first + "".join(map(str.capitalize, rest)): value for (first, *rest), value in words}


def estimate_run(config: TrainConfig, vocab_size: int, check: Callable[[], None] = lambda: None) -> Estimate:
    """Count what can be counted and measure some steps, which takes about five seconds, or one step that takes longer.

    Args:
        check: called between steps; may raise.
    """
    machine = choose_machine(config, vocab_size)
    seconds, n_probed = measure_step(config, vocab_size, machine, check)
    flops = flops_per_step(config, vocab_size)
    return Estimate(
        n_parameters=n_parameters(config, vocab_size),
        tokens_per_step=config.tokens_per_step,
        steps=config.steps,
        flops_per_step=flops,
        flops=flops * config.steps,
        memory_bytes=memory_bytes(config, vocab_size),
        seconds_per_step=seconds,
        seconds=seconds * config.steps,
        probed_steps=n_probed,
        machine=machine,
    )


def flops_per_step(config: TrainConfig, vocab_size: int) -> float:
    """Return the floating point operations of a step, forward and backward."""
    n_matmul = n_parameters(config, vocab_size) - config.block_size * config.n_embd
    attention = 12.0 * config.n_layer * config.n_embd * config.block_size
    return config.tokens_per_step * (6.0 * n_matmul + attention)


def memory_bytes(config: TrainConfig, vocab_size: int) -> int:
    """Return about how much memory training takes at its peak."""
    matrices = config.n_layer * 12 * config.n_embd**2  # one momentum (Muon); the rest has two (AdamW)
    weights = n_parameters(config, vocab_size)
    state = 4 * (2 * weights + matrices + 2 * (weights - matrices))
    tokens = config.batch_size * config.block_size
    attention = config.n_head * (config.block_size + QUERIES) // 2
    activations = 4 * tokens * config.n_layer * (20 * config.n_embd + attention)
    logits = 4 * 2 * min(tokens, ROWS) * vocab_size
    return _IMPORTS_BYTES + state + activations + logits


def measure_step(
    config: TrainConfig, vocab_size: int, machine: Machine, check: Callable[[], None]
) -> tuple[float, int]:
    """Return the seconds of a step, the fastest of those tried, and how many were tried in some 4 s. Nothing is kept.

    The fastest, because whatever else the machine does only adds; what is compiled later may be faster still.
    """
    machine = replace(machine, compile=False)
    apply_machine(machine)
    model = build_model(config, vocab_size, 0, seed=0).to(machine.device)
    optimizers = Optimizers(model, config.lr, config.muon_lr, config.weight_decay)
    loss = loss_function(model, machine)
    generator = torch.Generator().manual_seed(0)
    batch = torch.randint(vocab_size, (config.batch_size, config.block_size), generator=generator)
    batch = batch.to(machine.device)  # (B, T), inputs and targets alike: what they are costs nothing
    model.train()
    times: list[float] = []
    while sum(times) < _PROBE_S and len(times) < _MOST_STEPS:
        began = time.monotonic()
        for _ in range(config.accumulate):
            check()
            (loss(batch, batch) / config.accumulate).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizers.step(1.0)
        times.append(time.monotonic() - began)
    return min(times), len(times)
