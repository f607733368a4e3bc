"""A process killed at any of its steps to the disk leaves a run that can be resumed and a model that can be used.

Python announces what it is about to do to files as audit events. Each test repeats one piece of work in forks of this
process; the k-th fork is killed by SIGKILL at the k-th event, until one fork gets through.
"""

import json
import os
import shutil
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinylm.training_runs import Child
from tinylm import files
from tinylm.errors import BadData
from tinylm.model.engine import Engine
from tinylm.training.checkpoint import Position, newest_checkpoint, prune_checkpoints, save_checkpoint
from tinylm.training.events import read_events
from tinylm.training.export import export_model
from tinylm.training.network import build_model
from tinylm.training.optim import Optimizers
from tinylm.training.run_directory import RunDirectory, read_run, run_fingerprint

TO_THE_DISK = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "ctypes.dlsym")


def kill_at_every_point(work, check, most=400):
    """Run `work` in forks killed at point 1, 2, 3 ...; call `check(k)` after each. Returns the number of points."""
    for k in range(1, most):
        with Child(lambda k=k: _killed_at(k, work)) as child:
            code, text = child.finish()
        check(k)
        if code == 0:
            return k - 1
        assert code == -signal.SIGKILL, text
    raise AssertionError(f"still running after {most} points")


def _killed_at(k, work):
    points = 0

    def count(event="", arguments=()):
        nonlocal points
        if event in TO_THE_DISK and not (event == "open" and not _writes(arguments)):
            points += 1
            if points == k:
                os.kill(os.getpid(), signal.SIGKILL)

    fsync = os.fsync

    def counted_fsync(descriptor):
        count("os.truncate")
        fsync(descriptor)

    os.fsync = counted_fsync  # it has no audit event of its own
    sys.addaudithook(count)
    work()


def _writes(arguments):
    mode, flags = arguments[1], arguments[2]
    return (mode is not None and set(str(mode)) & set("wax+")) or (isinstance(flags, int) and flags & 3)


