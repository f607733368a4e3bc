"""`tinylm demo` without a terminal: the lines it prints, and that they are the model's own numbers."""

import pytest

from tinylm.analysis.wording import percent, percent_of, proportion_bar
from tinylm.cli.app import main
from tinylm.demo.cells import printable
from tinylm.model.language_model import LanguageModel


def run(capsys, *arguments):
    """Run the command and return its exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as left:
        main(["demo", *arguments])
    out, err = capsys.readouterr()
    return left.value.code, out, err


def test_plain_says_everything_about_every_token(model_directory, capsys):
    code, out, _ = run(capsys, "--model", str(model_directory), "--plain", "--seed", "7", "--max-tokens", "5")
    assert code == 0
    lines = out.splitlines()
    tokens = [line for line in lines if line[:1].isdigit()]
    assert 1 <= len(tokens) <= 5
    for line in tokens:
        for word in (
            "token",
            "id",
            "bytes",
            "probability",
            "sampled",
            "log prob",
            "rank",
            "entropy",
            "draw",
            "context",
        ):
            assert f" {word} " in line
        assert "candidates" in line
        assert "instead" in line
    assert "seed 7" in out
    assert "\x1b" not in out


def test_plain_numbers_are_those_of_generate(model_directory, capsys):
    """The same seed gives the same tokens, draws and probabilities as `LanguageModel.generate`."""
    from tinylm.model.sampling import SamplingConfig

    model = LanguageModel.load(model_directory)
    config = SamplingConfig(temperature=0.9, top_k=30, top_p=0.9, seed=11)
    steps = list(model.generate("Once upon a time", config, 12))
    arguments = ["--temperature", "0.9", "--top-k", "30", "--top-p", "0.9", "--seed", "11", "--max-tokens", "12"]
    _, out, _ = run(capsys, "--model", str(model_directory), *arguments)
    tokens = [line for line in out.splitlines() if line[:1].isdigit()]
    assert len(tokens) == len(steps)
    for line, step in zip(tokens, steps, strict=True):
        assert f"id {step.token_id} " in line
        assert f"draw {step.draw:.4f} " in line
        assert f"log prob {step.logprob:.3f} nats" in line
        assert f"sampled {percent(step.sampled_logprob)} " in line
        assert f"rank {step.rank} of 400" in line
        assert f"entropy {step.entropy_bits:.2f} bits" in line
    text = "Once upon a time" + model.tokenizer.decode([step.token_id for step in steps])
    assert printable(text) in out


def test_raw_tokens_and_clean_text_close_the_output(model_directory, capsys):
    _, out, _ = run(
        capsys, "--model", str(model_directory), "--prompt", "a fox", "--max-tokens", "1", "--temperature", "0"
    )
    _, _, end = out.partition("\ntext:\n")
    assert end.startswith("a fox")
    assert "\ntokens:\na Ġfox" in end


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--temperature", "-1"], 2, "temperature is -1"),
        (["--top-p", "0"], 2, "top-p is 0"),
        (["--max-tokens", "0"], 2, "max-tokens is 0"),
        (["--model", "/nowhere/at/all"], 3, "/nowhere/at/all"),
    ],
)
def test_bad_arguments_are_one_line(model_directory, capsys, arguments, code, said):
    found, _, err = run(capsys, "--model", str(model_directory), "--plain", *arguments)
    assert found == code
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (1.0, "100 %"),
        (0.9999, "99.99 %"),
        (0.4123, "41.2 %"),
        (0.05, "5.0 %"),
        (0.0012, "0.12 %"),
        (0.000031, "0.0031 %"),
        (3e-11, "3e-09 %"),
        (0.0, "0 %"),
    ],
)
def test_percent_never_rounds_to_a_false_zero_or_one(probability, shown):
    assert percent_of(probability) == shown


def test_bars_are_proportional_and_never_invisible():
    assert proportion_bar(1.0, 4) == "████"
    assert proportion_bar(0.5, 4) == "██"
    assert proportion_bar(0.0, 4) == ""
    assert proportion_bar(1e-9, 4) == "▏"
    assert proportion_bar(2.0, 4) == "████"
