"""`tinylm train` as a person meets it: what it says, what it refuses, and the exit code of each refusal."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.tinylm.test_cli_words import help_of_options
from tests.tinylm.training_runs import STEPS, options
from tinylm.cli.app import main
from tinylm.errors import Interrupted
from tinylm.tokens.tokenizer_file import DEFAULT_VOCAB_SIZE
from tinylm.training import average, loop
from tinylm.training.config import SIZES, TrainConfig
from tinylm.training.events import read_events
from tinylm.training.network import n_parameters
from tinylm.training.run_directory import RunDirectory

REPOSITORY = Path(__file__).resolve().parents[2]
STARTER = REPOSITORY / "models" / "starter"


def run(capsys, *words):
    """Call `tinylm train`; return (exit code, stderr)."""
    with pytest.raises(SystemExit) as ended:
        main(["train", *map(str, words)])
    return ended.value.code, capsys.readouterr().err


def refused(capsys, *words):
    """Call `tinylm train`, which has to refuse in one line; return (exit code, that line)."""
    code, err = run(capsys, *words)
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return code, err


def test_run_says_what_it_does_first_and_what_to_do_next_last(config, capsys):
    code, err = run(capsys, *options(replace(config, out=f"{config.out}/new parents/run")))
    lines = err.splitlines()
    out = f"{config.out}/new parents/run"
    assert code == 0, err
    assert lines[0] == f"Training in {out}: 9 steps, on cpu, float32, 1 thread. Ctrl-C saves and leaves."
    assert lines[1].startswith("encoding: ")
    assert re.match(r"39,\d+ parameters; 128 tokens a step; 33,\d+ tokens in 58 documents to learn from", lines[2])
    assert lines[3].startswith("step 1/9: loss ") and lines[3].endswith(" left")
    assert lines[4].startswith("step 4: validation loss ") and "bits per byte" in lines[4]
    assert lines[5].startswith("    Not a day went")  # as the first of the two held-out stories does
    assert lines[-2].startswith("Done: 9 steps in ") and lines[-2].endswith(f"The model is in {out}/model")
    assert lines[-1] == f"Watch it write: tinylm demo --model '{out}/model'"


def test_weights_that_were_better_than_the_last_are_told_of_with_the_command_that_brings_them(
    config, tmp_path, capsys, monkeypatch
):
    """Forty steps on one short story, measured on others."""
    text = Path(config.data[0]).read_text("utf-8")
    (tmp_path / "one.txt").write_text(text[:600], "utf-8")
    (tmp_path / "others.txt").write_text(text[2000:6000], "utf-8")
    longer = replace(config, data=(str(tmp_path / "one.txt"),), steps=120, evaluate_every=20, checkpoint_every=20)
    code, err = run(capsys, *options(longer), "--validation", tmp_path / "others.txt")
    told = re.search(r"It got worse after step (\d+), as .*; the model of that step: python -m (.*)", err)
    assert code == 0 and told, err
    monkeypatch.setattr(sys, "argv", shlex.split(told[2]))
    average.main()
    (exported,) = Path(config.out).parent.glob(f"*-{told[1]}/model.safetensors")
    best = load_file(Path(config.out) / "checkpoints" / f"step-{int(told[1]):09d}" / "model.safetensors")
    assert all(np.array_equal(tensor, best[name]) for name, tensor in load_file(exported).items())


def test_resuming_a_finished_run_says_so_and_changes_nothing(finished_run, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(finished_run.out, out)
    code, err = run(capsys, "--resume", "--out", out)
    assert code == 0
    assert err.startswith(f"Training in {out}: all {STEPS} steps are done; a new run with --init-from")
    assert "goes on" not in err and "step 9: validation" not in err
    assert f"Done: {STEPS} steps. The model is in " in err


def test_stopped_run_names_its_model_and_the_end_counts_the_steps_of_the_last_part(config, capsys):
    seen, step = [], 3
    with pytest.raises(Interrupted) as stop:
        loop.train(
            replace(config, checkpoint_every=100),
            on_event=lambda event: seen.append((event["type"], event.get("step"))),
            should_stop=lambda: 15 if ("step", step) in seen else 0,
        )
    model, resume = Path(config.out) / "model", f"tinylm train --resume --out {config.out} goes on"
    assert model.is_dir()
    assert str(stop.value) == f"stopped at step {step}; {model} can be used now; {resume}"
    assert read_events(Path(config.out) / "events.jsonl")[-1]["message"] == str(stop.value)
    code, err = run(capsys, "--resume", "--out", config.out)
    assert code == 0
    assert re.search(rf"^Done: {STEPS} steps, the last {STEPS - step} in \d+ s\. The model is in ", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "sample:9"], "tinylm train-tokenizer --data sample:9 --out"),
        (["--tokenizer", "x"], "--data is missing"),
        (["--data", "sample:9", "--tokenizer", "x", "--size", "huge"], "expected tiny, small, base"),
        (["--data", "sample:9", "--tokenizer", "x", "--steps", "0"], "--steps is 0, expected 1 or more"),
        (["--data", "sample:9", "--tokenizer", "x", "--n-embd", "100"], "a multiple of --n-head"),
        (["--data", "sample:9", "--tokenizer", "x", "--mix", "0:1,1"], "--mix"),
        (["--resume"], "holds no run to resume"),
    ],
)
def test_wrong_usage_is_exit_2_and_makes_nothing(tmp_path, capsys, words, message):
    code, err = refused(capsys, "--out", tmp_path / "run", *words)
    assert code == 2 and message in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--data", "missing.txt"], "missing.txt: no such file"), (["--tokenizer", "missing"], "missing")],
)
def test_unusable_data_or_tokenizer_is_exit_3_and_makes_nothing(config, tmp_path, capsys, words, message):
    code, err = refused(capsys, *options(config), *words)
    assert code == 3 and message in err
    assert not Path(config.out).exists()


def test_place_that_cannot_be_written_is_exit_5_before_any_training(config, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for out, message in (
        (tmp_path / "file", "something of that name is in the way"),
        (tmp_path / "file" / "run", "a file is where a folder should be"),
        (Path("/proc/run"), "check that the folder"),
    ):
        code, err = refused(capsys, *options(replace(config, out=str(out))))
        assert code == 5 and str(out) in err and message in err, err
    assert (tmp_path / "file").read_text() == "mine"


REFUSALS = """
import sys
from tinylm.cli.app import main
for words in {calls!r}:
    try:
        main(["train", *words])
    except SystemExit as end:
        print(end.code, "torch" in sys.modules, file=sys.stderr)