def test_write_file_is_old_or_new_at_every_point(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def check(k):
        assert path.read_bytes() in (b"old", b"new")

    n_points = kill_at_every_point(lambda: files.write_file(path, b"new"), check)
    assert n_points >= 4
    assert path.read_bytes() == b"new"
    files.sweep_leftovers(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_new_directory_is_old_new_or_absent_at_every_point(tmp_path, can_exchange, monkeypatch):
    """Where the system cannot exchange two names there is one moment without the directory, and never half of it."""
    if not can_exchange:
        monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    path, absent = tmp_path / "d", 0

    def make(text):
        with files.new_directory(path, details={"text": text}, replace=True) as building:
            (building / "a").write_text(text)
            (building / "b").write_text(text)

    def check(k):
        nonlocal absent
        files.sweep_leftovers(tmp_path)
        if path.exists():
            text = files.read_manifest(path)["text"]
            assert [(path / name).read_text() for name in "ab"] == [text, text]
        else:
            absent += 1
        assert [entry.name for entry in tmp_path.iterdir()] in ([], ["d"])
        make("old")

    make("old")
    assert kill_at_every_point(lambda: make("new"), check) >= 10
    assert absent <= (0 if can_exchange else 2)


def test_saving_a_checkpoint_leaves_a_valid_one_at_every_point(config, finished_run, tmp_path):
    """Save, export and prune, as a run does between two steps. Every kill leaves the state before or the one after."""
    record = read_run(RunDirectory(Path(finished_run.out)))
    model = build_model(config, 400, 0, seed=1)
    optimizers = Optimizers(model, 0.01, 0.01, 0.1)
    facts = {"run": run_fingerprint(record), "machine": {}}
    start, place = tmp_path / "start", tmp_path / "place"
    (start / "checkpoints").mkdir(parents=True)
    for step in (1, 2):
        save_checkpoint(start / "checkpoints", model, optimizers, Position(step, 5.0, 2), facts)
    export_model(model, Path(finished_run.out) / "tokenizer", start / "model")
    shutil.copytree(start, place)
    after = build_model(config, 400, 0, seed=2)

    def work():
        save_checkpoint(place / "checkpoints", after, optimizers, Position(3, 4.0, 3), facts)
        export_model(after, Path(finished_run.out) / "tokenizer", place / "model")
        prune_checkpoints(place / "checkpoints", Position(3, 4.0, 3), 2)

    old_model = Engine.load(start / "model").id
    seen = []

    def check(k):
        for directory in (place, place / "checkpoints"):
            files.sweep_leftovers(directory)
        found = newest_checkpoint(place / "checkpoints", facts["run"])
        assert found is not None
        names = sorted(path.name for path in (place / "checkpoints").iterdir())
        assert names in (
            ["step-000000001", "step-000000002"],
            ["step-000000001", "step-000000002", "step-000000003"],
            ["step-000000002", "step-000000003"],
        )
        exported = Engine.load(place / "model").id
        seen.append((found[1].step, exported == old_model))
        shutil.rmtree(place)
        shutil.copytree(start, place)

    n_points = kill_at_every_point(work, check)
    assert n_points >= 25
    assert seen == sorted(seen, key=lambda pair: (pair[0], not pair[1]))  # old state, then new state, then new model
    assert seen[0] == (2, True) and seen[-1] == (3, False)


@pytest.fixture(scope="module")
def one_checkpoint(finished_run, tmp_path_factory):
    """A place with a single checkpoint, the run's fingerprint, and the checkpoint's files."""
    source = max((Path(finished_run.out) / "checkpoints").iterdir())
    place = tmp_path_factory.mktemp("one") / "checkpoints"
    shutil.copytree(source, place / source.name)
    return (
        place,
        run_fingerprint(read_run(RunDirectory(Path(finished_run.out)))),
        sorted((place / source.name).iterdir()),
    )


@contextmanager
def damaged(path, content):
    whole = path.read_bytes()
    path.write_bytes(content)
    yield
    path.write_bytes(whole)


@given(st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_byte_or_truncation_anywhere_in_a_checkpoint_is_noticed(one_checkpoint, data):
    place, fingerprint, files_of_it = one_checkpoint
    path = data.draw(st.sampled_from(files_of_it))
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[position] ^= data.draw(st.integers(1, 255))
    else:
        del content[position:]
    with damaged(path, content), pytest.raises(BadData, match=path.parent.name):
        newest_checkpoint(place, fingerprint)


def test_every_single_byte_of_the_manifest_counts(one_checkpoint):
    """It is sealed as the other files are: a digit of the best loss must not change unseen either."""
    place, fingerprint, files_of_it = one_checkpoint
    path = next(file for file in files_of_it if file.name == "manifest.json")
    whole = path.read_bytes()
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 1
        with damaged(path, content), pytest.raises(BadData):
            newest_checkpoint(place, fingerprint)
    assert newest_checkpoint(place, fingerprint) is not None


def test_checkpoint_whose_manifest_is_of_the_version_before_is_still_read(one_checkpoint):
    place, fingerprint, files_of_it = one_checkpoint
    path = next(file for file in files_of_it if file.name == "manifest.json")
    manifest = json.loads(path.read_bytes())
    del manifest["sha256"]
    with damaged(path, json.dumps({**manifest, "format": 1}).encode()):
        assert newest_checkpoint(place, fingerprint) is not None


def test_event_log_survives_a_kill_inside_a_line(tmp_path):
    """Whatever part of the last line was written, the lines before it are read and the next run appends whole ones."""
    from tinylm.training.events import EventLog, rewind_events

    path = tmp_path / "events.jsonl"
    with EventLog(path, lambda event: None) as log:
        log.write("step", step=1, sample="é\n日本")
        log.write("step", step=2, sample="é\n日本")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        assert [event["step"] for event in read_events(path)] == [1]
        rewind_events(path, 5)
        with EventLog(path, lambda event: None) as log:
            log.write("step", step=2)
        assert [event["step"] for event in read_events(path)] == [1, 2]
