"""`tinylm train-tokenizer` as a process of its own: what it prints, writes and refuses, and how it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import tinylm.cli.train_tokenizer as train_tokenizer_module
from tinylm.cli.app import main
from tinylm.tokenizer_training import saving
from tinylm.tokens.tokenizer import Tokenizer

REPOSITORY = Path(__file__).parents[2]


def run(*words: object, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tinylm", "train-tokenizer", *map(str, words)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_command_reports_and_writes_a_tokenizer(tmp_path: Path) -> None:
    out = tmp_path / "new" / "tokenizer"
    done = run(
        "--data", "sample:1200", "--vocab-size", 1000, "--out", out, "--events", tmp_path / "job" / "events.jsonl"
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["tokenizer.json", "tokenizer_config.json"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["tokenizer"]
    assert "1,000 entries: <|endoftext|>, 256 bytes, 743 merged" in done.stdout
    assert "documents kept out of the training" in done.stdout
    assert "| " in done.stdout
    assert "Ġ" in done.stdout
    assert "MB/s" in done.stderr
    assert "of 743" in done.stderr
    events = [json.loads(line) for line in (tmp_path / "job" / "events.jsonl").read_text().splitlines()]
    assert {event["v"] for event in events} == {1}
    assert [events[0]["type"], events[0]["kind"], events[0]["totalSteps"]] == ["start", "tokenizer", 743]
    assert {event["phase"] for event in events if event["type"] == "progress"} == {"counting", "merging", "writing"}
    merges = [event for event in events if event["type"] == "merge"]
    assert (merges[0]["n"], merges[-1]["n"], merges[-1]["total"]) == (1, 743, 743)
    assert all([each["left"], each["right"], each["count"]] == each["merges"][-1] for each in merges)
    written = json.loads((out / "tokenizer.json").read_text("utf-8"))["model"]["merges"]
    assert [pair[:2] for each in merges for pair in each["merges"]] == written
    assert (events[-1]["type"], events[-1]["reason"], events[-1]["tokenizer"]) == ("end", "finished", str(out))


def test_command_prints_json_and_says_when_the_corpus_is_too_small(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a small text, and <|endoftext|> inside it")
    done = run("--data", corpus, "--out", tmp_path / "out", "--json")
    report = json.loads(done.stdout)
    assert report["vocabSize"] < report["vocabSizeWanted"] == 8192
    assert report["id"] == Tokenizer.load(tmp_path / "out").id
    again = run("--data", corpus, "--out", tmp_path / "out", "--replace", "--events", tmp_path / "events.jsonl")
    assert "8,192 were asked for, but this corpus holds no more pairs" in again.stdout
    n_merges = report["vocabSize"] - 257
    assert [line for line in again.stderr.splitlines() if line.startswith("merging")][-1].startswith(
        f"merging 100%, {n_merges} of {n_merges}"
    )
    *_, end = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    assert end["message"].endswith("; this corpus holds no more pairs")
    assert end["totalSteps"] == report["vocabSize"] - 257


@pytest.mark.parametrize(
    ("words", "exit_code", "complaint"),
    [
        (["--data", "nowhere.txt"], 3, "error: nowhere.txt: no such file or folder"),
        (["--data", "{here}/blank.txt"], 3, "blank.txt: nothing but white space"),
        (["--data", "sample:5", "--vocab-size", "256"], 2, "choose 257"),
        (["--data", "sample:5", "--workers", "-1"], 2, "--workers -1"),
        (["--data", "sample:5", "--errors", "ignore"], 2, "choose strict or replace"),
        (["--data", "sample:5", "--out", "{here}/full"], 2, "holds other files (letter.txt)"),
        (["--data", "sample:5", "--out", "{here}/blank.txt"], 5, "is no directory"),
        (["--data", "sample:5", "--out", "{here}/blank.txt/below"], 5, "cannot be made"),
        (["--data", "sample:5", "--out", "/proc/tokenizer"], 5, "/proc/tokenizer: cannot be made"),
        (["--data", "sample:5", "--out", "{here}/older"], 2, "holds a tokenizer already; choose another --out, or add"),
        (["--data", "sample:5", "--out", "{here}/older", "--vocab-size", "300,400"], 2, "other files (tokenizer.json)"),
    ],
)
def test_command_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], exit_code: int, complaint: str
) -> None:
    """Nothing is written, what stands there stays, and the exit code says what kind of failure it is."""
    (tmp_path / "blank.txt").write_text(" \n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "tokenizer.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    arguments = ["--out", str(tmp_path / "out"), *(word.format(here=tmp_path) for word in words)]
    with pytest.raises(SystemExit) as left:
        main(["train-tokenizer", *arguments])
    last_line = capsys.readouterr().err.splitlines()[-1]
    assert left.value.code == exit_code
    assert last_line.startswith("error: ")
    assert complaint in last_line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("how", "exit_code"), [("SIGINT", 130), ("SIGTERM", 143), ("stop file", 130)])
def test_interrupting_the_command_leaves_nothing_half_written(tmp_path: Path, how: str, exit_code: int) -> None:
    """An older tokenizer stays as it was, no process and no temporary file remains, and the answer comes at once."""
    out, events = tmp_path / "out", tmp_path / "job" / "events.jsonl"
    assert run("--data", "sample:20", "--vocab-size", 300, "--out", out).returncode == 0
    older = (out / "tokenizer.json").read_bytes()
    events.parent.mkdir()
    (events.parent / "stop").touch()  # Left from an earlier run, and not meant for this one.
    words = ["--data", "sample:100000000", "--workers", "2", "--out", str(out), "--replace", "--events", str(events)]
    command = [sys.executable, "-m", "tinylm", "train-tokenizer", *words]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert "counting" in process.stderr.readline()
        if how == "stop file":
            (events.parent / "stop").touch()
        else:
            process.send_signal(signal.Signals[how])
        _, rest = process.communicate(timeout=20)
    assert process.returncode == exit_code
    state = tmp_path / ".out.counted"
    then = "the same command goes on from there" if state.exists() else "nothing was written"
    assert rest.strip().splitlines()[-1] == f"stopped while counting; {then}"
    assert {path.name for path in tmp_path.iterdir()} - {state.name} == {"job", "out"}
    assert [path.name for path in events.parent.iterdir()] == ["events.jsonl"]
    assert (out / "tokenizer.json").read_bytes() == older
    assert json.loads(events.read_text().splitlines()[-1])["reason"] == "interrupted"
    assert not [pid for pid in psutil.pids() if pid != process.pid and session_of(pid) == process.pid]


def interrupted_save(*arguments: Any) -> None:
    """Save a tokenizer when a signal has just come."""
    os.kill(os.getpid(), signal.SIGINT)
    saving.save_tokenizer(*arguments)


def test_a_stop_while_writing_keeps_what_was_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes between two files of the last phase: no directory appears, and the next call ends as if never
    stopped.
    """
    out, events = tmp_path / "out", tmp_path / "events.jsonl"
    words = ["train-tokenizer", "--data", "sample:1200", "--vocab-size", "300,400", "--workers", "1", "--out", str(out)]
    monkeypatch.setattr(train_tokenizer_module, "save_tokenizer", interrupted_save)
    with pytest.raises(SystemExit) as left:
        main([*words, "--events", str(events)])
    assert left.value.code == 130
    assert capsys.readouterr().err.splitlines()[-1] == "stopped while writing; the same command goes on from there"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.counted", "events.jsonl"]
    found = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    assert [(event["type"], event.get("phase", event.get("reason"))) for event in found[-3:]] == [
        ("progress", "writing"),
        ("progress", "stopping"),
        ("end", "interrupted"),
    ]
    monkeypatch.undo()
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert sorted(path.name for path in tmp_path.rglob("*.json")) == sorted(
        ["tokenizer.json", "tokenizer_config.json"] * 2
    )


def test_what_was_to_replace_an_older_one_goes_on_without_saying_so_again_but_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(*words: str) -> tuple[object, str]:
        fixed = ["train-tokenizer", "--vocab-size", "300", "--workers", "1", "--out", str(tmp_path / "out")]
        with pytest.raises(SystemExit) as left:
            main([*fixed, *words])
        return left.value.code, (capsys.readouterr().err.splitlines() or [""])[-1]

    assert call("--data", "sample:20")[0] == 0
    older = (tmp_path / "out" / "tokenizer.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(train_tokenizer_module, "save_tokenizer", interrupted_save)
        assert call("--data", "sample:30", "--replace")[0] == 130
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == older
    code, said = call("--data", "sample:20")
    assert code == 2 and said.endswith("holds a tokenizer already; choose another --out, or add --replace")
    assert call("--data", "sample:30")[0] == 0
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() != older


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
