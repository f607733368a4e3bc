"""A tokenizer's training that was interrupted goes on where it was, and ends as one that was not."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinylm.test_tokenizer_training import many_scripts, small_batches  # noqa: F401  (a fixture)
from tinylm.errors import Cancelled
from tinylm.tokenizer_training import counting, train_tokenizer
from tinylm.tokenizer_training.state import (
    NOTHING,
    CorpusChanged,
    Counted,
    load_counted,
    save_counted,
    state_file,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = {"heldOut": True}
DOCUMENTS = [*many_scripts()[:60], *(f"the fox number {n} ran home\n" for n in range(300)), "zebra quagga"]


def stops_after(n: int):
    asked = iter(range(n))
    return lambda: next(asked, None) is None


@pytest.fixture
def short_rounds(small_batches: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Keep the state every few batches."""
    monkeypatch.setattr(counting, "_ROUND_CHARS", 8000)


@pytest.mark.parametrize("workers", [1, 2])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_every_piece_is_counted_once_however_often_it_is_interrupted(
    short_rounds: None, tmp_path_factory: pytest.TempPathFactory, workers: int, stops: list[int]
) -> None:
    """Stopped anywhere in counting or merging, the state on the disk is all that the next call is given."""
    state = tmp_path_factory.mktemp("state") / "counted"
    expected = train_tokenizer(DOCUMENTS, 400, workers=1)

    def keep(counted: Counted) -> None:
        before = load_counted(state, SETTINGS)
        assert counted.n_pieces >= before.n_pieces and counted.counts.total() >= before.counts.total()
        save_counted(state, counted, SETTINGS)

    for n in stops:
        begin = load_counted(state, SETTINGS)
        try:
            train_tokenizer(DOCUMENTS, 400, workers=workers, should_stop=stops_after(n), begin=begin, keep=keep)
        except Cancelled:
            continue
    found = train_tokenizer(DOCUMENTS, 400, workers=workers, begin=load_counted(state, SETTINGS), keep=keep)
    assert found == expected


def test_what_was_counted_is_not_counted_again(short_rounds: None) -> None:
    """The state is taken as it is: a wrong count in it comes out again."""
    kept: list[Counted] = []

    def copy(counted: Counted) -> None:
        kept.append(replace(counted, counts=Counter(counted.counts)))

    with pytest.raises(Cancelled):
        counting.count_corpus(DOCUMENTS, workers=1, progress=print, should_stop=stops_after(300), keep=copy)
    marked = replace(kept[-1], counts=Counter({**kept[-1].counts, " fox": 10**6}))
    done = counting.count_corpus(DOCUMENTS, workers=1, progress=print, should_stop=lambda: False, begin=marked)
    assert 10**6 <= done.counts[" fox"] < 10**6 + 300
    assert done.n_documents == len(DOCUMENTS)


@pytest.mark.parametrize("changed", [DOCUMENTS[:5], ["other", *DOCUMENTS[1:]], []])
def test_a_changed_corpus_is_noticed(short_rounds: None, changed: list[str]) -> None:
    kept: list[Counted] = []
    with pytest.raises(Cancelled):
        counting.count_corpus(DOCUMENTS, workers=1, progress=print, should_stop=stops_after(300), keep=kept.append)
    with pytest.raises(CorpusChanged):
        counting.count_corpus(changed, workers=1, progress=print, should_stop=lambda: False, begin=kept[-1])


def test_a_failure_while_processes_count_keeps_only_whole_rounds(short_rounds: None) -> None:
    """What a dead process had counted is counted again."""
    kept: list[Counted] = []

    def broken() -> Iterator[str]:
        yield from DOCUMENTS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        counting.count_corpus(
            broken(), workers=2, progress=print, should_stop=lambda: False, keep=lambda c: kept.append(replace(c))
        )
    begin = kept[-1]
    done = counting.count_corpus(DOCUMENTS, workers=1, progress=print, should_stop=lambda: False, begin=begin)
    assert done == counting.count_corpus(DOCUMENTS, workers=1, progress=print, should_stop=lambda: False)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 99, "settings": {}}', b"\xff"])
def test_a_damaged_state_counts_as_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "counted"
    path.write_bytes(content)
    assert load_counted(path, SETTINGS) == NOTHING == load_counted(tmp_path / "missing", SETTINGS)


def test_a_state_of_other_settings_counts_as_nothing(tmp_path: Path) -> None:
    counted = Counted(3, 7, Counter({" a": 2, "é😀\n": 1}))
    save_counted(tmp_path / "counted", counted, SETTINGS)
    assert load_counted(tmp_path / "counted", SETTINGS) == counted
    assert load_counted(tmp_path / "counted", {"heldOut": False}) == NOTHING


def begun(out: Path) -> "subprocess.Popen[str]":
    words = ["--data", "sample:4000", "--vocab-size", "700", "--workers", "2", "--out", str(out)]
    command = [sys.executable, "-m", "tinylm", "train-tokenizer", *words]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_a_killed_command_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Killed while counting, stopped and killed while merging: what is written then is what is written at once."""
    for how, when in ((signal.SIGKILL, "counting"), (signal.SIGTERM, "merging"), (signal.SIGKILL, "merging"), (0, "")):
        with begun(tmp_path / "interrupted") as process:
            assert process.stderr is not None
            if how:
                assert any(line.startswith(when) for line in process.stderr)
                process.send_signal(how)
            process.communicate(timeout=120)
        assert process.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, 0: 0}[how]
        assert (tmp_path / "interrupted").exists() == (not how)
        if when == "merging":
            assert state_file(tmp_path / "interrupted").is_file()
    with begun(tmp_path / "straight") as process:
        process.communicate(timeout=120)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["interrupted", "straight"]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "interrupted" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
