"""What is installed, what works and what to do about the rest, found by trying it.

Each check is independent of the others and ends in a line; nothing is repaired, downloaded or written. Printing and
exit codes are `tinylm.cli.doctor`'s.
"""

import importlib
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import tinylm
from tinylm import extras
from tinylm.errors import TinyLMError

if TYPE_CHECKING:
    from tinylm.model.language_model import LanguageModel

__all__ = ["Check", "Report", "examine"]

SERVING = (
    "numpy",
    "tokenizers",
    "safetensors",
    "pygls",
    "lsprotocol",
    "typer",
    "rich",
    "textual",
    "filelock",
    "platformdirs",
    "regex",
    "psutil",
)
TRAINING = extras.TRAINING_PACKAGES
SENTENCE = "Once upon a time there was a little girl who lived in a house near the river."
MIN_FREE_BYTES = 500_000_000  # a training run of the starter's size keeps about 200 MB of checkpoints
CHILD_TIMEOUT_S = 120.0  # importing torch takes 2 to 9 s, more on a busy machine
# Run in a child: importing torch holds the interpreter for seconds, and a broken installation may crash the process.
TRAINING_PROGRAM = """
import json, torch, transformers, datasets, accelerate
assert float((torch.ones(4, 4) @ torch.ones(4, 4)).sum()) == 64.0
gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
print(json.dumps({"gpu": gpu, "threads": torch.get_num_threads()}))
"""


@dataclass(frozen=True)
class Check:
    """One thing that was tried. `state` is "ok", "note" (works without it) or "problem"; `next` says what to do."""

    name: str
    state: str
    detail: str
    next: str | None = None


@dataclass(frozen=True)
class Report:
    """Every check, and the version of every package, None where it is not installed."""

    checks: tuple[Check, ...]
    versions: dict[str, str | None]

    @property
    def ok(self) -> bool:
        """Whether the editor and the command line can work: training may be missing."""
        return all(check.state != "problem" for check in self.checks)


def examine(*, training: bool = True) -> Report:
    """Try everything and report.

    Args:
        training: also start a child that imports torch, which takes seconds.
    """
    versions = {name: _version(name) for name in (*SERVING, *TRAINING)}
    checks = [_python(), *_serving(versions)]
    checks.append(_training(versions) if training else _training_versions(versions))
    if all(check.state != "problem" for check in checks):
        checks += _model()
    checks += [_disk(), _memory()] if versions.get("psutil") else [_disk()]
    named = {"python": platform.python_version(), "tinylm": tinylm.__version__, **versions}
    return Report(tuple(checks), named)


def _python() -> Check:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    return Check("python", "ok", detail)


def _serving(versions: dict[str, str | None]) -> Iterator[Check]:
    broken = []
    for name in SERVING:
        try:
            importlib.import_module(name)
        except ImportError as error:  # missing, or a compiled part that does not fit this Python
            broken.append(f"{name} ({error})")
    if broken:
        yield Check(
            "serving", "problem", "cannot import " + ", ".join(broken), f"{sys.executable} -m pip install tinylm"
        )
        return
    shown = ", ".join(f"{name} {versions[name]}" for name in ("pygls", "tokenizers", "numpy", "textual"))
    yield Check("serving", "ok", f"the editor's features and the command line: {shown}")


def _training_versions(versions: dict[str, str | None]) -> Check:
    missing = [name for name in TRAINING if versions[name] is None]
    if missing:
        advice = f"{extras.install_command()}, or let the editor do it when you first train"
        return Check("training", "note", f"not installed: {', '.join(missing)}", advice)
    return Check("training", "ok", ", ".join(f"{name} {versions[name]}" for name in TRAINING))


def _training(versions: dict[str, str | None]) -> Check:
    check = _training_versions(versions)
    if check.state != "ok":
        return check
    command = [sys.executable, "-I", "-c", TRAINING_PROGRAM]
    advice = f"{sys.executable} -m pip install --force-reinstall {' '.join(TRAINING)}"
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return Check("training", "note", f"torch did not import within {CHILD_TIMEOUT_S:.0f} s", advice)
    if child.returncode != 0:
        last = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        return Check("training", "note", f"installed, but does not import: {last}", advice)
    found = json.loads(child.stdout.splitlines()[-1])
    where = found["gpu"] or f"processor, {found['threads']} thread{'s' if found['threads'] > 1 else ''}"
    return Check("training", "ok", f"{check.detail}; on {where}")


def _model() -> Iterator[Check]:
    from tinylm.model.language_model import LanguageModel, starter_model_directory

    directory = starter_model_directory()
    advice = "install TinyLM again, or pass --model with one of your own"
    start = time.perf_counter()
    try:
        model = LanguageModel.load(directory)
        load_s = time.perf_counter() - start
        n_bytes = sum(file.stat().st_size for file in directory.iterdir() if file.is_file())
        config = model.engine.config
        size = f"{model.engine.n_params / 1e6:.1f} M parameters, {n_bytes / 1e6:.1f} MB, block size {config.block_size}"
        yield Check("starter model", "ok", f"{size}, loaded in {load_s:.2f} s, {directory}")
        yield _self_check(model)
    except (TinyLMError, OSError) as error:
        yield Check("starter model", "problem", str(error), advice)


def _self_check(model: "LanguageModel") -> Check:
    """Tokenise and score a sentence, then generate a little: the whole serving path on text whose result is known."""
    start = time.perf_counter()
    analysis = model.analyze(SENTENCE)
    score_s = time.perf_counter() - start
    n_bytes = len(SENTENCE.encode())
    bits_per_byte = -float(analysis.scores.logprob.sum()) / math.log(2) / n_bytes
    ids = [int(token_id) for token_id in analysis.ids]
    joined = b"".join(model.tokenizer.token_bytes(token_id) for token_id in ids)
    advice = "install TinyLM again; if it stays, report it with `tinylm doctor --json`"
    if joined != SENTENCE.encode():
        return Check("self-check", "problem", f"the tokens of {SENTENCE!r} do not join to it", advice)
    if not 0 < bits_per_byte < 8:
        return Check("self-check", "problem", f"{bits_per_byte} bits per byte on {SENTENCE!r}", advice)
    detail = f"scored {len(ids)} tokens in {1000 * score_s:.0f} ms, {bits_per_byte:.2f} bits per byte"
    return Check("self-check", "ok", detail)


def _disk() -> Check:
    try:
        free = shutil.disk_usage(Path.cwd()).free
    except OSError as error:
        return Check(
            "disk", "note", f"the current folder cannot be read ({error.strerror})", "change to another folder"
        )
    detail = f"{free / 1e9:.1f} GB free in the current folder"
    if free < MIN_FREE_BYTES:
        return Check("disk", "note", detail, "free some space before training: a run keeps several checkpoints")
    return Check("disk", "ok", detail)


def _memory() -> Check:
    import psutil

    available = psutil.virtual_memory().available
    detail = f"{available / 1e9:.1f} GB of memory available, {os.cpu_count()} processors"
    if available < MIN_FREE_BYTES:
        return Check("memory", "note", detail, "close other programs before training")
    return Check("memory", "ok", detail)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
