"""A training process that is killed, told to stop, or left by its terminal: exit codes, and equal bits afterwards."""

import hashlib
import os
import pty
import resource
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tinylm.faults import traced
from tests.tinylm.training_runs import Child, call_cli, make_config, options, outcome
from tinylm.stopping import StopRequest
from tinylm.training import loop
from tinylm.training.events import read_events

SIGNALS = [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]


@pytest.fixture(autouse=True)
def hang_ups_end_a_process():
    """A test run under `nohup` ignores SIGHUP, and so would every child of it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def last_event(config):
    return read_events(Path(config.out) / "events.jsonl")[-1]


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_signal_ends_the_process_and_resuming_equals_the_uninterrupted_run(config, reference, number, code):
    often = replace(config, evaluate_every=1)
    with Child(call_cli("train", *options(often))) as child:
        child.wait_for("step 4: validation")
        child.send(number)
        found, text = child.finish()
    assert found == code, text
    if code > 0:
        assert text.splitlines()[-1].startswith("stopped at step ")
        assert f"tinylm train --resume --out {config.out} goes on" in text
        assert last_event(config)["reason"] == "interrupted"
    assert len(outcome(config.out)["losses"]) < 9
    with Child(call_cli("train", "--resume", "--out", config.out)) as child:
        found, text = child.finish()
    assert found == 0, text
    assert outcome(config.out) == reference


def test_first_and_second_signal_at_once_leave_a_run_that_resumes(config, reference):
    """A second Ctrl-C does not wait for the checkpoint; what was saved before it stands."""
    with Child(call_cli("train", *options(replace(config, evaluate_every=1)))) as child:
        child.wait_for("step 4: validation")
        child.send(signal.SIGINT)
        child.send(signal.SIGINT)
        found, text = child.finish()
    assert found == 130, text
    loop.resume(config)
    assert outcome(config.out) == reference


def test_signal_is_answered_while_a_computation_holds_up_python():
    """The main thread is inside one call of C for the next hour; the answer comes all the same, and so does the end."""

    def work():
        with StopRequest():
            os.write(1, b"computing")
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

    with Child(work) as child:
        child.wait_for("computing")
        child.send(signal.SIGTERM)
        child.wait_for("stopping: putting everything in order; Ctrl-C again leaves at once")
        child.send(signal.SIGINT)
        assert child.finish()[0] == 130


# When the signal comes: at the first call of this name with these words, after a call with those words.
PHASES = {
    "loading": ("flock", "LOCK_EX", ""),
    "encoding": ("newfstatat", "/run/stop", "/run/data/"),
    "training": ("newfstatat", "/run/stop", "step-000000002"),
    "evaluating": ("newfstatat", "/run/stop", r"\"step\": 4, \"totalSteps\""),
    "saving": ("renameat", "/checkpoints/.tmp-step-000000004", ""),
    "exporting": ("renameat", "/run/.tmp-model", "/checkpoints/.tmp-step-000000004"),
}


@pytest.fixture(scope="module")
def calls(story_corpus, tokenizer_directory, tmp_path_factory):
    """The system calls of a run, as strace tells them."""
    config = make_config(story_corpus, tokenizer_directory, tmp_path_factory.mktemp("calls") / "run")
    names = "flock,openat,newfstatat,renameat,rename,write"
    with traced(call_cli("train", *options(config)), calls=names) as (_, lines):
        return list(lines)


@pytest.mark.parametrize("phase", PHASES)
def test_stop_in_every_phase_is_answered_and_no_further_micro_batch_begins(config, reference, calls, phase):
    """The signal comes by strace, at a call that only this phase makes; after it nobody asks whether to go on."""
    name, words, after = PHASES[phase]
    begin = next(idx for idx, line in enumerate(calls) if after in line)
    at = next(idx for idx in range(begin, len(calls)) if calls[idx].startswith(f"{name}(") and words in calls[idx])
    stop_file = Path(config.out) / "stop" if words == "/run/stop" else None
    nth = sum(line.startswith(f"{name}(") and (not stop_file or words in line) for line in calls[: at + 1])
    rule, told_of = f"inject={name}:signal=SIGTERM:when={nth}", f"{name},newfstatat"
    with traced(call_cli("train", *options(config)), rule, calls=told_of, only=stop_file) as (child, lines):
        told = list(lines)
        code, text = child.finish()
    assert code == 143, text
    assert text.splitlines()[-2].startswith("stopping: ") and text.splitlines()[-1].startswith("stopped "), text
    came = next(idx for idx, line in enumerate(told) if line.startswith("--- SIGTERM"))
    assert words in told[came - 1]
    assert not any("/run/stop" in line for line in told[came:])
    record = Path(config.out) / "run.json"
    (loop.resume if record.is_file() else loop.train)(config)
    assert outcome(config.out) == reference


def test_run_outlives_a_hangup_under_nohup(config, reference):
    def work():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        call_cli("train", *options(replace(config, evaluate_every=1)))()

    with Child(work) as child:
        child.wait_for("step 4: validation")
        child.send(signal.SIGHUP)
        found, text = child.finish()
    assert found == 0, text
    assert outcome(config.out) == reference


def test_closing_the_terminal_saves_and_leaves(config, reference):
    """The terminal is gone when the run wants to draw; it notices the hang-up, saves and ends."""
    pid, terminal = pty.fork()
    if pid == 0:
        code = 1
        try:
            sys.stderr = os.fdopen(2, "w", closefd=False)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            call_cli("train", *options(replace(config, evaluate_every=1)))()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except OSError:
            code = 129  # the line that says why it ended could not be written either
        finally:
            os._exit(code)
    seen = b""
    while b"step 3: validation" not in seen:
        seen += os.read(terminal, 1 << 16)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 129
    assert last_event(config)["reason"] == "interrupted"
    loop.resume(config)
    assert outcome(config.out) == reference


def test_full_disk_is_exit_5_and_keeps_the_older_checkpoints(config, reference):
    """The limit on a file's size stands in for a full disk: the first checkpoint is larger."""
    often = replace(config, evaluate_every=1)

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        call_cli("train", *options(often))()

    with Child(work) as child:
        found, text = child.finish()
    assert found == 5, text
    assert "checkpoints/step-" in text.splitlines()[-1] and text.splitlines()[-1].startswith("error: ")
    assert [path.name for path in (Path(config.out) / "checkpoints").iterdir()] == []
    assert last_event(config)["reason"] == "failed"
    loop.resume(config)
    assert outcome(config.out) == reference


