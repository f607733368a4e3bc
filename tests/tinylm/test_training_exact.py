"""Wherever a run is killed, and killed again while it recovers, it ends as one that nothing touched: bit for bit.

The run is as small as a run can be that has everything: dropout, gradient accumulation, several passes over its
corpus, evaluations, and checkpoints of which one is the best. `faults.py` says why its points are all there are.
"""

import os
import shutil
import signal
from dataclasses import fields, replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.tinylm.faults import states_at_every_point, traced
from tests.tinylm.training_runs import Child, diary, make_config, outcome
from tinylm.errors import Interrupted
from tinylm.training import learner, loop, run
from tinylm.training.checkpoint import Position
from tinylm.training.mixture import RowOrder
from tinylm.training.run_directory import RunDirectory


@pytest.fixture(scope="module")
def small(tokenizer_directory, tmp_path_factory):
    """A finished run of four steps and 2,000 weights."""
    place = tmp_path_factory.mktemp("small")
    corpus = place / "corpus.txt"
    corpus.write_text("The fox ran home and slept. " * 20 + "\n<|endoftext|>\nThe hen sat up.", encoding="utf-8")
    config = replace(
        make_config(corpus, tokenizer_directory, place / "run"),
        n_layer=1, n_head=1, n_embd=4, block_size=8, steps=4, warmup=1, lr=5.0, muon_lr=0.1, decay_fraction=0.0,
        checkpoint_every=3, evaluate_every=2, sample_prompt="T",
    )  # fmt: skip
    loop.train(config)
    assert diary(config.out)["kept"] == [f"step-{step:09d}" for step in (2, 3, 4)]  # the best and the last two
    return config


def go_on(config):
    """Do what a person does after a crash: resume the run, or begin it if it never became one."""
    begin = loop.resume if RunDirectory(Path(config.out)).record.is_file() else loop.train
    begin(config)


def recover_all(states, config, reference, seen):
    """Recover every state, every second one with another cadence of evaluations and checkpoints."""
    for idx, state in enumerate(states):
        other = {"evaluate_every": 3, "checkpoint_every": 1} if idx % 2 else {}
        go_on(replace(config, out=str(state), **other))
        assert outcome(state) == reference, state
        assert other or diary(state) == seen, state
        shutil.rmtree(state)


def test_run_killed_at_any_point_ends_with_the_same_bits(small, tmp_path):
    config = replace(small, out=str(tmp_path / "run"))
    n_points, states = states_at_every_point(lambda: loop.train(config), tmp_path / "run", tmp_path / "states")
    assert outcome(config.out) == outcome(small.out)
    assert n_points >= 230 and len(states) >= 130, (n_points, len(states))
    recover_all(states, config, outcome(small.out), diary(small.out))


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_run_killed_again_while_it_recovers_ends_with_the_same_bits(small, tmp_path, stride):
    """The first kill comes in the middle of saving, so that the recovery sweeps, rewinds, trains and saves."""
    config = replace(small, out=str(tmp_path / "run"))
    with traced(lambda: loop.train(config), "inject=renameat:signal=SIGKILL:when=5") as (child, _):
        code, text = child.finish()
    assert code == -signal.SIGKILL, text
    assert list((tmp_path / "run/checkpoints").glob(".tmp-step-*"))
    _, states = states_at_every_point(lambda: loop.resume(config), tmp_path / "run", tmp_path / "states")
    recover_all(states[::stride], config, outcome(small.out), diary(small.out))


@pytest.mark.parametrize("question", [0, 1, 2, 3, 5, 8, 13])
def test_run_killed_by_a_real_signal_between_micro_batches_ends_with_the_same_bits(small, tmp_path, question):
    config = replace(small, out=str(tmp_path / "run"))
    asked = iter(range(question, -1, -1))

    def die_in_time():
        if next(asked, 1) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with Child(lambda: loop.train(config, should_stop=die_in_time)) as child:
        assert child.finish()[0] == -signal.SIGKILL
    go_on(config)
    assert (outcome(config.out), diary(config.out)) == (outcome(small.out), diary(small.out))


@pytest.mark.slow
@pytest.mark.parametrize("call", ["openat", "write", "fsync", "rename", "mkdir", "unlinkat", "chmod"])
def test_run_killed_by_a_real_signal_at_every_call_ends_with_the_same_bits(small, tmp_path, call):
    """What the frozen states stand for: the process dies by SIGKILL at its n-th call, and so does every second heir."""
    for n in range(1, 1000, 7):
        config = replace(small, out=str(tmp_path / str(n)))
        with traced(lambda c=config: loop.train(c), f"inject={call}:signal=SIGKILL:when={n}") as (child, _):
            if child.finish()[0] == 0:
                return
        with traced(lambda c=config: go_on(c), f"inject={call}:signal=SIGKILL:when={n * n % 97 + 1}") as (child, _):
            assert child.finish()[0] in (0, -signal.SIGKILL)
        go_on(config)
        assert (outcome(config.out), diary(config.out)) == (outcome(small.out), diary(small.out)), n
    raise AssertionError("it never got through")


