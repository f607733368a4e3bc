"""What is measured of a tokenizer, and several sizes from one training."""

import html.parser
import json
import re
from pathlib import Path

import pytest

from tests.tinylm.test_tokenizer_training import many_scripts
from tinylm.cli.app import main
from tinylm.tokenizer_training import save_tokenizer, train_tokenizer
from tinylm.tokenizer_training.measures import measure
from tinylm.tokens.tokenizer import Tokenizer

LARGE = train_tokenizer(many_scripts(), 1200, workers=1)


@pytest.mark.parametrize("size", [257, 258, 300, 777, 1200])
def test_a_smaller_size_is_the_beginning_of_a_larger_one(size: int) -> None:
    assert LARGE.prefix(size) == train_tokenizer(many_scripts(), size, workers=1)


def test_the_numbers_are_those_of_a_slow_count(tmp_path: Path) -> None:
    """Every number once more, from the encoded texts one by one."""
    save_tokenizer(LARGE.to_tokenizer(), tmp_path)
    tokenizer = Tokenizer.load(tmp_path)
    texts = [*many_scripts()[:20], "the fox", "größer 😀🧸", ""]
    found = measure(LARGE, tokenizer, texts)
    ids = [int(token_id) for text in texts for token_id in tokenizer.encode(text)]
    made = range(257, len(LARGE.vocabulary))
    words = [word for text in texts for word in text.split()]
    whole = [idx for idx in made if "\ufffd" not in LARGE.vocabulary[idx].decode(errors="replace")]
    lengths = [len(LARGE.vocabulary[idx]) for idx in ids]
    assert (found.n_tokens, found.n_bytes) == (len(ids), sum(len(text.encode()) for text in texts))
    assert found.n_words == len(words)
    assert found.n_words_of_one_token == sum(len(tokenizer.encode(f" {word}")) == 1 for word in words)
    assert found.n_never_used == len(set(made) - set(ids))
    assert found.n_fragments == len(made) - len(whole) > 0
    assert found.lengths_in_text == {length: lengths.count(length) for length in sorted(set(lengths))}
    assert sum(found.lengths_in_vocabulary.values()) == len(made) + 256
    assert found.lengths_in_vocabulary[1] == 256
    assert found.bytes_per_token == pytest.approx(found.n_bytes / len(ids))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["train-tokenizer", *map(str, words)])
    return left.value.code, *capsys.readouterr()


def test_several_sizes_are_trained_in_one_go_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each size is a tokenizer of its own in OUT/SIZE; a second call replaces them; the page has the same numbers."""
    words = ["--data", "sample:1200", "--vocab-size", "600,300,450", "--workers", 1, "--out", tmp_path / "sizes"]
    code, out, err = run(capsys, *words, "--report", tmp_path / "report.json", "--json")
    assert code == 0, err
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert json.loads(out)["sizes"] == report["sizes"]
    assert [size["vocabSize"] for size in report["sizes"]] == [300, 450, 600]
    compression = [size["bytesPerToken"] for size in report["sizes"]]
    assert compression == sorted(compression)
    assert "kept out of the training" in report["measuredOn"]
    for size in (300, 450, 600):
        run(capsys, "--data", "sample:1200", "--vocab-size", size, "--workers", 1, "--out", tmp_path / str(size))
        files = {path.name: path.read_bytes() for path in (tmp_path / str(size)).iterdir()}
        assert files == {path.name: path.read_bytes() for path in (tmp_path / "sizes" / str(size)).iterdir()}
    code, out, _ = run(capsys, *words, "--replace", "--report", tmp_path / "report.html")
    assert code == 0 and "tokens per" in out and "300" in out
    assert max(map(len, out.partition("On the documents that were measured")[2].splitlines())) <= 100
    largest = report["sizes"][-1]
    for length in largest["lengthsInText"]:
        vocabulary, text = (largest[name].get(length, 0) for name in ("lengthsInVocabulary", "lengthsInText"))
        assert re.search(rf"^ *{length} +{vocabulary:,} .* {text:,} ", out, re.MULTILINE)
    assert all(f"  {example}" in out for example in largest["neverUsed"])
    page = (tmp_path / "report.html").read_text("utf-8")
    tags: list[str] = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(page)
    assert tags.count("tr") == 4 and tags.count("svg") == 6 and "script" not in tags and "http" not in page
    assert f"{report['sizes'][0]['bytesPerToken']:.3f}" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--vocab-size", "1024,many"], "write a number, or several"),
        (["--vocab-size", "100,1024"], "choose 257"),
        (["--report", "report.pdf"], ".html or .json"),
    ],
)
def test_wrong_sizes_and_reports_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, _, err = run(capsys, "--data", "sample:5", "--out", tmp_path / "out", *words)
    assert code == 2 and message in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
