"""The process that carries one training job: runs its stages one after the other and records how it ended.

    python -I -m tinylm_server.job_driver JOB_DIRECTORY

It leads its own session, so it outlives the server that started it. It imports nothing of the library. In the job's
directory it reads `job.json` (see `job_files`) and writes `driver.json` (who runs) and `end.json` (the exit code).
SIGTERM is passed on to the running stage, which saves and leaves.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["NICE", "OOM_SCORE", "main"]

# Editing comes first: of a core that both want, the training then gets a quarter (Linux: weight 335 against 1024). With
# 10 it would be a tenth, also beside work that nobody waits for.
NICE = 5
OOM_SCORE = 500  # of 1000; Chromium, and VS Code with it, gives its own pages 200 to 300


class Driver:
    """Runs stages until one fails or somebody asks to stop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked: int | None = None
        self.child: subprocess.Popen[bytes] | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Remember the wish and pass it on."""
        self.asked = number
        self.pass_on()

    def pass_on(self) -> None:
        """Ask the running stage to save and leave."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                self.child.send_signal(signal.SIGTERM)

    def run(self, stages: list[dict[str, Any]]) -> tuple[int, int]:
        """Return the exit code and the number of the stage it came from."""
        code, idx = 0, 0
        for idx, stage in enumerate(stages):
            if self.asked is not None:
                return 128 + signal.SIGTERM, idx
            self.child = subprocess.Popen(stage["command"], stdin=subprocess.DEVNULL)
            if self.asked is not None:
                self.pass_on()  # it was asked before there was a child
            code = self.child.wait()
            if code != 0:
                break
        return code, idx


def write(path: Path, values: dict[str, Any]) -> None:
    """Write JSON whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(values), encoding="utf-8")
    temporary.replace(path)


def main() -> None:
    """Run the job named on the command line."""
    import psutil

    directory = Path(sys.argv[1])
    driver = Driver(directory)
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), driver.on_signal)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    with suppress(OSError):  # Linux only: where memory runs out, a training ends and not the editor
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    write(directory / "driver.json", {"pid": os.getpid(), "created": psutil.Process().create_time()})
    stages = json.loads((directory / "job.json").read_text(encoding="utf-8"))["stages"]
    code, stage = driver.run(stages)
    write(directory / "end.json", {"code": code, "stage": stage})


if __name__ == "__main__":
    main()
