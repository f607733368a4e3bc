"""One process' part of a run: steps, evaluations, checkpoints, and leaving when asked.

Every step is a function of (configuration, corpus, step): see `learner.py`. A run that was killed and resumed therefore
ends with the same bits as one that was not, on the same machine with the same number of threads and processes. The
shape of the loop follows nanoGPT's train.py.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tinylm.errors import DiskProblem, Interrupted, TinyLMError
from tinylm.stopping import leaving_at_once
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.budget import TimeLimit
from tinylm.training.checkpoint import (
    Position,
    newest_checkpoint,
    prune_checkpoints,
    restore_checkpoint,
    save_checkpoint,
)
from tinylm.training.config import config_to_json
from tinylm.training.corpus import Corpus, prepare_corpus
from tinylm.training.encoded_cache import EncodedCache
from tinylm.training.evaluation import evaluate_model, sample_text, usual_beginning
from tinylm.training.events import EventLog, OnEvent, rewind_events
from tinylm.training.export import export_model
from tinylm.training.learner import Learner
from tinylm.training.memory import memory_explained
from tinylm.training.mixture import derived_seed
from tinylm.training.network import Machine, apply_machine, n_parameters
from tinylm.training.progress import StepClock, encoding_reporter, report_size, stopped_line
from tinylm.training.provenance import trained_on
from tinylm.training.run_directory import RunDirectory, RunRecord, run_fingerprint
from tinylm.training.snapshots import remove_snapshots_after, snapshot_path, snapshot_steps
from tinylm.training.team import Team

__all__ = ["Run", "ShouldStop"]

_SAMPLE = 13  # what a derived seed is for; mixture.py uses 1 to 4, learner.py 11 and 12
_STOP_FILE_SIGNAL = 2  # a stop file counts as Ctrl-C: exit code 130
_LEAVING_OUT = "leaving out"
_CLEARLY_WORSE = 1.02  # as the editor says: a difference that a reader of the samples might notice

# Returns the number of the signal that asks the run to end, or 0.
ShouldStop = Callable[[], int]


@dataclass
class Run:
    """One process' part of a run, and how it ends."""

    directory: RunDirectory
    record: RunRecord
    tokenizer: Tokenizer
    machine: Machine
    team: Team
    should_stop: ShouldStop
    cache: EncodedCache | None
    limit: TimeLimit | None = None
    losses: dict[int, float] = field(default_factory=dict, init=False)  # of the evaluations, by their steps
    n_left_out: int = field(default=0, init=False)

    def complete(self, on_event: OnEvent) -> Path:
        """Train to the end, telling the diary how it ended."""
        config, directory, team = self.record.config, self.directory, self.team
        self.fingerprint = run_fingerprint(self.record)
        found = newest_checkpoint(directory.checkpoints, self.fingerprint)
        self.position = found[1] if found else Position(0)
        team.leader_does(self._go_back)
        log = EventLog(directory.events, on_event) if team.leads else EventLog(None)
        with log as self.log, self._told_how_it_ends():
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
            corpus = self._corpus()
            self._build(found[0] if found else None, corpus)
            report_size(self.log, config, corpus, n_parameters(config, self.tokenizer.vocab_size))
            self._steps(corpus)
        return directory.model

    def _go_back(self) -> None:
        """Forget what lies after the checkpoint: it is about to happen again."""
        self.directory.stop.unlink(missing_ok=True)
        kept = rewind_events(self.directory.events, self.position.step)
        remove_snapshots_after(self.directory.path, self.position.step)
        losses = {event.get("step"): event.get("validationLoss") for event in kept if event.get("type") == "evaluation"}
        self.losses = {step: loss for step, loss in losses.items() if isinstance(step, int) and isinstance(loss, float)}
        left_out = [event for event in kept if event.get("phase") == _LEAVING_OUT]
        self.n_left_out = sum(event.get("step", 0) + 1 - event.get("fromStep", 1) for event in left_out)

    def _corpus(self) -> Corpus:
        """Encode what is not yet encoded, once for all processes, and map it."""
        config, place, progress = self.record.config, self.directory.data, encoding_reporter(self.log)
        found: list[Corpus] = []
        ours = (config, self.tokenizer, place)
        self.team.leader_does(lambda: found.append(prepare_corpus(*ours, self._check, progress, self.cache)))
        return found[0] if found else prepare_corpus(*ours)

    def _build(self, checkpoint: Path | None, corpus: Corpus) -> None:
        config, initial = self.record.config, self.directory.initial
        learner = Learner(config, corpus.training, self.tokenizer, self.machine, self.team, initial)
        learner.model.config.trained_on = trained_on(self.record, None if config.init_from is None else initial)
        if checkpoint is not None:
            restore_checkpoint(checkpoint, learner.model, learner.optimizers)
        if self.machine.compile and self.team.size == 1:
            self.log.write("progress", phase="compiling", fraction=None, message="about a minute, once")
            with leaving_at_once(self._stopped()):
                learner.compile()
        self.learner = learner  # from here on there is something to save
        size = n_parameters(config, self.tokenizer.vocab_size)
        self.snapshot_steps = frozenset(snapshot_steps(config.steps, config.snapshots, size))

    def _steps(self, corpus: Corpus) -> None:
        config = self.record.config
        clock = StepClock(config.tokens_per_step, config.steps)
        # One that was stopped in an evaluation, or before an export, owes it.
        self.team.leader_does(lambda: self._between_steps(corpus))
        if self.limit is not None:
            self.limit.begin(self.position.step)
        while self.position.step < config.steps:
            step = self.position.step
            learned = self.learner.learn(step, self._check_together)
            step += 1
            self.position = replace(self.position, step=step)
            self.log.write("step", step=step, totalSteps=config.steps, **learned, **clock.tick(step))
            self.team.leader_does(lambda: self._between_steps(corpus))
            if self.limit is not None:
                self._leave_out(self.limit.step_that_fits(step, config))

    def _leave_out(self, step: int) -> None:
        """Go on from a later step of the plan; the checkpoint there binds a resumed run, which has another clock."""
        if step > self.position.step:
            first = self.position.step + 1
            which = f"step {step:,}" if first == step else f"steps {first:,} to {step:,}"
            message = f"{which} of the plan, for want of time"
            self.log.write("progress", phase=_LEAVING_OUT, fraction=None, message=message, step=step, fromStep=first)
            self.n_left_out += step + 1 - first
            self.position = replace(self.position, step=step)
            self._checkpoint()  # with the event on the disk; an event without its checkpoint is dropped on resuming

    def _is_time(self, every: int) -> bool:
        step = self.position.step
        return step > 0 and (step % every == 0 or step == self.record.config.steps)

    def _between_steps(self, corpus: Corpus) -> None:
        """Evaluate and save where it is time for that, and in any case at the end."""
        config, step = self.record.config, self.position.step
        if step in self.snapshot_steps:
            self._snapshot()
        if self._is_time(config.evaluate_every) and step not in self.losses:
            self._evaluate(corpus)
        if self._is_time(config.checkpoint_every) or (step and self.position.best_step == step):
            self._checkpoint()

    def _evaluate(self, corpus: Corpus) -> None:
        config, step = self.record.config, self.position.step
        result = evaluate_model(self.learner.model, corpus.validation, self.tokenizer, config.block_size, self._check)
        best = self.position.best_validation_loss
        if best is None or result.validation_loss < best:
            self.position = Position(step, result.validation_loss, step)
        seed = derived_seed(config.seed, _SAMPLE)
        prompt = config.sample_prompt
        if prompt is None:
            prompt = usual_beginning(corpus.validation, self.tokenizer, config.block_size)
        sample = sample_text(self.learner.model, self.tokenizer, prompt, seed, self._check)
        self.log.write(
            "evaluation",
            step=step,
            validationLoss=result.validation_loss,
            bitsPerByte=result.bits_per_byte,
            nTokens=result.n_tokens,
            sample=sample,
        )
        self.losses[step] = result.validation_loss

    def _checkpoint(self) -> None:
        """Save the state, then the model for others to use, then forget older states."""
        config, directory, learner = self.record.config, self.directory, self.learner
        self.log.flush_to_disk()
        facts = {"run": self.fingerprint, "machine": self.record.machine}
        path = save_checkpoint(directory.checkpoints, learner.model, learner.optimizers, self.position, facts)
        export_model(learner.model, directory.tokenizer, directory.model, config.export_dtype)
        prune_checkpoints(directory.checkpoints, self.position, config.keep)
        self.log.write("checkpoint", step=self.position.step, path=str(path))

    def _snapshot(self) -> None:
        path = snapshot_path(self.directory.path, self.position.step)
        if not path.exists():
            export_model(self.learner.model, self.directory.tokenizer, path, "float16")

    def _check(self) -> None:
        """Raise when this process was asked to stop."""
        self._stop_at(self._asked())

    def _check_together(self) -> None:
        """Raise in all processes when one of them was asked to stop."""
        self._stop_at(self.team.agreed(self._asked()))

    def _asked(self) -> int:
        return self.should_stop() or (_STOP_FILE_SIGNAL if self.directory.stop.exists() else 0)

    def _stop_at(self, signal_number: int) -> None:
        if signal_number:
            raise Interrupted(self._stopped(), signal_number)

    def _stopped(self) -> str:
        return stopped_line(self.position.step, self.directory)

    @contextmanager
    def _told_how_it_ends(self) -> Iterator[None]:
        try:
            with memory_explained(self.record.config), self._saved_when_stopped():
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
            self._end("finished", f"{self.position.step - self.n_left_out:,} steps")

    @contextmanager
    def _saved_when_stopped(self) -> Iterator[None]:
        try:
            yield
        except Interrupted as stop:
            if hasattr(self, "learner"):
                self.team.leader_does(self._checkpoint)
            raise Interrupted(self._stopped(), stop.exit_code - 128) from None  # it may name a model now

    def _end(self, reason: str, message: str) -> None:
        model = self.directory.model
        self.directory.stop.unlink(missing_ok=True)
        exported = str(model) if model.is_dir() else None
        self.log.write("end", reason=reason, message=message, model=exported, betterStep=self._better_step())

    def _better_step(self) -> int | None:
        """Return the step whose weights were clearly better than the newest measured ones; None where none were."""
        best, newest = self.position.best_validation_loss, self.losses.get(max(self.losses, default=0))
        is_worse = best is not None and newest is not None and newest > _CLEARLY_WORSE * best
        return self.position.best_step if is_worse else None
