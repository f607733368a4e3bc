"""`tinylm train`: obeys the options, listens for signals, shows progress. The work is in `tinylm.training`."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tinylm.cli import train_options as options
from tinylm.cli.train_checks import (
    check_alone,
    check_budget,
    check_inputs,
    check_new_run,
    check_resumable,
    loading_torch,
    require_torch,
)
from tinylm.errors import Interrupted, UsageError
from tinylm.extras import require_tensorboard

if TYPE_CHECKING:
    from tinylm.stopping import StopRequest
    from tinylm.training.encoded_cache import EncodedCache

__all__ = ["train"]

_NOT_OF_THE_RUN = frozenset(
    {"resume", "allow_inexact", "size", "budget", "dry_run", "vocab_size", "as_json", "share", "tensorboard"}
)
_STARTER = Path("starter")  # a name where no directory has it
_TIME_FOR_STEPS = 0.98  # of a budget; saving and exporting up to 14 M parameters takes well under a second
_TIME_IS_UP = 14  # SIGALRM's number: how the loop is told that the time is over


def train(
    out: options.Out,
    data: options.Data = None,
    tokenizer: options.TokenizerDirectory = None,
    init_from: options.InitFrom = None,
    size: options.Size = None,
    n_layer: options.NLayer = None,
    n_head: options.NHead = None,
    n_embd: options.NEmbd = None,
    block_size: options.BlockSize = None,
    steps: options.Steps = None,
    batch_size: options.BatchSize = None,
    accumulate: options.Accumulate = None,
    lr: options.Lr = None,
    muon_lr: options.MuonLr = None,
    weight_decay: options.WeightDecay = None,
    dropout: options.Dropout = None,
    warmup: options.Warmup = None,
    decay_fraction: options.DecayFraction = None,
    mix: options.Mix = None,
    aligned: options.Aligned = None,
    validation: options.Validation = None,
    clean: options.Clean = None,
    errors: options.Errors = None,
    sample_prompt: options.SamplePrompt = None,
    checkpoint_every: options.CheckpointEvery = None,
    evaluate_every: options.EvaluateEvery = None,
    keep: options.Keep = None,
    snapshots: options.Snapshots = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    dtype: options.Dtype = None,
    compile: options.Compile = None,
    export_dtype: options.ExportDtype = None,
    resume: options.Resume = False,
    allow_inexact: options.AllowInexact = False,
    budget: options.Budget = None,
    dry_run: options.DryRun = False,
    vocab_size: options.VocabSize = None,
    as_json: options.AsJson = False,
    share: options.Share = True,
    tensorboard: options.Tensorboard = False,
) -> None:
    """Train a small GPT-2 on a corpus; Ctrl-C saves and leaves, --resume goes on exactly where it stopped."""
    given = {name: value for name, value in locals().items() if value is not None and name not in _NOT_OF_THE_RUN}
    if size is not None:
        given = {**_shape_of(size), **given}
    if resume and (dry_run or budget is not None):
        raise UsageError("--resume goes on with the steps that the run has; leave --dry-run and --budget away")
    if vocab_size is not None and not (dry_run and tokenizer is None and init_from is None and vocab_size >= 257):
        raise UsageError(
            "--vocab-size, 257 or more, belongs to --dry-run without --tokenizer; train-tokenizer makes one"
        )
    require_torch()
    if dry_run or budget is not None:
        check_alone()
    if budget is not None:
        check_budget(budget, given)
    if tensorboard:
        require_tensorboard()
    board = out / "tensorboard" if tensorboard else None
    began = time.monotonic()
    if dry_run:
        _say_what_it_costs(given, budget, began, as_json, vocab_size)
        return
    config = _config_to_resume(given) if resume else _new_config(given)
    check_resumable(config) if resume else check_new_run(config)
    from tinylm.stopping import StopRequest, ended_by_signals

    with ended_by_signals(), loading_torch():
        from tinylm.cli.train_progress import shown_progress
        from tinylm.training import loop
        from tinylm.training.encoded_cache import EncodedCache
    with StopRequest(eager=True) as stop:
        cache = EncodedCache() if share else None
        if budget is not None:
            _train_within(config, budget, given, began, stop, board, cache)
            return

        def should_stop() -> int:
            return (stop.signal_number or 0) if stop() else 0

        with shown_progress(board) as on_event:
            if resume:
                loop.resume(
                    config, allow_inexact=allow_inexact, on_event=on_event, should_stop=should_stop, cache=cache
                )
            else:
                loop.train(config, on_event=on_event, should_stop=should_stop, cache=cache)


def _say_what_it_costs(
    given: dict[str, Any], budget: str | None, began: float, as_json: bool, vocab_size: int | None
) -> None:
    """Print the cost of the run that the options describe; a tokenizer may still be missing."""
    config = _new_config(given if "init_from" in given else {"tokenizer": Path(), **given})
    tokenizer = Path(config.tokenizer) if "tokenizer" in given or "init_from" in given else None
    check_inputs(config, tokenizer)
    with loading_torch():
        from tinylm.cli import train_plan
    is_assumed = tokenizer is None and vocab_size is None
    vocab_size = vocab_size or train_plan.vocab_size_of(tokenizer)
    if budget is not None:
        config = train_plan.planned(config, given, budget, began, vocab_size)
    assumption = " (assumed; see --vocab-size)" if is_assumed else ""
    train_plan.print_estimate(config, vocab_size, typer.echo, as_json=as_json, assumption=assumption)


def _train_within(
    config: Any,
    budget: str,
    given: dict[str, Any],
    began: float,
    stop: "StopRequest",
    board: Path | None,
    cache: "EncodedCache | None",
) -> None:
    """Train for the given time. Where even the plan's last steps do not fit, stop and say how to go on."""
    from tinylm.cli import train_plan
    from tinylm.cli.train_progress import shown_progress
    from tinylm.training import loop
    from tinylm.training.budget import TimeLimit, seconds_from_text

    vocab_size = train_plan.vocab_size_of(Path(config.tokenizer))
    config = train_plan.planned(config, given, budget, began, vocab_size)
    ends = began + seconds_from_text(budget) * _TIME_FOR_STEPS
    step = 0

    def should_stop() -> int:
        if stop():
            return stop.signal_number or 0
        is_over = time.monotonic() > ends and step < config.steps  # the last evaluation and export are worth seconds
        return _TIME_IS_UP if is_over else 0

    try:
        with shown_progress(board) as show:

            def on_event(event: dict[str, Any]) -> None:
                nonlocal step
                step = event["step"] if event["type"] == "step" else step
                show(event)

            loop.train(config, on_event=on_event, should_stop=should_stop, cache=cache, limit=TimeLimit(ends))
    except Interrupted as reason:
        if reason.exit_code != 128 + _TIME_IS_UP:
            raise
        typer.echo(f"The time is up: {reason}", err=True)


