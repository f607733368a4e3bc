"""What a run does when the disk, the kernel, the clock or another process gets in its way: one line, and nothing lost.

The command line runs as a process of its own and strace makes chosen system calls fail, so every path of the program
is the real one. After each fault the run is resumed and has to end with the bits of one that met none.
"""

import errno
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tinylm.faults import traced
from tests.tinylm.training_runs import Child, call_cli, diary, make_config, options, outcome, stop_after
from tinylm.errors import DiskProblem, Interrupted, Locked
from tinylm.training import loop
from tinylm.training.run_directory import RunDirectory


@pytest.fixture(scope="module")
def small(tokenizer_directory, tmp_path_factory):
    """A finished run of three steps with two checkpoints."""
    place = tmp_path_factory.mktemp("small")
    corpus = place / "corpus.txt"
    corpus.write_text("The fox ran home and slept. " * 20 + "\n<|endoftext|>\nThe hen sat up.", encoding="utf-8")
    config = replace(
        make_config(corpus, tokenizer_directory, place / "run"),
        n_layer=1, n_head=1, n_embd=4, block_size=8, steps=3, warmup=1, checkpoint_every=2, evaluate_every=3,
    )  # fmt: skip
    loop.train(config)
    return config


def go_on(config):
    """Do what a person does once the trouble is over."""
    begin = loop.resume if RunDirectory(Path(config.out)).record.is_file() else loop.train
    begin(config)


def run_with(config, *rules):
    """Train under strace with these faults; return the exit code and what the process said last."""
    with traced(call_cli("train", *options(config)), *rules) as (child, _):
        code, text = child.finish()
    assert "Traceback" not in text, text
    return code, text.splitlines()[-1] if text else ""


def later(moment):
    return pytest.param(moment, marks=pytest.mark.slow)


def nth_call(name, work, words):
    """Count: which call of that name is the first one with these words in its arguments?"""
    with traced(work, calls=name) as (_, lines):
        return 1 + next(idx for idx, line in enumerate(lines) if words in line)


# (call, error, words of the advice). `write` also goes to the terminal, where a failure must not end the run.
REFUSALS = [
    ("write", "ENOSPC", "make room and try again"),
    ("ftruncate", "ENOSPC", "make room and try again"),
    ("sendfile", "ENOSPC", "make room and try again"),
    ("mkdir", "EDQUOT", "your disk quota is used up"),
    ("mkdir", "EROFS", "the file system is read-only: choose another place"),
    ("fsync", "EIO", "check the disk and try again"),
    ("rename", "EACCES", "check the permissions or choose another place"),
    ("renameat", "EIO", "check the disk and try again"),
    ("chmod", "EPERM", "check the permissions or choose another place"),
    ("flock", "EIO", "check the disk and try again"),
]


