"""`tinylm generate`: JSON lines against the library's steps, stop strings, and the order of the sampling options."""

import json

import pytest

from tinylm.cli.app import main
from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import ORDER, SamplingConfig

PROMPT = "Once upon a ti"
OPTIONS = ["--temperature", "0.9", "--top-k", "50", "--typical-p", "0.95", "--presence-penalty", "0.3", "--seed", "5"]
CONFIG = SamplingConfig(0.9, 50, 0.95, typical_p=0.95, presence_penalty=0.3, seed=5)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def run(capsys, model, *arguments):
    """Run the command and return what it wrote."""
    words = ["generate", "--model", str(model.path), "--prompt", PROMPT, "--max-tokens", "20", *OPTIONS, *arguments]
    with pytest.raises(SystemExit) as left:
        main(words)
    out, err = capsys.readouterr()
    assert left.value.code == 0, err
    return out


def test_json_lines_hold_every_number_of_every_step_and_rebuild_the_text(model, capsys):
    records = [json.loads(line) for line in run(capsys, model, "--json-lines").splitlines()]
    steps = list(generate_at(model, cursor_of(model, PROMPT), CONFIG, 20))
    assert [record["type"] for record in records] == ["step"] * len(steps) + ["end"]
    for record, step in zip(records, steps, strict=False):
        assert bytes.fromhex(record["bytes"]) == step.bytes
        for key, value in (("tokenId", step.token_id), ("draw", step.draw), ("logprob", step.logprob)):
            assert record[key] == value
        assert record["sampledLogprob"] == step.sampled_logprob
        assert [each["cutBy"] for each in record["alternatives"]] == [each.cut_by for each in step.alternatives]
    text = "".join(record["text"] for record in records[:-1]) + records[-1]["rest"]
    assert text == b"".join(step.bytes for step in steps).decode("utf-8", "replace")
    assert run(capsys, model) == f"{PROMPT}{text}\n"


def test_a_stop_string_inside_a_token_ends_the_text_there(model, capsys):
    text = run(capsys, model)[len(PROMPT) : -1]
    stop = text[4:6]
    assert run(capsys, model, "--stop", stop, "--stop", "never comes") == f"{PROMPT}{text[: text.index(stop)]}\n"
    end = json.loads(run(capsys, model, "--stop", stop, "--json-lines").splitlines()[-1])
    assert (end["reason"], end["stop"]) == ("stopString", stop)


@pytest.mark.parametrize("command", ["generate", "demo"])
def test_the_help_lists_the_options_in_the_order_in_which_they_work(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    out = capsys.readouterr().out
    panel = out[out.index("Sampling, applied in this order") :]
    places = [panel.index("--" + name.replace(" ", "-")) for name in ORDER]
    assert places == sorted(places)


def test_a_prompt_without_its_option_is_refused_with_the_option(capsys):
    with pytest.raises(SystemExit) as left:
        main(["generate", "Once upon a time"])
    said = capsys.readouterr().err
    assert left.value.code == 2 and "(Once upon a time); the text to go on from is --prompt; see `tinylm " in said