"""


def test_what_needs_no_torch_is_refused_before_torch_is_imported(config, finished_run, tmp_path):
    """Importing it takes seconds, on a slow machine a minute, and a typing mistake is not worth that."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    (tmp_path / "other.csv").write_text("name\nA fox.\n")
    (tmp_path / "latin.txt").write_bytes("Ein M\xe4rchen.".encode("latin-1"))
    new = ("--tokenizer", config.tokenizer, "--data", config.data[0], "--out", config.out)
    bare = {"no_weights": {}, "other_vocabulary": {"vocab_size": 8000}, "other_width": {"n_inner": 512}}
    for name, changed in bare.items():  # what a model directory says, without what it weighs
        (tmp_path / name).mkdir()
        shutil.copy(STARTER / "tokenizer.json", tmp_path / name)
        values = json.loads((STARTER / "config.json").read_bytes())
        (tmp_path / name / "config.json").write_text(json.dumps({**values, **changed}))
    going_on = (*new[2:], "--init-from")
    plain = ("--data", config.data[0], "--out", config.out)
    unreadable = [
        ((*words, option, str(tmp_path / name), *dry), 3, f"{name}: {message}")
        for name, message in (("other.csv", "no column "), ("latin.txt", "not UTF-8"))
        for option in ("--data", "--validation")
        for words, dry in ((new, ()), (new, ("--dry-run",)), (plain, ("--dry-run",)))
    ]
    cases = [
        *unreadable,
        ((*new, "--tokenizer", "nope"), 3, "nope: no such file"),
        ((*new, "--tokenizer", config.data[0]), 3, "is not whole JSON"),
        ((*new, "--tokenizer", "nope", "--dry-run"), 3, "nope: no such file"),
        ((*new[:2], *new[4:], "--data", str(tmp_path / "empty.txt")), 3, "empty; a corpus needs some text"),
        ((*new[:2], *new[4:], "--data", "missing.txt", "--dry-run"), 3, "no such file or folder"),
        ((*new, "--validation", "missing.txt"), 3, "no such file or folder"),
        ((*new, "--out", str(tmp_path / "full")), 2, "holds other files (mine)"),
        (("--resume", "--out", str(tmp_path / "full")), 2, "holds no run to resume"),
        (("--resume", "--out", finished_run.out), 4, f"is in use by process {os.getpid()} since "),
        ((*going_on, "nowhere"), 3, "nowhere/config.json: no such file"),
        ((*going_on, str(STARTER), "--tokenizer", config.tokenizer), 6, "its tokenizer is another one; leave"),
        ((*going_on, str(STARTER), "--n-layer", "1", "--dry-run"), 6, "there, 1 here; leave --tokenizer, --size"),
        ((*going_on, str(STARTER), "--size", "base", "--budget", "5m"), 6, ", block_size is "),
        ((*going_on, str(tmp_path / "other_vocabulary")), 3, "8,000 vocabulary entries but its tokenizer 8,192"),
        ((*going_on, str(tmp_path / "other_width")), 3, "n_inner is 512 and"),
        ((*going_on, str(tmp_path / "no_weights")), 3, "no_weights/model.safetensors: no such file"),
        ((*new, "--budget", "tomorrow"), 2, "write a time such as"),
        ((*new, "--budget", "5m", "--steps", "5"), 2, "leave --steps away"),
    ]
    code = REFUSALS.format(calls=[words for words, _, _ in cases])
    command = [sys.executable, "-c", code]
    with RunDirectory(Path(finished_run.out)).locked():
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=REPOSITORY)
    lines = done.stderr.splitlines()
    assert lines[1::2] == [f"{code} False" for _, code, _ in cases]
    for (_, _, message), line in zip(cases, lines[::2], strict=True):
        assert line.startswith("error: ") and message in line
    assert not Path(config.out).exists()


