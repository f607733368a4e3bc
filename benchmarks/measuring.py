"""What the benchmarks share: turns, clocks, the machine in words, and one table.

The candidates of a benchmark take turns, round by round, so that a noisy machine disturbs all of them alike; the least
of each is kept, and what counts is the ratio. With one thread the clock is the processor time of this process, which
other processes cannot take from; with more it is the time on the wall.
"""

import argparse
import importlib.metadata
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Arguments", "Row", "least_seconds", "parse", "print_table", "ratios"]

STARTER = Path(__file__).parents[1] / "models" / "starter"
PACKAGES = ("numpy", "tokenizers", "torch", "transformers", "onnxruntime", "ctranslate2")


@dataclass(frozen=True)
class Arguments:
    """What every benchmark is told."""

    model: Path
    threads: int
    rounds: int
    on_the_wall: bool
    data: str
    options: Mapping[str, str]  # what one benchmark alone asks for


@dataclass(frozen=True)
class Row:
    """One line of a table. `ratio` is how many times as long as ours it took; None where there is nothing to say."""

    what: str
    who: str
    figure: str
    ratio: float | None


def parse(description: str, rounds: int, *, in_processes: bool = False, **options: str) -> Arguments:
    """Return the arguments, in a process whose libraries take exactly that many threads.

    Args:
        description: one line.
        rounds: how many there are unless one says otherwise.
        in_processes: whether the candidates run in processes of their own, whose time is that on the wall.
        options: further options, by name, and what each is unless one says otherwise.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", type=Path, default=STARTER, help="a model directory; the starter unless named")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument(
        "--data", default="sample:10000", help="a corpus, for what reads one; sample:10000 unless named"
    )
    for name, default in options.items():
        parser.add_argument(f"--{name}", default=default, help=f"{default} unless named")
    arguments = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != str(arguments.threads):
        # OpenBLAS reads it when NumPy is loaded, so the program starts again with it.
        for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
            os.environ[variable] = str(arguments.threads)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    on_the_wall = in_processes or arguments.threads > 1
    given = {name: getattr(arguments, name) for name in options}
    return Arguments(arguments.model, arguments.threads, arguments.rounds, on_the_wall, arguments.data, given)


def least_seconds(candidates: Mapping[str, Callable[[], object]], arguments: Arguments) -> dict[str, float]:
    """Return the least seconds of each candidate; the first round warms up and does not count."""
    clock = time.perf_counter if arguments.on_the_wall else time.process_time
    least = dict.fromkeys(candidates, float("inf"))
    for round_idx in range(arguments.rounds + 1):
        for name, work in candidates.items():
            began = clock()
            work()
            spent = clock() - began
            if round_idx:
                least[name] = min(least[name], spent)
    return least


def ratios(what: str, seconds: Mapping[str, float], figure: Callable[[float], str]) -> list[Row]:
    """Return a row a candidate; the first one is ours, to which the others are compared."""
    ours = next(iter(seconds.values()))
    return [Row(what, who, figure(spent), spent / ours) for who, spent in seconds.items()]


def print_table(rows: Iterable[Row], arguments: Arguments) -> None:
    """Print the machine and one Markdown table."""
    clock = "time on the wall" if arguments.on_the_wall else "processor time"
    print(f"{_processor()}, {arguments.threads} thread(s), {clock}, least of {arguments.rounds}; {_versions()}")
    print("\n| what | who | figure | time, ours = 1 |\n|---|---|---:|---:|")
    for row in rows:
        print(f"| {row.what} | {row.who} | {row.figure} | {'' if row.ratio is None else f'{row.ratio:.2f}'} |")


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _versions() -> str:
    installed = {distribution.name for distribution in importlib.metadata.distributions()}
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES if name in installed)
