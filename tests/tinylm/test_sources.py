"""Corpora of every kind, and every way in which one can be unusable."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinylm.data import readers
from tinylm.data.hub import HubSource
from tinylm.data.sources import open_source, open_sources
from tinylm.errors import BadData, EnvironmentProblem, UsageError

# 3 bytes a character, so that blocks end inside characters.
LONG = "ようこそ、小さな森へ。" * 40_000


def documents(spec: object, **options: object) -> list[str]:
    return list(open_source(str(spec), **options).documents())  # type: ignore[arg-type]


def write_parquet(path: Path, texts: list[str | None], column: str = "text") -> Path:
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({column: texts, "id": list(range(len(texts)))}), path)
    return path


@pytest.fixture
def hub_layout(tmp_path: Path) -> Path:
    """A folder laid out as the Hub lays out a Parquet dataset."""
    folder = tmp_path / "dataset"
    write_parquet(folder / "data" / "train-00000-of-00002.parquet", ["one", "", "two"])
    write_parquet(folder / "data" / "train-00001-of-00002.parquet", ["three"])
    write_parquet(folder / "data" / "validation-00000-of-00001.parquet", ["never trained on"])
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\n<|endoftext|>\ntwo\n", ["one", "two"]),
        ("one\n\nstill one\n", ["one\n\nstill one"]),
        ("<|endoftext|>\n\none\n<|endoftext|>\n<|endoftext|>\n \n<|endoftext|>\ntwo\n<|endoftext|>", ["one", "two"]),
        ("one\r\n<|endoftext|>\r\ntwo\r\n", ["one", "two"]),
        ("a <|endoftext|> inside a line\n", ["a <|endoftext|> inside a line"]),
        ("no line end", ["no line end"]),
        ("\ufeffmark\n", ["mark"]),
        ("  indented\ttext  \n", ["  indented\ttext  "]),
        ("a\u2028b\x0cc\rd\x1ce\n", ["a\u2028b\x0cc\rd\x1ce"]),
    ],
)
def test_text_is_split_at_separator_lines_only(tmp_path: Path, content: str, expected: list[str]) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(content.encode())
    assert documents(file) == expected


def test_blocks_do_not_show_in_the_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of a block, separators and characters that straddle two blocks are found."""
    file = tmp_path / "text.txt"
    stories = ["ein Bär 🐻", "“zwei”\r\nZeilen", "три", "四"] * 5
    file.write_bytes("\n<|endoftext|>\n".join(stories).encode())
    for size in range(1, 40):
        monkeypatch.setattr(readers, "BLOCK_BYTES", size)
        assert documents(file) == stories