def _new_config(given: dict[str, Any]) -> Any:
    from tinylm.training.config import TrainConfig, mix_from_text

    if "data" not in given:
        raise UsageError("--data is missing; a new run needs --data, --tokenizer and --out; try --data sample")
    if given.get("init_from") == _STARTER and not _STARTER.exists():
        from tinylm.model.language_model import starter_model_directory

        given = {**given, "init_from": starter_model_directory()}
    if "init_from" in given:
        given = {**_shape_and_tokenizer_of(given["init_from"]), **given}
    if "tokenizer" not in given:
        words = [word for spec in given["data"] for word in ("--data", spec)]
        place = f"{given['out']}-tokenizer"
        command = shlex.join(["tinylm", "train-tokenizer", *words, "--out", place])
        raise UsageError(
            f"--tokenizer is missing; make one with `{command}`, then add --tokenizer {shlex.quote(place)}"
        )
    fields = _normal(given)
    fields["mix"] = mix_from_text(given.get("mix"), len(fields["data"]))
    return TrainConfig(**fields)


def _config_to_resume(given: dict[str, Any]) -> Any:
    """Return the recorded configuration; options that would change its result are refused by name."""
    from dataclasses import replace

    from tinylm.errors import IncompatibleCheckpoint
    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm.training.config import FREE_FIELDS, config_differences, mix_from_text
    from tinylm.training.run_directory import RunDirectory, read_run

    record = read_run(RunDirectory(given["out"]))
    asked = _normal(given)
    if "mix" in given:
        asked["mix"] = mix_from_text(given["mix"], len(record.config.data))
    if "tokenizer" in asked:
        found = Tokenizer.load(Path(asked.pop("tokenizer"))).id
        if found != record.tokenizer_id:
            raise IncompatibleCheckpoint(f"tokenizer: the run has {record.tokenizer_id}, asked for {found}")
    differences = config_differences(record.config, asked)
    if differences:
        raise IncompatibleCheckpoint(
            f"{given['out']}: {'; '.join(differences)}; leave these options away, or start a new run with another --out"
        )
    return replace(record.config, **{name: value for name, value in asked.items() if name in FREE_FIELDS})


def _normal(given: dict[str, Any]) -> dict[str, Any]:
    """Give the options the types that the configuration has."""
    fields = {name: str(value) if isinstance(value, Path) else value for name, value in given.items() if name != "mix"}
    if "data" in fields:
        fields["data"] = tuple(fields["data"])
    return fields


def _shape_and_tokenizer_of(model: Path) -> dict[str, Any]:
    from tinylm.model.config import load_config

    found = load_config(model)
    shape = {name: getattr(found, name) for name in ("n_layer", "n_head", "n_embd", "block_size")}
    return {**shape, "tokenizer": model}


def _shape_of(size: str) -> dict[str, int]:
    from tinylm.training.config import SIZES

    if size not in SIZES:
        raise UsageError(f"--size is {size}, expected {', '.join(SIZES)}")
    return dict(zip(("n_layer", "n_head", "n_embd", "block_size"), SIZES[size], strict=True))
