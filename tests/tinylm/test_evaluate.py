"""`tinylm evaluate` against transformers, and everything that can be wrong with what it is given."""

import json
import math
import signal

import pytest

from tests.tinylm.test_spans import NASTY
from tinylm.cli import evaluate as command
from tinylm.cli.app import main
from tinylm.data.sources import Source
from tinylm.errors import Interrupted
from tinylm.model.language_model import LanguageModel
from tinylm.stopping import StopRequest

SHORT = ["The fox sat.", "One day Pip said: naïve 日本 👩‍👩‍👧!", "x", "Literal <|endoftext|> inside."]


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def run(capsys, *words):
    """Call the command line; return (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *map(str, words)])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def write_jsonl(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return path


def nats_by_transformers(directory, texts):
    """Sum of -log p over each text's tokens, in float64, tokenized by AutoTokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(directory))
    network = AutoModelForCausalLM.from_pretrained(str(directory)).double().eval()
    nats, n_tokens = 0.0, 0
    for text in texts:
        ids = tokenizer(text, split_special_tokens=True).input_ids
        row = torch.tensor([[tokenizer.eos_token_id, *ids]])
        with torch.no_grad():
            logprobs = torch.log_softmax(network(row).logits[0, :-1], dim=-1)
        nats -= float(logprobs.gather(1, row[0, 1:, None]).sum())
        n_tokens += len(ids)
    return nats, n_tokens


def test_every_number_equals_transformers(model_directory, tmp_path, capsys):
    data = write_jsonl(tmp_path / "short.jsonl", SHORT)
    code, out, _ = run(capsys, "--model", model_directory, "--data", data, "--json")
    found = json.loads(out)
    nats, n_tokens = nats_by_transformers(model_directory, SHORT)
    n_bytes = sum(len(text.encode()) for text in SHORT)
    assert code == 0
    assert (found["documents"], found["tokens"], found["bytes"]) == (4, n_tokens, n_bytes)
    assert found["bytesPerToken"] == n_bytes / n_tokens
    assert found["natsPerToken"] == pytest.approx(nats / n_tokens, abs=1e-4)
    assert found["perplexity"] == pytest.approx(math.exp(nats / n_tokens), rel=1e-4)
    assert found["bitsPerByte"] == pytest.approx(nats / math.log(2) / n_bytes, abs=1e-4)


def test_text_output_shows_the_same_numbers(model_directory, tmp_path, capsys):
    data = write_jsonl(tmp_path / "short.jsonl", SHORT)
    _, out, _ = run(capsys, "--model", model_directory, "--data", data, "--json")
    found = json.loads(out)
    code, text, _ = run(capsys, "--model", model_directory, "--data", data)
    assert code == 0
    assert f"nats per token   {found['natsPerToken']:.4f}\n" in text
    assert f"perplexity       {found['perplexity']:.3f}\n" in text
    low, high = found["interval"]
    assert low < found["bitsPerByte"] < high
    interval = f"95% interval {low:.4f} to {high:.4f} (bootstrap over documents); with fewer than 20 documents"
    assert f"bits per byte    {found['bitsPerByte']:.4f}, {interval} it is too narrow\n" in text
    assert f"4 documents, {found['tokens']} tokens, {found['bytes']} bytes" in text


def test_one_document_has_no_interval(model_directory, tmp_path, capsys):
    data = write_jsonl(tmp_path / "one.jsonl", SHORT[:1])
    _, out, _ = run(capsys, "--model", model_directory, "--data", data, "--json")
    assert json.loads(out)["interval"] is None
    _, text, _ = run(capsys, "--model", model_directory, "--data", data)
    assert "; one document tells nothing about others\n" in text


def test_measuring_in_pieces_equals_scoring_the_whole(model, monkeypatch):
    """Where a document is cut for the progress bar changes no bit of the result."""
    text = " ".join(NASTY) * 5
    ids = model.tokenizer.encode(text)
    assert len(ids) > 5 * model.engine.config.block_size
    whole = model.scorer.score(ids, 0, len(ids))
    monkeypatch.setattr(command, "_PIECE_TOKENS", 37)
    pieces = list(command.measure_documents(model, [text]))
    assert len(pieces) == math.ceil(len(ids) / 37)
    assert pieces[-1].nats == pytest.approx(-float(whole.logprob.sum(dtype="float64")), rel=1e-12)
    assert pieces[-1].n_bytes == len(text.encode("utf-8", "surrogatepass"))


def test_several_sources_are_joined(model_directory, tmp_path, capsys):
    one, two = write_jsonl(tmp_path / "a.jsonl", SHORT[:1]), write_jsonl(tmp_path / "b.jsonl", SHORT[1:])
    _, out, _ = run(capsys, "--model", model_directory, "--data", one, "--data", two, "--json")
    joined = json.loads(out)
    _, out, _ = run(capsys, "--model", model_directory, "--data", write_jsonl(tmp_path / "c.jsonl", SHORT), "--json")
    assert joined["nats"] == json.loads(out)["nats"]


def test_a_signal_stops_it_with_what_was_measured(model):
    class Endless(Source):
        def documents(self):
            yield "The fox sat."
            signal.raise_signal(signal.SIGTERM)
            while True:
                yield "The bird sang."

        def fingerprint(self):
            return ""

    with StopRequest() as stop, pytest.raises(Interrupted, match="bits per byte so far") as stopped:
        command._measure(model, Endless("endless"), stop, lambda found: None)
    assert stopped.value.exit_code == 143


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"good\xff\xfe bad", "byte 4"), (b"a\0b", "byte 1"), (None, "no such file")],
)
def test_unusable_data_is_one_line_and_exit_3(model_directory, tmp_path, capsys, content, message):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(capsys, "--model", model_directory, "--data", path)
    assert (code, out) == (3, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert "bad.txt" in err and message in err


def test_unusable_model_is_one_line_and_exit_3(tmp_path, capsys):
    code, out, err = run(capsys, "--model", tmp_path / "missing", "--data", "sample:1")
    assert (code, out) == (3, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and "missing" in err


@pytest.mark.parametrize(
    "words", [[], ["--data", "sample:1", "--errors", "ignore"], ["--data", "sample:0"], ["--data", ""], ["--jsno"]]
)
def test_wrong_usage_is_exit_2(model_directory, capsys, words):
    assert run(capsys, "--model", model_directory, *words)[0] == 2
