"""The commands around training: check what they are given as hostile, make a job of it, answer at once."""

import asyncio
import json
import re
import secrets
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from pygls.exceptions import JsonRpcInvalidParams

from tinylm.extras import install_command, missing_packages
from tinylm.tokens.tokenizer_file import DEFAULT_VOCAB_SIZE, MAX_VOCAB_SIZE
from tinylm_server import params as check
from tinylm_server.job_driver import NICE
from tinylm_server.job_files import JobRecord, Stage, jobs_directory, working_folder
from tinylm_server.models import chosen_directory
from tinylm_server.worker_client import child_environment, python_command

if TYPE_CHECKING:
    from lsprotocol import types as lsp

    from tinylm_server.server import Server

__all__ = [
    "estimate_training",
    "list_jobs",
    "progress_cancelled",
    "resume_training",
    "stop_training",
    "train_model",
    "train_tokenizer",
]

NEEDED = ("torch", "transformers")

# argument -> option of `tinylm train`; all whole numbers
NUMBERS = {
    "steps": "--steps",
    "nLayer": "--n-layer",
    "nHead": "--n-head",
    "nEmbd": "--n-embd",
    "blockSize": "--block-size",
    "batchSize": "--batch-size",
    "checkpointEvery": "--checkpoint-every",
    "evaluateEvery": "--evaluate-every",
    "seed": "--seed",
    "threads": "--threads",
}


# What `tinylm train --dry-run --json` says and a client is told.
ESTIMATED = (
    *("nParameters", "tokensPerStep", "steps", "flops", "memoryBytes", "secondsPerStep", "seconds"),
    *("nLayer", "nHead", "nEmbd", "blockSize", "vocabSize", "corpusBytes", "warning"),
)


async def train_tokenizer(ls: "Server", argument: Any = None) -> dict[str, str]:
    """Start `tinylm train-tokenizer`."""
    fields = check.mapping(argument, "argument")
    out = check.absolute_path(fields, "out")
    job_id = _new_id()
    stage = _tokenizer_stage(job_id, _data(fields), out, _vocab_size(fields))
    return _begin(ls, JobRecord(job_id, "tokenizer", out, time.time(), ls.workspace_folder(), [stage], None))


async def train_model(ls: "Server", argument: Any = None) -> dict[str, str]:
    """Start `tinylm train`; without a tokenizer or a model to go on from, one is trained on the same data first."""
    fields = check.mapping(argument, "argument")
    out, data = check.absolute_path(fields, "out"), _data(fields)
    options, origin = _options(fields), _origin(fields)
    _require_packages()
    job_id = _new_id()
    stages = []
    if not origin:
        tokenizer = str(jobs_directory() / job_id / "tokenizer")
        stages.append(_tokenizer_stage(job_id, data, tokenizer, _vocab_size(fields), "--replace"))  # anew when resumed
        origin = [f"--tokenizer={tokenizer}"]
    command = _tinylm("train", *_each("--data", data), *origin, f"--out={out}", *options)
    stages.append(Stage("model", command, str(Path(out) / "events.jsonl")))
    record = JobRecord(job_id, "model", out, time.time(), ls.workspace_folder(), stages, str(Path(out) / "model"))
    return _begin(ls, record)


async def estimate_training(ls: "Server", argument: Any = None) -> dict[str, Any]:
    """Run `tinylm train --dry-run` with the arguments of `train_model`, and return what it counts and measures."""
    fields = check.mapping(argument, "argument")
    out, data = check.absolute_path(fields, "out"), _data(fields)
    options, origin = _options(fields), _origin(fields) or [f"--vocab-size={_vocab_size(fields)}"]
    _require_packages()
    command = _tinylm("train", *_each("--data", data), *origin, f"--out={out}", *options, "--dry-run", "--json")
    found = json.loads(await _output_of(command, ls.workspace_folder()))
    return {"schema": 1, **{name: found[name] for name in ESTIMATED}}


async def resume_training(ls: "Server", argument: Any = None) -> dict[str, str]:
    """Go on with a run: the model that has begun there, or else what its newest job had begun."""
    run = check.absolute_path(check.mapping(argument, "argument"), "run")
    if (Path(run) / "run.json").is_file():
        _require_packages()
        stage = Stage("model", _tinylm("train", "--resume", f"--out={run}"), str(Path(run) / "events.jsonl"))
        model = str(Path(run) / "model")
        return _begin(ls, JobRecord(_new_id(), "model", run, time.time(), ls.workspace_folder(), [stage], model))
    job = ls.jobs.newest_for(run)
    if job is None or job.progress.state == "finished":
        raise check.refusal(f"{run} holds no run to resume; start a new one with Train Model")
    if job.record.kind == "model":
        _require_packages()
    job_id = _new_id()
    stages = [_told_anew(stage, job_id) for stage in job.record.stages]
    return _begin(ls, replace(job.record, job_id=job_id, created=time.time(), stages=stages))


