"""The model with its optimizers, and what they do in one step: gradients of all micro-batches, then one update.

A step is a function of the weights, the momenta and the step's number: rows come from `mixture.RowOrder`, dropout's
random numbers from a seed made of (seed, step, micro-batch). It knows nothing of evaluations, checkpoints or events.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

from tinylm.errors import BadData
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.config import TrainConfig
from tinylm.training.corpus import Stream
from tinylm.training.initial import load_initial_weights
from tinylm.training.mixture import RowOrder, derived_seed
from tinylm.training.network import Machine, build_model, loss_function
from tinylm.training.optim import Optimizers, learning_rate_scale
from tinylm.training.team import Team

__all__ = ["Learner", "gathered"]

_WEIGHTS, _DROPOUT = 11, 12  # what a derived seed is for; mixture.py uses 1 to 4, run.py 13


class Learner:
    """One process' copy of what is trained.

    Args:
        streams: what to learn from.
        initial: the directory of the model to go on from, where the configuration names one.
    """

    def __init__(
        self,
        config: TrainConfig,
        streams: tuple[Stream, ...],
        tokenizer: Tokenizer,
        machine: Machine,
        team: Team,
        initial: Path,
    ) -> None:
        seed = derived_seed(config.seed, _WEIGHTS)
        model = build_model(config, tokenizer.vocab_size, tokenizer.end_of_text_id, seed)
        if config.init_from is not None:
            load_initial_weights(model, initial)
        self.model: GPT2LMHeadModel = model.to(machine.device)
        self.optimizers = Optimizers(self.model, config.lr, config.muon_lr, config.weight_decay)
        self._config, self._streams, self._device, self._team = config, streams, machine.device, team
        self._order = RowOrder(
            [stream.starts for stream in streams],
            [len(stream.tokens) for stream in streams],
            config.block_size,
            config.mix,
            config.seed,
            config.steps,
            config.batch_size * config.accumulate,
            config.aligned,
        )
        self._loss = loss_function(self.model, machine)
        self.model.train()

    def compile(self) -> None:
        """Let the compiler see a micro-batch of the right shape: minutes of work that changes no state."""
        config = self._config
        batch = torch.zeros((config.batch_size, config.block_size), dtype=torch.int64, device=self._device)
        self._loss(batch, batch).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        for parameter in self.model.parameters():
            parameter.grad = None

    def learn(self, step: int, check: Callable[[], None]) -> dict[str, float]:
        """Make one step; return what its event says: loss (nats per token), AdamW's rate, gradient norm.

        Args:
            step: 0 is the first.
            check: called before each round of micro-batches; may raise, which leaves weights and momenta untouched.

        Raises:
            BadData: the loss or the gradients are not finite.
        """
        config, rows = self._config, self._order.rows(step)
        losses: list[Tensor | None] = [None] * config.accumulate
        for micro in self._team.rounds(config.accumulate):
            check()
            if micro is not None:
                part = rows[micro * config.batch_size : (micro + 1) * config.batch_size]
                losses[micro] = self._gradients(part, step, micro)
        loss = math.fsum(self._team.all_losses([None if each is None else float(each) for each in losses]))
        self._team.add_gradients(self.model.parameters())
        scale = learning_rate_scale(step, config.steps, config.warmup, config.decay_fraction)
        norm = self.optimizers.step(scale)
        _check_finite(loss, norm, step + 1)
        return {"loss": loss, "learningRate": config.lr * scale, "gradNorm": norm}

    def _gradients(self, rows: list[tuple[int, int]], step: int, micro: int) -> Tensor:
        """Add the gradients of one micro-batch; return its share of the step's loss, (), not yet waited for."""
        inputs, targets = gathered(self._streams, rows, self._config.block_size, self._device)
        torch.manual_seed(derived_seed(self._config.seed, _DROPOUT, step, micro))
        loss = self._loss(inputs, targets) / self._config.accumulate
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss.detach()


def gathered(
    streams: tuple[Stream, ...], rows: list[tuple[int, int]], block_size: int, device: str
) -> tuple[Tensor, Tensor]:
    """Copy rows out of the mapped streams. Returns inputs and targets, both (B, block_size) int64, on the device."""
    batch = torch.empty((len(rows), block_size + 1), dtype=torch.int64, pin_memory=device == "cuda")
    into = batch.numpy()
    for row, (source, at) in zip(into, rows, strict=True):
        np.copyto(row, streams[source].tokens[at : at + block_size + 1])  # widens while it copies
    batch = batch.to(device, non_blocking=True)
    return batch[:, :-1].contiguous(), batch[:, 1:].contiguous()


def _check_finite(loss: float, norm: float, step: int) -> None:
    """Raise before a step that went wrong can be saved."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise BadData(
            f"step {step} went out of bounds (loss {loss}, gradient norm {norm}); the last checkpoint is kept; "
            "start a new run with a lower --lr and --muon-lr"
        )
