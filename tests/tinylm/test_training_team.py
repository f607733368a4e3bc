"""Two real processes that train together: the same batches, the same losses, one stop, one writer.

Where a step has as many micro-batches as there are processes, sums have the same order as in one process, and the
results are compared bit for bit; where it has more, within TOLERANCE.
"""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.tinylm.training_runs import STEPS, Child, options, outcome
from tinylm.errors import IncompatibleCheckpoint, Interrupted
from tinylm.training import loop
from tinylm.training.events import read_events

# Nats per token, of a loss; float32 sums in another order differ by some 1e-7 and nine steps multiply that a little.
TOLERANCE = 1e-4


def together(work, n_processes=2):
    """Run `work(rank)` in forks that found each other as torchrun's do; return (exit code, output) of each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def as_one_of_them(rank):
        names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": n_processes, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in names.items()}, MASTER_ADDR="127.0.0.1")
        try:
            work(rank)
        except Interrupted as stop:
            sys.stdout.write(f"{stop}\n")
            raise SystemExit(stop.exit_code) from None

    with ExitStack() as stack:
        children = [stack.enter_context(Child(lambda rank=rank: as_one_of_them(rank))) for rank in range(n_processes)]
        return [child.finish() for child in children]


def losses_of(config):
    return [event["loss"] for event in read_events(Path(config.out) / "events.jsonl") if event["type"] == "step"]


def weights_of(config):
    return load_file(Path(config.out) / "model" / "model.safetensors")


def test_two_processes_end_with_the_bits_of_one(config, reference):
    """With two micro-batches a step and dropout; only the leader writes, and it tells every step once."""
    ended = together(lambda rank: loop.train(config))
    assert [code for code, _ in ended] == [0, 0], ended
    assert outcome(config.out) == reference
    pids = {e["pid"] for e in read_events(Path(config.out) / "events.jsonl") if e["type"] == "start"}
    assert len(pids) == 1
    assert not (Path(config.out) / "holder.json").exists()


def test_three_micro_batches_for_two_processes_give_the_same_losses(config, tmp_path):
    """They share unevenly: the leader computes two of three."""
    alone = replace(config, accumulate=3, out=str(tmp_path / "alone"))
    shared = replace(alone, out=str(tmp_path / "shared"))
    loop.train(alone)
    assert [code for code, _ in together(lambda rank: loop.train(shared))] == [0, 0]
    assert losses_of(shared) == pytest.approx(losses_of(alone), abs=TOLERANCE)
    expected = weights_of(alone)
    for name, tensor in weights_of(shared).items():
        assert tensor == pytest.approx(expected[name], abs=0.02), name


@pytest.mark.parametrize("asked", [0, 1])
def test_stop_that_one_process_hears_ends_both_at_the_same_step(config, reference, asked):
    """One process resumes what two began, when told that sums may come out differently. Here they do not."""

    def work(rank):
        steps, questions = [], iter(range(4))  # the leader hears of steps, the other is asked once in each

        def should_stop():
            is_late = len(steps) == 4 if rank == 0 else next(questions, None) is None
            return int(signal.SIGTERM) * (rank == asked and is_late)

        loop.train(
            config, on_event=lambda event: steps.append(1) if event["type"] == "step" else None, should_stop=should_stop
        )

    ended = together(work)
    assert [code for code, _ in ended] == [143, 143], ended
    assert 0 < len(losses_of(config)) < STEPS
    with pytest.raises(IncompatibleCheckpoint, match="processes: the run has 2, this machine has 1"):
        loop.resume(config)
    loop.resume(config, allow_inexact=True)
    assert outcome(config.out) == reference


def test_leader_stopped_in_an_evaluation_and_two_resume_what_one_began(config, reference):
    """The other process waits for the evaluation; it hears the end and leaves with the same exit code."""
    step = 0

    def on_event(event):
        nonlocal step
        step = event["step"] if event["type"] == "step" else step

    with pytest.raises(Interrupted):
        loop.train(config, on_event=on_event, should_stop=lambda: 15 * (step == 3))

    def work(rank):
        seen = []
        loop.resume(
            config,
            allow_inexact=True,
            on_event=lambda event: seen.append(event.get("step")),
            should_stop=lambda: int(signal.SIGINT) * (rank == 0 and seen[-1:] == [4] and len(seen) > 2),
        )

    assert [code for code, _ in together(work)] == [130, 130]
    assert [code for code, _ in together(lambda rank: loop.resume(config, allow_inexact=True))] == [0, 0]
    assert outcome(config.out) == reference


def test_failure_of_the_leader_ends_the_other_with_its_exit_code(config):
    """The directory is taken: the leader says so, and nobody waits for ever."""
    Path(config.out).mkdir()
    (Path(config.out) / "thesis.txt").touch()

    def work(rank):
        from tinylm.cli.app import main

        main(["train", *options(config)])

    (code, said), (other, followed) = together(work)
    assert (code, other) == (2, 2)
    assert "thesis.txt" in said and followed == "error: process 0 ended the run; its own message says why\n"


@pytest.mark.parametrize(
    ("environment", "words", "code", "message"),
    [
        ({"WORLD_SIZE": "4"}, [], 2, "--accumulate is 2, expected 4 or more: each of 4 processes needs a part"),
        ({"WORLD_SIZE": "2"}, [], 7, "WORLD_SIZE is 2, but joining failed"),
        ({"WORLD_SIZE": "two"}, [], 7, "WORLD_SIZE is 'two', expected 1 or more; start with torchrun, or unset it"),
        ({"WORLD_SIZE": "-1"}, ["--budget", "9m"], 7, "WORLD_SIZE is '-1', expected 1 or more"),
        ({"WORLD_SIZE": "2"}, ["--budget", "9m"], 2, "measure one process; with several, give --steps"),
    ],
)
def test_impossible_teams_are_refused_in_one_line(config, capsys, monkeypatch, environment, words, code, message):
    from tinylm.cli.app import main

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["train", *options(config), *words])
    err = capsys.readouterr().err
    assert ended.value.code == code and message in err and err.count("\n") == 1, err
    assert not Path(config.out).exists()


@pytest.mark.slow
def test_torchrun_starts_the_same_command(config, reference):
    """As the documents give it, in new interpreters; the first process tells, the other is silent."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "tinylm", "train"]
    ended = subprocess.run(
        [sys.executable, *words, *options(config)], capture_output=True, text=True, timeout=280, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("Training in") == 1
    assert outcome(config.out) == reference
