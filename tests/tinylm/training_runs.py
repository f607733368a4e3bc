"""Small training runs for the tests: their configuration, their outcome, and the command line in a process of its own.

`Child` forks instead of starting Python anew, which saves the seconds that importing torch takes; everything else is
real: signals, exit codes, file descriptors. A few slow tests start the command line with a new interpreter.
"""

import hashlib
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tinylm.files import read_manifest
from tinylm.training.config import TrainConfig
from tinylm.training.events import read_events

STEPS = 9
LIMIT_S = 120.0


def make_config(corpus: Path, tokenizer_directory: Path, out: Path) -> TrainConfig:
    """A run of 9 steps that takes about a second; threads are pinned because the promise of equal bits needs it."""
    return TrainConfig(
        data=(str(corpus),),
        tokenizer=str(tokenizer_directory),
        out=str(out),
        n_layer=2,
        n_head=2,
        n_embd=32,
        block_size=32,
        steps=STEPS,
        batch_size=2,
        accumulate=2,
        dropout=0.1,
        warmup=2,
        checkpoint_every=2,
        evaluate_every=4,
        snapshots=0,
        threads=1,
        compile="off",
    )


def options(config: TrainConfig) -> list[str]:
    """The words after `tinylm train` that make this configuration."""
    names = ("n_layer", "n_head", "n_embd", "block_size", "steps", "batch_size", "accumulate", "dropout", "warmup")
    names += ("checkpoint_every", "evaluate_every", "snapshots", "threads", "compile", "tokenizer", "out")
    pairs = [(f"--{name.replace('_', '-')}", str(getattr(config, name))) for name in names]
    return [*(word for spec in config.data for word in ("--data", spec)), *(word for pair in pairs for word in pair)]


def outcome(out: Path | str) -> dict[str, object]:
    """Hashes of the final weights and of all optimizer state, and every loss, rate and norm as they were logged."""
    last = max((Path(out) / "checkpoints").glob("step-*"))
    hashes = {
        name: hashlib.sha256((last / f"{name}.safetensors").read_bytes()).hexdigest() for name in ("model", "optimizer")
    }
    steps = [event for event in read_events(Path(out) / "events.jsonl") if event["type"] == "step"]
    return {**hashes, "losses": [(e["step"], e["loss"], e["learningRate"], e["gradNorm"]) for e in steps]}


def diary(out: Path | str) -> dict[str, object]:
    """Every evaluation, the checkpoints that were kept, and the best of them."""
    events = read_events(Path(out) / "events.jsonl")
    kept = sorted((Path(out) / "checkpoints").glob("step-*"))
    details = read_manifest(kept[-1])
    return {
        "evaluations": [(e["step"], e["validationLoss"], e["sample"]) for e in events if e["type"] == "evaluation"],
        "kept": [path.name for path in kept],
        "best": (details["best_step"], details["best_validation_loss"]),
    }


def stop_after(n_questions: int) -> Callable[[], int]:
    """Answer "go on" n times, then SIGTERM for ever."""
    asked = iter(range(n_questions))
    return lambda: 0 if next(asked, None) is not None else int(signal.SIGTERM)


class Child:
    """A fork of this process that runs a function; use it in a `with` block, which ends it if it still lives."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._text = b""
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _run_in_child(work, reading, writing)
        os.close(writing)
        self._reading = reading
        self._status: int | None = None

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._reading)

    def wait_for(self, text: str, limit_s: float = LIMIT_S) -> None:
        """Return when the child's output holds a text; the end of the output is a failure."""
        while text.encode() not in self._text:
            assert self._read(limit_s), f"ended without {text!r}: {self._text.decode()}"

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def finish(self, limit_s: float = LIMIT_S) -> tuple[int, str]:
        """Wait for the end; return the exit code (negative: killed by that signal) and all of stdout and stderr."""
        while self._read(limit_s):
            pass
        self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status, self._text.decode()

    def _read(self, limit_s: float) -> bool:
        ready, _, _ = select.select([self._reading], [], [], limit_s)
        assert ready, f"nothing came for {limit_s} s after: {self._text.decode()}"
        piece = os.read(self._reading, 1 << 16)
        self._text += piece
        return bool(piece)


def call_cli(*words: str) -> Callable[[], object]:
    """Return a function that runs `tinylm` with these words, for `Child`."""
    from tinylm.cli.app import main

    return lambda: main(list(words))


def _run_in_child(work: Callable[[], object], reading: int, writing: int) -> None:
    """Run and leave without pytest's own ending; what a real process would print at its end is printed."""
    code = 1
    try:
        os.close(reading)
        for stream in (1, 2):
            os.dup2(writing, stream)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  (the child's border: nothing may get back into pytest)
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)
