"""A run that was killed and resumed ends with the same bits as one that was not.

Threads are pinned to one: the promise holds for one machine and one number of threads.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tinylm.training_runs import STEPS, outcome, stop_after
from tinylm.errors import BadData, Interrupted
from tinylm.training import loop
from tinylm.training.events import read_events
from tinylm.training.run_directory import RunDirectory


def test_reference_run_has_every_step_once(reference):
    assert [step for step, *_ in reference["losses"]] == list(range(1, STEPS + 1))
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


def test_stop_inside_an_evaluation_is_made_up_for(config, reference, finished_run):
    """Stopped while it evaluates at step 4, the run evaluates there when it is resumed, once."""
    question = steps_done = 0

    def on_event(event):
        nonlocal steps_done
        steps_done = event["step"] if event["type"] == "step" else steps_done

    def should_stop():
        nonlocal question
        question += steps_done == 4
        return 15 * (question > 3)  # the third question after step 4 comes from inside the evaluation

    with pytest.raises(Interrupted):
        loop.train(config, on_event=on_event, should_stop=should_stop)
    assert not evaluations(config)
    loop.resume(config)
    assert outcome(config.out) == reference
    assert evaluations(config) == evaluations(finished_run)


def evaluations(config):
    events = read_events(Path(config.out) / "events.jsonl")
    return [(e["step"], e["validationLoss"], e["sample"]) for e in events if e["type"] == "evaluation"]


def test_several_passes_over_a_small_corpus_resume_exactly(config, tmp_path):
    """Forty steps read 256 tokens each from a corpus of a few hundred: dozens of passes, with new borders each."""
    small = tmp_path / "small.txt"
    small.write_text(Path(config.data[0]).read_text(encoding="utf-8")[:3000], encoding="utf-8")
    base = replace(config, data=(str(small),), steps=40, evaluate_every=100, checkpoint_every=100)
    whole, parts = replace(base, out=str(tmp_path / "whole")), replace(base, out=str(tmp_path / "parts"))
    loop.train(whole)
    ready = next(e for e in read_events(Path(whole.out) / "events.jsonl") if e.get("phase") == "ready")
    assert 40 * ready["tokensPerStep"] > 3 * ready["corpusTokens"]
    with pytest.raises(Interrupted):
        loop.train(parts, should_stop=stop_after(40))
    for more in (60, 10**9):
        try:
            loop.resume(parts, should_stop=stop_after(more))
        except Interrupted:
            continue
    assert outcome(parts.out) == outcome(whole.out)


@pytest.mark.slow
def test_two_threads_resume_exactly(config, tmp_path):
    """Slow only where another process takes a core: two threads wait for each other at every small sum."""
    import torch

    base = replace(config, threads=2, steps=5)
    whole, parts = replace(base, out=str(tmp_path / "whole")), replace(base, out=str(tmp_path / "parts"))
    try:
        loop.train(whole)
        with pytest.raises(Interrupted):
            loop.train(parts, should_stop=stop_after(64))
        loop.resume(parts)
    finally:
        torch.set_num_threads(1)
    assert outcome(parts.out) == outcome(whole.out)


def test_export_that_a_kill_prevented_is_made_on_resuming(config, reference):
    """The last checkpoint stands, the model of the last step does not: resuming writes it and trains nothing."""
    import shutil

    loop.train(config)
    shutil.rmtree(Path(config.out) / "model")
    loop.resume(config)
    assert (Path(config.out) / "model/model.safetensors").is_file()
    assert outcome(config.out) == reference


def test_step_that_went_out_of_bounds_is_never_saved(config):
    """A decay that multiplies the weights by -1e27 a step: the run ends, and what it saved holds numbers."""
    from safetensors.numpy import load_file

    with pytest.raises(BadData, match=r"went out of bounds .* lower --lr"):
        loop.train(replace(config, weight_decay=1e30, checkpoint_every=1))
    assert read_events(Path(config.out) / "events.jsonl")[-1]["reason"] == "failed"
    for path in (Path(config.out) / "checkpoints").glob("*/*.safetensors"):
        assert all(np.isfinite(tensor).all() for tensor in load_file(path).values()), path


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
