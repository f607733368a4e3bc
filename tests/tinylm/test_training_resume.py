"""A run that was killed and resumed ends with the same bits as one that was not.

Threads are pinned to one: the promise holds for one machine and one number of threads.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tinylm.data.stories import stories
from tinylm.errors import BadData, IncompatibleCheckpoint, Interrupted, Locked, UsageError
from tinylm.training import loop
from tinylm.training.config import TrainConfig
from tinylm.training.events import read_events
from tinylm.training.run_directory import RunDirectory

STEPS = 9


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "stories.txt"
    path.write_text("\n<|endoftext|>\n".join(stories(60, seed=0)), encoding="utf-8")
    return path


def make_config(corpus: Path, tokenizer_directory: Path, out: Path) -> TrainConfig:
    return TrainConfig(
        data=(str(corpus),),
        tokenizer=str(tokenizer_directory),
        out=str(out),
        n_layer=2,
        n_head=2,
        n_embd=32,
        block_size=32,
        steps=STEPS,
        batch_size=2,
        accumulate=2,
        dropout=0.1,
        warmup=2,
        checkpoint_every=2,
        evaluate_every=4,
        threads=1,
        compile="off",
    )


@pytest.fixture
def config(corpus, tokenizer_directory, tmp_path):
    return make_config(corpus, tokenizer_directory, tmp_path / "run")


@pytest.fixture(scope="module")
def reference(corpus, tokenizer_directory, tmp_path_factory):
    """The outcome of the uninterrupted run."""
    config = make_config(corpus, tokenizer_directory, tmp_path_factory.mktemp("reference") / "run")
    loop.train(config)
    return outcome(config.out)


def outcome(out: Path) -> dict[str, object]:
    """Hashes of the final weights and momenta, and every loss."""
    last = Path(out) / "checkpoints" / f"step-{STEPS:09d}"
    files = {name: last / f"{name}.safetensors" for name in ("model", "optimizer")}
    hashes = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    events = read_events(Path(out) / "events.jsonl")
    losses = [(event["step"], event["loss"]) for event in events if event["type"] == "step"]
    return {**hashes, "losses": losses}


def stop_after(n_questions: int):
    """Answer "go on" n times, then SIGTERM for ever."""
    asked = iter(range(n_questions))
    return lambda: 0 if next(asked, None) is not None else int(signal.SIGTERM)


def test_reference_run_has_every_step_once(reference):
    assert [step for step, _ in reference["losses"]] == list(range(1, STEPS + 1))
    assert reference["losses"][0][1] > reference["losses"][-1][1]


@pytest.mark.parametrize("questions", [62, 63, 64, 67, 75])
def test_stopped_and_resumed_run_equals_the_uninterrupted_one(config, reference, questions):
    """Stops between and inside steps; resumed three times with further stops on the way."""
    with pytest.raises(Interrupted) as stop:
        loop.train(config, should_stop=stop_after(questions))
    assert stop.value.exit_code == 143
    for more in (2, 66, 10**9):
        try:
            loop.resume(config, should_stop=stop_after(more))
        except Interrupted:
            continue
    assert outcome(config.out) == reference


def test_reporting_more_often_changes_nothing(config, reference):
    loop.train(replace(config, evaluate_every=1, checkpoint_every=1))
    assert outcome(config.out) == reference


@pytest.mark.parametrize(
    "forgotten", ["muon.transformer.h.0.attn.c_attn.weight", "adamw.exp_avg.transformer.wte.weight"]
)
def test_the_comparison_notices_a_forgotten_piece_of_state(config, reference, forgotten, monkeypatch):
    """The oracle is checked: without one momentum, the final weights differ."""
    with pytest.raises(Interrupted):
        loop.train(config, should_stop=stop_after(70))
    original = loop.restore_checkpoint

    def forgetful(path, model, optimizers):
        original(path, model, optimizers)
        optimizers.load_state_tensors({k: v * (k != forgotten) for k, v in optimizers.state_tensors().items()})

    monkeypatch.setattr(loop, "restore_checkpoint", forgetful)
    loop.resume(config)
    assert outcome(config.out)["model"] != reference["model"]


def start(config: TrainConfig, *extra: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "tinylm", "train", "--out", config.out, *extra]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)


def options(config: TrainConfig) -> list[str]:
    names = ("n_layer", "n_head", "n_embd", "block_size", "steps", "batch_size", "accumulate", "dropout", "warmup")
    names += ("checkpoint_every", "evaluate_every", "threads", "compile", "tokenizer")
    pairs = [(f"--{name.replace('_', '-')}", str(getattr(config, name))) for name in names]
    return ["--data", config.data[0], *(word for pair in pairs for word in pair)]


def wait_for_step(process, out: str, step: int) -> None:
    """Return when the events file shows a step; the end of the process is a failure."""
    path = Path(out) / "events.jsonl"
    while not any(event.get("step") == step and event["type"] == "step" for event in read_events(path)):
        assert process.poll() is None, process.stderr.read()
        os.sched_yield()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_killed_process_and_resumed_process_equal_the_uninterrupted_run(config, reference, number, code):
    process = start(config, *options(config))
    wait_for_step(process, config.out, 5)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode in (code, 0)
    second = start(config, "--resume")
    _, text = second.communicate(timeout=120)
    assert second.returncode == 0, text
    assert outcome(config.out) == reference


def test_stop_file_ends_the_run(config):
    def on_event(event):
        if event["type"] == "step" and event["step"] == 3:
            RunDirectory(Path(config.out)).stop.touch()

    with pytest.raises(Interrupted, match="stopped at step 3"):
        loop.train(config, on_event=on_event)
    assert not (Path(config.out) / "stop").exists()
    assert read_events(Path(config.out) / "events.jsonl")[-1]["reason"] == "interrupted"


def test_damaged_newest_checkpoint_is_passed_over(config, reference):
    loop.train(config)
    newest = Path(config.out) / "checkpoints" / f"step-{STEPS:09d}" / "model.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    loop.resume(config)
    assert outcome(config.out) == reference


def test_only_damaged_checkpoints_are_refused_and_kept(config):
    loop.train(config)
    places = sorted((Path(config.out) / "checkpoints").iterdir())
    for place in places:
        (place / "optimizer.safetensors").write_bytes(b"short")
    with pytest.raises(BadData, match="no usable checkpoint"):
        loop.resume(config)
    assert sorted((Path(config.out) / "checkpoints").iterdir()) == places


def test_last_two_checkpoints_and_the_best_are_kept(config):
    loop.train(replace(config, checkpoint_every=1))
    kept = [path.name for path in sorted((Path(config.out) / "checkpoints").iterdir())]
    assert kept[-2:] == ["step-000000008", "step-000000009"] and len(kept) <= 3


def test_torn_tail_of_the_event_log_is_cut(config, reference):
    with pytest.raises(Interrupted):
        loop.train(config, should_stop=stop_after(75))
    with (Path(config.out) / "events.jsonl").open("a") as file:
        file.write('{"v":1,"type":"st')
    loop.resume(config)
    lines = (Path(config.out) / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line)["v"] == 1 for line in lines)
    assert outcome(config.out) == reference


def test_second_process_is_refused_with_the_first_ones_id(config):
    def on_event(event):
        if event["type"] == "step" and event["step"] == 1:
            with pytest.raises(Locked, match=str(os.getpid())):
                loop.resume(config)

    loop.train(config, on_event=on_event)


def test_changed_corpus_is_refused(config, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text(Path(config.data[0]).read_text())
    config = replace(config, data=(str(own),))
    with pytest.raises(Interrupted):
        loop.train(config, should_stop=stop_after(75))
    own.write_text(own.read_text() + "\nOne more line.\n")
    with pytest.raises(IncompatibleCheckpoint, match=r"own\.txt: the corpus has changed"):
        loop.resume(config)


def test_directory_with_other_files_is_refused(config):
    Path(config.out).mkdir()
    (Path(config.out) / "thesis.txt").touch()
    with pytest.raises(UsageError, match=r"thesis\.txt"):
        loop.train(config)
    assert [entry.name for entry in Path(config.out).iterdir()] == ["thesis.txt"]


def test_existing_run_is_not_overwritten(config):
    loop.train(config)
    with pytest.raises(UsageError, match="--resume"):
        loop.train(config)