def test_a_very_long_document_is_cut_at_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text without separators comes in bounded pieces, which lose nothing but the line ends between them."""
    monkeypatch.setattr(readers, "MAX_DOCUMENT_CHARS", 100)
    monkeypatch.setattr(readers, "BLOCK_BYTES", 64)
    lines = [f"line {number} of the text" for number in range(50)]
    file = tmp_path / "long.txt"
    file.write_text("\n".join(lines))
    pieces = documents(file)
    assert max(map(len, pieces)) <= 100
    assert "\n".join(pieces).split("\n") == lines


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    """Reading 200 MB takes less than 60 MB more memory than reading nothing."""
    file = tmp_path / "large.txt"
    piece = ("a story of a fox and a bear\n" * 1000 + "<|endoftext|>\n").encode()
    with file.open("wb") as sink:
        sink.writelines(piece for _ in range(200_000_000 // len(piece)))
    program = (
        "import resource, sys\nfrom tinylm.data.sources import open_source\nsource = open_source(sys.argv[1])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nn = sum(1 for _ in source.documents())\n"
        "print(n, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    answer = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True)
    n_documents, megabytes = map(int, answer.stdout.split())
    assert n_documents == 200_000_000 // len(piece)
    assert megabytes < 60


def test_jsonl_takes_any_of_the_three_fields(tmp_path: Path) -> None:
    file = tmp_path / "stories.jsonl"
    records: list[object] = [
        {"text": "one\n<|endoftext|>\n"},
        {"story": "two"},
        {"content": "three"},
        "four",
        {"text": " "},
    ]
    file.write_text("\n\n".join(json.dumps(record) for record in records))
    assert documents(file) == ["one\n<|endoftext|>\n", "two", "three", "four"]


def test_jsonl_half_of_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    file = tmp_path / "stories.jsonl"
    file.write_text('{"text": "a \\ud83d b \\ud83d\\ude00"}')
    assert documents(file) == ["a \ufffd b 😀"]


def test_csv_takes_quoted_fields_with_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "stories.csv"
    with file.open("w", newline="") as sink:
        csv.writer(sink).writerows([["id", "story"], ["1", 'He said "hi",\nand left.'], ["2", ""], ["3", LONG]])
    assert documents(file) == ['He said "hi",\nand left.', LONG]


def test_parquet_skips_rows_without_text(tmp_path: Path) -> None:
    assert documents(write_parquet(tmp_path / "a.parquet", ["one", None, " ", "zwölf"], "content")) == ["one", "zwölf"]


def test_folder_reads_known_files_by_path(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b/2.txt", "a.txt", ".hidden/3.txt", "notes.md"):
        (tmp_path / name).write_text(name)
    assert documents(tmp_path) == ["a.txt", "b/2.txt"]


def test_folder_in_hub_layout_reads_the_training_files(hub_layout: Path) -> None:
    assert documents(hub_layout) == ["one", "two", "three"]


def test_glob_reads_matches_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("2.txt", "1.txt", "1.csv"):
        (tmp_path / name).write_text(f"text\n{name}")
    assert documents(tmp_path / "*.txt") == ["text\n1.txt", "text\n2.txt"]
    monkeypatch.chdir(tmp_path.parent)
    assert documents(f"{tmp_path.name}/**/[2-9].txt") == ["text\n2.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("bracket")
    assert documents(tmp_path / "a[1].txt") == ["bracket"]


def test_sample_is_offline_and_the_same_each_time() -> None:
    source = open_source("sample:30")
    first = list(source.documents())
    assert len(first) == 30
    assert first == documents("sample:30")
    assert source.fingerprint() == open_source("sample:30").fingerprint()
    assert source.n_bytes() == sum(len(story.encode()) for story in first)


def test_several_sources_are_read_in_order_and_twice_when_named_twice(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(name)
    names = [str(tmp_path / "b.txt"), str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    source = open_sources(names)
    assert list(source.documents()) == ["b", "a", "b"]
    assert source.n_bytes() == source.tally.bytes_read == 3


def test_fingerprint_follows_the_bytes_and_not_the_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("one")
    second.write_text("one")
    assert open_source(str(first)).fingerprint() == open_source(str(second)).fingerprint()
    second.write_text("two")
    assert open_source(str(first)).fingerprint() != open_source(str(second)).fingerprint()


def test_progress_reaches_the_size(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(LONG)
    source = open_source(str(file))
    assert list(source.documents()) == [LONG]
    assert source.tally.bytes_read == source.n_bytes() == len(LONG.encode())


def test_the_column_that_holds_the_text_can_be_named(tmp_path: Path) -> None:
    """In a table, in records, and in all files of a pattern; a file whose name ends that way comes first."""
    (tmp_path / "a.csv").write_text("text,body: it\nnote,one\nnote,two\n")
    (tmp_path / "a.jsonl").write_text('{"text": "note", "body: it": "three"}\n')
    write_parquet(tmp_path / "b.parquet", ["four"], "body: it")
    for name, found in (("a.csv", ["one", "two"]), ("a.jsonl", ["three"]), ("b.parquet", ["four"])):
        assert documents(f"{tmp_path}/{name}:body: it") == found
    (tmp_path / "c.csv").write_text("body: it\nfive\n")
    assert documents(f"{tmp_path}/*.csv:body: it") == ["one", "two", "five"]
    fingerprints = {open_source(f"{tmp_path}/a.csv{column}").fingerprint() for column in ("", ":text", ":body: it")}
    assert len(fingerprints) == 3
    (tmp_path / "a.csv:text").write_text("a text of its own")
    assert documents(f"{tmp_path}/a.csv:text") == ["a text of its own"]


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("a.csv:c", 'a.csv: no column "c" among a, b; name the one with the text: {here}/a.csv:COLUMN'),
        (
            "a.jsonl:c",
            'a.jsonl: line 1 has no text; each line needs a string in "c", or name the field: {here}/a.jsonl:',
        ),
        ("a.parquet:id", "a.parquet: column id holds int64, not text; name another: {here}/a.parquet:COLUMN"),
        ("nowhere.csv:c", "nowhere.csv:c: no such file or folder"),
        ("a.txt:c", "a.txt:c: no such file or folder"),
    ],
)
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, spec: str, complaint: str) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "a.jsonl").write_text('{"a": "b"}\n')
    (tmp_path / "a.txt").write_text("text")
    write_parquet(tmp_path / "a.parquet", ["one"])
    with pytest.raises(BadData) as caught:
        documents(f"{tmp_path}/{spec}")
    assert str(caught.value).startswith(f"{tmp_path}/{complaint.format(here=tmp_path)}")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"", "empty; a corpus needs some text"),
        ("a.txt", b" \n\n\t\n", "nothing but white space"),
        ("a.txt", b"<|endoftext|>\n<|endoftext|>\n", "nothing but white space"),
        (
            "a.txt",
            b"good" * 300_000 + b"\xff\xfe",
            "not UTF-8 at byte 1200000 (0xff); convert the file, or read on with",
        ),
        ("a.txt", b"caf\xc3", "not UTF-8 at byte 3 (0xc3)"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0", "not UTF-8 at byte 0 (0x89)"),
        ("a.txt", b"PK\x03\x04 text \0 text", "NUL at byte 10, so this is no text file"),
        ("a.txt", "text".encode("utf-16"), "UTF-16 text (byte order mark at byte 0); convert it first: iconv"),
        ("a.txt", "text".encode("utf-16-be"), "NUL at byte 0"),
        ("a.jsonl", b'{"text": "a"}\n{"text": ', "line 2 is not JSON"),
        (
            "a.jsonl",
            b'{"title": "a"}\n',
            'line 1 has no text; each line needs a string in "text", "story" or "content"',
        ),
        ("a.jsonl", b'{"text": 3}\n', "line 1 has no text"),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("a.jsonl", b'{"text": "\xff"}\n', "not UTF-8 at byte 10"),
        ("a.csv", b"title,year\nx,1\n", 'no column "text", "story" or "content" among title, year'),
        ("a.csv", b'text\n"never closed', "line 2 is not CSV"),
        ("a.parquet", b"PAR1 but no more", "not a readable parquet file"),
    ],
)
def test_bad_content_is_one_line_with_the_place(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    """The message begins with the file, says where in it and why, and is a single line."""
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(BadData) as caught:
        documents(file)
    assert str(caught.value).startswith(f"{file}: {complaint}")
    assert "\n" not in str(caught.value)


def test_replace_reads_on_and_counts(tmp_path: Path) -> None:
    """Replaced bytes are counted; a replacement character that was already in the text is not."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"caf\xe9 \0 \xef\xbf\xbd \xff\xff ok")
    source = open_source(str(file), errors="replace")
    assert list(source.documents()) == ["caf\ufffd \ufffd \ufffd \ufffd\ufffd ok"]
    assert source.notes() == [f"{file}: 4 characters replaced by U+FFFD"]


