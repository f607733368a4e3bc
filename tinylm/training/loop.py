"""Begins a run, or goes on with one: checks what has to hold and takes the directory. `run.py` does the rest."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.budget import TimeLimit
from tinylm.training.config import TrainConfig
from tinylm.training.corpus import check_corpus
from tinylm.training.encoded_cache import EncodedCache
from tinylm.training.events import OnEvent
from tinylm.training.initial import fingerprints
from tinylm.training.network import choose_machine
from tinylm.training.origin import check_fits
from tinylm.training.run import Run, ShouldStop
from tinylm.training.run_directory import (
    RunDirectory,
    RunRecord,
    check_run_unchanged,
    machine_record,
    read_run,
)
from tinylm.training.team import joined_team

__all__ = ["resume", "train"]


def train(
    config: TrainConfig,
    *,
    on_event: OnEvent = lambda event: None,
    should_stop: ShouldStop = lambda: 0,
    cache: EncodedCache | None = None,
    limit: TimeLimit | None = None,
) -> Path:
    """Start a run in `config.out`, train to its end and return the exported model's directory.

    Args:
        on_event: called with every event of `events.py`, after it was written.
        should_stop: asked between micro-batches, batches of encoding, evaluation and sampling.
        cache: encoded corpora that runs share; None: this one encodes for itself.
        limit: leave out steps of the plan that do not fit into a time; for one process only.

    Raises:
        Interrupted: a stop was asked for; everything done is saved and `resume` goes on.
        BadData, Locked, DiskProblem, UsageError: see the messages; before training starts where that is possible.
    """
    directory = RunDirectory(Path(config.out))
    tokenizer_path = Path(config.tokenizer)
    with joined_team(config.accumulate) as team, ExitStack() as held:
        tokenizer = Tokenizer.load(tokenizer_path)
        if config.init_from is not None:
            check_fits(Path(config.init_from), config, tokenizer)
        check_corpus(config, tokenizer)
        sources = fingerprints(config)
        machine = choose_machine(config, tokenizer.vocab_size, team.size)
        record = RunRecord(config, machine_record(machine), tokenizer.id, sources)

        def begin() -> None:
            directory.prepare_new()
            held.enter_context(directory.locked())
            directory.write_record(record, tokenizer_path)

        team.leader_does(begin)
        return Run(directory, record, tokenizer, machine, team, should_stop, cache, limit).complete(on_event)


def resume(
    config: TrainConfig,
    *,
    allow_inexact: bool = False,
    on_event: OnEvent = lambda event: None,
    should_stop: ShouldStop = lambda: 0,
    cache: EncodedCache | None = None,
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
    with joined_team(config.accumulate) as team, ExitStack() as held:
        team.leader_does(lambda: held.enter_context(directory.locked()))
        tokenizer = Tokenizer.load(directory.tokenizer)
        threads = int(record.machine.get("threads", 0))
        pinned = replace(config, compile="on" if record.machine.get("compile") else "off", threads=threads)
        machine = choose_machine(pinned, tokenizer.vocab_size, team.size)
        own = replace(config, init_from=str(directory.initial)) if config.init_from is not None else config
        check_run_unchanged(record, tokenizer, fingerprints(own), machine, allow_inexact)
        record = replace(record, config=config)
        return Run(directory, record, tokenizer, machine, team, should_stop, cache).complete(on_event)