@pytest.mark.parametrize(
    "moment", [1, pytest.param(4, marks=pytest.mark.slow), 9, pytest.param(15, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("call", "error", "advice"), REFUSALS)
def test_refused_call_is_exit_5_with_advice_and_the_run_goes_on(small, tmp_path, call, error, advice, moment):
    """From the n-th call on, as a full disk does it, or once where the kernel forgives; then the trouble is over."""
    config = replace(small, out=str(tmp_path / "run"))
    code, line = run_with(config, f"inject={call}:error={error}:when={moment}" + "+" * (error != "EIO"))
    assert code in (0, 5)
    if call != "write":  # which includes the terminal
        assert code == 0 or (line.startswith(f"error: {tmp_path}") and advice in line), line
    go_on(config)
    assert not list(Path(config.out).rglob(".*"))
    assert (outcome(config.out), diary(config.out)) == (outcome(small.out), diary(small.out))


def test_full_disk_says_how_much_it_needs_and_keeps_the_last_checkpoint(small, tmp_path):
    config = replace(small, out=str(tmp_path / "run"))
    first = replace(small, out=str(tmp_path / "first"))
    second = nth_call("renameat", lambda: loop.train(first), "checkpoints/.tmp-step-000000003")
    code, line = run_with(config, f"inject=renameat:error=ENOSPC:when={second}+")
    assert code == 5
    assert line.startswith(f"error: {config.out}/checkpoints/step-000000003: writing failed: no space left on device")
    assert " (0.0 MB are needed, " in line and "; make room and try again" in line, line
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000000002"]
    assert RunDirectory(tmp_path / "run").model.is_dir()


def test_directory_that_vanishes_is_exit_5_and_is_not_made_again(small, tmp_path):
    config = replace(small, out=str(tmp_path / "run"))

    def vanish(event):
        if event["type"] == "step":
            shutil.rmtree(config.out, ignore_errors=True)

    with pytest.raises(DiskProblem, match="check that the folder still exists"):
        loop.train(config, on_event=vanish)
    assert not Path(config.out).exists()


def test_clock_that_jumps_changes_nothing(small, tmp_path, monkeypatch):
    """The time of day goes back a day and on ten years between two looks at it; files get times that say nothing."""
    import time

    config = replace(small, out=str(tmp_path / "run"))
    jumps = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: [1e9, 1e9 - 86_400, 2e9][next(jumps) % 3])
    with pytest.raises(Interrupted):
        loop.train(config, should_stop=stop_at_step(config, 2))
    for idx, path in enumerate(sorted(Path(config.out).rglob("*"))):
        os.utime(path, times=(idx % 3 * 1e9, (2 - idx % 3) * 1e9))
    loop.resume(config)
    assert (outcome(config.out), diary(config.out)) == (outcome(small.out), diary(small.out))


def stop_at_step(config, step):
    """Ask to stop once the run has a checkpoint of a step."""
    place = RunDirectory(Path(config.out)).checkpoints / f"step-{step:09d}"
    return lambda: signal.SIGTERM * place.exists()


@pytest.fixture
def held(small, tmp_path):
    """A run that another process holds: its configuration and that process, which trains until it is ended."""
    config = replace(small, out=str(tmp_path / "run"), steps=10**6)
    with Child(lambda: loop.train(config, on_event=lambda event: os.write(1, b"event\n"))) as child:
        child.wait_for("event\n" * 5)
        yield config, child


def test_second_writer_is_refused_by_name_and_changes_nothing(held):
    config, child = held
    with pytest.raises(Locked, match=rf"run is in use by process {child.pid} since 20\d\d-.*; stop that run first"):
        loop.resume(config)
    child.send(signal.SIGSTOP)  # one that is merely asleep still holds it
    with pytest.raises(Locked, match=str(child.pid)):
        loop.resume(config)
    child.send(signal.SIGCONT)


def test_lock_of_a_killed_process_is_taken_over_although_its_file_is_there(held):
    config, child = held
    child.send(signal.SIGKILL)
    assert child.finish()[0] == -signal.SIGKILL
    holder = Path(config.out) / "holder.json"
    assert json.loads(holder.read_bytes())["pid"] == child.pid
    holder.write_bytes(b"\0garbage")
    (Path(config.out) / "lock").write_bytes(b"garbage")
    with pytest.raises(Interrupted):
        loop.resume(config, should_stop=stop_after(2))
    assert not holder.exists()


def test_of_many_that_race_for_one_directory_one_trains(small, tmp_path):
    """Everybody begins at a gate; one trains to the end, the others are told who does, or that a run is there."""
    config = replace(small, out=str(tmp_path / "run"))
    gate, open_gate = os.pipe()

    def work():
        os.close(open_gate)
        os.read(gate, 1)
        call_cli("train", *options(config))()

    children = [Child(work) for _ in range(6)]
    os.close(open_gate)
    codes = sorted(child.finish()[0] for child in children)
    os.close(gate)
    assert codes.count(0) == 1 and set(codes[1:]) <= {2, 4}, codes
    assert (outcome(config.out), diary(config.out)) == (outcome(small.out), diary(small.out))


def test_place_that_cannot_be_written_is_refused_before_any_work(small, tmp_path):
    """A file where the directory should be, and a folder without permission for an ordinary user."""
    (tmp_path / "file").write_text("mine")
    code, line = run_with(replace(small, out=str(tmp_path / "file")))
    assert (code, line) == (
        5,
        f"error: {tmp_path}/file: making the run directory failed: file exists; "
        "something of that name is in the way: move it or choose another place",
    )
    assert (tmp_path / "file").read_text() == "mine"
    code, line = run_with(replace(small, out=str(tmp_path / "file/run")))
    assert code == 5 and line.endswith("not a directory; a file is where a folder should be: choose another place")
    code, line = run_with(
        replace(small, out=str(tmp_path / "new")), f"inject=mkdir:error={errno.errorcode[errno.EACCES]}"
    )
    assert code == 5
    assert line.endswith("permission denied; check the permissions or choose another place")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
