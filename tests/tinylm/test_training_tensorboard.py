"""What TensorBoard shows of a run is what the run's own diary says, and showing it never ends a run."""

from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.tinylm.training_runs import STEPS, options
from tinylm import extras
from tinylm.cli.app import main
from tinylm.errors import Interrupted
from tinylm.training import loop
from tinylm.training.events import read_events
from tinylm.training.tensorboard import TensorBoard


def shown_in(directory, tag):
    accumulator = EventAccumulator(str(directory))
    accumulator.Reload()
    return [(each.step, each.value) for each in accumulator.Scalars(tag)]


def told_by(run, kind, field):
    events = read_events(Path(run) / "events.jsonl")
    return [(event["step"], pytest.approx(event[field])) for event in events if event["type"] == kind]


def test_a_stopped_and_resumed_run_shows_each_step_once(config):
    """Checkpoints are rare; it goes on from the one of the stop."""
    config = replace(config, checkpoint_every=100)
    board, told = Path(config.out) / "tensorboard", []

    def stopped():
        return 15 * any(event["type"] == "step" and event["step"] == 3 for event in told)

    with TensorBoard(board) as showing, pytest.raises(Interrupted):
        loop.train(config, on_event=lambda event: (told.append(event), showing.show(event)), should_stop=stopped)
    assert 0 < len(shown_in(board, "loss/training")) < STEPS
    with TensorBoard(board) as showing:
        loop.resume(config, on_event=showing.show)
    losses = shown_in(board, "loss/training")
    assert [step for step, _ in losses] == list(range(1, STEPS + 1))
    assert losses == told_by(config.out, "step", "loss")
    assert shown_in(board, "loss/bits_per_byte") == told_by(config.out, "evaluation", "bitsPerByte")


def test_steps_that_happen_again_replace_those_shown_before(tmp_path):
    """A killed run comes back at an earlier checkpoint."""

    def step(number, loss):
        return {"type": "step", "step": number, "loss": loss, "time": 100.0 + number}

    events = [{"type": "start", "step": 0}, step(1, 4.0), step(2, 3.0), step(3, 2.0)]
    again = [{"type": "start", "step": 1}, step(2, 3.5), step(3, 2.5)]
    with TensorBoard(tmp_path) as showing:
        for event in events + again:
            showing.show(event)
    assert shown_in(tmp_path, "loss/training") == [(1, 4.0), (2, 3.5), (3, 2.5)]


def test_plot_writes_runs_that_are_over(finished_run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plot", finished_run.out, "--tensorboard", str(tmp_path)])
    assert ended.value.code == 0
    assert f"tensorboard --logdir {tmp_path}" in capsys.readouterr().out
    shown = shown_in(tmp_path / Path(finished_run.out).name, "loss/validation")
    assert shown == told_by(finished_run.out, "evaluation", "validationLoss")


def test_a_place_that_cannot_be_written_does_not_end_the_run(config, tmp_path, capsys):
    """A file lies where the directory should be."""
    (tmp_path / "file").touch()
    with TensorBoard(tmp_path / "file") as showing:
        loop.train(replace(config, steps=2), on_event=showing.show)
    assert read_events(Path(config.out) / "events.jsonl")[-1]["reason"] == "finished"


@pytest.mark.parametrize("words", [["train", "--tensorboard"], ["plot", "a-run", "--tensorboard", "there"]])
def test_a_missing_package_is_one_line(words, config, capsys, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "tensorboard" else "found")
    with pytest.raises(SystemExit) as ended:
        main([*words, *(options(config) if words[0] == "train" else [])])
    err = capsys.readouterr().err
    assert ended.value.code == 7
    assert err.startswith("error: --tensorboard needs TensorBoard; run: ") and err.count("\n") == 1
    assert not Path(config.out).exists()