def interpreter(*words, **environment):
    """Start `tinylm train` in a new interpreter."""
    command = [sys.executable, "-m", "tinylm", "train", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for_end(process, code, limit_s=250):
    text = process.communicate(timeout=limit_s)[1]
    assert process.returncode == code, text


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS[:3])
def test_signal_to_a_new_interpreter_does_the_same(config, reference, number, code):
    with interpreter(*options(replace(config, evaluate_every=1))) as process:
        assert any("step 4: validation" in line for line in process.stderr)
        process.send_signal(number)
        wait_for_end(process, code)
    with interpreter("--resume", "--out", config.out) as process:
        wait_for_end(process, 0)
    assert outcome(config.out) == reference


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_torch_is_imported_needs_no_python_to_end_the_process(config, number):
    words = [sys.executable, "-X", "importtime", "-m", "tinylm", "train", *options(config)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert any(line.split()[-1] == "torch.torch_version" for line in process.stderr)
        process.send_signal(number)
        told = [line for line in process.stderr if not line.startswith("import time:")]
    assert (process.returncode, told) == (-number, [])
    assert not Path(config.out).exists()


def compiling(cache, *words):
    """Train in a process that finds no kernels left over from another."""

    def work():
        warnings.resetwarnings()  # torch's own compiler warns; that is an error in pytest only
        os.environ.update(TORCHINDUCTOR_CACHE_DIR=str(cache), TORCHINDUCTOR_COMPILE_THREADS="1")
        call_cli("train", *words)()

    return Child(work)


@pytest.mark.slow
def test_stop_while_the_step_is_compiled_does_not_wait_for_it(config, tmp_path):
    with compiling(tmp_path / "cache", *options(replace(config, compile="on"))) as child:
        child.wait_for("compiling: about a minute")
        child.send(signal.SIGTERM)
        code, text = child.finish()
    assert code == 143
    assert text.splitlines()[-1] == f"stopped at step 0; tinylm train --resume --out {config.out} goes on"
    assert "step" not in {event["type"] for event in read_events(Path(config.out) / "events.jsonl")}
    assert last_event(config)["reason"] == "interrupted"


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_compiled_run_resumes_exactly_although_it_is_compiled_again(config, tmp_path):
    """Each process compiles for itself, with no kernels left over from another."""
    base = replace(config, compile="on", evaluate_every=1)
    whole, parts = replace(base, out=str(tmp_path / "whole")), replace(base, out=str(tmp_path / "parts"))

    with compiling(tmp_path / "cache0", *options(whole)) as child:
        assert child.finish(limit_s=900)[0] == 0
    with compiling(tmp_path / "cache1", *options(parts)) as child:
        child.wait_for("step 3: validation", limit_s=900)
        child.send(signal.SIGTERM)
        assert child.finish(limit_s=900)[0] == 143
    with compiling(tmp_path / "cache2", "--resume", "--out", parts.out) as child:
        assert child.finish(limit_s=900)[0] == 0
    assert outcome(parts.out) == outcome(whole.out)
