"""`tinylm compare` and what is behind it: the numbers of `tinylm evaluate`, an interval, and the right places."""

import json
import math

import numpy as np
import pytest

from tests.tinylm.test_spans import NASTY
from tinylm.cli.app import main
from tinylm.cli.evaluate import measure_documents
from tinylm.comparison.models import ModelComparison, bootstrap_interval
from tinylm.data.stories import stories
from tinylm.model.language_model import LanguageModel, starter_model_directory
from tinylm.tokens.spans import utf8

DOCUMENTS = [*stories(6, seed=3), "", *NASTY]


@pytest.fixture(scope="module")
def pair(model_directory, odd_model_directory):
    """Two models with one tokenizer, of different shapes and context lengths."""
    return LanguageModel.load(model_directory), LanguageModel.load(odd_model_directory)


def compared(models, documents, n_places=7):
    found = ModelComparison(*models, n_places)
    for text in documents:
        found.add(text)
    return found


def measured(model, documents):
    *_, last = measure_documents(model, documents)
    return last


def test_bits_per_byte_are_those_that_evaluate_measures(pair):
    found = compared(pair, DOCUMENTS)
    for model, bits_per_byte in zip(pair, found.bits_per_byte, strict=True):
        assert bits_per_byte == pytest.approx(measured(model, DOCUMENTS).bits_per_byte, rel=1e-12)
    assert found.n_bytes == measured(pair[0], DOCUMENTS).n_bytes
    assert found.n_documents == sum(bool(text) for text in DOCUMENTS)


def test_the_places_are_those_of_all_tokens_with_the_largest_differences(pair):
    """By hand: every token of every document, sorted; with its bytes, where they stand and what stands before."""
    by_hand = []
    for number, text in enumerate(filter(None, DOCUMENTS)):
        one, other = (model.analyze(text, 0) for model in pair)
        bits = np.stack([one.scores.surprisal_bits, other.scores.surprisal_bits], axis=1)
        for (first, second), start, end in zip(bits, one.spans.start_byte, one.spans.end_byte, strict=True):
            by_hand.append((abs(second - first), number, int(start), int(end), (first, second)))
    by_hand.sort(key=lambda each: -each[0])
    found = compared(pair, DOCUMENTS, n_places=20).places()
    assert [abs(place.difference) for place in found] == [size for size, *_ in by_hand[:20]]
    expected = {(number, start, end): bits for _, number, start, end, bits in by_hand}
    data = [utf8(text) for text in filter(None, DOCUMENTS)]
    for place in found:
        assert expected[place.document, place.start_byte, place.end_byte] == pytest.approx(place.bits, rel=1e-12)
        assert data[place.document][place.start_byte : place.end_byte] == place.data
        assert data[place.document][: place.start_byte].endswith(place.before)


def test_models_with_different_tokenizers_are_compared_on_what_both_cut_alike(model_directory):
    """8,192 entries and 400: the pieces add up to all bits of both, and each ends where both have a boundary."""
    pair = LanguageModel.load(starter_model_directory()), LanguageModel.load(model_directory)
    text = next(stories(1, seed=8))
    found = compared(pair, [text], n_places=1000)
    bounds = [set(np.cumsum(model.tokenizer.byte_lengths[model.tokenizer.encode(text)]).tolist()) for model in pair]
    places = sorted(found.places(), key=lambda place: place.start_byte)
    assert b"".join(place.data for place in places) == text.encode()
    assert [place.end_byte for place in places] == sorted(bounds[0] & bounds[1])
    for at, model in enumerate(pair):
        assert math.fsum(place.bits[at] for place in places) == pytest.approx(found.bits[at], rel=1e-9)
        assert found.bits[at] == pytest.approx(measured(model, [text]).nats / math.log(2), rel=1e-9)