async def stop_training(ls: "Server", argument: Any = None) -> dict[str, bool]:
    """Stop one job, or all when no id is given."""
    fields = check.mapping(argument if argument is not None else {}, "argument")
    job_id = None if fields.get("jobId") is None else check.text(fields, "jobId")
    return {"stopped": ls.jobs.stop(job_id)}


async def list_jobs(ls: "Server", *arguments: Any) -> list[dict[str, Any]]:
    """Return every job of this workspace that is running, or ended within a week."""
    return [job.progress.to_json() for job in ls.jobs.all()]


async def progress_cancelled(ls: "Server", params: "lsp.WorkDoneProgressCancelParams") -> None:
    """Stop the job whose progress bar was cancelled."""
    ls.jobs.cancel(params.token)


async def _output_of(command: list[str], workspace: str) -> bytes:
    """Run a command at the priority of a training, so that it measures what a training will find; return its output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=working_folder(workspace),
        env=child_environment({}),
    )
    try:
        with suppress(psutil.Error):
            psutil.Process(process.pid).nice(NICE)
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:  # the request was cancelled
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no reason given; see the log"]
        raise check.refusal(lines[-1].removeprefix("error: "))
    return output


def _begin(ls: "Server", record: JobRecord) -> dict[str, str]:
    if (job := ls.jobs.running_in(record.run)) is not None:
        raise check.refusal(
            f"{record.run} is in use by job {job.record.job_id}; stop it first, or choose another folder"
        )
    ls.jobs.begin(record)
    return {"jobId": record.job_id, "run": record.run}


def _tokenizer_stage(job_id: str, data: list[str], out: str, vocab_size: int, *more: str) -> Stage:
    words = ["train-tokenizer", *_each("--data", data), f"--vocab-size={vocab_size}", f"--out={out}", *more]
    return _told_anew(Stage("tokenizer", _tinylm(*words), ""), job_id)


def _told_anew(stage: Stage, job_id: str) -> Stage:
    """Return a stage whose events, of a tokenizer, go to a job's own directory; a model's stay with its run."""
    if stage.kind != "tokenizer":
        return stage
    events = str(jobs_directory() / job_id / "events.jsonl")
    command = [word for word in stage.command if not word.startswith("--events=")]
    return Stage(stage.kind, [*command, f"--events={events}"], events)


def _tinylm(*arguments: str) -> list[str]:
    return python_command("tinylm", *arguments)


def _each(option: str, values: list[str]) -> list[str]:
    # `--data=X`, never `--data X`: a name that begins with a dash stays a name.
    return [f"{option}={value}" for value in values]


def _options(fields: Mapping[str, Any]) -> list[str]:
    options = []
    if fields.get("size") is not None:
        size = check.text(fields, "size")
        if size not in ("tiny", "small", "base"):
            raise JsonRpcInvalidParams(f"size: expected tiny, small or base, got {size[:40]!r}")
        options.append(f"--size={size}")
    if fields.get("budget") is not None:
        budget = check.text(fields, "budget")
        if not re.fullmatch(r"[0-9.hms]{2,20}", budget):
            raise JsonRpcInvalidParams(f"budget: expected a time such as 10m, got {budget[:40]!r}")
        options.append(f"--budget={budget}")
    for name, option in NUMBERS.items():
        if fields.get(name) is not None:
            options.append(f"{option}={check.integer(fields, name)}")
    return options


def _origin(fields: Mapping[str, Any]) -> list[str]:
    """Return the option that names what a run begins with: a model, or a tokenizer; none where one is trained first."""
    if fields.get("initFrom") is None:
        return [] if fields.get("tokenizer") is None else [f"--tokenizer={check.absolute_path(fields, 'tokenizer')}"]
    if given := [name for name in ("tokenizer", "size") if fields.get(name) is not None]:
        raise JsonRpcInvalidParams(f"initFrom: a model brings its own {' and '.join(given)}; leave that null")
    is_starter = fields["initFrom"] == ""
    return [f"--init-from={chosen_directory('') if is_starter else check.absolute_path(fields, 'initFrom')}"]


def _data(fields: Mapping[str, Any]) -> list[str]:
    values = check.items(fields, "data")
    if not values or not all(isinstance(value, str) and value and "\0" not in value for value in values):
        raise JsonRpcInvalidParams("data: expected an array of at least one name of a corpus")
    return values


def _vocab_size(fields: Mapping[str, Any]) -> int:
    return check.integer(fields, "vocabSize", DEFAULT_VOCAB_SIZE, low=257, high=MAX_VOCAB_SIZE)


def _require_packages() -> None:
    """Refuse before a job is made; the extension asks and installs what the error's data names."""
    missing = missing_packages(*NEEDED)
    if missing:
        names = " and ".join(missing)
        raise check.refusal(f"training needs {names}; run: {install_command()}", {"missing": missing})


def _new_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