@pytest.mark.parametrize(
    "spec", ["nowhere.txt", "no/such/place", "no_folder/stories.jsonl", "/no/such/absolute", "*.nothing", "x" * 5000]
)
def test_missing_data_is_named(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadData) as caught:
        open_source(spec)
    assert spec[:100] in str(caught.value)


@pytest.mark.parametrize("spec", ["sample:0", "sample:-3", "sample:many", "sample:", ""])
def test_misspelt_specs_are_usage_errors(spec: str) -> None:
    with pytest.raises(UsageError):
        open_source(spec)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(BadData, match="not a regular file"):
            open_source(str(path))


def test_symlink_loops_and_empty_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(BadData, match="loop"):
        open_source(str(tmp_path / "loop"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadData, match=r"no \.txt, \.jsonl, \.csv, \.parquet file below"):
        open_source(str(tmp_path / "folder"))


def test_hub_source_streams_a_split(hub_layout: Path) -> None:
    """The code that reads the Hub, run on a local folder in the Hub's own layout."""
    source = HubSource(str(hub_layout))
    assert list(source.documents()) == ["one", "two", "three"]
    assert list(HubSource(str(hub_layout), "validation").documents()) == ["never trained on"]
    assert source.fingerprint() == HubSource(str(hub_layout)).fingerprint()
    with pytest.raises(BadData, match="Bad split"):
        list(HubSource(str(hub_layout), "test").documents())


def test_a_hub_name_is_only_looked_up_when_nothing_here_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("owner/dataset"), HubSource)
    assert open_source("owner/dataset:validation").split == "validation"  # type: ignore[attr-defined]
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "dataset").write_text("local")
    assert documents("owner/dataset") == ["local"]


def test_an_unreachable_hub_dataset_is_one_line() -> None:
    program = "from tinylm.data.sources import open_source\nnext(open_source('owner/nowhere').documents())"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    last = answer.stderr.strip().splitlines()[-1]
    assert "BadData: owner/nowhere: no file here, and not readable as a dataset of the Hub" in last


@pytest.mark.parametrize("package", ["pyarrow", "datasets"])
def test_a_missing_package_is_named_with_its_command(
    package: str, hub_layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    source = HubSource("owner/name") if package == "datasets" else open_source(str(hub_layout))
    with pytest.raises(EnvironmentProblem, match=r'run: .*python.* -m pip install "tinylm\[train\]"$'):
        next(source.documents())
