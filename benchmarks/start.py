"""From the start of the server's process to each thing a person waits for, and what it holds in memory.

`python benchmarks/start.py [--rounds N]` prints one Markdown table. The server and a bare pygls server take turns; the
median of each is shown. "First boundaries" and "first scores" are counted from the answer to `initialize`, for a text
opened at once. Memory is the resident size of the front and of the worker with the starter model, before and after
20,000 edits.
"""

import argparse
import os
import platform
import statistics
import sys
import time

import psutil
from lsp_process import Server

BARE = """
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "1").start_io()
"""
URI = "untitled:benchmark"
TEXT = "Once upon a time there was a small fox, and it lived near the river.\n" * 40
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 60, "character": 0}}
N_EDITS = 20_000


def tokens(server: Server, version: int, scores: bool) -> object:
    params = {"textDocument": {"uri": URI}, "version": version, "ranges": [EVERYTHING], "scores": scores}
    return server.request("tinylm/tokens", params)["scores" if scores else "ids"]


def bare() -> float:
    """Return the seconds from a bare pygls server's start to its answer."""
    began = time.perf_counter()
    server = Server((sys.executable, "-c", BARE))
    answered = time.perf_counter() - began
    server.close()
    return answered


def ours() -> tuple[float, float, float]:
    """Return the seconds to `initialize`, and from there to the first boundaries and the first scores."""
    began = time.perf_counter()
    server = Server()
    answered = time.perf_counter()
    server.open(URI, TEXT)
    assert tokens(server, 0, scores=False)
    seen = time.perf_counter()
    while not tokens(server, 0, scores=True):
        server.wait_for("tinylm/status", lambda status: status["state"] == "ready")
    scored = time.perf_counter()
    server.close()
    return answered - began, seen - answered, scored - answered


def memory() -> tuple[float, float, float]:
    """Return the megabytes of the front and of the worker, and of the front after the edits."""
    server = Server()
    server.open(URI, TEXT)
    while not tokens(server, 0, scores=True):
        server.wait_for("tinylm/status", lambda status: status["state"] == "ready")
    front = psutil.Process(server.process.pid)
    (worker,) = front.children()
    before, of_worker = front.memory_info().rss, worker.memory_info().rss
    for version in range(1, N_EDITS + 1):
        place = {"line": version % 40, "character": version % 9}
        change = {"range": {"start": place, "end": place}, "text": "e" if version % 2 else ""}
        identifier = {"uri": URI, "version": version}
        server.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
    tokens(server, N_EDITS, scores=False)
    after = front.memory_info().rss
    server.close()
    return before / 1e6, of_worker / 1e6, after / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    theirs, mine = [], []
    for _ in range(rounds):
        theirs.append(bare())
        mine.append(ours())
    answered, seen, scored = (statistics.median(times) for times in zip(*mine, strict=True))
    other = statistics.median(theirs)
    front, worker, after = memory()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds")
    print("\n| what | measured | beside |\n|---|---:|---:|")
    beside = f"bare pygls {other:.2f} s: {answered / other:.2f}"
    print(f"| process start to `initialize` answered | {answered:.2f} s | {beside} |")
    print(f"| from there to the first boundaries | {seen:.2f} s | |")
    print(f"| from there to the first scores | {scored:.2f} s | |")
    print(f"| memory of the front | {front:.0f} MB | after {N_EDITS:,} edits {after:.0f} MB |")
    print(f"| memory of the worker | {worker:.0f} MB | |")


if __name__ == "__main__":
    main()
