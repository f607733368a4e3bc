"""The directory of a run: what lies where, who may write to it, and whether it belongs to the run that is asked for.

run.json        what the run is: configuration, machine, fingerprints of corpora and tokenizer; never changes
events.jsonl    what happened (see `events.py`)
tokenizer/      a copy of the tokenizer, so that the run does not depend on the original
data/           encoded corpora; they can be deleted, and are then encoded again
checkpoints/    the last ones (`keep` of them) and the best
snapshots/      weights over the whole run, for looking back (see `snapshots.py`)
model/          the newest export, a plain Hugging Face directory
lock, holder.json   held by the process that trains
stop            a file of this name asks the process to checkpoint and leave
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from tinylm.errors import BadData, DiskProblem, IncompatibleCheckpoint, Locked, UsageError
from tinylm.files import disk_errors, new_directory, sweep_leftovers, write_file
from tinylm.model.config import SNAPSHOTS
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.tokens.tokenizer_file import TOKENIZER_CONFIG
from tinylm.training.config import FREE_FIELDS, TrainConfig, config_from_json, config_to_json

if TYPE_CHECKING:
    from tinylm.training.network import Machine

__all__ = ["RunDirectory", "RunRecord", "check_run_unchanged", "machine_record", "read_run", "run_fingerprint"]

FORMAT = 2  # 1 had half of the rows begin with a document, by another coin
# `RunRecord` has their ids and the corpora's fingerprints, in which the way of reading is: paths may move, those not.
_KNOWN_BY_ID = frozenset({"tokenizer", "init_from", "errors"})
_OURS = frozenset(
    {"run.json", "events.jsonl", "tokenizer", "initial", "data", "checkpoints", SNAPSHOTS, "model"}
    | {"lock", "holder.json", "stop", "tensorboard"}
)


@dataclass(frozen=True)
class RunRecord:
    """The content of run.json. `sources` maps each source's name to its fingerprint."""

    config: TrainConfig
    machine: dict[str, Any]
    tokenizer_id: str
    sources: dict[str, str]


class RunDirectory:
    """Names the places of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "run.json"
        self.events = path / "events.jsonl"
        self.tokenizer = path / "tokenizer"
        self.initial = path / "initial"  # a copy of the model that --init-from named
        self.data = path / "data"
        self.checkpoints = path / "checkpoints"
        self.snapshots = path / SNAPSHOTS
        self.model = path / "model"
        self.stop = path / "stop"

    def check_new(self) -> None:
        """Refuse a place where no new run can begin. Nothing is made.

        Raises:
            UsageError: a run is there already, or files that are not ours.
            DiskProblem: it cannot be read or written.
        """
        if self.path.is_symlink():
            raise UsageError(f"{self.path} is a link; name the directory behind it as --out: {self.path.resolve()}")
        if self.record.exists():
            raise UsageError(f"{self.path} holds a run already; add --resume to go on with it, or choose another --out")
        if not self.path.is_dir():
            return
        with disk_errors(self.path, "making the run directory"):
            foreign = sorted(entry.name for entry in self.path.iterdir() if entry.name not in _OURS)
        foreign = [name for name in foreign if not name.startswith((".tmp-", ".del-"))]
        if foreign:
            names = ", ".join(foreign[:3])
            raise UsageError(f"{self.path} holds other files ({names}); choose an empty place for --out")
        if not os.access(self.path, os.W_OK):
            raise DiskProblem(f"{self.path}: this directory cannot be written; check its permissions")

    def prepare_new(self) -> None:
        """Make the directory, or take an empty one. Raises: as `check_new`; DiskProblem when it cannot be made."""
        self.check_new()
        with disk_errors(self.path, "making the run directory"):
            self.path.mkdir(parents=True, exist_ok=True)

    def check_free(self) -> None:
        """Refuse a run in which another process trains now. Raises: Locked; DiskProblem when it cannot be written."""
        self._acquired().release()

    def _acquired(self) -> FileLock:
        lock = FileLock(self.path / "lock", blocking=False)
        with disk_errors(self.path, "locking the run directory"):
            try:
                lock.acquire()
            except Timeout:  # itself an OSError
                raise Locked(
                    f"{self.path} is in use{_held_by(self.path / 'holder.json')}; stop that run first"
                ) from None
        return lock

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for this process; leftovers of a killed one are swept away.

        Raises:
            Locked: another living process holds it.
        """
        holder, lock = self.path / "holder.json", self._acquired()
        try:
            for place in (self.path, self.checkpoints, self.snapshots, self.data):
                with disk_errors(place, "making the run directory"):
                    place.mkdir(exist_ok=True)
                    sweep_leftovers(place)
            write_file(holder, json.dumps({"pid": os.getpid(), "started": time.time()}).encode())
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def write_record(self, record: RunRecord, tokenizer_source: Path) -> None:
        """Copy the tokenizer and the model to start from, then write run.json: the directory is a run from now on."""
        with new_directory(self.tokenizer, replace=True) as building:
            _copy_tokenizer(tokenizer_source, building)
        if record.config.init_from is not None:
            with new_directory(self.initial, replace=True) as building:
                for name in ("config.json", "model.safetensors"):
                    shutil.copyfile(Path(record.config.init_from) / name, building / name)
        values = {
            "format": FORMAT,
            "config": config_to_json(record.config),
            "machine": record.machine,
            "tokenizer": record.tokenizer_id,
            "sources": record.sources,
        }
        write_file(self.record, (json.dumps(values, indent=1) + "\n").encode())