# The check of the check: each part of the state is left out in turn, and the comparison has to notice.


def without(*kinds):
    """Restore the optimizers with these tensors zeroed; the names are those of the checkpoint's file."""

    def leave_out(monkeypatch, begin):
        def forgetful(path, model, optimizers):
            original(path, model, optimizers)
            state = optimizers.state_tensors()
            optimizers.load_state_tensors({k: v * (not k.startswith(kinds)) for k, v in state.items()})

        original = run.restore_checkpoint
        monkeypatch.setattr(run, "restore_checkpoint", forgetful)

    return leave_out


def without_weights(monkeypatch, begin):
    def forgetful(path, model, optimizers):
        fresh = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        original(path, model, optimizers)
        model.load_state_dict(fresh, strict=False)

    original = run.restore_checkpoint
    monkeypatch.setattr(run, "restore_checkpoint", forgetful)


def without_position(**forgotten):
    def leave_out(monkeypatch, begin):
        def forgetful(directory, fingerprint):
            path, position = original(directory, fingerprint)
            return path, replace(position, **forgotten)

        original = run.newest_checkpoint
        monkeypatch.setattr(run, "newest_checkpoint", forgetful)

    return leave_out


def counted_from_the_resume(owner, name, at):
    """Let a function of the step count steps from where this process began."""

    def leave_out(monkeypatch, begin):
        def forgetful(*arguments):
            if len(arguments) > at:
                arguments = (*arguments[:at], arguments[at] - begin, *arguments[at + 1 :])
            return original(*arguments)

        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, forgetful)

    return leave_out


def without_rewinding(monkeypatch, begin):
    """The log keeps what happened after the checkpoint, and nobody looks which evaluations are in it."""
    monkeypatch.setattr(run, "rewind_events", lambda path, step: [])


STATE = {
    "weights": without_weights,
    "Muon's momenta": without("muon."),
    "AdamW's first moments": without("adamw.exp_avg."),
    "AdamW's second moments": without("adamw.exp_avg_sq."),
    "AdamW's step": without("adamw.step."),
    "step": without_position(step=0),
    "best validation loss": without_position(best_validation_loss=None),
    "step of the best": without_position(best_step=None),
    "random numbers": counted_from_the_resume(learner, "derived_seed", 2),
    "place in the data": counted_from_the_resume(RowOrder, "rows", 1),
    "schedule": counted_from_the_resume(learner, "learning_rate_scale", 0),
    "events": without_rewinding,
}


@pytest.fixture(scope="module")
def stopped(small, tmp_path_factory):
    """The same run, stopped in its third step; it has evaluated once and goes on from step 2."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    seen = []

    def should_stop():
        return signal.SIGTERM * (seen[-1:] == [("checkpoint", 2)])

    def on_event(event):
        seen.append((event["type"], event.get("step")))

    with pytest.raises(Interrupted, match="stopped at step 2"):
        loop.train(replace(small, out=str(out)), should_stop=should_stop, on_event=on_event)
    return out


def resumed(config, stopped, out):
    shutil.copytree(stopped, out)
    loop.resume(replace(config, out=str(out)))
    return outcome(out), diary(out)


def test_nothing_left_out_ends_with_the_same_bits(small, stopped, tmp_path):
    assert resumed(small, stopped, tmp_path / "run") == (outcome(small.out), diary(small.out))


@pytest.mark.parametrize("part", STATE)
def test_comparison_notices_what_is_left_out(small, stopped, tmp_path, monkeypatch, part):
    STATE[part](monkeypatch, 2)
    assert resumed(small, stopped, tmp_path / "run") != (outcome(small.out), diary(small.out))


def test_every_part_of_a_checkpoint_is_left_out_once(small):
    """A new field of the position or a new kind of tensor has to be added to the table above."""
    names = load_file(max((Path(small.out) / "checkpoints").iterdir()) / "optimizer.safetensors")
    kinds = {name.split("transformer.")[0] for name in names}
    assert kinds == {"muon.", "adamw.exp_avg.", "adamw.exp_avg_sq.", "adamw.step."}
    assert {field.name for field in fields(Position)} == {"step", "best_validation_loss", "best_step"}
