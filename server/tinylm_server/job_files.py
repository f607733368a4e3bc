"""What is on disk about a training job, and how far it is: everything a later server needs to pick it up.

<state>/jobs/<jobId>/job.json      what it is (`JobRecord`)
                     driver.json   who runs it; end.json how it ended (`job_driver`)
                     log           output of its stages
                     events.jsonl  events of a tokenizer's training; those of a model lie in its run
                     seen          its end was told to an editor
"""

import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from platformdirs import user_state_path

__all__ = ["JobRecord", "jobs_directory", "read_record", "working_folder", "write_record"]


@dataclass(frozen=True)
class Stage:
    """One command of a job. `events` is the file its events are appended to."""

    kind: str
    command: list[str]
    events: str


@dataclass(frozen=True)
class JobRecord:
    """A job as it was started. `model` is where the finished model will be, None for a tokenizer."""

    job_id: str
    kind: str
    run: str
    created: float
    workspace: str
    stages: list[Stage]
    model: str | None

    @property
    def directory(self) -> Path:
        """Where the job's files lie."""
        return jobs_directory() / self.job_id

    def is_alive(self) -> bool:
        """Say whether the job's driver runs; a recycled process number does not count."""
        driver = _read(self.directory / "driver.json")
        if driver is None:
            return False
        try:
            process = psutil.Process(int(driver["pid"]))
            same = abs(process.create_time() - float(driver["created"])) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, KeyError, ValueError, TypeError):
            return False

    def ask_to_stop(self) -> bool:
        """Ask the running stage to save and leave. Returns whether there was anybody to ask."""
        driver = _read(self.directory / "driver.json")
        if driver is None or not self.is_alive():
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(driver["pid"]), signal.SIGTERM)
        return True

    def exit_code(self) -> int | None:
        """Return the exit code; None while the job has none."""
        end = _read(self.directory / "end.json")
        return None if end is None else int(end["code"])

    def last_words(self) -> str:
        """Return the `error:` line at the end of the log, or its last line."""
        try:
            with (self.directory / "log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
                lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        errors = [line for line in lines if line.startswith("error: ")]
        return errors[-1].removeprefix("error: ") if errors else (lines[-1] if lines else "")


def jobs_directory() -> Path:
    """Return the directory of all jobs of this user."""
    return user_state_path("tinylm", appauthor=False) / "jobs"


def working_folder(workspace: str) -> str:
    """Return where the trainer's processes start: the workspace, or the user's home where there is none."""
    return workspace if workspace and Path(workspace).is_dir() else str(Path.home())


def write_record(record: JobRecord) -> None:
    """Write job.json; the job's directory is made."""
    record.directory.mkdir(parents=True, mode=0o700)
    (record.directory / "job.json").write_text(json.dumps(asdict(record)), encoding="utf-8")


def read_record(directory: Path) -> JobRecord | None:
    """Read a job.json; None when it is damaged or of another version."""
    values = _read(directory / "job.json")
    try:
        if values is None:
            return None
        return JobRecord(**{**values, "stages": [Stage(**each) for each in values["stages"]]})
    except (TypeError, KeyError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None
