"""`tinylm analyze` and `tinylm generate` as a person runs them: every format has the scorer's numbers."""

import contextlib
import csv
import io
import json
import math
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.tinylm.test_spans import NASTY
from tinylm.analysis.coloured import coloured_lines, plain_lines
from tinylm.analysis.listing import table_lines
from tinylm.analysis.records import csv_pieces, json_pieces
from tinylm.analysis.rows import analyze_text
from tinylm.analysis.wording import percent
from tinylm.cli.app import main
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.spans import utf8

TEXT = 'Once upon a time 👩‍👧 said "日本"\r\n\nThe\tend <|endoftext|>.'


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def run(arguments, capfd):
    """Run the command in this process; returns the exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return left.value.code or 0, captured.out, captured.err


def test_a_special_marker_ends_a_document(model, model_directory, tmp_path, capfd):
    """What follows it is scored as if it stood alone, bit for bit; plain text is what it is without the option."""
    first, second = "A small fox ran home.", "Once upon a time there was a hen.\n"
    (tmp_path / "two.txt").write_text(f"{first}<|endoftext|>{second}", encoding="utf-8")
    arguments = ("analyze", tmp_path / "two.txt", "--model", model_directory, "--format", "json")
    _, plain, _ = run(arguments, capfd)
    code, special, _ = run((*arguments, "--special-tokens"), capfd)
    assert code == 0
    marker_id = model.tokenizer.end_of_text_id
    assert marker_id not in [token["id"] for token in json.loads(plain)["tokens"]]
    record = json.loads(special)
    tokens = record["tokens"]
    at = [token["id"] for token in tokens].index(marker_id)
    assert (tokens[at]["text"], bytes.fromhex(tokens[at]["bytes"])) == ("<|endoftext|>", b"<|endoftext|>")
    assert tokens[at]["contextTokens"] == at and tokens[at + 1]["contextTokens"] == 0
    alone = model.analyze(second, top_k=0)
    assert [token["id"] for token in tokens[at + 1 :]] == alone.ids.tolist()
    assert [token["logprob"] for token in tokens[at + 1 :]] == alone.scores.logprob.tolist()
    assert b"".join(bytes.fromhex(token["bytes"]) for token in tokens).decode() == f"{first}<|endoftext|>{second}"
    assert record["summary"]["nBytes"] == len(f"{first}<|endoftext|>{second}")
    assert record["tokenizer"]["id"] != json.loads(plain)["tokenizer"]["id"]


@pytest.mark.parametrize("text", [*NASTY, TEXT])
def test_json_has_the_scorers_numbers_in_full(model, text):
    record = json.loads("".join(json_pieces(analyze_text(model, text, 4))))
    ids = model.tokenizer.encode(text)
    scores = model.scorer.score(ids, 0, len(ids))
    tokens = record["tokens"]
    assert [token["id"] for token in tokens] == ids.tolist()
    assert [token["logprob"] for token in tokens] == scores.logprob.tolist()
    assert [token["rank"] for token in tokens] == scores.rank.tolist()
    assert [token["entropyBits"] for token in tokens] == scores.entropy_bits.tolist()
    assert [token["contextTokens"] for token in tokens] == scores.context_tokens.tolist()
    assert b"".join(bytes.fromhex(token["bytes"]) for token in tokens) == utf8(text)
    assert all(len(token["alternatives"]) == 4 for token in tokens)
    assert record["model"]["id"] == model.id
    assert record["summary"]["nBytes"] == len(utf8(text))
    total = sum(token["surprisalBits"] for token in tokens)
    assert record["summary"]["surprisalBits"] == pytest.approx(total)
    assert total == pytest.approx(float(scores.surprisal_bits.sum()))


def test_csv_has_the_numbers_of_json(model):
    rows = list(csv.DictReader(io.StringIO("".join(csv_pieces(analyze_text(model, TEXT, 0))), newline="")))
    tokens = json.loads("".join(json_pieces(analyze_text(model, TEXT, 0))))["tokens"]
    assert [float(row["logprob"]) for row in rows] == [token["logprob"] for token in tokens]
    assert [row["text"] for row in rows] == [token["text"] for token in tokens]


def test_the_table_has_a_line_for_each_token(model):
    lines = list(table_lines(analyze_text(model, TEXT, 2)))
    ids = model.tokenizer.encode(TEXT)
    split = sum(line.endswith("together") for line in lines)
    assert split == 5  # the two people, their joiner, and two characters
    assert len(lines) == len(ids) + split + 3
    first = lines[1].split()
    assert first[:3] == ["0", model.tokenizer.visible(int(ids[0])), str(ids[0])]
    assert f"{len(ids)} tokens, {len(TEXT.encode())} bytes" in lines[-1]


@pytest.mark.parametrize("text", [*NASTY, TEXT])
def test_coloured_text_is_the_text_with_nothing_that_acts(model, text):
    lines = [line.plain for line in coloured_lines(analyze_text(model, text, 0))]
    shown = "\n".join(lines[:-3])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u200d\ud800-\udfff]", shown)
    bars = "\n".join(list(plain_lines(analyze_text(model, text, 0), None))[:-3])
    assert bars.replace("|", "") == shown.replace("|", "")
    marked = "\n".join(list(plain_lines(analyze_text(model, text, 0)))[:-3])
    assert re.sub("[▁-█]", "", marked) == shown
    if text == "a b":
        assert shown == "a b"


def test_long_texts_have_the_same_numbers_in_parts(model):
    text = "The fox saw a bird. " * 200
    rows = list(analyze_text(model, text, 1).rows)
    ids = model.tokenizer.encode(text)
    assert [row.logprob for row in rows] == model.scorer.score(ids, 0, len(ids)).logprob.tolist()


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(1.0, "100 %"), (0.99987, "99.99 %"), (0.41, "41.0 %"), (0.0012, "0.12 %"), (0.02, "2.0 %"), (3e-9, "3e-07 %")],
)
def test_probabilities_are_rounded_for_reading(probability, expected):
    assert percent(math.log(probability)) == expected


def test_a_probability_too_small_for_a_number_is_no_zero():
    assert percent(-1000.0) == "below 1e-297 %"


def test_analyze_prints_a_table(model_directory, tmp_path, capfd):
    file = tmp_path / "text.txt"
    file.write_text("Once upon a time", newline="")
    code, out, _ = run(["analyze", file, "--model", model_directory, "--format", "table"], capfd)
    assert code == 0
    assert "·upon" in out


def test_analyze_reads_standard_input_and_writes_no_colour_into_a_pipe(model_directory):
    command = [sys.executable, "-m", "tinylm.cli.app", "analyze", "-", "--model", str(model_directory)]
    done = subprocess.run(command, input=b"Once upon", capture_output=True, check=True, timeout=120)
    out = done.stdout.decode()
    assert "\x1b" not in out
    assert re.sub("[▁-█]", "", out.splitlines()[0]) == "Once upon"
    assert "9 bytes" in out and out.splitlines()[-1].startswith("Surprisal (bits):  ▁ 0 to 1.3 bits  ▂ ")


@pytest.mark.parametrize(
    ("variables", "codes"),
    [
        ({"COLORTERM": "truecolor"}, r"\x1b\[38;2;0;0;0;48;2;\d+;\d+;\d+mO"),
        ({}, r"\x1b\[38;5;16;48;5;\d+mO"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, r"^[^\x1b]*$"),
        ({"TERM": "vt220"}, r"^[^\x1b]*$"),
    ],
    ids=["24 bits", "256", "none", "none by its name"],
)
def test_colours_follow_the_terminal(model_directory, tmp_path, variables, codes):
    """In a real terminal, of 24 bits, of 256 colours, with NO_COLOR, and of a kind that never had any."""
    file = tmp_path / "text.txt"
    file.write_text("Once upon")
    command = [sys.executable, "-m", "tinylm.cli.app", "analyze", str(file), "--model", str(model_directory)]
    kept = {name: value for name, value in os.environ.items() if name not in ("COLORTERM", "NO_COLOR", "FORCE_COLOR")}
    terminal, end = pty.openpty()
    environment = {**kept, "TERM": "xterm-256color", "COLUMNS": "200", **variables}
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=environment) as process:
        os.close(end)
        out = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal with EIO
            while part := os.read(terminal, 65_536):
                out += part
    os.close(terminal)
    assert process.returncode == 0
    assert re.search(codes, out.decode())


@pytest.mark.parametrize(
    ("data", "expected"), [(b"ab\xff", "not UTF-8 (byte 2)"), (None, "no such file")], ids=["binary", "missing"]
)
def test_analyze_refuses_what_is_no_text_in_one_line(model_directory, tmp_path, capfd, data, expected):
    file = tmp_path / "text.txt"
    if data is not None:
        file.write_bytes(data)
    code, out, err = run(["analyze", file, "--model", model_directory], capfd)
    assert (code, out) == (3, "")
    assert expected in err
    assert err.count("\n") == 1


def test_generate_writes_the_same_text_for_the_same_seed(model_directory, capfd):
    command = [
        "generate",
        "--model",
        model_directory,
        "--prompt",
        "Once upon a ti",
        "--seed",
        "3",
        "--max-tokens",
        "20",
    ]
    first, second = run(command, capfd), run(command, capfd)
    assert first == second
    assert first[0] == 0
    assert first[1].startswith("Once upon a ti")


def test_generate_shows_tokens_as_lines_without_a_terminal(model_directory, capfd):
    command = ["generate", "--model", model_directory, "--temperature", "0", "--max-tokens", "5", "--show-tokens"]
    code, out, _ = run(command, capfd)
    assert code == 0
    assert len(out.splitlines()) <= 6
    assert out.count("sampled   100 %") == len(out.splitlines()) - 1


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--temperature", "-1", "temperature is -1.0, expected from 0 to 100"),
        ("--top-p", "0", "top-p is 0.0, expected above 0, at most 1"),
        ("--top-k", "-2", "top-k is -2, expected 0 (all) or more"),
        ("--min-p", "2", "min-p is 2.0"),
        ("--seed", "-1", "seed is -1"),
        ("--max-tokens", "-1", "--max-tokens is -1"),
        ("--temperature", "nan", "temperature is nan"),
    ],
)
def test_generate_refuses_absurd_settings_in_one_line(model_directory, capfd, option, value, expected):
    code, out, err = run(["generate", "--model", model_directory, option, value], capfd)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.count("\n") == 1


def test_a_missing_model_is_one_line(tmp_path, capfd):
    code, _, err = run(["generate", "--model", tmp_path / "nowhere"], capfd)
    assert code == 3
    assert "no such directory" in err


def test_surprisal_is_never_minus_zero(model):
    rows = list(analyze_text(model, "Once", 0).rows)
    assert all(math.copysign(1.0, row.surprisal_bits) == 1.0 for row in rows)
    assert np.isfinite([row.surprisal_bits for row in rows]).all()
