"""How soon the server answers while it is busy: a training job runs, and 64 generations that never end.

`python benchmarks/busy.py [--pings N]` prints one Markdown table: the time of a small `tinylm/tokens` request on the
idle server, and on the busy one. The training needs the extra `train`; its run is made in a temporary folder.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

from lsp_process import Server

from tinylm.model.language_model import starter_model_directory

URI = "untitled:benchmark"
TEXT = "Once upon a time there was a small fox."
N_SLOW = 64


def pings(server: Server, n_pings: int) -> list[float]:
    wanted = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    params = {"textDocument": {"uri": URI}, "version": 0, "ranges": [wanted], "scores": False}
    times = []
    for _ in range(n_pings):
        began = time.perf_counter()
        server.request("tinylm/tokens", params)
        times.append(time.perf_counter() - began)
    return times


def row(name: str, times: list[float]) -> str:
    ordered = [1e3 * each for each in sorted(times)]
    shown = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99, 1.0))
    return f"| {name} | {' | '.join(f'{each:.1f} ms' for each in shown)} |"


def keep_busy(server: Server, folder: Path) -> None:
    """Start a training, wait until it takes steps, and ask for generations; each is longer than the measurement."""
    wanted = {"data": ["sample:300"], "tokenizer": str(starter_model_directory()), "size": "tiny", "steps": 100_000}
    server.command("tinylm.server.trainModel", {**wanted, "out": str(folder / "run")})
    server.wait_for("tinylm/trainingProgress", lambda progress: bool(progress["step"]))
    for number in range(N_SLOW):
        position = {"line": 0, "character": len(TEXT)}
        params = {"textDocument": {"uri": URI}, "version": 0, "position": position, "streamId": str(number)}
        server.begin("tinylm/generate", {**params, "maxTokens": 100_000})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pings", type=int, default=300)
    n_pings = parser.parse_args().pings
    with tempfile.TemporaryDirectory() as folder:
        server = Server(XDG_STATE_HOME=folder)
        server.open(URI, TEXT)
        server.wait_for("tinylm/status", lambda status: status["state"] == "ready")
        idle = pings(server, n_pings)
        keep_busy(server, Path(folder))
        busy = pings(server, n_pings)
        server.command("tinylm.server.stopTraining", {"jobId": None})
        server.wait_for("tinylm/trainingProgress", lambda progress: progress["state"] == "interrupted")
        server.process.kill()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {n_pings} pings each")
    print("\n| the server | p50 | p99 | longest |\n|---|---:|---:|---:|")
    print(row("idle", idle))
    print(row(f"training, and {N_SLOW} generations", busy))


if __name__ == "__main__":
    main()