def read_run(directory: RunDirectory) -> RunRecord:
    """Read run.json.

    Raises:
        UsageError: there is no run here.
        BadData: the file is damaged.
        IncompatibleCheckpoint: another version of TinyLM wrote it.
    """
    path = directory.record
    if not path.is_file():
        raise UsageError(f"{directory.path} holds no run to resume; leave --resume away to start one")
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != FORMAT:
            raise IncompatibleCheckpoint(
                f"{path}: format {values['format']}, this version of TinyLM reads {FORMAT}; "
                "start a new run with another --out"
            )
        return RunRecord(
            config_from_json(values["config"], path),
            dict(values["machine"]),
            str(values["tokenizer"]),
            {str(name): str(value) for name, value in values["sources"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadData(f"{path}: damaged ({error}); start a new run with another --out") from error


def check_run_unchanged(
    record: RunRecord, tokenizer: Tokenizer, sources: dict[str, str], machine: "Machine", allow_inexact: bool
) -> None:
    """Compare a recorded run with what is found today.

    Raises:
        IncompatibleCheckpoint: they differ; the message lists how.
    """
    from tinylm.training.network import machine_differences  # imports torch, which naming and reading a run must not

    differences = [] if allow_inexact else machine_differences(record.machine, machine)
    if tokenizer.id != record.tokenizer_id:
        differences.append(f"tokenizer: the run has {record.tokenizer_id}, found {tokenizer.id}")
    for name, fingerprint in record.sources.items():
        if sources.get(name) != fingerprint:
            differences.append(f"{name}: it has changed since the run began")
    if differences:
        raise IncompatibleCheckpoint(
            f"this run cannot be resumed exactly ({'; '.join(differences)}); restore what differs or start a new run"
        )


def run_fingerprint(record: RunRecord) -> str:
    """Return 16 hex digits that two runs share only if they compute the same thing; each checkpoint carries them."""
    config = config_to_json(record.config)
    decisive = {name: value for name, value in config.items() if name not in FREE_FIELDS | _KNOWN_BY_ID}
    text = json.dumps([decisive, record.tokenizer_id, record.sources], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def machine_record(machine: "Machine") -> dict[str, Any]:
    """Return the machine's settings as JSON-ready values."""
    return asdict(machine)


def _held_by(holder: Path) -> str:
    try:
        values = json.loads(holder.read_bytes())
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(values["started"])))
        return f" by process {int(values['pid'])} since {started}"
    except (OSError, ValueError, KeyError, TypeError):
        return " by another process"


def _copy_tokenizer(source: Path, target: Path) -> None:
    file = source / "tokenizer.json" if source.is_dir() else source
    shutil.copyfile(file, target / "tokenizer.json")
    settings = file.with_name("tokenizer_config.json")
    if settings.is_file():
        shutil.copyfile(settings, target / "tokenizer_config.json")
        return
    text = json.dumps(TOKENIZER_CONFIG, indent=2) + "\n"
    (target / "tokenizer_config.json").write_text(text, encoding="utf-8")
