"""A model says which corpora it has learned from, wherever it goes, and whoever measures it on one is told."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from tinylm.cli.app import main
from tinylm.data.sources import open_sources
from tinylm.training import loop
from tinylm.training.average import average_checkpoints
from tinylm.training.provenance import learned_from


@pytest.fixture(scope="module")
def models(finished_run, tmp_path_factory):
    """(a model as it was exported, elsewhere; one that went on from it; one that was averaged), and the second text."""
    here = tmp_path_factory.mktemp("models")
    first = shutil.copytree(Path(finished_run.out) / "model", here / "first")
    other = here / "other.txt"
    other.write_text("\n<|endoftext|>\n".join(f"Letter {n}: we are all well and the hens lay." for n in range(40)))
    loop.train(replace(finished_run, data=(str(other),), init_from=str(first), clean=True, out=str(here / "run")))
    average_checkpoints(Path(finished_run.out), [9], here / "mean")
    return (first, here / "run" / "model", here / "mean"), other


def test_a_model_knows_its_corpora_and_those_of_the_model_it_goes_back_to(models, story_corpus):
    (first, second, mean), other = models
    for clean in (False, True):
        both = open_sources([str(story_corpus), str(other), "stories"], clean=clean)
        known = [[str(story_corpus)], [str(story_corpus), str(other)], [str(story_corpus)]]
        assert learned_from((first, second, mean), both) == known
    listed = json.loads((second / "config.json").read_bytes())["trained_on"]
    assert AutoModelForCausalLM.from_pretrained(second).config.trained_on == listed


def test_a_text_that_has_changed_is_another(models, story_corpus, tmp_path):
    changed = tmp_path / "changed.txt"
    changed.write_text(story_corpus.read_text("utf-8") + "!", "utf-8")
    assert learned_from([models[0][0]], open_sources([str(changed)])) == [[]]


@pytest.mark.parametrize("trained_on", [None, 3, "all", [1, {}]])
def test_what_else_stands_there_is_nothing(models, story_corpus, tmp_path, trained_on):
    (tmp_path / "config.json").write_text(json.dumps({"trained_on": trained_on}))
    assert learned_from([tmp_path], open_sources([str(story_corpus)])) == [[]]


def test_measuring_on_what_was_learned_is_told(models, story_corpus, capsys):
    (first, second, _), _ = models
    caution = f"{story_corpus}: the model has learned from it, but for what its run held out; this tells how well it"
    for words in (["evaluate", "--model", first], ["compare", first, second, "--places", 1]):
        for more in ([], ["--json"]):
            with pytest.raises(SystemExit) as left:
                main([str(word) for word in [*words, "--data", story_corpus, *more]])
            assert left.value.code == 0
            assert capsys.readouterr().out.count(f"{caution} remembers") == (2 if "compare" in words else 1)
