"""A tokenizer's training that was interrupted goes on where it was, and ends as one that was not."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinylm.test_splitting import GPT2_PATTERN
from tests.tinylm.test_tokenizer_training import many_scripts, shared_work, small_batches  # noqa: F401  (fixtures)
from tinylm.errors import Cancelled
from tinylm.tokenizer_training import TrainedTokenizer, counting, learning, train_tokenizer
from tinylm.tokenizer_training.merges import Merge
from tinylm.tokenizer_training.state import (
    NO_MERGES,
    NOTHING,
    CorpusChanged,
    Counted,
    Learned,
    load_counted,
    load_learned,
    merges_file,
    save_counted,
    save_learned,
    state_file,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = {"heldOut": True}
DOCUMENTS = [*many_scripts()[:60], *(f"the fox number {n} ran home\n" for n in range(300)), "zebra quagga"]


def stops_after(n: int):
    asked = iter(range(n))
    return lambda: next(asked, None) is None


@pytest.fixture
def short_rounds(shared_work: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Keep the state every few batches."""
    monkeypatch.setattr(counting, "_ROUND_CHARS", 8000)


@pytest.mark.parametrize("workers", [1, 2])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_every_piece_is_counted_once_however_often_it_is_interrupted(
    short_rounds: None, tmp_path_factory: pytest.TempPathFactory, workers: int, stops: list[int]
) -> None:
    """Stopped anywhere in counting or merging, the state on the disk is all that the next call is given."""
    out = tmp_path_factory.mktemp("state") / "out"
    state, merges = state_file(out), merges_file(out)
    expected = train_tokenizer(DOCUMENTS, 400, workers=1)

    def keep(counted: Counted) -> None:
        before = load_counted(state, SETTINGS)
        assert counted.n_pieces >= before.n_pieces and counted.counts.total() >= before.counts.total()
        save_counted(state, counted, SETTINGS)

    def keep_merges(learned: Learned) -> None:
        assert len(learned.merges) > len(load_learned(merges, SETTINGS).merges)
        save_learned(merges, learned, SETTINGS)

    def train(should_stop: Callable[[], bool]) -> TrainedTokenizer:
        begin, known = load_counted(state, SETTINGS), load_learned(merges, SETTINGS)
        return train_tokenizer(
            DOCUMENTS, 400, workers=workers, should_stop=should_stop,
            begin=begin, keep=keep, known=known, keep_merges=keep_merges,
        )  # fmt: skip

    for n in stops:
        with suppress(Cancelled):
            train(stops_after(n))
    assert train(lambda: False) == expected


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


COUNTS = Counter(piece for text in DOCUMENTS for piece in GPT2_PATTERN.findall(text))


def learn(known: Sequence[Merge] = (), **options: Any) -> tuple[list[bytes], list[Merge]]:
    """Learn the merges of `COUNTS`."""
    plain = {"on_merge": lambda *_: None, "should_stop": lambda: False}
    return learning.learn_merges(COUNTS, 700, known=known, **(plain | options))


def test_merging_goes_on_from_any_merge() -> None:
    """Whatever number of merges is known, the others come out as if none were."""
    vocabulary, merges = learn()
    for n in [*range(0, len(merges), 29), len(merges)]:
        assert learn(merges[:n]) == (vocabulary, merges)
    assert learning.learn_merges(
        COUNTS, 300, known=merges, on_merge=lambda *_: None, should_stop=lambda: False
    ) == (vocabulary[:300], merges[:43])  # fmt: skip


def test_what_was_learned_is_kept_wherever_merging_is_stopped() -> None:
    """Stopped later and later: the next call is given what the last one kept, and the last one tells every merge."""
    expected = learn()
    kept: list[Merge] = []
    told: list[tuple[int, Merge, bytes, bytes]] = []
    for n in range(1, 5000, 5):
        before = len(kept)
        told.clear()
        try:
            found = learn(
                kept,
                should_stop=stops_after(n),
                on_merge=lambda *merge: told.append(merge),
                keep=lambda merges: kept.extend(merges[len(kept) :]),
            )
        except Cancelled:
            assert before <= len(kept) >= len(told)
            continue
        assert found == expected
        assert [merge for _, merge, _, _ in told] == expected[1]
        assert [left + right for _, _, left, right in told] == expected[0][257:]
        assert [size for size, _, _, _ in told] == [*range(258, 701)]
        assert before > 0
        return
    raise AssertionError("it never came to its end")