def test_a_run_is_free_whatever_a_killed_process_has_left(finished_run, tmp_path, capsys):
    """The number in holder.json may belong to another process by now; the lock, which the kernel gives back, tells."""
    run_directory = tmp_path / "run"
    shutil.copytree(finished_run.out, run_directory)
    (run_directory / "holder.json").write_text(json.dumps({"pid": os.getpid(), "started": time.time()}))
    code, err = run(capsys, "--resume", "--out", run_directory)
    assert code == 0 and "all 9 steps are done" in err


def test_resuming_with_other_options_is_exit_6_and_names_them(finished_run, tmp_path, capsys):
    code, err = refused(capsys, "--resume", "--out", finished_run.out, "--steps", "20", "--lr", "0.1", "--seed", "0")
    assert code == 6
    assert "steps: the run has 9, asked for 20" in err and "lr: the run has 0.006, asked for 0.1" in err
    assert "seed" not in err


def test_resuming_with_another_tokenizer_is_exit_6(finished_run, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    values = json.loads((Path(finished_run.tokenizer) / "tokenizer.json").read_bytes())
    (other / "tokenizer.json").write_text(json.dumps(values, indent=7))  # the same merges, other bytes
    code, err = refused(capsys, "--resume", "--out", finished_run.out, "--tokenizer", other)
    assert code == 6 and "tokenizer: the run has " in err


def without_the_train_extra(tmp_path, *words):
    """Run the command line in an interpreter that sees everything installed but torch, transformers and datasets."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(("torch", "transformers", "datasets", "accelerate")):
            (packages / entry.name).symlink_to(entry)
    code = (
        f"import sys; sys.path[:0] = [{str(packages)!r}, {str(REPOSITORY)!r}]\n"
        f"from tinylm.cli.app import main; main({list(words)!r})"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def test_without_the_train_extra_training_is_exit_7_with_the_command_to_run(config, tmp_path):
    done = without_the_train_extra(tmp_path, "train", *options(config))
    assert done.returncode == 7, done.stderr
    pin = "" if shutil.which("nvidia-smi") else "torch==2.13.0 "
    command = f'{sys.executable} -m pip install {pin}"tinylm[train]"'
    assert done.stderr == f"error: training needs torch and transformers; run: {command}\n"
    assert not Path(config.out).exists()


def test_without_the_train_extra_a_model_is_evaluated(model_directory, tmp_path):
    words = ("evaluate", "--model", str(model_directory), "--data", "sample:1", "--json")
    done = without_the_train_extra(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == 1


def test_the_defaults_that_the_help_shows_are_those_of_the_configuration(capfd, monkeypatch):
    """They stand in TrainConfig, because a resumed run has to know what was given; those of the shape in SIZES."""
    said = help_of_options("train", capfd, monkeypatch)
    shape = ("n_layer", "n_head", "n_embd", "block_size")
    config = TrainConfig(data=("sample",), tokenizer="", out="")
    assert tuple(getattr(config, name) for name in shape) == SIZES["small"]
    expected = {"--size": "small", "--vocab-size": DEFAULT_VOCAB_SIZE}
    expected |= {f"--{name.replace('_', '-')}": "the size's" for name in shape}
    for field in fields(TrainConfig):
        if field.name not in shape and isinstance(field.default, int | float | str) and field.default is not False:
            default = field.default
            shown = f"{default:g}" if isinstance(default, float) else default
            expected[f"--{field.name.replace('_', '-')}"] = shown
    assert len(expected) > 20
    for option, default in expected.items():
        assert f"[default: ({default})]" in said[option], option


def test_the_sizes_that_the_help_names_are_those_of_the_models(capfd, monkeypatch):
    said = help_of_options("train", capfd, monkeypatch)["--size"]
    for name, (n_layer, n_head, n_embd, block_size) in SIZES.items():
        shape = {"n_layer": n_layer, "n_head": n_head, "n_embd": n_embd, "block_size": block_size}
        config = TrainConfig(data=("sample",), tokenizer="", out="", **shape)
        size = re.search(rf"{name} \(([\d.]+) M", said)[1]
        assert size == f"{n_parameters(config, 8192) / 1e6:.1f}"
