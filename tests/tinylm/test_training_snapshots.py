"""The weights that a run keeps of its way: which, what they hold, and that a run never depends on them."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tinylm.test_training_kill_points import kill_at_every_point
from tests.tinylm.training_runs import STEPS, make_config, outcome
from tinylm.analysis.coloured import key
from tinylm.analysis.heat import N_BUCKETS, HeatMode
from tinylm.cli.app import main
from tinylm.errors import BadData, Interrupted
from tinylm.files import sweep_leftovers
from tinylm.model.language_model import LanguageModel
from tinylm.training import loop
from tinylm.training.snapshots import load_saved, model_directory_of, saved_steps, snapshot_path, snapshot_steps

TEXT = "Once upon a time there was a fox."


@given(total=st.integers(1, 10**7), most=st.integers(0, 200), n_parameters=st.integers(1000, 10**9))
def test_snapshots_span_the_run_and_stay_bounded(total, most, n_parameters):
    """Never more than asked for or a gigabyte; the end always, the beginning with it, and gaps that never shrink."""
    steps = snapshot_steps(total, most, n_parameters)
    assert len(steps) <= most and 2 * n_parameters * len(steps) <= 10**9
    assert steps == sorted(set(steps))
    if steps:
        assert steps[-1] == total and (steps[0] == 0 or len(steps) == 1)
    gaps = np.diff(steps)
    assert (np.diff(gaps) >= -1).all()  # they grow, up to rounding


def test_a_run_keeps_snapshots_and_ends_as_one_without(config, reference):
    """Stopped, resumed and read meanwhile: the same bits, and the same snapshots as a run in one go."""
    config = replace(config, snapshots=6)
    wanted = snapshot_steps(STEPS, 6, 1000)
    events = []
    with pytest.raises(Interrupted):
        loop.train(config, on_event=events.append, should_stop=lambda: 15 * any(e.get("step") == 5 for e in events))
    run = Path(config.out)
    before = [saved.step for saved in saved_steps(run)]
    assert before == sorted({*(step for step in wanted if step <= 5), 4, 5})  # the two newest are checkpoints
    later = snapshot_path(run, STEPS)
    shutil.copytree(snapshot_path(run, 0), later)  # of a part of the run that is about to happen again
    loop.resume(config)
    assert outcome(config.out) == reference
    assert [path.name for path in sorted((run / "snapshots").iterdir())] == [f"step-{step:09d}" for step in wanted]
    steps = saved_steps(run)
    assert {saved.step for saved in steps} >= set(wanted)
    end = LanguageModel.load(run / "model").analyze(TEXT, 0).scores.logprob
    for saved in steps:
        engine = load_saved(saved)
        model = LanguageModel(saved.weights, LanguageModel.load(run / "model").tokenizer, engine)
        found = model.analyze(TEXT, 0).scores.logprob
        assert (np.abs(found - end).max() < 2e-2) == (saved.step == STEPS)


def test_a_checkpoint_becomes_a_model_of_its_own(finished_run, tmp_path):
    """One that only the checkpoints have: exact, named after its step, asked for twice; others are refused."""
    run = tmp_path / "fox"
    shutil.copytree(finished_run.out, run)
    first, *_, last = saved_steps(run)
    directory = model_directory_of(run, last.step)
    assert directory == model_directory_of(run, last.step) == snapshot_path(run, last.step)
    made, exported = LanguageModel.load(directory), LanguageModel.load(run / "model")
    assert made.name == f"fox at step {last.step}" and made.tokenizer.id == exported.tokenizer.id
    same = made.analyze(TEXT, 0).scores.logprob == exported.analyze(TEXT, 0).scores.logprob
    assert same.all() and last.step == STEPS
    assert [saved.step for saved in saved_steps(run)] == [first.step, last.step]
    with pytest.raises(BadData, match="step 5 are not kept"):
        model_directory_of(run, 5)
    assert saved_steps(tmp_path) == []


def test_making_a_model_of_a_checkpoint_is_whole_or_absent(finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run.out, run)
    step = saved_steps(run)[-1].step

    def check(k):
        place = run / "snapshots"
        if place.exists():
            sweep_leftovers(place)
            assert [path.name for path in place.iterdir()] in ([], [f"step-{step:09d}"])
            if any(place.iterdir()):
                assert LanguageModel.load(snapshot_path(run, step)).name.startswith("run at step")
            shutil.rmtree(place)

    assert kill_at_every_point(lambda: model_directory_of(run, step), check) >= 8


@pytest.fixture(scope="module")
def watched_run(story_corpus, tokenizer_directory, tmp_path_factory):
    """A finished run with snapshots. Not to be written to."""
    config = replace(
        make_config(story_corpus, tokenizer_directory, tmp_path_factory.mktemp("watched") / "run"), snapshots=4
    )
    loop.train(config)
    return Path(config.out)


def said(capsys, *words):
    """Call the command line; return (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code, *capsys.readouterr()


def test_a_text_is_shown_under_every_step_with_the_numbers_of_its_model(watched_run, capsys):
    """As JSON equal to an independent analysis; as lines the same, with a block for each cell."""
    code, out, _ = said(capsys, "learned", watched_run, "--text", TEXT, "--json")
    found = json.loads(out)
    steps = saved_steps(watched_run)
    assert code == 0 and [each["step"] for each in found["steps"]] == [saved.step for saved in steps]
    assert steps[0].step == 0 and found["steps"][0]["bitsPerByte"] > 2.5
    last = LanguageModel.load(watched_run / "model").analyze(TEXT, 0)
    assert [token["id"] for token in found["tokens"]] == last.ids.tolist()
    assert found["steps"][-1]["surprisalBits"] == pytest.approx(last.scores.surprisal_bits, abs=2e-2)
    bits_per_byte = [each["bitsPerByte"] for each in found["steps"]]
    assert bits_per_byte[-1] < bits_per_byte[0] and bits_per_byte[-1] == pytest.approx(
        sum(found["steps"][-1]["surprisalBits"]) / len(TEXT.encode())
    )
    code, out, _ = said(capsys, "learned", watched_run, "--text", TEXT)
    lines = out.splitlines()
    assert code == 0 and lines[0].replace("|", "") == TEXT and lines[0].count("|") == len(found["tokens"]) - 1
    for line, each in zip(lines[2:], found["steps"], strict=False):
        headline, blocks = line.split(": ")
        assert headline == f"step {each['step']}, {each['bitsPerByte']:.3f} bits per byte"
        assert len(blocks) == len(found["tokens"]) and set(blocks) <= set("▁▂▃▄▅▆▇█")
    assert lines[-2] == key(HeatMode.surprisal, 400, None).plain
    assert lines[-1].startswith(f"{len(steps)} steps kept in ")


def test_the_colours_of_every_step_have_a_key(watched_run, capsys, monkeypatch):
    """In a terminal of 256 colours: the key's are those of the text, which is there once for each step."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    code, out, _ = said(capsys, "learned", watched_run, "--text", TEXT)
    *shown, key_line, _ = out.splitlines()
    words = re.compile(r"\x1b\[[\d;]*m")
    assert code == 0 and words.sub("", key_line) == key(HeatMode.surprisal, 400, "256").plain
    assert [words.sub("", line) for line in shown].count(TEXT) == len(saved_steps(watched_run))
    papers = re.compile(r"48;5;(\d+)m")
    assert len(set(papers.findall(key_line))) == N_BUCKETS
    assert set(papers.findall("\n".join(shown))) <= set(papers.findall(key_line))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--text", "a", "--file", "b"], 2, "name one text: --text TEXT, --file FILE or --file -"),
        (["--text", " "], 2, "the text has 1 characters, expected 1 to 20,000; name another part"),
        (["--text", "x" * 20_001], 2, "the text has 20,001 characters"),
        (["--file", "/nowhere.txt"], 3, "/nowhere.txt"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(watched_run, capsys, words, code, message):
    found, out, err = said(capsys, "learned", watched_run, *words)
    assert (found, out) == (code, "") and err.count("\n") == 1 and message in err


def test_a_run_that_kept_nothing_says_so(tmp_path, capsys):
    (tmp_path / "run.json").touch()
    code, _, err = said(capsys, "learned", tmp_path, "--text", TEXT)
    assert code == 2 and f"{tmp_path} has kept no weights; name a run of tinylm train" in err