def test_the_interval_is_that_of_the_ratio_estimator_where_documents_are_many():
    """Against the normal approximation (Cochran 1977, section 6.4: the variance of a ratio by its residuals)."""
    rng = np.random.default_rng(1)
    n_bytes = rng.integers(200, 2000, 500).astype(np.float64)
    differences = n_bytes * rng.normal(0.02, 0.05, 500)
    low, high = bootstrap_interval(differences, n_bytes)
    ratio = differences.sum() / n_bytes.sum()
    residuals = differences - ratio * n_bytes
    error = math.sqrt(500 / 499 * (residuals**2).sum()) / n_bytes.sum()
    assert (low + high) / 2 == pytest.approx(ratio, abs=0.1 * error)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.07)
    assert bootstrap_interval(differences, n_bytes) == (low, high)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Percentiles are a little narrow: of 200 samples of 60 documents the interval of 95 % misses at most a tenth."""
    rng = np.random.default_rng(2)
    misses = 0
    for number in range(200):
        n_bytes = rng.integers(200, 2000, 60).astype(np.float64)
        low, high = bootstrap_interval(n_bytes * rng.normal(0.02, 0.05, 60), n_bytes, n_resamples=200, seed=number)
        misses += not low <= 0.02 <= high
    assert 2 <= misses <= 20


def run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *map(str, words)])
    return ended.value.code, *capsys.readouterr()


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "stories.txt"
    path.write_text("\n<|endoftext|>\n".join(stories(5, seed=3)), encoding="utf-8")
    return path


def test_text_and_json_say_the_same(pair, corpus, capsys):
    words = (pair[0].path, pair[1].path, "--data", corpus, "--places", 3)
    code, out, _ = run(capsys, *words, "--json")
    found = json.loads(out)
    assert code == 0 and found["documents"] == 5
    first, second = (model["bitsPerByte"] for model in found["models"])
    difference, (low, high) = found["difference"]["bitsPerByte"], found["difference"]["interval"]
    assert difference == second - first and low <= difference <= high and low < high
    code, text, _ = run(capsys, *words)
    lines = [line.replace("−", "-") for line in text.splitlines()]
    assert code == 0 and lines[0] == f"corpus       {corpus}: 5 documents, {found['bytes']:,} bytes"
    assert lines[1].startswith(f"A            {first:.4f} bits per byte: {pair[0].path} (")
    assert lines[2].startswith(f"B            {second:.4f} bits per byte: {pair[1].path} (")
    assert lines[3] == (
        f"B minus A    {difference:+.4f}, 95% interval {low:+.4f} to {high:+.4f} (paired bootstrap over documents); "
        "with fewer than 20 documents it is too narrow"
    )
    n_better = [model["betterDocuments"] for model in found["models"]]
    assert lines[4] == f"             A needs fewer bits in {n_better[0]} of 5 documents, B in {n_better[1]}"
    assert len(lines) == 7 + 3
    for line, place in zip(lines[7:], found["places"], strict=True):
        one, other = place["surprisalBits"]
        assert line.startswith(f"  {place['text']} ") and place["differenceBits"] == other - one
        assert f"{one:.2f}{other:>8.2f}{other - one:>+9.2f}  document {place['document'] + 1}, " in line


def test_a_model_and_itself_do_not_differ(pair, corpus, capsys):
    code, out, _ = run(capsys, pair[0].path, pair[0].path, "--data", corpus, "--places", 0)
    assert code == 0 and out.splitlines()[3].startswith("B minus A    0.0000, 95% interval 0.0000 to 0.0000 (")
    assert out.splitlines()[4:] == ["             A needs fewer bits in 0 of 5 documents, B in 0"]


def test_one_document_has_no_interval(pair, tmp_path, capsys):
    (tmp_path / "one.txt").write_text("Once upon a time.\n")
    words = (pair[0].path, pair[1].path, "--data", tmp_path / "one.txt")
    assert "; one document tells nothing about others, so there is no interval" in run(capsys, *words)[1]
    assert json.loads(run(capsys, *words, "--json")[1])["difference"]["interval"] is None


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{model}", "{model}", "--data", "{here}/empty.txt"], 3, "empty"),
        (["{here}/nowhere", "{model}", "--data", "sample:1"], 3, "nowhere: no such directory"),
        (["{model}", "--data", "sample:1", "--places", "-1"], 2, "--places is -1, expected 0 to 1000"),
        (["{model}", "{model}"], 2, "--data"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(pair, tmp_path, capsys, words, code, message):
    (tmp_path / "empty.txt").touch()
    found, out, err = run(capsys, *(word.format(here=tmp_path, model=pair[0].path) for word in words))
    assert (found, out) == (code, "") and message in err and err.count("\n") == 1, err
