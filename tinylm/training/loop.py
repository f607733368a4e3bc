"""The training loop: steps, evaluations, checkpoints, and leaving when asked.

Every step is a function of (configuration, corpus, step): rows come from `mixture.RowOrder`, dropout's random numbers
from a seed made of (seed, step, micro-batch). A run that was killed and resumed therefore ends with the same bits as
one that was not, on the same machine with the same number of threads. The shape of the loop follows nanoGPT's train.py.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

from tinylm.errors import BadData, DiskProblem, Interrupted, TinyLMError
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.checkpoint import (
    Position,
    newest_checkpoint,
    prune_checkpoints,
    restore_checkpoint,
    save_checkpoint,
)
from tinylm.training.config import TrainConfig, config_to_json
from tinylm.training.corpus import Corpus, prepare_corpus
from tinylm.training.evaluation import evaluate_model, sample_text
from tinylm.training.events import EventLog, OnEvent, rewind_events
from tinylm.training.export import export_model
from tinylm.training.initial import check_fits, fingerprints, load_initial_weights
from tinylm.training.mixture import RowOrder, derived_seed
from tinylm.training.network import (
    Machine,
    apply_machine,
    build_model,
    choose_machine,
    loss_function,
    n_parameters,
)
from tinylm.training.optim import Optimizers, learning_rate_scale
from tinylm.training.progress import StepClock, encoding_reporter, report_size
from tinylm.training.run_directory import (
    RunDirectory,
    RunRecord,
    check_run_unchanged,
    machine_record,
    read_run,
    run_fingerprint,
)

__all__ = ["resume", "train"]

_WEIGHTS, _DROPOUT, _SAMPLE = 11, 12, 13  # what a derived seed is for; mixture.py uses 1 to 4

# Returns the number of the signal that asks the run to end, or 0.
ShouldStop = Callable[[], int]
_STOP_FILE_SIGNAL = 2  # a stop file counts as Ctrl-C: exit code 130


def train(config: TrainConfig, *, on_event: OnEvent = lambda event: None, should_stop: ShouldStop = lambda: 0) -> Path:
    """Start a run in `config.out`, train to its end and return the exported model's directory.

    Args:
        on_event: called with every event of `events.py`, after it was written.
        should_stop: asked between micro-batches, batches of encoding, evaluation and sampling.

    Raises:
        Interrupted: a stop was asked for; everything done is saved and `resume` goes on.
        BadData, Locked, DiskProblem, UsageError: see the messages; before training starts where that is possible.
    """
    directory = RunDirectory(Path(config.out))
    tokenizer_path = Path(config.tokenizer)
    tokenizer = Tokenizer.load(tokenizer_path)
    if config.init_from is not None:
        check_fits(Path(config.init_from), config, tokenizer)
    sources = fingerprints(config)
    machine = choose_machine(config, tokenizer.vocab_size)
    record = RunRecord(config, machine_record(machine), tokenizer.id, sources)
    directory.prepare_new()
    with directory.locked():
        directory.write_record(record, tokenizer_path)
        return _Run(directory, record, tokenizer, machine, should_stop).complete(on_event)


def resume(
    config: TrainConfig,
    *,
    allow_inexact: bool = False,
    on_event: OnEvent = lambda event: None,
    should_stop: ShouldStop = lambda: 0,
) -> Path:
    """Go on with the run in `config.out` from its newest valid checkpoint; otherwise like `train`.

    Args:
        config: the run's own configuration (see `run_directory.read_run`), with free fields changed at will.
        allow_inexact: go on although another machine, torch or number of threads will round differently.

    Raises:
        IncompatibleCheckpoint: corpus, tokenizer or machine differ from when the run began; all differences are named.
    """
    directory = RunDirectory(Path(config.out))
    record = read_run(directory)
    with directory.locked():
        tokenizer = Tokenizer.load(directory.tokenizer)
        threads = int(record.machine.get("threads", 0))
        pinned = replace(config, compile="on" if record.machine.get("compile") else "off", threads=threads)
        machine = choose_machine(pinned, tokenizer.vocab_size)
        own = replace(config, init_from=str(directory.initial)) if config.init_from is not None else config
        check_run_unchanged(record, tokenizer, fingerprints(own), machine, allow_inexact)
        return _Run(directory, replace(record, config=config), tokenizer, machine, should_stop).complete(on_event)


@dataclass
class _Run:
    """One process' part of a run."""

    directory: RunDirectory
    record: RunRecord
    tokenizer: Tokenizer
    machine: Machine
    should_stop: ShouldStop

    def complete(self, on_event: OnEvent) -> Path:
        """Train to the end, telling the diary how it ended."""
        config, directory = self.record.config, self.directory
        directory.stop.unlink(missing_ok=True)
        self.fingerprint = run_fingerprint(self.record)
        found = newest_checkpoint(directory.checkpoints, self.fingerprint)
        self.position = found[1] if found else Position(0)
        kept = rewind_events(directory.events, self.position.step)
        self.evaluated_steps = {event.get("step") for event in kept if event.get("type") == "evaluation"}
        with EventLog(directory.events, on_event) as self.log, self._told_how_it_ends():
            self.log.write(
                "start",
                kind="model",
                run=str(directory.path),
                pid=os.getpid(),
                step=self.position.step,
                totalSteps=config.steps,
                config={**config_to_json(config), "machine": self.record.machine},
            )
            apply_machine(self.machine)
            progress = encoding_reporter(self.log)
            corpus = prepare_corpus(config, self.tokenizer, directory.data, self._check, progress)
            self._build(found[0] if found else None)
            report_size(self.log, config, corpus, n_parameters(config, self.tokenizer.vocab_size))
            self._steps(corpus)
        return directory.model

    def _build(self, checkpoint: Path | None) -> None:
        config = self.record.config
        vocab_size, end_of_text_id = self.tokenizer.vocab_size, self.tokenizer.end_of_text_id
        seed = derived_seed(config.seed, _WEIGHTS)
        self.model: GPT2LMHeadModel = build_model(config, vocab_size, end_of_text_id, seed).to(self.machine.device)
        self.optimizers = Optimizers(self.model, config.lr, config.muon_lr, config.weight_decay)
        if checkpoint is not None:
            restore_checkpoint(checkpoint, self.model, self.optimizers)
        elif config.init_from is not None:
            load_initial_weights(self.model, self.directory.initial)
        self.loss = loss_function(self.model, self.machine)

    def _steps(self, corpus: Corpus) -> None:
        config = self.record.config
        order = RowOrder(
            [stream.starts for stream in corpus.training],
            [len(stream.tokens) for stream in corpus.training],
            config.block_size,
            config.mix,
            config.seed,
            config.steps,
            config.batch_size * config.accumulate,
        )
        clock = StepClock(config.tokens_per_step, config.steps)
        self.model.train()
        self._between_steps(corpus)  # one that was stopped in an evaluation, or before an export, owes it
        while self.position.step < config.steps:
            step = self.position.step
            scale = learning_rate_scale(step, config.steps, config.warmup, config.decay_fraction)
            loss = self._gradients(corpus, order.rows(step), step)
            norm = self.optimizers.step(scale)
            _check_finite(loss, norm, step + 1)
            self.position = replace(self.position, step=step + 1)
            self.log.write(
                "step",
                step=step + 1,
                totalSteps=config.steps,
                loss=loss,
                learningRate=config.lr * scale,
                gradNorm=norm,
                **clock.tick(step + 1),
            )
            self._between_steps(corpus)

    def _between_steps(self, corpus: Corpus) -> None:
        """Evaluate and save where it is time for that, and in any case at the end."""
        config, step = self.record.config, self.position.step
        if step == 0:
            return
        is_last = step == config.steps
        if (is_last or step % config.evaluate_every == 0) and step not in self.evaluated_steps:
            self._evaluate(corpus)
        if is_last or step % config.checkpoint_every == 0 or self.position.best_step == step:
            self._checkpoint()

    def _gradients(self, corpus: Corpus, rows: list[tuple[int, int]], step: int) -> float:
        """Run the micro-batches of a step and return its mean loss; a stop in between leaves the weights untouched."""
        config = self.record.config
        losses = []
        for micro in range(config.accumulate):
            self._check()
            part = rows[micro * config.batch_size : (micro + 1) * config.batch_size]
            inputs, targets = _batch(corpus, part, config.block_size, self.machine.device)
            torch.manual_seed(derived_seed(config.seed, _DROPOUT, step, micro))
            loss = self.loss(inputs, targets) / config.accumulate
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            losses.append(float(loss.detach()))
        return math.fsum(losses)

    def _evaluate(self, corpus: Corpus) -> None:
        config, step = self.record.config, self.position.step
        result = evaluate_model(self.model, corpus.validation, self.tokenizer, config.block_size, self._check)
        best = self.position.best_validation_loss
        if best is None or result.validation_loss < best:
            self.position = Position(step, result.validation_loss, step)
        seed = derived_seed(config.seed, _SAMPLE)
        sample = sample_text(self.model, self.tokenizer, config.sample_prompt, seed, self._check)
        self.log.write(
            "evaluation",
            step=step,
            validationLoss=result.validation_loss,
            bitsPerByte=result.bits_per_byte,
            nTokens=result.n_tokens,
            sample=sample,
        )
        self.evaluated_steps.add(step)

    def _checkpoint(self) -> None:
        """Save the state, then the model for others to use, then forget older states."""
        config, directory = self.record.config, self.directory
        self.log.flush_to_disk()
        facts = {"run": self.fingerprint, "machine": self.record.machine}
        path = save_checkpoint(directory.checkpoints, self.model, self.optimizers, self.position, facts)
        export_model(self.model, directory.tokenizer, directory.model, config.export_dtype)
        prune_checkpoints(directory.checkpoints, self.position, config.keep)
        self.log.write("checkpoint", step=self.position.step, path=str(path))

    def _check(self) -> None:
        signal_number = self.should_stop() or (_STOP_FILE_SIGNAL if self.directory.stop.exists() else 0)
        if signal_number:
            raise Interrupted(
                f"stopped at step {self.position.step}; tinylm train --resume --out {self.directory.path} goes on",
                signal_number,
            )

    @contextmanager
    def _told_how_it_ends(self) -> Iterator[None]:
        try:
            with self._saved_when_stopped():
                yield
        except Interrupted as stop:
            self._end("interrupted", str(stop))
            raise
        except TinyLMError as error:
            with suppress(DiskProblem):  # a full disk takes no last words either; the first error is the one to show
                self._end("failed", str(error))
            raise
        except Exception as error:
            logging.getLogger("tinylm").exception("training failed")
            self._end("failed", f"{type(error).__name__}: {error}")
            raise
        else:
            self._end("finished", f"{self.position.step:,} steps")

    @contextmanager
    def _saved_when_stopped(self) -> Iterator[None]:
        try:
            yield
        except Interrupted:
            if hasattr(self, "loss"):  # the model is built, so there is something to save
                self._checkpoint()
            raise

    def _end(self, reason: str, message: str) -> None:
        model = self.directory.model
        self.directory.stop.unlink(missing_ok=True)
        self.log.write("end", reason=reason, message=message, model=str(model) if model.is_dir() else None)


def _batch(corpus: Corpus, rows: list[tuple[int, int]], block_size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return inputs and targets, both (B, block_size) int64."""
    tokens = np.stack([corpus.training[source].tokens[at : at + block_size + 1] for source, at in rows])
    batch = torch.from_numpy(tokens.astype(np.int64)).to(device)  # (B, block_size + 1)
    return batch[:, :-1].contiguous(), batch[:, 1:].contiguous()


def _check_finite(loss: float, norm: float, step: int) -> None:
    """Raise before a step that went wrong can be saved."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise BadData(
            f"step {step} went out of bounds (loss {loss}, gradient norm {norm}); the last checkpoint is kept; "
            "start a new run with a lower --lr and --muon-lr"
        )
