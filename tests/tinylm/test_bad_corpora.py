"""What the trainers say to a corpus that cannot be used: the whole line, the exit code, and nothing written."""

import os
from pathlib import Path

import pytest

from tests.tinylm.training_runs import make_config, options
from tinylm.cli.app import main

CONVERT = "convert the file, or read on with --errors replace"
NO_TEXT = "nothing but white space; a corpus needs some text"
NOT_REGULAR = "not a regular file; pipes and devices cannot be a corpus, save the text to a file"

CONTENTS = [
    (b"", "empty; a corpus needs some text"),
    (b" \n\n\t\r\n", NO_TEXT),
    (b"<|endoftext|>\n\n<|endoftext|>\n", NO_TEXT),
    (b"\xef\xbb\xbf", NO_TEXT),
    (b"caf\xe9 at the corner", f"not UTF-8 at byte 3 (0xe9); {CONVERT}"),
    (b"\x89PNG\r\n\x1a\n\0", f"not UTF-8 at byte 0 (0x89); {CONVERT}"),
    (
        "Once".encode("utf-16"),
        "UTF-16 text (byte order mark at byte 0); convert it first: iconv -f UTF-16 -t UTF-8 OLD > NEW",
    ),
    (b"ok\0", "NUL at byte 2, so this is no text file; name a text file, or read on with --errors replace"),
]


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, words)])
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1, line
    return ended.value.code, line[len("error: ") : -1]


def commands(corpus: Path, tokenizer: Path, out: Path) -> list[list[object]]:
    return [
        ["train-tokenizer", "--data", corpus, "--out", out, "--workers", 1],
        ["train", *options(make_config(corpus, tokenizer, out))],
    ]


@pytest.mark.parametrize(("content", "complaint"), CONTENTS)
def test_content_that_is_no_text(
    tmp_path: Path, tokenizer_directory: Path, capsys: pytest.CaptureFixture[str], content: bytes, complaint: str
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_bytes(content)
    for words in commands(corpus, tokenizer_directory, tmp_path / "out"):
        assert refused(capsys, *words) == (3, f"{corpus}: {complaint}")
    assert list(tmp_path.iterdir()) == [corpus]


def test_places_that_hold_no_corpus(
    tmp_path: Path, tokenizer_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe, a device, a loop of links, a folder without text, a name of nothing: refused without waiting."""
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "folder").mkdir()
    cases = {
        tmp_path / "pipe.txt": NOT_REGULAR,
        Path("/dev/zero"): NOT_REGULAR,
        tmp_path / "loop.txt": "a link that leads nowhere or to itself; name the file itself",
        tmp_path / "folder": "no .txt, .jsonl, .csv, .parquet file below this folder; name another",
        tmp_path / "nothing.txt": "no such file or folder; check the path, or try --data sample",
    }
    before = sorted(tmp_path.iterdir())
    for corpus, complaint in cases.items():
        for words in commands(corpus, tokenizer_directory, tmp_path / "out"):
            assert refused(capsys, *words) == (3, f"{corpus}: {complaint}")
    assert sorted(tmp_path.iterdir()) == before


def test_corpus_without_enough_for_one_row(
    tmp_path: Path, tokenizer_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One character makes a tokenizer, which says what it lacks, but no model; a row of 32 needs 33 tokens."""
    corpus = tmp_path / "corpus.txt"
    for text, n_tokens in (("x", 3), ("x" * 30, 32)):
        corpus.write_text(text)
        words = ["train", *options(make_config(corpus, tokenizer_directory, tmp_path / "out"))]
        advice = "use more text or a smaller --block-size"
        assert refused(capsys, *words) == (3, f"{corpus}: {n_tokens} tokens to train on, one row needs 33; {advice}")
    assert list(tmp_path.iterdir()) == [corpus]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty; a corpus needs some text"),
        (b"\n", NO_TEXT),
        (b"caf\xe9", f"not UTF-8 at byte 3 (0xe9); {CONVERT}"),
    ],
)
def test_validation_that_is_no_text(
    tmp_path: Path,
    story_corpus: Path,
    tokenizer_directory: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    complaint: str,
) -> None:
    validation = tmp_path / "validation.txt"
    validation.write_bytes(content)
    words = ["train", *options(make_config(story_corpus, tokenizer_directory, tmp_path / "out"))]
    assert refused(capsys, *words, "--validation", validation) == (3, f"{validation}: {complaint}")
    assert list(tmp_path.iterdir()) == [validation]


def test_advice_to_replace_what_is_not_utf8_can_be_followed(
    story_corpus: Path, tokenizer_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that reads on over bad bytes remembers so when it is resumed, for what it is measured on too."""
    corpus, validation, out = tmp_path / "corpus.txt", tmp_path / "validation.txt", tmp_path / "out"
    corpus.write_bytes(story_corpus.read_bytes() + b" caf\xe9\0")
    validation.write_bytes(b"caf\xe9\0")
    words = ["train", *options(make_config(corpus, tokenizer_directory, out)), "--validation", str(validation)]
    assert refused(capsys, *words, "--errors", "ignore") == (2, "--errors is ignore, expected strict or replace")
    for command in ([*words, "--errors", "replace"], ["train", "--resume", "--out", str(out)]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0, capsys.readouterr().err
    capsys.readouterr()
    code, line = refused(capsys, "train", "--resume", "--out", out, "--errors", "strict")
    assert code == 6 and 'errors: the run has "replace", asked for "strict"' in line
