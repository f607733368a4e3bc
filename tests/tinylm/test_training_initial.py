"""A run can go on from the weights of a model that exists."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.tinylm.training_runs import outcome
from tinylm.cli.app import main
from tinylm.errors import IncompatibleCheckpoint, Interrupted
from tinylm.model.config import load_config
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training import loop
from tinylm.training.export import export_model
from tinylm.training.initial import load_initial_weights
from tinylm.training.network import build_model

STARTER = Path(__file__).resolve().parents[2] / "models" / "starter"


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_loaded_weights_are_the_stored_ones(finished_run, tmp_path, dtype):
    """The tied head as well: the loaded model exports the same file again."""
    model = build_model(finished_run, 400, 0, seed=5)
    load_initial_weights(model, Path(finished_run.out) / "model")
    first = export_model(model, Path(finished_run.out) / "tokenizer", tmp_path / "first", dtype)
    other = build_model(finished_run, 400, 0, seed=6)
    load_initial_weights(other, first)
    second = export_model(other, Path(finished_run.out) / "tokenizer", tmp_path / "second", dtype)
    one, two = (load_file(place / "model.safetensors") for place in (first, second))
    assert one.keys() == two.keys()
    assert all((one[name] == two[name]).all() for name in one)


def test_run_from_a_model_starts_where_that_one_ended_and_resumes_exactly(config, finished_run):
    """A stop before the first checkpoint loses nothing of where it came from."""
    initial = Path(finished_run.out) / "model"
    start = replace(config, init_from=str(initial), out=config.out + "-whole")
    first_loss = outcome(loop.train(start).parent)["losses"][0][1]
    fresh_loss = outcome(finished_run.out)["losses"][0][1]
    assert first_loss < fresh_loss - 0.5
    assert first_loss == pytest.approx(outcome(finished_run.out)["losses"][-1][1], abs=1.0)
    stopped = replace(start, out=config.out + "-stopped")
    asked = iter(range(100))
    with pytest.raises(Interrupted):
        loop.train(stopped, should_stop=lambda: 15 if next(asked) > 6 else 0)
    loop.resume(stopped)
    assert outcome(stopped.out) == outcome(start.out)


def test_command_takes_shape_and_tokenizer_from_the_model(finished_run, story_corpus, tmp_path):
    out = tmp_path / "run"
    words = ["--data", str(story_corpus), "--init-from", f"{finished_run.out}/model", "--out", str(out), "--steps", "1"]
    with pytest.raises(SystemExit) as ended:
        main(["train", *words, "--threads", "1", "--batch-size", "1", "--compile", "off"])
    assert ended.value.code == 0
    first, second = Path(finished_run.out) / "model", out / "model"
    assert load_config(first) == load_config(second)
    assert Tokenizer.load(first).id == Tokenizer.load(second).id


def test_the_cost_of_going_on_from_a_model_is_told_without_a_tokenizer(finished_run, story_corpus, tmp_path, capsys):
    """Shape and vocabulary are the model's."""
    words = ["--data", str(story_corpus), "--init-from", f"{finished_run.out}/model", "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as ended:
        main(["train", *words, "--steps", "5", "--compile", "off", "--dry-run", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0 and not (tmp_path / "run").exists()
    shape = {"nLayer": 2, "nHead": 2, "nEmbd": 32, "blockSize": 32, "vocabSize": 400}
    assert shape.items() <= said.items()


def test_model_of_another_shape_or_tokenizer_is_refused_by_name(config, finished_run):
    initial = Path(finished_run.out) / "model"
    with pytest.raises(IncompatibleCheckpoint, match=r"n_layer is 2 there, 3 here.*leave"):
        loop.train(replace(config, n_layer=3, init_from=str(initial)))
    with pytest.raises(IncompatibleCheckpoint, match=r"its tokenizer is another one"):
        loop.train(replace(config, init_from=str(initial), tokenizer=str(STARTER)))
    assert not Path(config.out).exists()


def test_run_keeps_its_own_copy_of_the_initial_weights(config, finished_run, tmp_path):
    """Where they came from may vanish; a copy that changed is noticed."""
    initial = tmp_path / "initial"
    shutil.copytree(Path(finished_run.out) / "model", initial)
    run = replace(config, init_from=str(initial))
    asked = iter(range(100))
    with pytest.raises(Interrupted):
        loop.train(run, should_stop=lambda: 15 if next(asked) > 6 else 0)
    shutil.rmtree(initial)
    own = Path(run.out) / "initial" / "model.safetensors"
    data = own.read_bytes()
    own.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(IncompatibleCheckpoint, match="--init-from: it has changed"):
        loop.resume(run)
    own.write_bytes(data)
    assert loop.resume(run).is_dir()


def test_the_starter_has_a_name(config, tmp_path, monkeypatch):
    """In any directory, unless something of that name lies there."""
    monkeypatch.chdir(tmp_path)
    words = ["train", "--data", str(Path(config.data[0]).resolve()), "--out", "run", "--init-from", "starter"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--dry-run", "--steps", "1"])
    assert ended.value.code == 0
    Path("starter").mkdir()
    with pytest.raises(SystemExit) as ended:
        main([*words, "--dry-run", "--steps", "1"])
    assert ended.value.code == 3