def test_known_merges_are_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When pairs are first ordered by their counts, the known merges are made."""
    expected = learn()
    sizes: list[int] = []

    class Watched(learning.OrderByCount):
        def next(self, most: int) -> list[int]:
            sizes.append(700 - most)
            return super().next(most)

    monkeypatch.setattr(learning, "OrderByCount", Watched)
    assert learn(expected[1][:200]) == expected
    assert sizes[0] == 457


@pytest.mark.parametrize("wrong", [0, 1, 150, 199])
def test_known_merges_that_do_not_fit_are_left_alone(wrong: int) -> None:
    """Another count, a pair that is not there, an order that cannot be: what comes from there on is learned."""
    expected = learn()
    known = expected[1][:200]
    for impossible in (replace(known[wrong], count=10**6), Merge(1, 2, 5), Merge(60_000, 3, 5)):
        assert learn([*known[:wrong], impossible, *known[wrong + 1 :]]) == expected
    assert learn([*known[wrong:], *known[:wrong]]) == expected


def test_merges_are_kept_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "KEEP_EVERY_S", 0)
    kept: list[int] = []
    merges = learn(keep=lambda merges: kept.append(len(merges)))[1]
    assert kept == sorted(set(kept)) and len(kept) > 20 and kept[-1] == len(merges)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_merges_do_no_harm(tmp_path: Path, place: float, byte: int, cut: bool) -> None:
    """A file that was cut, or in which any byte is another, is as good as none or as the whole one."""
    path = tmp_path / "merges"
    learned = Learned(3, 7, (Merge(10, 11, 5), Merge(257, 12, 4), Merge(20, 258, 4)))
    save_learned(path, learned, SETTINGS)
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    path.write_bytes(content[:at] if cut else content[:at] + bytes([byte]) + content[at + 1 :])
    found = load_learned(path, SETTINGS)
    assert found in (NO_MERGES, learned) or (found.n_pieces, found.checksum) != (3, 7)


def test_merges_of_other_settings_or_impossible_ones_count_as_none(tmp_path: Path) -> None:
    path = tmp_path / "merges"
    learned = Learned(3, 7, (Merge(10, 11, 5), Merge(257, 12, 4)))
    save_learned(path, learned, SETTINGS)
    assert load_learned(path, SETTINGS) == learned
    assert load_learned(path, {"heldOut": False}) == NO_MERGES
    for impossible in (Merge(0, 11, 5), Merge(257, 11, 5), Merge(10, -1, 5), Merge(10, 11, 0)):
        save_learned(path, Learned(3, 7, (impossible,)), SETTINGS)
        assert load_learned(path, SETTINGS) == NO_MERGES


def test_merges_of_another_corpus_are_left_alone() -> None:
    """They are those of a corpus with as many pieces."""
    kept: list[Learned] = []
    others = [text.upper() for text in DOCUMENTS]
    with pytest.raises(Cancelled):
        train_tokenizer(others, 700, should_stop=stops_after(500), keep_merges=kept.append)
    assert len(kept[-1].merges) > 20
    assert train_tokenizer(DOCUMENTS, 400, known=kept[-1]) == train_tokenizer(DOCUMENTS, 400)


# Sends itself a signal when it is about to make the token of an id; keeps its merges whenever it can.
DYING = """
import os, sys
from tinylm.cli.app import main
from tinylm.tokenizer_training import learning
token_id, number = int(sys.argv.pop(1)), int(sys.argv.pop(1))
learning.KEEP_EVERY_S = 0

class Pairs(learning.Pairs):
    def merge(self, entries, results):
        if token_id in results:
            os.kill(os.getpid(), number)
        super().merge(entries, results)

learning.Pairs = Pairs
main()
"""


def command(out: Path, *program: str) -> list[str]:
    words = ["--data", "sample:2000", "--vocab-size", "700", "--workers", "2", "--out", str(out)]
    return [sys.executable, *program, "train-tokenizer", *words]


def run(out: Path, *program: str) -> int:
    return subprocess.run(command(out, *program), cwd=REPOSITORY, capture_output=True, timeout=120).returncode


def n_kept(out: Path) -> int:
    return len(json.loads(merges_file(out).read_bytes())["merges"])


def test_a_killed_command_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Killed while counting, killed and stopped while merging: what is written then is what is written at once."""
    out = tmp_path / "interrupted"
    with subprocess.Popen(command(out, "-m", "tinylm"), cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith("counting") for line in process.stderr)
        process.kill()
        process.communicate(timeout=120)
    assert run(out, "-c", DYING, "400", str(int(signal.SIGKILL))) == -9
    assert 0 < n_kept(out) <= 400 - 257
    assert run(out, "-c", DYING, "600", str(int(signal.SIGTERM))) == 143
    assert 400 - 257 < n_kept(out) <= 600 - 257
    assert state_file(out).is_file() and not out.exists()
    assert run(out, "-m", "tinylm") == run(tmp_path / "straight", "-m", "tinylm") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["interrupted", "straight"]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (out / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
