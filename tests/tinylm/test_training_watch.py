"""`tinylm watch` and `tinylm plot`: a run is looked at from outside, while it goes on and after its end."""

import io
import json
import re
import shlex
import signal
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.tinylm.training_runs import Child, call_cli, options, outcome
from tinylm.cli.app import main
from tinylm.cli.train_progress import Picture, TerminalProgress
from tinylm.cli.training_screen import block_chart
from tinylm.errors import Interrupted
from tinylm.training import loop
from tinylm.training.events import read_events
from tinylm.training.plot import _with_gaps

TIME_LEFT = re.compile(r"\d (s|min) left")


def run(capsys, *words):
    """Call the command line; return (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code, *capsys.readouterr()


def stop_at(config, step):
    """Train and stop after a step."""
    done = []
    with pytest.raises(Interrupted):
        loop.train(
            config, on_event=lambda event: done.append(event.get("step")), should_stop=lambda: 15 * (step in done)
        )


def snapshot(directory):
    return {path: path.read_bytes() for path in sorted(Path(directory).rglob("*")) if path.is_file()}


def test_a_finished_run_is_told_in_a_few_lines_and_left_as_it_is(finished_run, capsys):
    before = snapshot(finished_run.out)
    code, out, _ = run(capsys, "watch", finished_run.out)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(f"Training in {finished_run.out}: 9 steps, on cpu") and "Ctrl-C" not in out
    assert "tokens in 58 documents to learn from" in lines[1]
    assert lines[2].startswith("step 9: validation loss ")
    assert any(line.startswith("step 9/9: loss ") for line in lines) and not TIME_LEFT.search(out)
    assert lines[-2].startswith("Done: 9 steps. The model is in ")
    assert snapshot(finished_run.out) == before


def test_a_flipped_byte_costs_one_line_and_is_told_once(finished_run, tmp_path, capsys):
    whole = (Path(finished_run.out) / "events.jsonl").read_bytes().splitlines(keepends=True)
    damaged = next(i for i, line in enumerate(whole) if json.loads(line).get("step") == 4)
    whole[damaged] = whole[damaged].replace(b'"', b"\xa2", 1)
    (tmp_path / "events.jsonl").write_bytes(b"".join(whole))
    said = f"{tmp_path / 'events.jsonl'}: 1 damaged line left out; the rest is shown\n"
    for words in (["watch", tmp_path], ["plot", tmp_path, "--out", tmp_path / "curves.svg"]):
        code, out, err = run(capsys, *words)
        assert (code, err) == (0, said), (out, err)
    assert "step 9/9: loss " in run(capsys, "watch", tmp_path)[1]


def test_blank_lines_of_a_story_are_shown_as_one(finished_run, tmp_path, capsys, monkeypatch):
    """In a log and in the picture alike; the diary keeps what the model wrote."""
    events = read_events(Path(finished_run.out) / "events.jsonl")
    told = [
        {**event, "sample": "A fox.\n\n \n\t\n\nA hen.\nAn egg."} if "sample" in event else event for event in events
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in told), "utf-8")
    story = re.compile(r"    A fox\. *\n *\n    A hen\. *\n    An egg\.")
    for _ in range(2):
        code, out, _ = run(capsys, "watch", tmp_path)
        assert code == 0 and story.search(re.sub(r"\x1b\[[\d;]*m", "", out)), out
        monkeypatch.setenv("FORCE_COLOR", "1")  # as in a terminal


def test_a_run_is_watched_while_it_goes_on_and_ends_as_if_nobody_had_looked(config, reference):
    """The watcher sees steps as they come, and the stop; the resumed run has the bits of one never stopped."""
    training = call_cli("train", *options(replace(config, evaluate_every=1)))
    with Child(training) as trainer:
        trainer.wait_for("step 3: validation")
        with Child(call_cli("watch", config.out)) as watcher:
            watcher.wait_for("Training in ")
            trainer.send(signal.SIGTERM)
            assert trainer.finish()[0] in (143, 0)
            code, text = watcher.finish()
    assert code == 0, text
    assert "stopped at step" in text or "Done: 9 steps" in text
    loop.resume(config)
    assert outcome(config.out) == reference


def test_a_killed_run_is_said_to_be_without_anybody(config, capsys, monkeypatch):
    with Child(call_cli("train", *options(replace(config, evaluate_every=1)))) as trainer:
        trainer.wait_for("step 3: validation")
        trainer.send(signal.SIGKILL)
        assert trainer.finish()[0] == -signal.SIGKILL
    code, out, _ = run(capsys, "watch", config.out)
    last = read_events(Path(config.out) / "events.jsonl")[-1]["step"]
    kept = max(int(path.name[-9:]) for path in (Path(config.out) / "checkpoints").glob("step-*"))
    resume = f"tinylm train --resume --out {shlex.quote(config.out)} goes on from its last checkpoint, step {kept}"
    said = f"interrupted: nobody trains here; its last step was {last}; {resume}\n"
    assert code == 0 and out.endswith(said) and not TIME_LEFT.search(out)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in a terminal
    code, out, _ = run(capsys, "watch", config.out)
    assert code == 0 and out.endswith(said) and not TIME_LEFT.search(out)
    assert re.search(rf"step {last} of 9 · [\d,]+ tokens/s · interrupted", out)


def test_a_stopped_run_is_said_to_be_interrupted_and_how_it_goes_on(config, capsys):
    stop_at(config, 5)
    code, out, _ = run(capsys, "watch", config.out)
    assert code == 0 and not TIME_LEFT.search(out)
    assert out.splitlines()[-2].startswith("step 5/9: loss ")
    last = out.splitlines()[-1]
    assert last.startswith("interrupted: stopped at step 5; ") and last.endswith(f"--resume --out {config.out} goes on")


def test_the_picture_of_a_resumed_run_begins_with_what_was_done(config, reference):
    """Its curves are those of the diary, up to the step it goes on from; what comes is added to them."""
    stop_at(config, 5)
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, height=50, color_system=None)
    with Picture(console, with_story=False) as picture:
        terminal, begun = TerminalProgress(picture), []

        def on_event(event):
            terminal.show(event)
            if event["type"] == "start":
                begun.append((list(picture.history.steps), list(picture.history.curves["loss"]), shown.getvalue()))

        loop.resume(config, on_event=on_event)
    assert outcome(config.out) == reference
    logged = [(step, loss) for step, loss, *_ in reference["losses"]]
    (steps, losses, first_frame), *more = begun
    assert not more and list(zip(steps, losses, strict=True)) == logged[:5]
    assert "goes on after step 5 of 9" in first_frame and "step 5 of 9" in first_frame and "█" in first_frame
    assert not TIME_LEFT.search(first_frame)
    assert list(zip(picture.history.steps, picture.history.curves["loss"], strict=True)) == logged
    assert [each.step for each in picture.history.evaluations] == [4, 8, 9]


def test_the_picture_in_a_terminal_shows_curves_numbers_and_the_newest_story(finished_run):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, height=50, color_system=None)
    with Picture(console, with_story=True) as picture:
        for event in read_events(Path(finished_run.out) / "events.jsonl"):
            picture.history.take(event)
    text = shown.getvalue()
    last = picture.history.evaluations[-1]
    assert "step 9 of 9 · " in text and "finished" in text and "█" in text
    assert f"validation at step 9: {last.validation_loss:.4f} nats per token, {last.bits_per_byte:.4f} bits" in text
    assert "Not a day went" in text


@given(st.lists(st.floats(0, 100) | st.just(float("nan")), max_size=60), st.integers(1, 40), st.integers(1, 6))
def test_block_charts_fill_their_frame_and_never_fail(values, width, rows):
    points = [(float(x), y) for x, y in enumerate(values, start=1)]
    lines = block_chart(points, width, rows, max(1, len(values)))
    assert [len(line) for line in lines] == [width] * rows
    for line, above in zip(lines[1:], lines, strict=False):  # columns stand on the ground
        assert all(below == "█" for below, block in zip(line, above, strict=True) if block != " ")


def test_block_charts_rise_with_their_values():
    assert block_chart([(0, 0.0), (1, 7.0)], 2, 2, 2) == [" █", "▁█"]


def test_block_charts_of_few_steps_are_closed_but_for_what_was_left_out():
    values = [(1, 1.0), (2, 3.0), (3, float("nan")), (4, 1.0), (7, 1.0), (8, 3.0)]
    assert block_chart(values, 18, 1, 9) == ["  ▁▅█   ▁     ▁▅█ "]


def test_no_line_is_drawn_over_steps_that_were_left_out():
    steps, values = _with_gaps([1, 2, 5, 6, 8], [4.0, 3.0, 2.0, 1.0, 0.0])
    assert steps == [1, 2, 3, 5, 6, 7, 8]
    assert np.array_equal(values, [4.0, 3.0, np.nan, 2.0, 1.0, np.nan, 0.0], equal_nan=True)


@pytest.mark.parametrize("suffix", ["svg", "png"])
@pytest.mark.parametrize("scale", [[], ["--log"]])
def test_runs_are_drawn_over_each_other(finished_run, tmp_path, capsys, suffix, scale):
    picture = tmp_path / f"curves.{suffix}"
    code, out, err = run(capsys, "plot", finished_run.out, finished_run.out, "--out", picture, *scale)
    assert (code, out) == (0, f"wrote {picture}\n"), err
    if suffix == "png":
        assert picture.read_bytes().startswith(b"\x89PNG")
    else:
        assert ElementTree.fromstring(picture.read_bytes()).tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["watch", "{here}"], 2, "holds no run"),
        (["plot", "{here}", "--out", "{here}/a.svg"], 2, "holds no run"),
        (["learned", "{here}", "--text", "hi"], 2, "{here} holds no run; name the directory"),
        (["learned", "{here}/nope", "--text", "hi"], 2, "/nope holds no run; name the directory"),
        (["plot", "{here}", "--out", "{here}/a.pdf"], 2, ".svg or .png"),
        (["plot", "{here}/begun", "--out", "{here}/a.svg"], 3, "no step has been made yet"),
        (["plot", "{run}", "--out", "{here}/missing/a.svg"], 5, "missing/a.svg"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(finished_run, tmp_path, capsys, words, code, message):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "events.jsonl").write_text(json.dumps({"type": "start", "step": 0}) + "\n")
    found, _, err = run(capsys, *(word.format(here=tmp_path, run=finished_run.out) for word in words))
    assert found == code and message.format(here=tmp_path) in err and err.count("\n") == 1, err
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]
