"""What a run will cost, and a run that fits into a given time: `tinylm train --dry-run` and `--budget`."""

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tinylm.training_runs import diary, options, outcome, stop_after
from tinylm.cli import train as command
from tinylm.cli.app import main
from tinylm.errors import Interrupted, UsageError
from tinylm.training import loop
from tinylm.training.budget import ROWS, TimeLimit, first_guess, plan_steps, row_for, seconds_from_text
from tinylm.training.config import TrainConfig
from tinylm.training.estimate import flops_per_step, memory_bytes
from tinylm.training.events import read_events
from tinylm.training.memorizing import is_memorized
from tinylm.training.network import build_model, n_parameters
from tinylm.training.run_directory import RunDirectory, read_run

SHAPE = ("n_layer", "n_head", "n_embd", "block_size")
PLAIN = TrainConfig(data=("sample",), tokenizer="t", out="o")


def run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["train", *map(str, words)])
    return ended.value.code, *capsys.readouterr()


def without(words, *names):
    """Leave options with their values away."""
    pairs = [words[at : at + 2] for at in range(0, len(words), 2)]
    return [word for name, value in pairs if name not in names for word in (name, value)]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), (" 2H ", 7200), ("1h0m5s", 3605)]
)
def test_times_are_read(text, seconds):
    assert seconds_from_text(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-5m", "1.2.3s", "5m1h", "ten minutes", "infs"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="write a time such as 90s"):
        seconds_from_text(text)


def test_more_operations_never_buy_a_smaller_model_or_batch():
    configs = [replace(PLAIN, **row.fields()) for row in ROWS]
    for less, more in itertools.pairwise(configs):
        assert n_parameters(less, 8192) < n_parameters(more, 8192)
        assert less.tokens_per_step <= more.tokens_per_step
    assert [row_for(row.flops) for row in ROWS] == list(ROWS)
    assert row_for(0) is ROWS[0] and row_for(1e30) is ROWS[-1]


def test_what_is_given_stays():
    row = ROWS[3]
    assert first_guess({}, row) == row.fields()
    assert first_guess({"batch_size": 3}, row).keys() == row.fields().keys() - {"batch_size"}
    assert first_guess({"n_layer": 3}, row).keys() == {"batch_size", "accumulate"}  # half a shape of each fits nothing


@given(
    seconds=st.floats(1, 1e6),
    step_s=st.floats(1e-3, 100),
    corpus=st.integers(0, 10**9),
    validation=st.none() | st.integers(0, 10**8),
    compiles=st.booleans(),
)
def test_a_plan_fits_into_its_time_or_is_refused(seconds, step_s, corpus, validation, compiles):
    """Steps, evaluations at a third of a step for the same tokens, and reading at 2 MB/s come to less than the time."""
    asked = {"seconds_spent": 4.2, "seconds_left": seconds, "seconds_per_step": step_s, "can_compile": compiles}
    try:
        plan = plan_steps(PLAIN, {}, **asked, corpus_bytes=corpus, validation_bytes=validation)
    except UsageError as reason:
        assert "--budget: starting and measuring took 4 s, reading" in str(reason) and "leaves time for" in str(reason)
        return
    scored = min(1 << 16, corpus * 0.02 / 3.5 if validation is None else validation / 3.5)
    evaluation_s = scored / plan.tokens_per_step * step_s / 3
    n_evaluations = -(-plan.steps // plan.evaluate_every)
    spent = plan.steps * step_s + n_evaluations * evaluation_s + (corpus + (validation or 0)) / 2e6
    assert spent < seconds and plan.steps >= 20
    assert 1 <= n_evaluations <= 10 and plan.warmup <= plan.steps // 10
    assert plan.compile == ("auto" if compiles and seconds >= 600 else "off")


@given(steps=st.integers(40, 3000), cost=st.floats(0.01, 10), share=st.floats(0.3, 2))
def test_a_slower_machine_leaves_out_what_does_not_fit(steps, cost, share):
    """Nothing where all of it fits; otherwise the plan's end comes in time, and the time is used."""
    clock = [0.0]
    limit = TimeLimit(share * steps * cost, lambda: clock[0])
    config, step = replace(PLAIN, steps=steps, evaluate_every=-(-steps // 10)), 0
    limit.begin(step)
    n_made = 0
    while step < steps:
        step, n_made = step + 1, n_made + 1
        clock[0] += cost
        step = limit.step_that_fits(step, config)
    assert step == steps
    assert n_made == steps if share > 1.001 else share * steps - 2 <= n_made <= max(share * steps, 1) + 1e-6


class StepsOfTenSeconds:
    """A clock of a machine that needs ten seconds for a step, as the events tell of them."""

    def __init__(self):
        self.n_steps = 0

    def __call__(self):
        return 10.0 * self.n_steps

    def see(self, event):
        self.n_steps += event["type"] == "step"


def limited(config, ends, **asked):
    clock = StepsOfTenSeconds()
    loop.train(config, on_event=clock.see, limit=TimeLimit(ends, clock), **asked)


def test_left_out_steps_are_told_and_a_resumed_run_ends_with_the_same_bits(config, tmp_path):
    """Nine steps in fifty seconds: two, then the last three. Whoever resumes has no limit, and cannot decide anew."""
    limited(config, ends=50.0)
    events = read_events(Path(config.out) / "events.jsonl")
    assert [event["step"] for event in events if event["type"] == "step"] == [1, 2, 7, 8, 9]
    (told,) = [event for event in events if event.get("phase") == "leaving out"]
    assert told["step"] == 6 and "steps 3 to 6 of the plan" in told["message"]
    assert (events[-1]["reason"], events[-1]["message"]) == ("finished", "5 steps")
    for n_questions in range(10, 40, 7):
        parts = replace(config, out=str(tmp_path / f"stopped after {n_questions}"))
        with suppress(Interrupted):
            limited(parts, ends=50.0, should_stop=stop_after(n_questions))
        if any(event.get("phase") == "leaving out" for event in read_events(Path(parts.out) / "events.jsonl")):
            loop.resume(parts)
            assert (outcome(parts.out), diary(parts.out)) == (outcome(config.out), diary(config.out))


def test_parameters_operations_and_memory_are_those_of_the_model():
    config = replace(PLAIN, n_layer=3, n_head=2, n_embd=64, block_size=32, batch_size=4, accumulate=3)
    model = build_model(config, 500, 0, seed=0)
    n = sum(parameter.numel() for parameter in model.parameters())
    assert n_parameters(config, 500) == n
    assert flops_per_step(config, 500) == 4 * 3 * 32 * (6 * (n - 32 * 64) + 12 * 3 * 64 * 32)
    assert memory_bytes(config, 500) > 4 * 3 * n
    assert memory_bytes(replace(config, batch_size=8), 500) > memory_bytes(config, 500)


def test_a_dry_run_says_what_it_costs_and_writes_nothing(config, tmp_path, capsys):
    code, out, err = run(capsys, *options(config), "--dry-run")
    assert code == 0, err
    assert [line.split()[0] for line in out.splitlines()] == ["model", "corpus", "a", "memory", "the"]
    assert "2 blocks, 2 heads, width 32, context 32" in out and "9 steps" in out and "assumed" not in out
    _, out, _ = run(capsys, *without(options(config), "--tokenizer"), "--dry-run")
    assert out.splitlines()[0].endswith("vocabulary 8,192 (assumed; see --vocab-size)")
    code, out, _ = run(capsys, *without(options(config), "--tokenizer"), "--dry-run", "--json", "--vocab-size", "1024")
    costs = json.loads(out)
    assert (costs["vocabSize"], costs["nEmbd"], costs["steps"], costs["tokensPerStep"]) == (1024, 32, 9, 128)
    assert costs["nParameters"] == n_parameters(config, 1024)
    assert costs["seconds"] == pytest.approx(9 * costs["secondsPerStep"]) and costs["secondsPerStep"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_will_be_learned_by_heart_is_warned_of(config, capsys):
    """The story is read some thousand times by a model that has as many weights as it has tokens."""
    _, out, _ = run(capsys, *without(options(config), "--steps"), "--steps", "20000", "--dry-run")
    note = out.splitlines()[-1]
    assert note.startswith("note ") and "will be learned by heart" in note and "--init-from" in note


@pytest.mark.parametrize(
    ("tokens_read", "tokens", "parameters", "warns"),
    [
        (17_000, 1_000, 1_000, True),
        (16_000, 1_000, 1_000, False),  # not often enough
        (10**9, 2_000_000, 1_000_000, False),  # too much text to be kept
        (10**9, 1_999_999, 1_000_000, True),
    ],
)
def test_learning_by_heart_takes_repetition_and_room(tokens_read, tokens, parameters, warns):
    assert is_memorized(tokens_read, tokens, parameters) == warns


def test_a_budget_ends_by_itself_with_a_model(config, capsys):
    """The shape is given, so the time decides batch and steps; ended by its steps or by the time, it is a success."""
    words = without(options(config), "--steps", "--warmup", "--evaluate-every", "--checkpoint-every")
    code, _, err = run(capsys, *words, "--budget", "15s")
    assert code == 0, err
    recorded = read_run(RunDirectory(Path(config.out))).config
    assert recorded.n_embd == 32 and recorded.steps >= 20 and recorded.compile == "off"
    assert (Path(config.out) / "model" / "model.safetensors").is_file()


def test_when_the_time_is_up_the_run_is_saved_and_can_go_on(config, capsys, monkeypatch):
    monkeypatch.setattr(command, "_TIME_FOR_STEPS", 0.0)
    words = without(options(config), "--steps")
    code, _, err = run(capsys, *words, "--budget", "15s")
    assert code == 0 and "The time is up: stopped at step 0; tinylm train --resume" in err, err
    recorded = read_run(RunDirectory(Path(config.out))).config
    with pytest.raises(Interrupted):
        loop.resume(recorded, should_stop=lambda: 15)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "soon"], "write a time such as"),
        (["--budget", "5m", "--steps", "5"], "leave --steps away"),
        (["--budget", "5m", "--resume"], "leave --dry-run and --budget away"),
        (["--dry-run", "--resume"], "leave --dry-run and --budget away"),
        (["--vocab-size", "1024"], "belongs to --dry-run without --tokenizer"),
        (["--dry-run", "--vocab-size", "20"], "--vocab-size, 257 or more"),
    ],
)
def test_contradictions_are_exit_2_and_make_nothing(config, tmp_path, capsys, words, message):
    code, _, err = run(capsys, *without(options(config), "--steps"), *words)
    assert code == 2 and message in err and err.count("\n") == 1, err
    assert list(tmp_path.iterdir()) == []
